"""Every error that a user can cause, as one tree; each class knows the exit code of the process.

A message has up to four parts, in this order: where, what was found, the rule, what to do next.
It starts in lower case, quotes values with ``!r`` and gives paths as the user gave them.

    SeqcliError            1  the run failed
    ├── SettingsError      2  wrong usage or settings
    ├── CorpusError        3  bad data
    │   └── DamagedDataError   4  a data directory that is not as it was written
    ├── CheckpointError    4  unreadable model
    ├── ThresholdError     5  a threshold was missed
    └── InterruptedRun   130  interrupted, but saved
"""

from __future__ import annotations


class SeqcliError(Exception):
    """The run failed for a reason that the user can understand and mend."""

    exit_code = 1


class SettingsError(SeqcliError):
    """A flag, a YAML key, an environment variable or a combination of them is wrong."""

    exit_code = 2


class CorpusError(SeqcliError):
    """Text or a data directory cannot be used as it is."""

    exit_code = 3


class DamagedDataError(CorpusError):
    """A file of a data directory is damaged, swapped or missing."""

    exit_code = 4


class CheckpointError(SeqcliError):
    """A run directory, weights or pieces cannot be read, or do not fit together."""

    exit_code = 4


class ThresholdError(SeqcliError):
    """A score stayed below what the user asked for (``eval --min-bleu``)."""

    exit_code = 5


class InterruptedRun(SeqcliError):
    """Training was stopped by Ctrl-C or SIGTERM after its state had been saved."""

    exit_code = 130
