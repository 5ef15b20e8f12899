"""A YAML settings file -> values with the line that each stands on, and every mistake in the file.

Place: recipe.yaml -> **Given values** -> load_settings. The file is read as a tree of YAML nodes,
not as Python values: YAML 1.1 would turn ``no`` into False, ``010`` into 8 and ``12:30`` into 750
before anyone could ask what the field expects. Numbers stay text until pydantic reads them, so
``1e-4`` is a number.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path

import yaml

from seqcli.config.fields import SECTIONS, SettingField, closest, setting_fields
from seqcli.errors import SettingsError
from seqcli.untrusted import UnsoundFileError, read_bounded

_PLAIN_NUMBER = re.compile(r"[-+]?(0|[1-9][0-9_]*|(0|[1-9][0-9_]*)?\.[0-9_]*)([eE][-+]?[0-9]+)?")
MOST_BYTES = 1 << 18  # of a settings file; with every setting and its comment it has a tenth
MOST_MISTAKES = 50  # that are listed; finding what a name may have meant takes time
_MOST_DEPTH = 100  # of brackets; PyYAML needs the square of it in time
_YAML_TAG = "tag:yaml.org,2002:"
_TRUE_WORDS = ("yes", "true", "on")


@dataclass(frozen=True)
class Given:
    """A value that somebody gave for a setting."""

    name: str
    value: object
    subject: str  # begins a message about it: "recipe.yaml:7: layers", "--layers", "SEQCLI_LAYERS"


class _Refused(Exception):  # noqa: N818 - it never leaves this module
    """A YAML node cannot stand for the setting; the text says why."""


def read_settings_file(path: Path, mistakes: list[str]) -> list[Given]:
    """Read the values of a settings file and note every mistake in it.

    Args:
        path: A YAML file with the sections of the settings tree; it may be empty.
        mistakes: Gets one text, with file and line, for each key that cannot be used.

    Raises:
        SettingsError: When the file cannot be read or is not YAML.
    """
    root = _compose(path)
    if root is None or _tag(root) == "null":
        return []
    if not isinstance(root, yaml.MappingNode):
        raise SettingsError(
            f"{_place(path, root)}: found {_describe(root)} where the sections belong; "
            f"a settings file looks like 'model:' and below it, indented, 'layers: 2'"
        )
    given: list[Given] = []
    for section, key_node, value_node in _iter_keys(root, path, mistakes):
        if section not in SECTIONS:
            mistakes.append(f"{_place(path, key_node)}: {_explain_section(section)}")
        elif isinstance(value_node, yaml.MappingNode):
            given += _read_section(section, value_node, path, mistakes)
        elif _tag(value_node) != "null":
            mistakes.append(
                f"{_place(path, value_node)}: section {section} is {_describe(value_node)}; "
                "it must hold settings, one on each line, as 'name: value'"
            )
    return given


def explain_unknown(name: str, section: str | None = None) -> str:
    """Say that there is no such setting, and which one was probably meant.

    Args:
        name: What was found in the place of a setting's name.
        section: The section that it stood in, if it stood in one.
    """
    fields = setting_fields()
    meant = name if name in fields else closest(name, fields)
    if meant is None:
        return f"unknown setting {name!r}; 'seqcli config' lists all settings"
    if section is None or fields[meant].section == section:
        return f"unknown setting {name!r}; did you mean {meant}?"
    home = fields[meant].section
    if meant == name:
        return f"{name} is not a setting of section {section}; move it to section {home}"
    return f"unknown setting {name!r}; did you mean {meant} of section {home}?"


def _compose(path: Path) -> yaml.Node | None:
    text = _read_text(path)
    if _depth_of(text) > _MOST_DEPTH:
        raise SettingsError(_too_deep(path))
    try:
        return yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        raise SettingsError(
            f"{path}:{line}: not valid YAML: {error.problem}; check the indentation and the colons"
        ) from error
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise SettingsError(
            f"{path}:{line}: character {chr(error.character)!r} is not allowed in YAML; remove it"
        ) from error
    except RecursionError:
        raise SettingsError(_too_deep(path)) from None


def _depth_of(text: str) -> int:
    """Return how many brackets are open at once at the most, those in comments too."""
    steps = ((char in "[{") - (char in "]}") for char in text if char in "[]{}")
    return max(accumulate(steps), default=0)


def _too_deep(path: Path) -> str:
    return f"{path}: nested too deeply; settings are sections of single values"


def _read_text(path: Path) -> str:
    if path.is_dir():
        raise SettingsError(f"{path}: is a directory; a settings file is one YAML file")
    try:
        data = read_bounded(path, MOST_BYTES)
    except UnsoundFileError as error:
        raise SettingsError(f"{path}: no settings file: {error}") from error
    except FileNotFoundError:
        raise SettingsError(f"{path}: there is no such settings file") from None
    except OSError as error:
        raise SettingsError(
            f"{path}: the settings file cannot be read: {error.strerror}"
        ) from error
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise SettingsError(
            f"{path}:{line}: byte 0x{data[error.start]:02x} is not UTF-8; save the file as UTF-8"
        ) from error


def _read_section(
    section: str, node: yaml.MappingNode, path: Path, mistakes: list[str]
) -> Iterator[Given]:
    fields = setting_fields()
    for name, key_node, value_node in _iter_keys(node, path, mistakes):
        place = _place(path, key_node)
        if name not in fields or fields[name].section != section:
            mistakes.append(f"{place}: {explain_unknown(name, section)}")
            continue
        try:
            value = _read_value(value_node, fields[name])
        except _Refused as reason:
            mistakes.append(f"{place}: {reason}")
        else:
            yield Given(name, value, f"{place}: {name}")


def _iter_keys(
    node: yaml.MappingNode, path: Path, mistakes: list[str]
) -> Iterator[tuple[str, yaml.Node, yaml.Node]]:
    """Yield (key, its node, the value's node), each key once."""
    first_lines: dict[str, int] = {}
    for key_node, value_node in node.value:
        if len(mistakes) >= MOST_MISTAKES:
            return
        place = _place(path, key_node)
        if not isinstance(key_node, yaml.ScalarNode):
            mistakes.append(f"{place}: found {_describe(key_node)} where a name belongs")
            continue
        key = key_node.value
        if key in first_lines:
            mistakes.append(
                f"{place}: {key} is already on line {first_lines[key]}; keep one of them"
            )
            continue
        first_lines[key] = key_node.start_mark.line + 1
        yield key, key_node, value_node


def _read_value(node: yaml.Node, field: SettingField) -> object:
    if isinstance(node, yaml.ScalarNode):
        return _read_scalar(node, field)
    if isinstance(node, yaml.SequenceNode) and field.kind == "texts":
        return tuple(_read_item(item, field) for item in node.value)
    raise _Refused(f"{field.name} is {_describe(node)}; it must be {field.rule}")


def _read_item(node: yaml.Node, field: SettingField) -> object:
    if not isinstance(node, yaml.ScalarNode):
        raise _Refused(f"{field.name} holds {_describe(node)}; each item must be text")
    return _read_scalar(node, field)


def _read_scalar(node: yaml.ScalarNode, field: SettingField) -> object:
    """Return text, a bool or None: what the node says, unless YAML 1.1 would misread it."""
    text, tag = node.value, _tag(node)
    if tag == "str":
        return text
    if tag == "null":
        return None
    if field.kind in ("text", "texts") and tag in _TAG_WORDS:
        raise _Refused(
            f"{field.name} is {text}, which YAML reads as {_TAG_WORDS[tag]}; "
            f'it must be text: put it in quotes, "{text}"'
        )
    if tag == "bool":
        return text.lower() in _TRUE_WORDS
    if tag in ("int", "float") and _PLAIN_NUMBER.fullmatch(text):
        return text
    reading = f", which YAML reads as {_TAG_WORDS[tag]}" if tag in _TAG_WORDS else ""
    raise _Refused(f"{field.name} is {text}{reading}; it must be {field.rule}, written plainly")


_TAG_WORDS: Mapping[str, str] = {
    "bool": "true or false",
    "int": "a number in another base (octal, hexadecimal, or minutes and seconds)",
    "float": "a number in another base or without an end",
    "timestamp": "a date",
}


def _explain_section(name: str) -> str:
    fields = setting_fields()
    sections = ", ".join(SECTIONS)
    meant = closest(name, SECTIONS)
    if name in fields:
        return f"{name} stands outside its section; indent it below '{fields[name].section}:'"
    if meant:
        return f"unknown section {name!r}; did you mean {meant}?"
    return f"unknown section {name!r}; the sections are {sections}"


def _tag(node: yaml.Node) -> str:
    return str(node.tag).removeprefix(_YAML_TAG)


def _describe(node: yaml.Node) -> str:
    if isinstance(node, yaml.SequenceNode):
        return "a list"
    if isinstance(node, yaml.MappingNode):
        return "a group of keys"
    return f"the single value {node.value!r}"


def _place(path: Path, node: yaml.Node) -> str:
    return f"{path}:{node.start_mark.line + 1}"
