"""Tuning finds what separate searches would, and stores it where translate looks."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqcli import evaluate
from seqcli.decoding.hypotheses import Found, rescored
from seqcli.decoding.translator import Translator
from seqcli.errors import SettingsError
from seqcli.rundir import load_settings_of, read_manifest, write_settings


@pytest.fixture
def run_dir(tiny_run: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(tiny_run, tmp_path / "run"))


@given(
    parts=st.lists(st.tuples(st.integers(0, 6), st.floats(-20, -0.1), st.booleans()), min_size=1),
    penalty=st.floats(0, 3),
)
def test_finished_hypotheses_come_first_and_each_scores_as_its_length_says(
    parts: list[tuple[int, float, bool]], penalty: float
):
    found = [Found((4,) * n, log_prob, 0.0, truncated=cut) for n, log_prob, cut in parts]
    ordered = rescored(found, penalty)
    assert sorted(one.log_prob for one in ordered) == sorted(one.log_prob for one in found)
    assert [one.truncated for one in ordered] == sorted(one.truncated for one in found)
    for one in ordered:
        length = max(len(one.ids) + (not one.truncated), 1)
        assert one.score == pytest.approx(one.log_prob / length**penalty)
    for cut in (False, True):
        scores = [one.score for one in ordered if one.truncated == cut]
        assert scores == sorted(scores, reverse=True)


def test_every_trial_is_what_a_search_of_its_own_scores(
    run_cli: Callable[..., object], run_dir: Path
):
    words = ("--beams", "2,3", "--penalties", "0,1.5", "--by", "chrf", "--json", "-q", "--dry-run")
    before = (run_dir / "config.yaml").read_bytes()
    outcome = run_cli("tune", run_dir, *words, "--precision", "fp32", "--threads", "1")
    assert (outcome.code, outcome.stderr) == (0, "")
    tuning = json.loads(outcome.stdout)
    own = load_settings_of(run_dir).decoding
    tried = {(trial["beam_size"], trial["length_penalty"]) for trial in tuning["trials"]}
    assert tried == {(b, p) for b in (2, 3, own.beam_size) for p in (0, 1.5, own.length_penalty)}
    for trial in tuning["trials"]:
        alone = evaluate(
            run_dir,
            split="valid",
            metrics=["chrf"],
            beam_size=trial["beam_size"],
            length_penalty=trial["length_penalty"],
            precision="fp32",
            threads=1,
        )
        assert trial["score"] == pytest.approx(alone.value_of("chrf"))
    assert tuning["best"]["score"] == max(trial["score"] for trial in tuning["trials"])
    assert (run_dir / "config.yaml").read_bytes() == before


def test_the_best_becomes_the_default_of_the_run(run_cli: Callable[..., object], run_dir: Path):
    outcome = run_cli("tune", run_dir, "--beams", "2,7", "--penalties", "0,3", "--by", "chrf", "-q")
    assert outcome.code == 0
    assert outcome.stdout.splitlines()[0] == "beam_size\tlength_penalty\tchrF"
    assert outcome.stdout.rstrip().endswith("; stored")
    tuned = read_manifest(run_dir)["tuned"]
    decoding = Translator.load(run_dir).settings.decoding
    assert (decoding.beam_size, decoding.length_penalty) == (
        tuned["beam_size"],
        tuned["length_penalty"],
    )
    scored = evaluate(run_dir, split="valid", metrics=["chrf"])
    assert scored.value_of("chrf") == pytest.approx(tuned["score"], abs=1e-3)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (
            ["--beams", "5,x"],
            "--beams is 'x'; it must be a whole number, at least 1, at most 1,000",
        ),
        (["--beams", "0"], "--beams is '0'; it must be a whole number"),
        (["--beams", "2.5"], "--beams is '2.5'"),
        (["--penalties", "1,,2"], "--penalties is ''; it must be a number, at least 0, at most 10"),
        (["--penalties", "nan"], "--penalties is 'nan'"),
        (["--by", "ter"], "--by is 'ter'; it must be bleu or chrf"),
    ],
)
def test_what_cannot_be_tried_is_refused(
    run_cli: Callable[..., object], run_dir: Path, words: list[str], message: str
):
    outcome = run_cli("tune", run_dir, *words)
    assert outcome.code == 2
    assert outcome.stderr.startswith(f"seqcli: {message}")


# --- ensembles on the command line ----------------------------------------------------------------


def test_an_ensemble_of_a_run_with_itself_is_the_run(run_cli: Callable[..., object], run_dir: Path):
    words = ["--precision", "fp32", "--threads", "1", "-q"]
    alone = run_cli("translate", "-m", run_dir, *words, stdin="12\n\n345\n")
    joint = run_cli("translate", "-m", run_dir, "-m", run_dir, *words, stdin="12\n\n345\n")
    assert (joint.code, joint.stdout) == (0, alone.stdout)
    scores = [
        run_cli("eval", *runs, "--json", *words)
        for runs in ([run_dir], ["-m", run_dir], [run_dir, "-m", run_dir])
    ]
    values = [[one["value"] for one in json.loads(out.stdout)["scores"]] for out in scores]
    assert values[0] == values[1] == values[2]
    assert json.loads(scores[2].stdout)["system"] == f"{run_dir} + {run_dir}"
    found = evaluate([run_dir, run_dir], precision="fp32", threads=1)
    assert [one.value for one in found.scores] == pytest.approx(values[0])


def test_runs_with_other_pieces_make_no_ensemble(
    run_cli: Callable[..., object], run_dir: Path, tmp_path: Path
):
    from seqcli import preprocess, train

    (tmp_path / "x.a").write_text("ab\ncd\n", "utf-8")
    (tmp_path / "x.b").write_text("ba\ndc\n", "utf-8")
    preprocess(
        tmp_path / "data",
        train=tmp_path / "x",
        src_lang="a",
        tgt_lang="b",
        valid=tmp_path / "x",
        model_type="char",
        vocab_size=300,
    )
    train(tmp_path / "data", tmp_path / "other", hidden_size=8, emb_size=8, max_steps=1, threads=1)
    outcome = run_cli("translate", "-m", run_dir, "-m", tmp_path / "other", stdin="12\n")
    assert (outcome.code, outcome.stdout) == (2, "")
    assert outcome.stderr == (
        f"seqcli: {tmp_path / 'other'}: has other pieces than {run_dir}; the models of an ensemble "
        "are trained on one data directory\n"
    )


def in_languages(run_dir: Path, copy: Path, src: str, tgt: str) -> Path:
    """Copy a run, and have the copy say that it translates between these languages."""
    shutil.copytree(run_dir, copy)
    settings = load_settings_of(copy)
    data = settings.data.model_copy(update={"src_lang": src, "tgt_lang": tgt})
    write_settings(copy, settings.model_copy(update={"data": data}))
    return copy


def test_joint_pieces_do_not_hide_that_two_runs_translate_in_opposite_directions(
    run_cli: Callable[..., object], run_dir: Path, tmp_path: Path
):
    other = in_languages(run_dir, tmp_path / "other", "bw", "fw")
    message = (
        f"{other}: translates bw to fw, and {run_dir} translates fw to bw; the models of an "
        "ensemble translate between the same languages; leave one of them out"
    )
    models = ["-m", run_dir, "-m", other]
    for words in (["translate", *models], ["eval", *models, "--split", "test", "-q"]):
        outcome = run_cli(*words, stdin="12\n")
        assert (outcome.code, outcome.stdout, outcome.stderr) == (2, "", f"seqcli: {message}\n")
    with pytest.raises(SettingsError) as raised:
        Translator.load(run_dir, other, threads=1)
    assert str(raised.value) == message


@pytest.mark.parametrize(
    ("first", "second", "fits"),
    [
        (("en", "de"), ("en", "de"), True),
        (("en", "de"), ("EN_us", "deu"), True),  # the same languages in other words
        (("en", "de"), ("src", "tgt"), True),  # not known: nothing to object to
        (("src", "tgt"), ("de", "en"), True),
        (("en", "de"), ("src", "de"), True),
        (("en", "tgt"), ("de", "tgt"), False),
        (("en", "de"), ("en", "fr"), False),
        (("en", "de"), ("nl", "de"), False),
        (("en-US", "de"), ("en-GB", "de"), False),
    ],
)
def test_models_of_an_ensemble_have_the_same_languages_as_far_as_they_are_known(
    run_dir: Path, tmp_path: Path, first: tuple[str, str], second: tuple[str, str], fits: bool
):
    runs = [
        in_languages(run_dir, tmp_path / name, *languages)
        for name, languages in (("one", first), ("two", second))
    ]
    for pair in (runs, runs[::-1]):
        if fits:
            Translator.load(*pair, threads=1)
        else:
            with pytest.raises(SettingsError, match="between the same languages"):
                Translator.load(*pair, threads=1)


def test_a_run_without_languages_does_not_join_two_that_do_not_fit(run_dir: Path, tmp_path: Path):
    languages = {"none": ("src", "tgt"), "there": ("en", "de"), "back": ("de", "en")}
    runs = [in_languages(run_dir, tmp_path / name, *pair) for name, pair in languages.items()]
    with pytest.raises(SettingsError, match=r"back: translates de to en, and .*there translates"):
        Translator.load(*runs, threads=1)
