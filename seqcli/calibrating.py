"""A run and its validation text -> how far its scores can be trusted, noted in the run.

Place: run directory, validation text -> **calibration in the manifest** -> the translator.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from seqcli import rundir
from seqcli.decoding.confidence import calibrate
from seqcli.decoding.translator import Translator
from seqcli.scoring import sentence_chrf

MOST_LINES = 2_000  # of the validation text


def calibrate_run(
    run_dir: Path,
    src: Sequence[str],
    refs: Sequence[str],
    *,
    device: str,
    threads: int | None,
    precision: str,
) -> None:
    """Translate validation lines as the run's settings say, and note what scores mean.

    Args:
        run_dir: The run.
        src: Source lines; evenly spaced ones are taken if there are many.
        refs: Their translations.
        device: Where to compute.
        threads: CPU threads; None is one for each core.
        precision: Of products.

    Raises:
        CheckpointError: If the run cannot be read.
    """
    translator = Translator.load(run_dir, device=device, threads=threads, precision=precision)
    step = -(-len(src) // MOST_LINES)
    decoding = translator.settings.decoding.model_copy(update={"n_best": 1, "sample": False})
    found = translator.iter_translations(src[::step], decoding=decoding)
    scores, qualities = [], []
    for translation, ref in zip(found, refs[::step], strict=True):
        hyp = translation.hyps[0]
        if translation.src.strip():
            scores.append(hyp.mean_log_prob)
            qualities.append(sentence_chrf(hyp.text, ref) / 100)
    calibration = calibrate(scores, qualities)
    noted = None if calibration is None else calibration.dump()
    rundir.update_manifest(run_dir, calibration=noted)
