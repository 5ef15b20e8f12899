"""The settings: their tree, the rules of its fields in words, and the layers that fill it.

Place: YAML, environment, flags, keywords -> **load_settings** -> Settings -> the verbs.
``tree`` holds the fields, ``fields`` what people are told of them, ``presets`` named starting
points, ``yaml_file`` reads a settings file, ``loading`` puts the layers together.
"""

from __future__ import annotations

from seqcli.config.cleaning import CleaningSettings
from seqcli.config.fields import SECTIONS, SettingField, setting_fields, show_value
from seqcli.config.kinds import Section
from seqcli.config.loading import (
    describe_settings,
    dump_settings,
    load_settings,
    without_training,
)
from seqcli.config.presets import AUTO, LEAST_PAIRS, PRESETS, choose_preset
from seqcli.config.tree import (
    Attention,
    Cell,
    DataSettings,
    DecodingSettings,
    Device,
    LrSchedule,
    Metric,
    ModelSettings,
    ModelType,
    Optimizer,
    PiecesSettings,
    Precision,
    Settings,
    TeacherForcing,
    TeacherForcingScope,
    TrainingSettings,
)

__all__ = [
    "AUTO",
    "LEAST_PAIRS",
    "PRESETS",
    "SECTIONS",
    "Attention",
    "Cell",
    "CleaningSettings",
    "DataSettings",
    "DecodingSettings",
    "Device",
    "LrSchedule",
    "Metric",
    "ModelSettings",
    "ModelType",
    "Optimizer",
    "PiecesSettings",
    "Precision",
    "Section",
    "SettingField",
    "Settings",
    "TeacherForcing",
    "TeacherForcingScope",
    "TrainingSettings",
    "choose_preset",
    "describe_settings",
    "dump_settings",
    "load_settings",
    "setting_fields",
    "show_value",
    "without_training",
]
