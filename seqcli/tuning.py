"""A run and its validation text -> the beam size and length penalty that score best on it.

Place: run directory, data directory -> **Tuning** -> the run's decoding settings.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from seqcli import rundir
from seqcli.calibrating import calibrate_run
from seqcli.decoding.guards import is_looped
from seqcli.decoding.hypotheses import rescored
from seqcli.decoding.searching import search_ids
from seqcli.decoding.translator import Translator
from seqcli.errors import SettingsError
from seqcli.reporting import Reporter
from seqcli.scoring import score

if TYPE_CHECKING:
    from seqcli.config import Settings
    from seqcli.decoding.hypotheses import Found
    from seqcli.evaluation import EvaluationText

BATCH_SIZE = 64  # sentences


@dataclass(frozen=True)
class Trial:
    """One way to search, and what it scores."""

    beam_size: int
    length_penalty: float
    score: float


@dataclass(frozen=True)
class Tuning:
    """What was tried, and what was found best."""

    run_dir: str
    text: str
    metric: str
    trials: tuple[Trial, ...]
    before: Trial  # the run's own settings
    best: Trial
    is_stored: bool


def tune_run(
    run_dir: Path,
    text: EvaluationText,
    *,
    beam_sizes: Sequence[int],
    length_penalties: Sequence[float],
    metric: str,
    device: str,
    threads: int | None,
    precision: str,
    store: bool,
    report: Reporter,
) -> Tuning:
    """Score every beam size with every length penalty, and store the best in the run.

    Each beam size needs one search: which hypotheses it finds does not depend on the penalty. Of
    equal scores the run's own settings win, then the smaller beam, then the nearer penalty.

    Args:
        run_dir: The run.
        text: The validation text; to tune on a test set would make its scores worthless.
        beam_sizes: To try; the run's own is tried too.
        length_penalties: To try; the run's own is tried too.
        metric: bleu or chrf.
        device: Where to compute.
        threads: CPU threads; None is one for each core.
        precision: Of products.
        store: Whether to write the best into the settings of the run.
        report: Hears of the progress.

    Raises:
        SettingsError: If the run samples, there is nothing to try, or a file of the run is a link
            to another place.
        CheckpointError: If the run cannot be read.
    """
    if store:
        rundir.require_own_files(run_dir)
    translator = Translator.load(run_dir, device=device, threads=threads, precision=precision)
    own = translator.settings.decoding
    if own.sample:
        raise SettingsError(f"{run_dir}: its decoding samples, which has no beam to tune")
    trials = _try_all(
        translator,
        text,
        beam_sizes=sorted({*beam_sizes, own.beam_size}),
        length_penalties=sorted({*length_penalties, own.length_penalty}),
        metric=metric,
        report=report,
    )
    before = next(
        trial
        for trial in trials
        if (trial.beam_size, trial.length_penalty) == (own.beam_size, own.length_penalty)
    )
    best = max(
        trials,
        key=lambda t: (
            t.score,
            t is before,
            -t.beam_size,
            -abs(t.length_penalty - own.length_penalty),
        ),
    )
    if store:
        _store(run_dir, translator.settings, best, text=text.name, metric=metric)
        calibrate_run(
            run_dir, text.src, text.refs, device=device, threads=threads, precision=precision
        )
    return Tuning(str(run_dir), text.name, metric, tuple(trials), before, best, store)


def _try_all(
    translator: Translator,
    text: EvaluationText,
    *,
    beam_sizes: Sequence[int],
    length_penalties: Sequence[float],
    metric: str,
    report: Reporter,
) -> list[Trial]:
    """Return the score of every beam size with every length penalty."""
    trials: list[Trial] = []
    ids = [translator.ids_if_plain(line) for line in text.src]
    for number, beam_size in enumerate(beam_sizes):
        report.progress("beam sizes", number, len(beam_sizes), None)
        found = _search(translator, ids, beam_size)
        for penalty in length_penalties:
            hyps = _choose(translator, text.src, found, beam_size, penalty)
            (result,) = score(hyps, text.refs, (metric,), may_have_marks=True)
            trials.append(Trial(beam_size, penalty, result.value))
    return trials


def _store(run_dir: Path, settings: Settings, best: Trial, *, text: str, metric: str) -> None:
    """Make a trial the way in which the run searches."""
    chosen = {"beam_size": best.beam_size, "length_penalty": best.length_penalty}
    decoding = settings.decoding.model_copy(update=chosen)
    rundir.write_settings(run_dir, settings.model_copy(update={"decoding": decoding}))
    noted = {"text": text, "metric": metric, "score": round(best.score, 4), **chosen}
    rundir.update_manifest(run_dir, tuned=noted)


def _choose(
    translator: Translator,
    lines: Sequence[str],
    found: Sequence[Sequence[Found] | None],
    beam_size: int,
    length_penalty: float,
) -> list[str]:
    """Return what the translator would, from what was found; it is asked itself where it does more.

    That is for lines with nothing found, which it splits or masks, and for those whose best
    hypothesis loops, which it searches again.
    """
    hyps: dict[int, str] = {}
    for i, of_line in enumerate(found):
        if of_line is None:
            continue
        best = rescored(of_line, length_penalty)[0]
        if not is_looped(best.ids):
            hyps[i] = translator.pieces.tgt.decode(best.ids)
    others = [i for i in range(len(lines)) if i not in hyps]
    decoding = translator.settings.decoding.model_copy(
        update={"beam_size": beam_size, "length_penalty": length_penalty, "n_best": 1}
    )
    asked = translator.iter_translations([lines[i] for i in others], decoding=decoding)
    hyps |= {i: one.hyps[0].text for i, one in zip(others, asked, strict=True)}
    return [hyps[i] for i in range(len(lines))]


def _search(
    translator: Translator, ids: Sequence[list[int] | None], beam_size: int
) -> list[list[Found] | None]:
    """Return all that a search finds of each line that needs no more than a search."""
    import torch

    decoding = translator.settings.decoding.model_copy(
        update={"beam_size": beam_size, "n_best": beam_size}
    )
    plain = {i: of_line for i, of_line in enumerate(ids) if of_line is not None}
    order = sorted(plain, key=lambda i: -len(plain[i]))
    found: list[list[Found] | None] = [None for _ in ids]
    with torch.no_grad():
        for start in range(0, len(order), BATCH_SIZE):
            rows = order[start : start + BATCH_SIZE]
            batch = search_ids(translator.model, [plain[i] for i in rows], decoding=decoding)
            for i, of_line in zip(rows, batch, strict=True):
                found[i] = of_line
    return found
