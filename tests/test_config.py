from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqcli.config import (
    LEAST_PAIRS,
    PRESETS,
    SECTIONS,
    DecodingSettings,
    SettingField,
    Settings,
    choose_preset,
    describe_settings,
    dump_settings,
    load_settings,
    setting_fields,
    without_training,
)
from seqcli.errors import SettingsError


def write(folder: Path, text: str) -> Path:
    path = folder / "recipe.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def refusal(**layers: Any) -> str:
    with pytest.raises(SettingsError) as caught:
        load_settings(**{"environ": {}, **layers})
    return str(caught.value)


def refusal_of(folder: Path, text: str) -> str:
    """Return the message about a settings file, without the path of its folder."""
    return refusal(config=write(folder, text)).replace(f"{folder}/", "")


# --- the tree -------------------------------------------------------------------------------------


def test_field_names_are_unique_across_sections():
    names = [name for model in SECTIONS.values() for name in model.model_fields]
    assert len(names) == len(set(names)) == len(setting_fields())


def test_every_field_has_a_description_that_is_a_sentence():
    for field in setting_fields().values():
        assert field.description.endswith("."), field.name


def test_every_default_obeys_its_own_rule():
    assert load_settings(environ={}) == Settings()


@pytest.mark.parametrize(
    ("name", "rule"),
    [
        ("layers", "a whole number, at least 1"),
        ("dropout", "a number, at least 0, below 1"),
        ("clip_norm", "a number, above 0, or off"),
        ("joint", "true or false"),
        ("cell", "one of rnn, lstm, gru, gru-cudnn"),
        ("src_lang", "text, not empty"),
        ("user_symbols", "texts separated by commas, or a YAML list of them"),
    ],
)
def test_rules_are_told_in_words(name, rule):
    assert setting_fields()[name].rule == rule


@pytest.mark.parametrize("preset", PRESETS)
def test_presets_are_valid_and_the_defaults_are_those_of_medium(preset):
    assert (load_settings(preset=preset, environ={}) == Settings()) == (preset == "medium")


def test_every_preset_is_chosen_for_some_number_of_pairs():
    assert set(LEAST_PAIRS) == set(PRESETS)
    found = {choose_preset(pairs)[0] for pairs in (0, 1_999, 2_000, 14_999, 15_000, 10**9)}
    assert found == set(PRESETS)
    assert choose_preset(1_999) == ("tiny", "preset tiny, for 0 to 1,999 training pairs")
    assert choose_preset(29_000) == ("medium", "preset medium, for 15,000 or more training pairs")


def test_auto_is_the_preset_for_the_number_of_pairs_and_the_defaults_without_it():
    for pairs, preset in ((100, "tiny"), (5_000, "small"), (29_000, "medium")):
        auto = load_settings(preset="auto", pairs=pairs, environ={})
        assert auto == load_settings(preset=preset, environ={})
    assert load_settings(preset="auto", environ={}) == Settings()


def test_settings_of_a_run_serve_another_machine_without_its_training():
    trained = load_settings(flags={"cell": "gru", "device": "cuda", "lr": 1}, environ={})
    kept = without_training(trained)
    assert (kept.model.cell, kept.training) == ("gru", Settings().training)


# --- precedence -----------------------------------------------------------------------------------


def test_each_layer_wins_over_the_one_before(tmp_path):
    layers: dict[str, Any] = {"environ": {}}
    expected = [(512, {})]
    base = load_settings(flags={"hidden_size": 2}, environ={})
    config = write(tmp_path, "model: {hidden_size: 6}")
    expected += [
        (2, {"base": base}),
        (PRESETS["tiny"]["hidden_size"], {"preset": "tiny"}),
        (6, {"config": config}),
        (8, {"environ": {"SEQCLI_HIDDEN_SIZE": "8"}}),
        (10, {"flags": {"hidden_size": "10"}}),
    ]
    for value, layer in expected:
        layers.update(layer)
        assert load_settings(**layers).model.hidden_size == value


def test_keywords_win_over_the_environment():
    settings = load_settings(keywords={"layers": 3}, environ={"SEQCLI_LAYERS": "2"})
    assert settings.model.layers == 3


def test_an_empty_variable_counts_as_not_set():
    assert load_settings(environ={"SEQCLI_LAYERS": ""}) == Settings()


def test_other_variables_are_nobodys_business():
    assert load_settings(environ={"HOME": "x", "MY_SEQCLI_LAYERS": "0"}) == Settings()


def test_a_clip_value_replaces_the_default_norm_also_above_a_base():
    settings = load_settings(flags={"clip_value": "5"}, base=Settings(), environ={})
    assert (settings.training.clip_norm, settings.training.clip_value) == (None, 5)


# --- files ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["", "\n", "# nothing\n", "---\n", "null\n", "model:\n", "\ufeff"])
def test_a_file_may_say_nothing(tmp_path, text):
    assert load_settings(config=write(tmp_path, text), environ={}) == Settings()


@pytest.mark.parametrize(
    ("text", "name", "value"),
    [
        ("training: {lr: 1e-4}", "lr", 1e-4),
        ("training: {lr: 1.0e-4}", "lr", 1e-4),
        ("training: {lr: .5}", "lr", 0.5),
        ("training: {lr: 2}", "lr", 2.0),
        ("training: {max_steps: 10_000}", "max_steps", 10_000),
        ('training: {max_steps: "100"}', "max_steps", 100),
        ("training: {clip_norm: off}", "clip_norm", None),
        ("training: {clip_norm: none}", "clip_norm", None),
        ("training: {clip_norm: null}", "clip_norm", None),
        ("training: {clip_norm:}", "clip_norm", None),
        ("pieces: {joint: no}", "joint", False),
        ("pieces: {joint: True}", "joint", True),
        ('data: {src_lang: "no"}', "src_lang", "no"),
        ("data: {src_lang: 'no'}", "src_lang", "no"),
        ("model: {attention: none}", "attention", "none"),
        ("pieces: {user_symbols: [<a>, '1']}", "user_symbols", ("<a>", "1")),
        ("pieces: {user_symbols: '<a>,<b>'}", "user_symbols", ("<a>", "<b>")),
    ],
)
def test_values_are_read_as_the_field_needs_them(tmp_path, text, name, value):
    settings = load_settings(config=write(tmp_path, text), environ={})
    found = getattr(getattr(settings, setting_fields()[name].section), name)
    assert (found, type(found)) == (value, type(value))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "model:\n  hiden_size: 3\n",
            "recipe.yaml:2: unknown setting 'hiden_size'; did you mean hidden_size?",
        ),
        (
            "model:\n  lr: 3\n",
            "recipe.yaml:2: lr is not a setting of section model; move it to section training",
        ),
        (
            "model:\n  cliip_norm: 3\n",
            "recipe.yaml:2: unknown setting 'cliip_norm'; did you mean clip_norm of section "
            "training?",
        ),
        (
            "model:\n  xyzzy: 3\n",
            "recipe.yaml:2: unknown setting 'xyzzy'; 'seqcli config' lists all settings",
        ),
        ("modell:\n  lr: 3\n", "recipe.yaml:1: unknown section 'modell'; did you mean model?"),
        (
            "xyzzy:\n  lr: 3\n",
            "recipe.yaml:1: unknown section 'xyzzy'; the sections are data, cleaning, pieces, "
            "model, training, decoding",
        ),
        (
            "layers: 3\n",
            "recipe.yaml:1: layers stands outside its section; indent it below 'model:'",
        ),
        (
            "\nmodel:\n  layers: 0\n",
            "recipe.yaml:3: layers is '0'; it must be a whole number, at least 1",
        ),
        (
            "model:\n  cell: transformer\n",
            "recipe.yaml:2: cell is 'transformer'; it must be one of rnn, lstm, gru, gru-cudnn",
        ),
        (
            "model:\n  layers:\n",
            "recipe.yaml:2: layers has no value; it must be a whole number, at least 1",
        ),
        (
            "model:\n  layers: yes\n",
            "recipe.yaml:2: layers is True; it must be a whole number, at least 1",
        ),
        (
            "model:\n  layers: [1]\n",
            "recipe.yaml:2: layers is a list; it must be a whole number, at least 1",
        ),
        (
            "model:\n  layers: {a: 1}\n",
            "recipe.yaml:2: layers is a group of keys; it must be a whole number, at least 1",
        ),
        (
            "model:\n  layers: 010\n",
            "recipe.yaml:2: layers is 010, which YAML reads as a number in another base (octal, "
            "hexadecimal, or minutes and seconds); it must be a whole number, at least 1, written "
            "plainly",
        ),
        (
            "training:\n  lr: .inf\n",
            "recipe.yaml:2: lr is .inf, which YAML reads as a number in another base or without "
            "an end; it must be a number, above 0, written plainly",
        ),
        (
            "training:\n  lr: !!python/name:os.system\n",
            "recipe.yaml:2: lr is ; it must be a number, above 0, written plainly",
        ),
        (
            "data:\n  src_lang: no\n",
            "recipe.yaml:2: src_lang is no, which YAML reads as true or false; it must be text: "
            'put it in quotes, "no"',
        ),
        (
            "data:\n  src_lang: 2001-01-01\n",
            "recipe.yaml:2: src_lang is 2001-01-01, which YAML reads as a date; it must be text: "
            'put it in quotes, "2001-01-01"',
        ),
        (
            "pieces:\n  user_symbols: [[a]]\n",
            "recipe.yaml:2: user_symbols holds a list; each item must be text",
        ),
        (
            "model:\n  layers: 1\n  layers: 2\n",
            "recipe.yaml:3: layers is already on line 2; keep one of them",
        ),
        (
            "model: {}\ndata: {}\nmodel: {}\n",
            "recipe.yaml:3: model is already on line 1; keep one of them",
        ),
        ("model:\n  [a]: 2\n", "recipe.yaml:2: found a list where a name belongs"),
        (
            "decoding: 5\n",
            "recipe.yaml:1: section decoding is the single value '5'; it must hold settings, one "
            "on each line, as 'name: value'",
        ),
        (
            "- model\n",
            "recipe.yaml:1: found a list where the sections belong; a settings file looks like "
            "'model:' and below it, indented, 'layers: 2'",
        ),
        (
            "model:\n  layers: 1\n bad\n",
            "recipe.yaml:3: not valid YAML: expected <block end>, but found '<scalar>'; check the "
            "indentation and the colons",
        ),
        (
            "model: {}\n---\nmodel: {}\n",
            "recipe.yaml:2: not valid YAML: but found another document; check the indentation and "
            "the colons",
        ),
        ("\nmodel: \x07\n", "recipe.yaml:2: character '\\x07' is not allowed in YAML; remove it"),
        (
            "[" * 5000,
            "recipe.yaml: nested too deeply; settings are sections of single values",
        ),
    ],
)
def test_mistakes_in_a_file_are_told_with_their_line(tmp_path, text, message):
    assert refusal_of(tmp_path, text) == message


def test_bytes_that_are_not_utf8_are_told_with_their_line(tmp_path):
    path = tmp_path / "recipe.yaml"
    path.write_bytes(b"model:\n  # caf\xe9\n  layers: 1\n")
    assert refusal(config=path) == f"{path}:2: byte 0xe9 is not UTF-8; save the file as UTF-8"


def test_a_file_that_is_not_there_and_a_directory_are_refused(tmp_path):
    missing = tmp_path / "no.yaml"
    assert refusal(config=missing) == f"{missing}: there is no such settings file"
    assert (
        refusal(config=tmp_path) == f"{tmp_path}: is a directory; a settings file is one YAML file"
    )


@given(st.binary(max_size=60))
def test_no_file_gives_anything_but_settings_or_a_settings_error(tmp_path_factory, data):
    path = tmp_path_factory.mktemp("any") / "recipe.yaml"
    path.write_bytes(data)
    try:
        message = str(path) if load_settings(config=path, environ={}) else ""
    except SettingsError as error:
        message = str(error)
    assert str(path) in message


# --- other layers ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("layers", "message"),
    [
        (
            {"flags": {"hidden_size": "x"}},
            "--hidden-size is 'x'; it must be a whole number, at least 1",
        ),
        (
            {"environ": {"SEQCLI_PATIENCE": "True"}},
            "SEQCLI_PATIENCE is 'True'; it must be a whole number, at least 1, or off",
        ),
        (
            {"environ": {"SEQCLI_HIDEN_SIZE": "1"}},
            "environment variable SEQCLI_HIDEN_SIZE is not a setting; did you mean "
            "SEQCLI_HIDDEN_SIZE?",
        ),
        (
            {"environ": {"SEQCLI_XYZZY": "1"}},
            "environment variable SEQCLI_XYZZY is not a setting; unset it",
        ),
        (
            {"keywords": {"layers": True}},
            "keyword layers is True; it must be a whole number, at least 1",
        ),
        (
            {"keywords": {"laiers": 1}},
            "unknown setting 'laiers'; did you mean layers?",
        ),
        ({"flags": {"src_lang": "\udcff"}}, "--src-lang is '\\udcff'; it must be text, not empty"),
        ({"flags": {"lr": "nan"}}, "--lr is 'nan'; it must be a number, above 0"),
        ({"flags": {"lr": "inf"}}, "--lr is 'inf'; it must be a number, above 0"),
        ({"preset": "tinny"}, "unknown preset 'tinny'; did you mean tiny?"),
        ({"preset": "xyzzy"}, "unknown preset 'xyzzy'; the presets are auto, tiny, small, medium"),
        (
            {"flags": {"n_best": "9"}},
            "--n-best: n_best (9) must not be above beam_size (5); raise beam_size too",
        ),
        (
            {"flags": {"n_best": "9"}, "environ": {"SEQCLI_BEAM_SIZE": "2"}},
            "SEQCLI_BEAM_SIZE, --n-best: n_best (9) must not be above beam_size (2); raise "
            "beam_size too",
        ),
    ],
)
def test_mistakes_elsewhere_name_what_the_user_wrote(layers, message):
    assert refusal(**layers) == message


def test_all_mistakes_are_told_at_once_in_the_order_of_the_layers(tmp_path):
    config = write(tmp_path, "model:\n  laiers: 1\n  dropout: 2\n")
    message = refusal(
        config=config, environ={"SEQCLI_LR": "fast"}, flags={"beam_size": "0", "layers": "many"}
    )
    assert message.replace(f"{tmp_path}/", "") == (
        "5 mistakes in the settings:\n"
        "  recipe.yaml:2: unknown setting 'laiers'; did you mean layers?\n"
        "  --layers is 'many'; it must be a whole number, at least 1\n"
        "  recipe.yaml:3: dropout is '2'; it must be a number, at least 0, below 1\n"
        "  SEQCLI_LR is 'fast'; it must be a number, above 0\n"
        "  --beam-size is '0'; it must be a whole number, at least 1, at most 1,000"
    )


# --- writing --------------------------------------------------------------------------------------


def values_of(field: SettingField) -> st.SearchStrategy[Any]:
    strategies: dict[str, st.SearchStrategy[Any]] = {
        "switch": st.booleans(),
        "whole": st.integers(8, 1000),
        "number": st.floats(1e-300, 0.999, exclude_max=True),
        "choice": st.sampled_from(field.choices or ("",)),
        "text": st.text(st.characters(codec="utf-8"), min_size=1),
        "texts": st.lists(st.text(st.characters(codec="utf-8"))).map(tuple),
    }
    kept = strategies[field.kind]
    return st.none() | kept if field.can_be_off else kept


def settings_strategy() -> st.SearchStrategy[Settings]:
    values = {
        name: values_of(field)
        for name, field in setting_fields().items()
        if not name.startswith(("teacher_forcing", "clip_value", "n_best", "character_coverage"))
        and name != "average"  # which needs checkpoints that are kept
    }
    values["sampling_passes"] = st.sampled_from([1, 2])
    # A search with the settings of sampling is refused, so a temperature comes with sampling.
    return st.fixed_dictionaries({}, optional={**values, "sample": st.just(True)}).map(
        lambda chosen: load_settings(keywords=chosen, environ={})
    )


@given(settings_strategy())
def test_settings_that_are_written_are_read_back_equal(tmp_path_factory, settings):
    path = tmp_path_factory.mktemp("dump") / "config.yaml"
    for text in (dump_settings(settings), describe_settings(settings)):
        path.write_text(text, encoding="utf-8")
        assert load_settings(config=path, environ={}) == settings


def test_the_description_holds_every_field_with_its_sentence():
    text = describe_settings(Settings())
    for name, field in setting_fields().items():
        assert f"# {field.description}" in text
        assert f"  {name}: " in text


def test_no_limit_is_broken_by_a_number_that_is_not_finite():
    with pytest.raises(ValueError, match="finite"):
        DecodingSettings(length_penalty=math.inf)


@pytest.mark.parametrize(("text", "value"), [("500", 500), ("10m", "10m"), ("0.5m", "0.5m")])
def test_an_interval_is_updates_or_minutes(tmp_path: Path, text: str, value: object):
    path = write(tmp_path, f"training:\n  save_every: {text}\n")
    for settings in (
        load_settings(flags={"save_every": text}, environ={}),
        load_settings(config=path, environ={}),
    ):
        assert settings.training.save_every == value
        again = load_settings(config=write(tmp_path, dump_settings(settings)), environ={})
        assert again == settings
        path = write(tmp_path, f"training:\n  save_every: {text}\n")


@pytest.mark.parametrize("text", ["0", "-1", "m", "10 m", "10h", "1e3m", "-1m"])
def test_what_is_no_interval_is_refused(text: str):
    with pytest.raises(SettingsError) as caught:
        load_settings(flags={"save_every": text}, environ={})
    assert str(caught.value) == (
        f"--save-every is {text!r}; it must be a whole number, at least 1, or minutes such as 10m, "
        "or off"
    )


def test_a_settings_file_without_an_end_is_refused():
    """/dev/zero used to be read for ever."""
    if not Path("/dev/zero").exists():
        pytest.skip("no such device")
    with pytest.raises(SettingsError, match="a pipe or a device"):
        load_settings(config=Path("/dev/zero"), environ={})
