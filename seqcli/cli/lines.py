"""``seqcli translate`` of lines: as many out as in, in their order, as text or as JSON."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from seqcli.config import DecodingSettings, Settings
    from seqcli.decoding.translation import Hypothesis, Translation
    from seqcli.decoding.translator import Translator
    from seqcli.memory import Match, TranslationMemory
    from seqcli.reporting import Reporter

# Batches that are read ahead, so that lines of like length are translated together; a compromise
# between speed and the wait for the first line, which only a person at a pipe feels.
READ_AHEAD_BATCHES = 8
JSON_VERSION = 1  # of the objects that --json prints; docs/json.md


def translate_lines(
    translator: Translator,
    settings: Settings,
    report: Reporter | None,
    *,
    groups: Iterable[Iterable[str]],
    results: AbstractContextManager[TextIO],
    alignments: AbstractContextManager[TextIO] | None,
    batch_size: int,
    as_json: bool,
    prefix: str,
    least: float | None,
    fallback: str,
    memory: TranslationMemory | None,
) -> None:
    """Translate groups of lines into a stream that is opened for them.

    Args:
        translator: The models.
        settings: Its sections decoding and training (the seed) are used.
        report: Hears how many lines are done, if anybody.
        groups: Lines that are there together; nobody waits for the next group.
        results: Lends the stream for translations.
        alignments: Lends the stream for lines of i-j, if they are wanted.
        batch_size: Lines translated together.
        as_json: Whether to write an object a line.
        prefix: What every translation begins with.
        least: Confidence below which the fallback is written; None is any.
        fallback: A line.
        memory: Looked at first.

    Raises:
        CorpusError: A line cannot be read.
        SeqcliError: A file cannot be written.
    """
    no_alignments: AbstractContextManager[None] = nullcontext()
    with results as written, alignments or no_alignments as aligned:
        for done in write_translations(
            translator,
            groups,
            written,
            decoding=settings.decoding,
            batch_size=batch_size,
            seed=settings.training.seed,
            as_json=as_json,
            prefix=prefix,
            alignments=aligned,
            least=least,
            fallback=_one_line(fallback),
            memory=memory,
        ):
            if report is not None:
                report.progress("translating", done, None, None)


def write_translations(
    translator: Translator,
    groups: Iterable[Iterable[str]],
    results: TextIO,
    *,
    decoding: DecodingSettings,
    batch_size: int,
    seed: int,
    as_json: bool,
    prefix: str = "",
    alignments: TextIO | None = None,
    least: float | None = None,
    fallback: str = "",
    memory: TranslationMemory | None = None,
) -> Iterator[int]:
    """Translate groups of lines and write them; nobody waits for a translation that is made.

    Yields:
        The number of lines done, after each batch.
    """
    done = 0
    for group in groups:
        for translation in translator.iter_translations(
            group,
            decoding=decoding,
            batch_size=batch_size,
            sorted_batches=READ_AHEAD_BATCHES,
            seed=seed,
            first_line=done,
            aligned=as_json or alignments is not None,
            prefix=prefix,
            memory=memory,
        ):
            done += 1
            translation = _withhold(translation, least, fallback)
            if alignments is not None:
                alignments.write(format_alignment(translation.hyps[0]))
            if as_json:
                has_memory = memory is not None
                line = format_json(translation, done, n_best=decoding.n_best, has_memory=has_memory)
                results.write(line)
            else:
                results.write(format_lines(translation, n_best=decoding.n_best))
            if done % batch_size == 0:
                results.flush()
                yield done
        results.flush()
        yield done


def _withhold(translation: Translation, least: float | None, fallback: str) -> Translation:
    """Put the fallback in the place of translations that are not sure enough."""
    if least is None:
        return translation
    hyps = tuple(
        replace(hyp, text=fallback, is_withheld=True)
        if hyp.confidence is not None and hyp.confidence < least
        else hyp
        for hyp in translation.hyps
    )
    return replace(translation, hyps=hyps)


def format_lines(translation: Translation, *, n_best: int) -> str:
    """Return exactly ``n_best`` lines, the best first; blank ones stand for what was not found."""
    texts = [_one_line(hyp.text) for hyp in translation.hyps[:n_best]]
    texts += [""] * (n_best - len(texts))
    return "".join(f"{text}\n" for text in texts)


def format_alignment(hyp: Hypothesis) -> str:
    """Return the words that belong together on one line, as i-j (Pharaoh)."""
    from seqcli.decoding.alignment import to_pharaoh

    # None of a blank line, or one that was put together; a fallback is no translation.
    if hyp.alignment is None or hyp.is_withheld:
        return "\n"
    return to_pharaoh(hyp.src_pieces, hyp.pieces, hyp.alignment) + "\n"


def format_json(
    translation: Translation, number: int, *, n_best: int, has_memory: bool = False
) -> str:
    """Return one JSON object on one line; ``id`` counts the lines of the input from 1.

    docs/json.md says what is in it; JSON_VERSION changes when that does.
    """
    hyps = [_describe(hyp) for hyp in translation.hyps[:n_best]]
    record: dict[str, object] = {
        "version": JSON_VERSION,
        "id": number,
        "src": translation.src,
        "src_tokens": list(translation.hyps[0].src_pieces),
        **hyps[0],
    }
    if has_memory:
        record["memory"] = _describe_match(translation.match)
    if n_best > 1:
        record["nbest"] = hyps
    return json.dumps(record, ensure_ascii=False) + "\n"


def _describe(hyp: Hypothesis) -> dict[str, object]:
    return {
        "hyp": hyp.text,
        "score": _finite(hyp.score),
        "confidence": None if hyp.confidence is None else round(hyp.confidence, 4),
        "tokens": list(hyp.pieces),
        "alignment": None if hyp.alignment is None else list(hyp.alignment),
        "flags": _flags_of(hyp),
    }


def _describe_match(match: Match | None) -> dict[str, object] | None:
    if match is None:
        return None
    return {
        "match": "exact" if match.is_exact else "fuzzy",
        "score": round(match.score, 4),
        "src": match.src,
        "tgt": match.tgt,
        "used": match.is_used,
    }


def _finite(score: float) -> float | None:
    """JSON has no word for what is not finite."""
    return score if math.isfinite(score) else None


def _flags_of(hyp: Hypothesis) -> list[str]:
    flags = {"truncated": hyp.truncated, "looped": hyp.looped, "split": hyp.is_split}
    flags |= {"reassembled": hyp.is_reassembled, "withheld": hyp.is_withheld}
    flags["memory"] = hyp.is_from_memory
    return [name for name, is_set in flags.items() if is_set]


def _one_line(text: str) -> str:
    """Keep a model that spells a line feed in bytes from shifting all lines that follow."""
    return text.replace("\n", " ")
