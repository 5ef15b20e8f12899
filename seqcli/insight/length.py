"""A run and a text -> BLEU and chrF of its short, middling and long sentences.

Place: translator, scoring -> **LengthScores** -> views.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from seqcli.config import DecodingSettings
from seqcli.decoding.translator import Translator
from seqcli.errors import CorpusError
from seqcli.evaluation import EvaluationText
from seqcli.reporting import Reporter
from seqcli.scoring import Score, score

METRICS = ("bleu", "chrf")


@dataclass(frozen=True)
class LengthBin:
    """Sentences whose source has from ``least`` to ``most`` words."""

    least: int
    most: int
    sentences: int
    bleu: float
    chrf: float
    length_ratio: float  # words of the translations to words of the references

    @property
    def name(self) -> str:
        """The lengths."""
        return str(self.least) if self.least == self.most else f"{self.least}–{self.most}"


@dataclass(frozen=True)
class LengthScores:
    """A run on a text, by the length of the source."""

    run_dir: str
    cell: str
    attention: str
    text: str
    unit: str  # words, or characters
    bins: tuple[LengthBin, ...]
    whole: LengthBin
    signatures: dict[str, str]  # of sacreBLEU, by metric


def measure_lengths(text: EvaluationText, *, unit: str) -> list[int]:
    """Return the length of each source line, in words between spaces or in characters.

    Raises:
        CorpusError: If there is no line.
    """
    if not text.src:
        raise CorpusError(f"{text.name}: has no line to translate; give a text that has some")
    return [len(line.split()) if unit == "words" else len(line.strip()) for line in text.src]


def cut_evenly(lengths: Sequence[int], count: int) -> list[tuple[int, int]]:
    """Return at most count ranges of lengths that hold about as many sentences each.

    Args:
        lengths: Of the sentences; there is at least one.
        count: At least 1.

    Returns:
        (least, most) of each, without gaps, from the smallest to the largest length.
    """
    ordered = sorted(lengths)
    ends = {ordered[(number * len(ordered)) // count - 1] for number in range(1, count)}
    return cut_at(lengths, sorted(ends - {ordered[-1]}))


def cut_at(lengths: Sequence[int], ends: Sequence[int]) -> list[tuple[int, int]]:
    """Return ranges that end at given lengths, and the rest; those without a sentence are left out.

    Args:
        lengths: Of the sentences; there is at least one.
        ends: Last length of each range but the last, in rising order.
    """
    least, most = min(lengths), max(lengths)
    inner = [end for end in ends if least <= end < most]
    starts = [least, *(end + 1 for end in inner)]
    ranges = list(zip(starts, [*inner, most], strict=True))
    return [(a, b) for a, b in ranges if any(a <= length <= b for length in lengths)]


def score_lengths(
    run_dir: Path,
    text: EvaluationText,
    ranges: Sequence[tuple[int, int]],
    *,
    unit: str,
    decoding: DecodingSettings,
    device: str,
    threads: int | None,
    precision: str,
    report: Reporter,
) -> LengthScores:
    """Translate a text with a run, and score the sentences of each range as a corpus of their own.

    Args:
        run_dir: The run.
        text: Source lines and references.
        ranges: Least and most length of each; every line is in one.
        unit: Of lengths: words or characters.
        decoding: How to search.
        device: Where to compute.
        threads: CPU threads; None is one for each core.
        precision: Of products.
        report: Hears of the progress.

    Raises:
        CheckpointError: If the run cannot be read.
        SettingsError: If there is no such device.
    """
    translator = Translator.load(run_dir, device=device, threads=threads, precision=precision)
    hyps = []
    for translation in translator.iter_translations(text.src, decoding=decoding):
        hyps.append(translation.hyps[0].text)
        report.progress(f"translating with {run_dir}", len(hyps), len(text.src), None)
    lengths = measure_lengths(text, unit=unit)

    def in_range(least: int, most: int) -> tuple[LengthBin, list[Score]]:
        rows = [i for i, length in enumerate(lengths) if least <= length <= most]
        part, refs = [hyps[i] for i in rows], [text.refs[i] for i in rows]
        bleu, chrf = score(part, refs, METRICS, may_have_marks=True)
        words = [sum(len(line.split()) for line in lines) for lines in (part, refs)]
        ratio = words[0] / max(words[1], 1)
        return LengthBin(least, most, len(rows), bleu.value, chrf.value, ratio), [bleu, chrf]

    whole, scores = in_range(min(lengths), max(lengths))
    return LengthScores(
        run_dir=str(run_dir),
        cell=translator.settings.model.cell,
        attention=translator.settings.model.attention,
        text=text.name,
        unit=unit,
        bins=tuple(in_range(least, most)[0] for least, most in ranges),
        whole=whole,
        signatures={each.metric: each.signature for each in scores},
    )
