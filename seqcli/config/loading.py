"""Layers of values -> one Settings, or one SettingsError that lists every mistake with its place.

Place: defaults < base < preset < file < environment < flags and keywords -> **Settings**.
Also Settings -> YAML.
"""

from __future__ import annotations

import math
import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml
from pydantic import ValidationError

from seqcli.config.fields import SECTIONS, SettingField, closest, setting_fields
from seqcli.config.presets import AUTO, PRESETS, choose_preset
from seqcli.config.tree import Settings, TrainingSettings
from seqcli.config.yaml_file import Given, explain_unknown, read_settings_file
from seqcli.errors import SettingsError

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

ENVIRONMENT_PREFIX = "SEQCLI_"
_MOST_SHOWN = 1000  # characters of a mistake


def load_settings(
    *,
    config: Path | Sequence[Path] | None = None,
    flags: Mapping[str, object] | None = None,
    keywords: Mapping[str, object] | None = None,
    environ: Mapping[str, str] = os.environ,
    preset: str | None = None,
    pairs: int | None = None,
    base: Settings | None = None,
) -> Settings:
    """Put the layers together: default < base < preset < file < environment < flags < keywords.

    Args:
        config: A YAML file with sections, or several; a later one wins.
        flags: Values by field name, as the command line gave them; text is read as the field needs.
        keywords: The same, as a Python caller gave them.
        environ: Variables such as ``SEQCLI_HIDDEN_SIZE``; an empty one counts as not set.
        preset: A name of ``PRESETS``, or auto.
        pairs: Training pairs, by which auto chooses; without them it is the defaults.
        base: Settings to start from in the place of the defaults, such as those of a run.

    Raises:
        SettingsError: With all mistakes at once; each has its place, the value found and the rule.
    """
    mistakes: list[str] = []
    files = [config] if isinstance(config, Path) else config or ()
    layers = (
        _from_base(base),
        _from_preset(preset, pairs),
        *(read_settings_file(path, mistakes) for path in files),
        _from_environment(environ, mistakes),
        _from_names(flags or {}, "{flag}", mistakes),
        _from_names(keywords or {}, "keyword {name}", mistakes),
    )
    given = {value.name: value for layer in layers for value in layer}
    settings = _build(given, mistakes)
    if mistakes or settings is None:
        raise SettingsError(_join(mistakes))
    return settings


def dump_settings(settings: Settings) -> str:
    """Return the settings as YAML that ``load_settings`` reads back to an equal object."""
    return _to_yaml(settings.model_dump(mode="json"))


def without_training(settings: Settings) -> Settings:
    """Return the settings of a run as they serve another machine: of its training only the seed."""
    training = TrainingSettings(seed=settings.training.seed)
    return settings.model_copy(update={"training": training})


def describe_settings(settings: Settings) -> str:
    """Return the settings as YAML with a comment above each that says what it is and may be."""
    tree = settings.model_dump(mode="json")
    fields = setting_fields()
    blocks = []
    for section, model in SECTIONS.items():
        lines = [f"# {model.__doc__}", f"{section}:"]
        for name, value in tree[section].items():
            lines.append(f"  # {fields[name].hint}")
            lines += [f"  {line}" for line in _to_yaml({name: value}).strip().split("\n")]
        blocks.append("\n".join(lines) + "\n")
    return "\n".join(blocks)


def _to_yaml(tree: dict[str, Any]) -> str:
    # Not allow_unicode: PyYAML then writes U+0085 in a way that it reads back as a space.
    text = yaml.safe_dump(tree, sort_keys=False, width=math.inf)
    return str(text)


def _from_base(base: Settings | None) -> Iterator[Given]:
    """Yield what differs from the defaults: rules about what was set need see no more."""
    for section in SECTIONS if base else ():
        for name, value in getattr(base, section):
            if value != setting_fields()[name].default:
                yield Given(name, value, f"saved setting {name}")


def _from_preset(preset: str | None, pairs: int | None) -> list[Given]:
    if preset == AUTO:
        preset = None if pairs is None else choose_preset(pairs)[0]
    if preset is None:
        return []
    if preset not in PRESETS:
        meant = closest(preset, (AUTO, *PRESETS))
        hint = (
            f"did you mean {meant}?" if meant else f"the presets are {', '.join((AUTO, *PRESETS))}"
        )
        raise SettingsError(f"unknown preset {preset!r}; {hint}")
    return [
        Given(name, value, f"preset {preset}: {name}") for name, value in PRESETS[preset].items()
    ]


def _from_environment(environ: Mapping[str, str], mistakes: list[str]) -> Iterator[Given]:
    for variable in sorted(environ):
        if not variable.startswith(ENVIRONMENT_PREFIX) or not environ[variable]:
            continue
        name = variable.removeprefix(ENVIRONMENT_PREFIX).lower()
        if name in setting_fields():
            yield Given(name, environ[variable], variable)
            continue
        meant = closest(name, setting_fields())
        hint = f"did you mean {ENVIRONMENT_PREFIX}{meant.upper()}?" if meant else "unset it"
        mistakes.append(f"environment variable {variable} is not a setting; {hint}")


def _from_names(values: Mapping[str, object], subject: str, mistakes: list[str]) -> Iterator[Given]:
    for name, value in values.items():
        field = setting_fields().get(name)
        if field is None:
            mistakes.append(explain_unknown(name))
        else:
            yield Given(name, value, subject.format(flag=field.flag, name=name))


def _build(given: Mapping[str, Given], mistakes: list[str]) -> Settings | None:
    """Validate the values; note what is wrong with them, in the order of the tree."""
    tree: dict[str, dict[str, object]] = {section: {} for section in SECTIONS}
    for name, field in setting_fields().items():
        if name not in given:
            continue
        if _is_misplaced_switch(given[name].value, field):
            mistakes.append(_refuse(given[name], field))
        else:
            tree[field.section][name] = _split_texts(given[name].value, field)
    try:
        return Settings.model_validate(tree)
    except ValidationError as error:
        mistakes += _unique(_explain(detail, given) for detail in error.errors())
        return None


def _is_misplaced_switch(value: object, field: SettingField) -> bool:
    """Tell a bool that pydantic would take for 0 or 1 (False may still mean off)."""
    is_off = value is False and field.can_be_off
    return isinstance(value, bool) and field.kind != "switch" and not is_off


def _split_texts(value: object, field: SettingField) -> object:
    if field.kind == "texts" and isinstance(value, str):
        return tuple(item for item in value.split(",") if item)
    return value


def _explain(detail: ErrorDetails, given: Mapping[str, Given]) -> str:
    """Say in our words what pydantic found wrong with a field, or with several together."""
    name = str(detail["loc"][1]) if len(detail["loc"]) > 1 else ""
    if name in given:
        return _refuse(given[name], setting_fields()[name])
    message = str(detail["ctx"]["error"]) if "ctx" in detail else detail["msg"]
    words = set(re.findall(r"\w+", message))
    subjects = [value.subject for value in given.values() if value.name in words]
    return ": ".join([*filter(None, [", ".join(subjects)]), message])


def _refuse(value: Given, field: SettingField) -> str:
    if value.value is None:
        return f"{value.subject} has no value; it must be {field.rule}"
    return f"{value.subject} is {value.value!r}; it must be {field.rule}"


def _shorten(mistake: str) -> str:
    """Cut the middle out of a text that quotes far too much."""
    half = _MOST_SHOWN // 2
    return mistake if len(mistake) <= _MOST_SHOWN else f"{mistake[:half]} ... {mistake[-half:]}"


def _unique(texts: Iterable[str]) -> Iterable[str]:
    return dict.fromkeys(texts)


def _join(mistakes: list[str]) -> str:
    mistakes = [_shorten(mistake) for mistake in mistakes]
    if len(mistakes) == 1:
        return mistakes[0]
    return "\n  ".join([f"{len(mistakes)} mistakes in the settings:", *mistakes])
