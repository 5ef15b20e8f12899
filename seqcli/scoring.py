"""Raw lines of a system and of references -> **scores**, by sacreBLEU, each with its signature.

Place: translated text -> **scores** -> the reader of a table. Imports sacrebleu, when it scores.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from seqcli.errors import CorpusError, SettingsError

if TYPE_CHECKING:
    from sacrebleu.metrics.base import Metric

METRICS = ("bleu", "chrf", "ter")
# Those of sacreBLEU that need no download; the mecab ones need an extra package.
TOKENIZERS = ("13a", "char", "intl", "ja-mecab", "ko-mecab", "none", "zh")

# SentencePiece marks the start of each word, so the first piece of a line has a mark too. One mark
# further on may be text about the mark, and a row of them may be a blank to be filled in.
_MARKED_WORD = re.compile(r"(?<!\S)\u2581(?=\w)")
_MARKED_START = re.compile(r"\s*\u2581\s*[^\s\u2581]")
# subword-nmt: a word goes on after the mark and a space.
_CONTINUED = re.compile(r"[^\s@]@@ (?=\S)")


@dataclass(frozen=True)
class Score:
    """The value of one metric over a corpus, on its usual scale up to 100."""

    metric: str  # one of METRICS
    value: float  # bleu, chrf: higher is better; ter: lower is better, can exceed 100
    signature: str  # of sacreBLEU: what must be equal for two values to be comparable


def score(
    hyps: Sequence[str],
    refs: Sequence[str],
    metrics: Sequence[str],
    *,
    tokenize: str = "13a",
    may_have_marks: bool = False,
) -> list[Score]:
    """Score a corpus of raw, detokenised lines against one reference for each.

    Args:
        hyps: Lines of the system; empty ones count.
        refs: Reference lines, in the same order.
        metrics: Some of METRICS; the scores come in this order.
        tokenize: How BLEU cuts words, one of TOKENIZERS; "13a" is what papers report, except for
            languages without spaces. It does not touch the other metrics.
        may_have_marks: Score lines that have subword marks in them, as they are.

    Raises:
        CorpusError: Different numbers of lines, no line at all, or subword marks left in.
        SettingsError: An unknown metric or tokenizer, or one that is not installed.
    """
    if len(hyps) != len(refs):
        raise CorpusError(
            f"{len(hyps):,} hypotheses but {len(refs):,} references; line N of one must belong to "
            "line N of the other; score files of the same text"
        )
    if not hyps:
        raise CorpusError("nothing to score: there are no lines; give at least one")
    if not may_have_marks:
        _refuse_subword_marks(hyps, "hypothesis")
        _refuse_subword_marks(refs, "reference")
    scores = []
    for name in metrics:
        metric = _metric(name, tokenize)
        value = metric.corpus_score(list(hyps), [list(refs)]).score
        scores.append(Score(name, value, str(metric.get_signature())))
    return scores


def sentence_chrf(hyp: str, ref: str) -> float:
    """Return the chrF of one line, 0 to 100."""
    from sacrebleu.metrics.chrf import CHRF

    return float(CHRF().sentence_score(hyp, [ref]).score)


def _metric(name: str, tokenize: str) -> Metric:
    from sacrebleu.metrics.bleu import BLEU
    from sacrebleu.metrics.chrf import CHRF
    from sacrebleu.metrics.ter import TER

    if name not in METRICS:
        raise SettingsError(f"unknown metric {name!r}; choose some of {', '.join(METRICS)}")
    if name != "bleu":
        return CHRF() if name == "chrf" else TER()
    if tokenize not in TOKENIZERS:
        raise SettingsError(
            f"unknown tokenizer {tokenize!r}; choose one of {', '.join(TOKENIZERS)}"
        )
    try:
        # force: no warning about text that looks tokenised; it would go to stderr behind our back
        return BLEU(tokenize=tokenize, force=True)
    except (RuntimeError, ImportError) as error:
        raise SettingsError(
            f"the tokenizer {tokenize!r} is not installed; install it with "
            f"`pip install 'sacrebleu[{tokenize[:2]}]'`, or choose another one"
        ) from error


def _refuse_subword_marks(lines: Sequence[str], role: str) -> None:
    for number, line in enumerate(lines, start=1):
        if mark := _subword_mark(line):
            raise CorpusError(
                f"{role} {number}: the subword mark {mark!r} is still in {_excerpt(line)!r}; "
                "scores are of raw text; join the pieces first, as `seqcli translate` does"
            )


def _subword_mark(line: str) -> str | None:
    if _MARKED_START.match(line) or len(_MARKED_WORD.findall(line)) > 1:
        return "\u2581"
    return "@@ " if _CONTINUED.search(line) else None


def _excerpt(line: str) -> str:
    return line if len(line) <= 60 else f"{line[:57]}..."
