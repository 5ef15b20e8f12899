"""Named starting points: a few settings that belong together, below a settings file in precedence.

Place: ``--preset NAME`` -> **values by field name** -> load_settings.
"""

from __future__ import annotations

from collections.abc import Mapping

PRESETS: Mapping[str, Mapping[str, object]] = {
    # A lesson: a small model that shows all the behaviour within minutes on any laptop.
    "tiny": {
        "vocab_size": 2000,
        "hidden_size": 128,
        "emb_size": 64,
        "dropout": 0.1,
        "batch_tokens": 2000,
        "warmup_steps": 50,
        "max_epochs": 10,
        "beam_size": 2,
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
}
