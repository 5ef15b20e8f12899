"""Named starting points: settings that belong together, below a settings file in precedence.

Place: ``--preset NAME``, or the number of training pairs -> **values by field name** ->
load_settings. The defaults are those of ``medium``.
"""

from __future__ import annotations

from collections.abc import Mapping

PRESETS: Mapping[str, Mapping[str, object]] = {
    # Some hundred pairs: a small model, and many epochs, as there are few updates in one.
    "tiny": {
        "vocab_size": 2000,
        "hidden_size": 128,
        "emb_size": 64,
        "dropout": 0.4,
        "label_smoothing": 0.2,
        "batch_tokens": 1000,
        "lr": 3e-3,
        "max_epochs": 80,
    },
    # Some thousand pairs: few pieces, small batches and strong regularisation.
    # Source: Sennrich & Zhang 2019, "Revisiting Low-Resource Neural Machine Translation", table 2.
    "small": {
        "vocab_size": 2000,
        "hidden_size": 256,
        "emb_size": 128,
        "dropout": 0.5,
        "label_smoothing": 0.2,
        "batch_tokens": 1000,
        "max_epochs": 60,
    },
    # Tens of thousands of pairs or more: what docs/experiments.md found best.
    "medium": {},
}

AUTO = "auto"  # the preset that goes by the number of training pairs
LEAST_PAIRS: Mapping[str, int] = {"tiny": 0, "small": 2_000, "medium": 15_000}


def choose_preset(pairs: int) -> tuple[str, str]:
    """Return the preset for a number of training pairs, and why, for a person."""
    name = [name for name, least in LEAST_PAIRS.items() if pairs >= least][-1]
    following = [least for least in LEAST_PAIRS.values() if least > pairs]
    below = f" to {following[0] - 1:,}" if following else " or more"
    return name, f"preset {name}, for {LEAST_PAIRS[name]:,}{below} training pairs"
