"""A run or its output beside references -> BLEU, chrF and TER of raw text.

Place: run directory, data directory, text files -> **Evaluation** -> ``seqcli eval``, Python API.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from seqcli.corpus import iter_lines
from seqcli.errors import CorpusError, SettingsError
from seqcli.reporting import Reporter
from seqcli.scoring import METRICS, Score, score

if TYPE_CHECKING:
    from seqcli.config import DecodingSettings
    from seqcli.dataset import Dataset
    from seqcli.decoding.translation import Translation


@dataclass(frozen=True)
class EvaluationText:
    """Source lines and what they should be translated to."""

    name: str
    src: Sequence[str]
    refs: Sequence[str]


@dataclass(frozen=True)
class Evaluation:
    """Scores of a system on a text."""

    system: str  # a run directory, several with " + " between, or a file of translations
    text: str
    sentences: int
    truncated: int  # hypotheses that were cut at the longest length
    looped: int  # hypotheses that repeat themselves
    scores: tuple[Score, ...]

    def value_of(self, metric: str) -> float:
        """Return the value of a metric.

        Raises:
            SettingsError: If it was not asked for.
        """
        values = {score.metric: score.value for score in self.scores}
        if metric not in values:
            raise SettingsError(f"no score of {metric!r}; there are {', '.join(values)}")
        return values[metric]


def check_metrics(metrics: Sequence[str]) -> tuple[str, ...]:
    """Return the metrics, each once.

    Raises:
        SettingsError: When one is unknown, or there is none.
    """
    names = tuple(dict.fromkeys(metrics))
    unknown = [name for name in names if name not in METRICS]
    if unknown or not names:
        found = repr(unknown[0]) if unknown else "empty"
        raise SettingsError(f"metrics: found {found}; they must be some of {', '.join(METRICS)}")
    return names


def find_text(
    run_dir: Path,
    *,
    split: str | None = None,
    data_dir: Path | None = None,
    src: Path | None = None,
    ref: Path | None = None,
) -> EvaluationText:
    """Find the text that a run shall be scored on: two files, or a set of its data.

    Args:
        run_dir: A run; its manifest says where its data was.
        split: A set of that data; None is the one called test.
        data_dir: Where the data is now, if it has moved.
        src: Source text, in the place of a split, with ``ref``.
        ref: Reference translations.

    Raises:
        SettingsError: When both kinds of text are asked for, or half of one.
        CorpusError: When the text cannot be read.
        CheckpointError: When the run cannot be read.
    """
    if src is None and ref is None:
        return _read_split(run_dir, split or "test", data_dir)
    if src is None or ref is None or split is not None or data_dir is not None:
        raise SettingsError(
            "a run is scored on files when both src and ref are given, and no split and no data "
            "directory"
        )
    src_lines, refs = _read_pair(src, ref)
    return EvaluationText(name=str(src), src=src_lines, refs=refs)


def find_dataset(run_dir: Path, data_dir: Path | None = None) -> Dataset:
    """Open the data that a run was trained on.

    Args:
        run_dir: A run; its manifest says where its data was.
        data_dir: Where the data is now, if it has moved.

    Raises:
        CorpusError: When the data is not there, is damaged, or is not what the run was trained on.
        CheckpointError: When the run cannot be read.
    """
    from seqcli.dataset import Dataset
    from seqcli.rundir import read_manifest

    manifest = read_manifest(run_dir)
    noted = manifest.get("data_dir")
    if data_dir is None and not isinstance(noted, str):
        raise CorpusError(
            f"{run_dir}: does not say where its data is, as bundles do not; say it with --data"
        )
    saved = Path(str(noted))
    if data_dir is None and not saved.is_dir():
        raise CorpusError(
            f"{run_dir}: its data directory {saved} is not there any more; say where it is now "
            "with --data"
        )
    dataset = Dataset.open(data_dir or saved)
    if dataset.identity() != manifest.get("data"):
        raise CorpusError(
            f"{dataset.data_dir}: not the data that {run_dir} was trained on, so its test sets "
            "may have been seen in training; name the right one with --data"
        )
    return dataset


def evaluate_files(
    hyp_path: Path, ref_path: Path, *, metrics: Sequence[str], hyps: list[str] | None = None
) -> Evaluation:
    """Score a file of translations against references, line by line.

    Args:
        hyp_path: The translations.
        ref_path: The references.
        metrics: Some of ``METRICS``.
        hyps: The translations, if they were read already.

    Raises:
        CorpusError: When a file cannot be read, is empty, or the numbers of lines differ.
    """
    hyps, refs = _read_pair(hyp_path, ref_path, lines=hyps)
    return Evaluation(
        system=str(hyp_path),
        text=str(ref_path),
        sentences=len(refs),
        truncated=0,
        looped=0,
        scores=tuple(score(hyps, refs, check_metrics(metrics))),
    )


def evaluate_runs(
    run_dirs: Sequence[Path],
    text: EvaluationText,
    *,
    metrics: Sequence[str],
    decoding: DecodingSettings,
    seed: int,
    batch_size: int,
    device: str,
    threads: int | None,
    precision: str,
    report: Reporter,
) -> Evaluation:
    """Translate a text with a run, or with several as an ensemble, and score the translations.

    Args:
        run_dirs: The runs.
        text: What ``find_text`` found.
        metrics: Some of ``METRICS``.
        decoding: How to search.
        seed: Of sampling.
        batch_size: Lines translated together.
        device: Where to compute.
        threads: CPU threads; None is one for each core.
        precision: Of products.
        report: Hears of the progress.

    Raises:
        CheckpointError: When the run cannot be read.
    """
    from seqcli.decoding.translator import Translator

    names = check_metrics(metrics)
    translator = Translator.load(*run_dirs, device=device, threads=threads, precision=precision)
    translations = translator.iter_translations(
        text.src, decoding=decoding, batch_size=batch_size, seed=seed
    )
    best = [each.hyps[0] for each in _watch(translations, len(text.src), report)]
    return Evaluation(
        system=" + ".join(map(str, run_dirs)),
        text=text.name,
        sentences=len(best),
        truncated=sum(hyp.truncated for hyp in best),
        looped=sum(hyp.looped for hyp in best),
        scores=tuple(score([hyp.text for hyp in best], text.refs, names)),
    )


def _watch(
    translations: Iterator[Translation], total: int, report: Reporter
) -> Iterator[Translation]:
    for done, translation in enumerate(translations, start=1):
        yield translation
        report.progress("translating", done, total, None)


def _read_split(run_dir: Path, split: str, data_dir: Path | None) -> EvaluationText:
    src, refs = find_dataset(run_dir, data_dir).text(split)
    return EvaluationText(name=split, src=src, refs=refs)


def _read_pair(
    path: Path, ref_path: Path, *, lines: list[str] | None = None
) -> tuple[list[str], list[str]]:
    lines = list(iter_lines(path)) if lines is None else lines
    refs = list(iter_lines(ref_path))
    if len(lines) != len(refs):
        raise CorpusError(
            f"{path} has {len(lines):,} lines but {ref_path} has {len(refs):,}; line N of one must "
            "belong to line N of the other"
        )
    return lines, refs
