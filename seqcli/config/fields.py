"""The fields of the settings tree, flat, with their rules in words.

Place: the tree -> **SettingField** -> flags, error messages, ``seqcli config``. Nothing is listed
by hand: names, ranges, choices, defaults and descriptions are read off the pydantic models.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

from seqcli.config.kinds import Section
from seqcli.config.tree import Settings

Kind = Literal["switch", "whole", "number", "choice", "text", "texts"]

_KINDS: dict[str, Kind] = {
    "boolean": "switch",
    "integer": "whole",
    "number": "number",
    "string": "text",
    "array": "texts",
}
_KIND_WORDS: dict[Kind, str] = {
    "switch": "true or false",
    "whole": "a whole number",
    "number": "a number",
    "text": "text",
    "texts": "texts separated by commas, or a YAML list of them",
}
_LIMIT_WORDS = {
    "minimum": "at least",
    "exclusiveMinimum": "above",
    "maximum": "at most",
    "exclusiveMaximum": "below",
}

SECTIONS: Mapping[str, type[Section]] = {
    name: type(field.default) for name, field in Settings.model_fields.items()
}


@dataclass(frozen=True)
class SettingField:
    """What people are told of one setting."""

    name: str
    section: str
    kind: Kind
    choices: tuple[str, ...]  # only of a choice
    limits: str  # such as "at least 0, below 1", or empty
    can_be_off: bool
    others: tuple[str, ...]  # what it may be instead, in words
    default: object
    description: str

    @property
    def flag(self) -> str:
        """The name on the command line."""
        return "--" + self.name.replace("_", "-")

    @property
    def hint(self) -> str:
        """What it is and may be, in one line of help; what can be off says so itself."""
        choices = f"one of {', '.join(self.choices)}" if self.choices else ""
        limits = choices or self.limits
        return f"{self.description} ({limits})" if limits else self.description

    @property
    def rule(self) -> str:
        """What a value must be, in words that follow "it must be"."""
        kind = f"one of {', '.join(self.choices)}" if self.choices else _KIND_WORDS[self.kind]
        rule = f"{kind}, {self.limits}" if self.limits else kind
        return ", or ".join([rule, *self.others, *(["off"] if self.can_be_off else [])])


@cache
def setting_fields() -> Mapping[str, SettingField]:
    """Return every field of the tree by its name, in the order of the tree."""
    fields = {}
    for section, model in SECTIONS.items():
        for name, schema in model.model_json_schema()["properties"].items():
            default = model.model_fields[name].default
            fields[name] = _read_schema(name, section, schema, default)
    return fields


def closest(word: str, known: Iterable[str]) -> str | None:
    """Return the known name that ``word`` was probably meant to be, if there is one."""
    matches = difflib.get_close_matches(word.lower().replace("-", "_"), list(known), n=1)
    return matches[0] if matches else None


def show_value(value: object) -> str:
    """Write a value of a setting the way people give it."""
    if value is None:
        return "off"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, tuple):
        return ",".join(str(item) for item in value)
    return str(value)


def _read_schema(name: str, section: str, schema: dict[str, Any], default: object) -> SettingField:
    variants = [schema, *schema.get("anyOf", [])]
    core = next(part for part in variants if part.get("type", "null") != "null")
    limits = [f"{words} {core[key]:,}" for key, words in _LIMIT_WORDS.items() if key in core]
    if core.get("minLength"):
        limits.append("not empty")
    choices = tuple(core.get("enum", ()))
    return SettingField(
        name=name,
        section=section,
        kind="choice" if choices else _KINDS[core["type"]],
        choices=choices,
        limits=", ".join(limits),
        can_be_off=any(part.get("type") == "null" for part in variants),
        others=tuple(p["description"] for p in schema.get("anyOf", []) if "description" in p),
        default=default,
        description=schema["description"],
    )
