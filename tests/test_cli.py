from __future__ import annotations

import importlib
import json
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from seqcli.cli import VERBS, load_verb
from seqcli.cli.failures import explain_failure
from seqcli.cli.preprocess import parse_tests
from seqcli.config import Settings, load_settings, setting_fields
from seqcli.errors import (
    CheckpointError,
    CorpusError,
    InterruptedRun,
    SeqcliError,
    SettingsError,
    ThresholdError,
)
from seqcli.rundir import update_manifest


def squeeze(text: str) -> str:
    """Return the words of a help text without the frames that Rich draws."""
    return " ".join(text.replace("│", " ").split())


# --- help, version, words that do not exist -------------------------------------------------------


@pytest.mark.parametrize("flag", ["-h", "--help"])
def test_help_lists_the_verbs_in_the_order_of_the_pipeline(run_cli, flag):
    outcome = run_cli(flag)
    assert (outcome.code, outcome.stderr) == (0, "")
    places = [outcome.stdout.index(f"│ {verb} ") for verb in VERBS]
    assert places == sorted(places)


def test_no_words_at_all_print_the_help_and_are_wrong_usage(run_cli):
    outcome = run_cli()
    assert outcome.code == 2
    assert "Usage: seqcli" in outcome.stdout


def test_version_is_printed(run_cli):
    from seqcli import __version__

    outcome = run_cli("--version")
    assert (outcome.code, outcome.stdout) == (0, f"seqcli {__version__}\n")


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_has_help_that_begins_with_its_summary(run_cli, verb):
    module = importlib.import_module(f"seqcli.cli.{verb}")
    if hasattr(module, "command"):
        assert module.command.__doc__.split("\n")[0] == VERBS[verb]
    outcome = run_cli(verb, "-h")
    assert outcome.code == 0
    assert VERBS[verb] in outcome.stdout


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (
            ["trian"],
            "no such command 'trian'. Did you mean 'train'? ('seqcli --help' lists what there is)",
        ),
        (
            ["train", "data", "run", "--hiden-size", "3"],
            "no such option: --hiden-size; did you mean --hidden-size? "
            "('seqcli train --help' lists what there is)",
        ),
        (
            ["train", "data"],
            "missing argument 'RUN_DIR' ('seqcli train --help' lists what there is)",
        ),
        (
            ["preprocess", "data", "--train", "a.en", "a.de"],
            "got unexpected extra argument(s) (a.de); a text is one value: the prefix of its two "
            "files, or one bilingual file ('seqcli preprocess --help' lists what there is)",
        ),
        (["train", "data", "run", "--layers"], "option '--layers' requires an argument"),
    ],
)
def test_wrong_usage_is_one_paragraph_and_exit_code_2(run_cli, words, message):
    outcome = run_cli(*words)
    assert (outcome.code, outcome.stdout, outcome.stderr) == (2, "", f"seqcli: {message}\n")


# --- flags are made from the settings -------------------------------------------------------------


def flags_of(verb: str) -> dict[str, object]:
    return {flag: param for param in load_verb(verb).params for flag in param.opts}


@pytest.mark.parametrize(
    ("verb", "sections", "names"),
    [
        ("preprocess", {"data", "pieces"}, {"seed"}),
        ("train", {"model", "training", "decoding"}, set()),
        ("translate", {"decoding"}, {"seed", "device", "threads", "precision"}),
        ("eval", {"decoding"}, {"seed", "device", "threads", "precision"}),
        ("config", set(), set()),
    ],
)
def test_each_verb_has_the_flags_of_its_settings_and_no_others(verb, sections, names):
    for field in setting_fields().values():
        is_expected = field.section in sections or field.name in names
        assert (field.flag in flags_of(verb)) == is_expected, field.flag


@pytest.mark.parametrize("verb", VERBS)
def test_a_flag_that_is_absent_is_none(verb):
    names = {field.flag for field in setting_fields().values()}
    defaults = {flag: param.default for flag, param in flags_of(verb).items() if flag in names}
    assert set(defaults.values()) <= {None}


def test_help_shows_choices_limits_and_defaults(run_cli):
    text = squeeze(run_cli("train", "--help", COLUMNS="200").stdout)
    assert "Recurrent cell. (one of rnn, lstm, gru, gru-cudnn) Default: gru." in text
    assert "(at least 0, below 1) Default: 0.35." in text
    for panel in ("Settings: model", "Settings: training", "Settings: decoding"):
        assert panel in text


def test_switches_have_a_flag_for_each_way():
    params = load_verb("preprocess").params + load_verb("train").params
    switches = {param.opts[0]: param.secondary_opts for param in params if param.secondary_opts}
    assert switches["--joint"] == ["--separate"]
    assert switches["--bidirectional"] == ["--no-bidirectional"]


def test_flags_win_over_the_file_and_all_sections_are_allowed_in_it(run_cli, tmp_path):
    recipe = tmp_path / "recipe.yaml"
    recipe.write_text("data: {src_lang: en}\nmodel: {layers: 2}\ndecoding: {beam_size: 3}\n")
    outcome = run_cli("config", "--config", recipe, "--json", SEQCLI_LAYERS="4")
    settings = json.loads(outcome.stdout)
    assert settings["data"]["src_lang"]["value"] == "en"
    assert settings["model"]["layers"]["value"] == 4
    assert settings["decoding"]["beam_size"]["value"] == 3


@pytest.mark.parametrize("verb", [["train", "d", "r"], ["preprocess", "d", "--train", "x"]])
def test_a_wrong_setting_stops_a_verb_before_anything_is_touched(run_cli, tmp_path, verb):
    recipe = tmp_path / "recipe.yaml"
    recipe.write_text("model:\n  laiers: 2\n")
    outcome = run_cli(*verb, "--config", recipe)
    assert outcome.code == 2
    assert outcome.stderr == f"seqcli: {recipe}:2: unknown setting 'laiers'; did you mean layers?\n"


def test_a_flag_out_of_range_is_named_with_its_value_and_the_rule(run_cli):
    outcome = run_cli("train", "data", "run", "--dropout", "1.5", "--cell", "gated")
    assert outcome.code == 2
    assert outcome.stderr == (
        "seqcli: 2 mistakes in the settings:\n"
        "  --cell is 'gated'; it must be one of rnn, lstm, gru, gru-cudnn\n"
        "  --dropout is '1.5'; it must be a number, at least 0, below 1\n"
    )


# --- config ---------------------------------------------------------------------------------------


def test_config_prints_a_file_that_config_reads(run_cli, tmp_path):
    outcome = run_cli("config", "--preset", "tiny")
    path = tmp_path / "tiny.yaml"
    path.write_text(outcome.stdout)
    assert load_settings(config=path, environ={}) == load_settings(preset="tiny", environ={})


def test_config_as_json_tells_value_default_rule_and_description(run_cli):
    settings = json.loads(run_cli("config", "--json", SEQCLI_LAYERS="2").stdout)
    assert settings["model"]["layers"] == {
        "value": 2,
        "default": 1,
        "rule": "a whole number, at least 1",
        "description": "Recurrent layers in the encoder and in the decoder.",
    }
    assert settings.keys() == Settings.model_fields.keys()


def test_config_of_a_run_prints_what_it_was_trained_with(run_cli, tiny_run):
    settings = json.loads(run_cli("config", tiny_run, "--json").stdout)
    assert settings["model"]["hidden_size"]["value"] == 8


# --- failures -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("error", "message", "code"),
    [
        (SeqcliError("a"), "a", 1),
        (SettingsError("a"), "a", 2),
        (CorpusError("a"), "a", 3),
        (CheckpointError("a"), "a", 4),
        (ThresholdError("a"), "a", 5),
        (InterruptedRun("a"), "a", 130),
        (KeyboardInterrupt(), "interrupted", 130),
        (BrokenPipeError(32, "Broken pipe"), "", 1),
        (MemoryError(), "out of memory; use a smaller batch, or a smaller model", 1),
        (
            RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried ..."),
            "out of memory; use a smaller batch, or a smaller model",
            1,
        ),
        (PermissionError(13, "Permission denied", "data/x"), "data/x: permission denied", 1),
        (
            OSError(28, "No space left on device", "data/x"),
            "data/x: no space left on the device; free some, or write elsewhere",
            1,
        ),
        (OSError("odd"), "odd", 1),
        (
            ZeroDivisionError("division by zero"),
            "stopped by a mistake of its own (ZeroDivisionError: division by zero); "
            "please report it, with what --debug shows",
            1,
        ),
    ],
)
def test_each_failure_has_its_text_and_exit_code(error, message, code):
    assert explain_failure(error) == (message, code)


def test_a_traceback_is_shown_only_with_debug(run_cli, monkeypatch, tmp_path):
    def fail(*_: object, **__: object) -> None:
        secret = "what a local variable holds"
        raise ZeroDivisionError(len(secret))

    monkeypatch.setattr("seqcli.preprocessing.build_data", fail)
    words = ["preprocess", tmp_path / "d", "--train", "x"]
    quiet, loud = run_cli(*words), run_cli(*words, "--debug")
    assert quiet.code == loud.code == 1
    assert quiet.stderr.count("\n") == 1
    assert "Traceback (most recent call last)" in loud.stderr
    assert "what a local variable holds'" not in loud.stderr.replace('secret = "', "")


# --- preprocess -----------------------------------------------------------------------------------


def test_tests_get_names_and_one_without_is_called_test():
    assert parse_tests(["x/test", "hard=y=z"]) == {"test": "x/test", "hard": "y=z"}
    assert parse_tests(["./a=b/test"]) == {"test": "./a=b/test"}


def test_two_tests_of_one_name_are_refused():
    with pytest.raises(SettingsError, match=r"^--test 'b': there is already a test set 'test'"):
        parse_tests(["a", "b"])


def test_preprocess_needs_a_training_text(run_cli, tmp_path):
    outcome = run_cli("preprocess", tmp_path)
    assert outcome.code == 2
    assert outcome.stderr.startswith("seqcli: missing option '--train'")


def test_preprocess_tells_what_it_made_on_stdout(run_cli, tiny_data, tmp_path):
    source = tiny_data.parent
    outcome = run_cli(
        *["preprocess", tmp_path / "d", "--src-lang", "fw", "--tgt-lang", "bw"],
        *["--train", source / "train", "--valid", source / "valid", "--test", source / "test"],
        *["--test", f"again={source / 'test'}", "--model-type", "char", "--vocab-size", "300"],
    )
    assert outcome.code == 0
    lines = outcome.stdout.splitlines()
    assert lines[0] == "train: 60 pairs; dropped: none"
    assert [line.split(":")[0] for line in lines] == ["train", "valid", "test", "again", "pieces"]


def test_missing_text_is_bad_data(run_cli, tmp_path):
    outcome = run_cli("preprocess", tmp_path / "d", "--train", tmp_path / "none")
    assert (outcome.code, outcome.stdout) == (3, "")
    assert str(tmp_path / "none.src") in outcome.stderr


# --- train ----------------------------------------------------------------------------------------


def test_train_prints_one_line_of_result_and_progress_on_stderr(run_cli, tiny_data, tmp_path):
    outcome = run_cli(
        *["train", tiny_data, tmp_path / "run", "--hidden-size", "8", "--emb-size", "8"],
        *["--max-steps", "1", "--threads", "1"],
    )
    assert outcome.code == 0
    assert outcome.stdout.startswith(f"{tmp_path / 'run'}: best bleu ")
    assert outcome.stdout.count("\n") == 1
    assert "parameters: " in outcome.stderr


def test_a_data_directory_that_is_none_is_bad_data(run_cli, tmp_path):
    outcome = run_cli("train", tmp_path, tmp_path / "run")
    assert outcome.code == 3
    assert not (tmp_path / "run").exists()


def test_resuming_what_is_no_run_is_an_unreadable_model(run_cli, tiny_data, tmp_path):
    outcome = run_cli("train", tiny_data, tmp_path / "run", "--resume")
    assert outcome.code == 4
    assert outcome.stderr.startswith(f"seqcli: {tmp_path / 'run'}: there is no such directory")


def test_an_interrupted_training_is_saved_and_says_how_to_go_on(
    run_cli, process_environment, tiny_data, tmp_path
):
    words = ["train", str(tiny_data), str(tmp_path / "run")]
    small = ["--hidden-size", "8", "--emb-size", "8", "--threads", "1", "--precision", "fp32"]
    endless = ["--max-epochs", "100000", "--patience", "off"]
    with subprocess.Popen(
        [sys.executable, "-m", "seqcli", *words, *small, *endless],
        stderr=subprocess.PIPE,
        env=process_environment,
        text=True,
    ) as process:
        assert process.stderr is not None
        while "validation at update" not in process.stderr.readline():
            assert process.poll() is None
        process.send_signal(signal.SIGINT)
        _, stderr = process.communicate(timeout=60)
    assert process.returncode == 130
    assert stderr.endswith(f"seqcli {' '.join(words)} --resume\n")
    assert "Traceback" not in stderr

    outcome = run_cli(*words, "--resume", "--max-epochs", "1")
    assert outcome.code == 0, outcome.stderr
    assert "continues: from update" in outcome.stderr


# --- eval -----------------------------------------------------------------------------------------


def test_eval_prints_a_line_with_signature_for_each_metric(run_cli, tmp_path):
    ref = tmp_path / "ref"
    ref.write_text("ein Hund läuft durch den Schnee\n", "utf-8")
    outcome = run_cli("eval", "--hyp", ref, "--ref", ref, "--metrics", "chrf,bleu")
    names = [line.split()[:2] for line in outcome.stdout.splitlines()]
    assert names == [["chrF", "100.00"], ["BLEU", "100.00"]]
    assert all("version:" in line for line in outcome.stdout.splitlines())


def test_eval_of_a_run_takes_the_test_set_of_its_data(run_cli, tiny_run):
    outcome = run_cli("eval", tiny_run, "--json", "--threads", "1")
    evaluation = json.loads(outcome.stdout)
    assert (evaluation["text"], evaluation["sentences"]) == ("test", 10)
    assert [score["metric"] for score in evaluation["scores"]] == ["bleu", "chrf", "ter"]


def test_eval_of_a_run_on_files_equals_eval_on_the_same_split(run_cli, tiny_run, tiny_data):
    split = json.loads(run_cli("eval", tiny_run, "--json", "--threads", "1").stdout)
    files = json.loads(
        run_cli(
            *["eval", tiny_run, "--json", "--threads", "1", "--src", tiny_data / "test.src.txt"],
            *["--ref", tiny_data / "test.tgt.txt"],
        ).stdout
    )
    assert files["scores"] == split["scores"]


def test_a_score_below_the_threshold_is_printed_and_exits_with_5(run_cli, tmp_path):
    (tmp_path / "hyp").write_text("a b c d e\n")
    (tmp_path / "ref").write_text("v w x y z\n")
    words = ["eval", "--hyp", tmp_path / "hyp", "--ref", tmp_path / "ref"]
    outcome = run_cli(*words, "--min-bleu", "20")
    assert outcome.code == 5
    assert outcome.stdout.startswith("BLEU 0.00")
    assert outcome.stderr == "seqcli: BLEU is 0.00; --min-bleu asks for 20 or more\n"
    assert run_cli(*words, "--min-bleu", "0").code == 0


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--hyp", "a"], "what to score is not clear; give RUN_DIR"),
        (["--hyp", "a", "--ref", "b", "--src", "c"], "what to score is not clear"),
        (
            ["--hyp", "a", "--ref", "b", "--metrics", "bleu,meteor"],
            "metrics: found 'meteor'; they must be some of bleu, chrf, ter",
        ),
        (
            ["--hyp", "a", "--ref", "b", "--metrics", "chrf", "--min-bleu", "3"],
            "--min-bleu needs bleu among --metrics, which is 'chrf'",
        ),
        (
            ["--hyp", "a", "--ref", "b", "--min-bleu", "nan"],
            "--min-bleu is 'nan'; it must be a number, at least 0, at most 100",
        ),
    ],
)
def test_eval_refuses_what_it_cannot_score(run_cli, words, message):
    outcome = run_cli("eval", *words)
    assert outcome.code == 2
    assert outcome.stderr.startswith(f"seqcli: {message}")


def test_eval_names_both_counts_of_unequal_files(run_cli, tmp_path):
    hyp, ref = tmp_path / "hyp", tmp_path / "ref"
    hyp.write_text("a\nb\n")
    ref.write_text("a\n")
    outcome = run_cli("eval", "--hyp", hyp, "--ref", ref)
    assert outcome.code == 3
    assert outcome.stderr.startswith(f"seqcli: {hyp} has 2 lines but {ref} has 1; ")


def test_eval_says_when_the_data_of_a_run_has_gone(run_cli, tiny_run, tmp_path):
    run_dir: Path = tmp_path / "run"
    shutil.copytree(tiny_run, run_dir)
    update_manifest(run_dir, data_dir=str(tmp_path / "gone"))
    outcome = run_cli("eval", run_dir)
    assert outcome.code == 3
    assert "its data directory" in outcome.stderr
    assert "--data" in outcome.stderr


# --- presets by the size of the corpus ------------------------------------------------------------


def test_train_and_preprocess_say_which_preset_the_corpus_asks_for(run_cli, tiny_data, tmp_path):
    words = ["--max-steps", "1", "--threads", "1", "--hidden-size", "8"]
    outcome = run_cli("train", tiny_data, tmp_path / "run", *words)
    assert outcome.code == 0
    said = "preset tiny, for 0 to 1,999 training pairs; flags and --config win over it\n"
    assert outcome.stderr.startswith(said)
    saved = load_settings(config=tmp_path / "run" / "config.yaml", environ={})
    tiny = load_settings(preset="tiny", environ={})
    assert saved.model == tiny.model.model_copy(update={"hidden_size": 8})
    again = run_cli("train", tiny_data, tmp_path / "run", "--resume", "--max-steps", "2")
    assert again.code == 0
    assert "training pairs; flags" not in again.stderr

    for suffix in "ab":
        (tmp_path / f"x.{suffix}").write_text("".join(f"{n} {suffix}\n" for n in range(99)))
    texts = ["--src-lang", "a", "--tgt-lang", "b", "--train", tmp_path / "x", "--valid-size", "5"]
    outcome = run_cli("preprocess", tmp_path / "data", *texts)
    assert outcome.code == 0
    assert outcome.stderr.startswith(said)
    manifest = json.loads((tmp_path / "data" / "manifest.json").read_text())
    assert manifest["options"]["pieces"]["vocab_size"] == tiny.pieces.vocab_size


def test_a_named_preset_is_taken_whatever_the_corpus(run_cli, tiny_data, tmp_path):
    words = ["--max-steps", "1", "--threads", "1", "--hidden-size", "8", "--emb-size", "8"]
    outcome = run_cli("train", tiny_data, tmp_path / "run", "--preset", "small", *words)
    assert outcome.code == 0
    assert "training pairs; flags" not in outcome.stderr
    saved = load_settings(config=tmp_path / "run" / "config.yaml", environ={})
    small = load_settings(preset="small", environ={})
    assert saved.training.batch_tokens == small.training.batch_tokens


def test_wrong_settings_are_told_before_the_corpus_is_opened(run_cli, tmp_path):
    outcome = run_cli("train", tmp_path / "nothing", tmp_path / "run", "--lr", "-1")
    assert outcome.code == 2
    assert outcome.stderr.startswith("seqcli: --lr is '-1'")
    assert run_cli("train", tmp_path / "nothing", tmp_path / "run").code == 3


def test_translations_to_score_may_come_from_a_pipe(run_cli, tmp_path: Path):
    """``--hyp -`` used to look for a file of that name."""
    (tmp_path / "ref").write_text("a b c d\ne f g h\n")
    words = ["eval", "--hyp", "-", "--ref", tmp_path / "ref", "--metrics", "bleu"]
    found = run_cli(*words, stdin="a b c d\ne f g h\n")
    assert found.code == 0
    assert found.stdout.startswith("BLEU 100.00 ")
    assert run_cli(*words, stdin="a b c d\n").code == 3
