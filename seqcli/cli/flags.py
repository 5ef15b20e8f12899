"""Setting fields -> flags of a verb; flags, ``--config`` and ``--preset`` -> Settings.

Place: the fields of the settings tree -> **settings_flags** -> the verbs' functions. Flags are text
(or a switch) here: what a value may be is checked in one place, ``load_settings``. The tree
(pydantic) is imported when a verb is, not with the program.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from seqcli.errors import SettingsError

if TYPE_CHECKING:
    from seqcli.config import SettingField, Settings

# Flags that turn a switch off and are not called --no-NAME.
OFF_FLAGS = {"joint": "--separate"}
_METAVARS = {"whole": "N", "number": "X", "choice": "NAME", "text": "TEXT", "texts": "TEXTS"}

ConfigOption = Annotated[
    list[Path] | None,
    typer.Option(
        "--config", metavar="FILE", help="YAML file with settings; of several, later ones win."
    ),
]
DebugOption = Annotated[
    bool, typer.Option("--debug", metavar="", help="Show the traceback when something fails.")
]
QuietOption = Annotated[bool, typer.Option("--quiet", "-q", metavar="", help="Show warnings only.")]
JsonOption = Annotated[bool, typer.Option("--json", metavar="", help="Print JSON.")]
MAX_BATCH_SIZE = 100_000


def _parse_batch_size(value: str | int) -> int:
    text = str(value)
    is_number = text.isascii() and text.isdecimal() and len(text) < 20
    if not (is_number and 1 <= int(text) <= MAX_BATCH_SIZE):
        raise SettingsError(
            f"--batch-size is {text!r}; it must be a whole number, at least 1, at most "
            f"{MAX_BATCH_SIZE:,}"
        )
    return int(text)


BatchSizeOption = Annotated[
    int,
    typer.Option(
        "--batch-size", metavar="N", parser=_parse_batch_size, help="Lines translated together."
    ),
]


@dataclass(frozen=True)
class GivenSettings:
    """What the command line says about settings; only flags that were given are in ``flags``."""

    config: tuple[Path, ...]
    preset: str | None
    flags: Mapping[str, object]

    def load(self, base: Settings | None = None) -> Settings:
        """Put these above the environment's settings and ``base``.

        Raises:
            SettingsError: With all mistakes at once.
        """
        from seqcli.config import load_settings

        return load_settings(config=self.config, preset=self.preset, flags=self.flags, base=base)

    def load_for_pairs(self, pairs: Callable[[], int]) -> tuple[Settings, str | None]:
        """Put these above the preset that goes by the number of training pairs, or was named.

        Args:
            pairs: Counts them, if that is needed.

        Returns:
            The settings, and the preset that was chosen and why, if none was named.

        Raises:
            SettingsError: With all mistakes at once, before anything is counted.
        """
        from seqcli.config import AUTO, choose_preset, load_settings

        settings = self.load()
        if self.preset not in (None, AUTO):
            return settings, None
        count = pairs()
        settings = load_settings(config=self.config, preset=AUTO, pairs=count, flags=self.flags)
        return settings, f"{choose_preset(count)[1]}; flags and --config win over it"

    def load_for_run(self, run_dir: Path) -> Settings:
        """Put these above a run's settings, except how it was trained: that was another machine.

        Raises:
            CheckpointError: When there is no run that can be read.
            SettingsError: With all mistakes at once.
        """
        from seqcli.config import without_training
        from seqcli.rundir import load_settings_of

        return self.load(without_training(load_settings_of(run_dir)))


def settings_flags(*selected: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Give a verb the flags of settings; its function gets them as ``given``, a GivenSettings.

    Args:
        selected: Sections, or names of single fields.
    """
    from seqcli.config import setting_fields

    fields = [
        field
        for field in setting_fields().values()
        if field.section in selected or field.name in selected
    ]

    def decorate(function: Callable[..., None]) -> Callable[..., None]:
        def command(**values: Any) -> None:
            values.pop("debug")  # SeqcliGroup has seen it
            flags = {field.name: values.pop(field.name) for field in fields}
            given = GivenSettings(
                config=tuple(values.pop("config") or ()),
                preset=values.pop("preset"),
                flags={name: value for name, value in flags.items() if value is not None},
            )
            function(**values, given=given)

        command.__doc__ = function.__doc__
        parameters = [
            *_own_parameters(function),
            _parameter("config", ConfigOption, None),
            _parameter("preset", _preset_type(), None),
            _parameter("debug", DebugOption, False),
            *(_parameter(field.name, _flag_type(field), None) for field in fields),
        ]
        command.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
        command.__annotations__ = {each.name: each.annotation for each in parameters}
        return command

    return decorate


def _own_parameters(function: Callable[..., None]) -> list[inspect.Parameter]:
    signature = inspect.signature(function, eval_str=True)
    return [
        each.replace(kind=inspect.Parameter.KEYWORD_ONLY)
        for each in signature.parameters.values()
        if each.name != "given"
    ]


def _parameter(name: str, annotation: Any, default: object) -> inspect.Parameter:
    return inspect.Parameter(
        name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation
    )


def _preset_type() -> Any:
    from seqcli.config import AUTO, PRESETS

    names = f"{', '.join(PRESETS)}, or {AUTO}"
    text = f"Settings that belong together: {names}, by the number of training pairs."
    return Annotated[str | None, typer.Option("--preset", metavar="NAME", help=text)]


def _flag_type(field: SettingField) -> Any:
    from seqcli.config import show_value

    panel = f"Settings: {field.section}"
    text = f"{field.hint} Default: {show_value(field.default) or 'none'}."
    if field.kind == "switch":
        off = OFF_FLAGS.get(field.name, f"--no-{field.flag.removeprefix('--')}")
        option = typer.Option(f"{field.flag}/{off}", metavar="", help=text, rich_help_panel=panel)
        return Annotated[bool | None, option]
    option = typer.Option(
        field.flag, metavar=_METAVARS[field.kind], help=text, rich_help_panel=panel
    )
    return Annotated[str | None, option]
