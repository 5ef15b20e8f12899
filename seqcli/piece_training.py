"""Text -> **a model of its pieces**: how SentencePiece learns them.

Place: the lines of a corpus -> **the file of a model**, which pieces loads; in preprocess.
"""

from __future__ import annotations

import atexit
import contextlib
import io
import os
import random
import re
import sys
import threading
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from sentencepiece import SentencePieceTrainer

from seqcli.corpus.sampling import draw_sample
from seqcli.errors import CorpusError, InterruptedRun, SeqcliError, SettingsError
from seqcli.files import remove_temporary, write_atomically
from seqcli.pieces import BOS_ID, EOS_ID, PAD_ID, UNK_ID, Pieces, with_spaces
from seqcli.resampling import SPACE_MARK

_UNKNOWN_MARK = "\u2585"  # SentencePiece skips training lines that hold it
_BYTE_PIECES = 256
_LEAST_COVERAGE = 0.98  # SentencePiece's own limit
_MAX_TRAINING_CHARS = 1 << 16  # of a line; SentencePiece skips longer ones without a word
_TRAINING_THREADS = 16  # fixed, because the pieces depend on it; not tied to the cores
_RESERVED_SYMBOL = re.compile(r"<(unk|s|/s|pad|0x[0-9A-F]{2})>")


def train_pieces(
    lines: Iterable[str],
    path: Path,
    *,
    vocab_size: int,
    model_type: str,
    character_coverage: float,
    byte_fallback: bool,
    user_symbols: Sequence[str],
    sample: int,
    seed: int,
    symbols_if_found: Sequence[str] = (),
) -> int:
    """Learn pieces from text and write the model file.

    The same lines and arguments give the same file on every machine, and the global random state
    is not touched. Ctrl-C is answered at once.

    Args:
        lines: The text; read once, never held as a whole.
        path: Where the model shall be.
        vocab_size: Pieces wanted, the special ones included.
        model_type: unigram, bpe, char or word.
        character_coverage: Share of the characters that get a piece, from 0.98 to 1.
        byte_fallback: Spell what has no piece as bytes.
        user_symbols: Strings that always stay one piece.
        sample: Most lines to learn from, drawn at random if there are more.
        seed: Of that draw.
        symbols_if_found: More user symbols: all of them if a line has one of them, else none.

    Returns:
        The size of the vocabulary; less than ``vocab_size`` if the text has not that many pieces.

    Raises:
        SettingsError: ``vocab_size`` is too small for the characters, ``character_coverage`` is
            out of range, or a user symbol cannot be one piece.
        CorpusError: There is no text.
    """
    fixed = EOS_ID + 1 + (_BYTE_PIECES if byte_fallback else 0)
    _check_symbols(user_symbols)
    _check_sizes(vocab_size, character_coverage, fixed=fixed + len(user_symbols))
    looking = _Looking(lines, symbols_if_found)
    drawn, _ = draw_sample(looking, sample, random.Random(seed))
    if looking.has_found:
        user_symbols = list(dict.fromkeys((*user_symbols, *symbols_if_found)))
        _check_symbols(user_symbols)
        _check_sizes(vocab_size, character_coverage, fixed=fixed + len(user_symbols))
    model = _train(
        drawn,
        vocab_size=vocab_size,
        model_type=model_type,
        character_coverage=character_coverage,
        byte_fallback=byte_fallback,
        user_defined_symbols=list(user_symbols),
    )
    write_atomically(path, model)
    return len(Pieces.load(path))


class _Looking:
    """Passes lines on, once, and knows whether one of them had one of some symbols."""

    def __init__(self, lines: Iterable[str], symbols: Sequence[str]) -> None:
        self.has_found = False
        self._lines = lines
        self._pattern = re.compile("|".join(map(re.escape, symbols)) or r"(?!)")

    def __iter__(self) -> Iterator[str]:
        for line in self._lines:
            self.has_found = self.has_found or self._pattern.search(line) is not None
            yield line


def _check_sizes(vocab_size: int, character_coverage: float, *, fixed: int) -> None:
    if not _LEAST_COVERAGE <= character_coverage <= 1:
        raise SettingsError(
            f"character_coverage ({character_coverage:g}) must be from {_LEAST_COVERAGE} to 1; "
            "SentencePiece takes no other; set it in that range"
        )
    if vocab_size <= fixed:
        raise SettingsError(
            f"vocab_size ({vocab_size}) is too small: special ids, bytes and user symbols alone "
            f"take {fixed}, and characters come on top; raise vocab_size or turn byte_fallback off"
        )


def _check_symbols(symbols: Sequence[str]) -> None:
    for symbol in symbols:
        if not symbol or SPACE_MARK in symbol or symbol.split() != [symbol]:
            raise SettingsError(
                f"user_symbols: {symbol!r} cannot be one piece; a symbol has at least one "
                "character, no whitespace and no U+2581; change it here and in the text"
            )
        if _RESERVED_SYMBOL.fullmatch(symbol):
            raise SettingsError(
                f"user_symbols: {symbol!r} has a meaning of its own in SentencePiece; choose "
                "another name here and in the text"
            )
        if symbols.count(symbol) > 1:
            raise SettingsError(f"user_symbols: {symbol!r} is given twice; give it once")


def _train(lines: list[str], *, vocab_size: int, **options: Any) -> bytes:
    """Run the trainer in a thread of its own, so that Ctrl-C need not wait for it.

    Returns:
        The model as bytes.
    """
    model = io.BytesIO()
    failures: list[Exception] = []
    done = threading.Event()  # a join that is interrupted may call a thread ended that is not

    def work() -> None:
        try:
            SentencePieceTrainer.train(
                sentence_iterator=(_training_text(line) for line in lines),
                model_writer=model,
                vocab_size=vocab_size,
                normalization_rule_name="identity",
                max_sentence_length=4 * _MAX_TRAINING_CHARS,
                hard_vocab_limit=False,
                num_threads=_TRAINING_THREADS,
                minloglevel=2,
                pad_id=PAD_ID,
                unk_id=UNK_ID,
                bos_id=BOS_ID,
                eos_id=EOS_ID,
                **options,
            )
        except Exception as error:  # handed to the caller's thread below
            failures.append(error)
        finally:
            done.set()

    threading.Thread(target=work, daemon=True).start()
    try:
        while not done.wait(timeout=0.2):
            pass
    except BaseException:
        atexit.register(_leave_at_once, done)
        raise
    if failures:
        raise _explain(failures[0], vocab_size) from failures[0]
    return model.getvalue()


def _leave_at_once(done: threading.Event) -> None:
    """End the process while the trainer still works; Python's own way would abort in its midst."""
    if not done.is_set():
        for name in ("stdout", "stderr"):
            with contextlib.suppress(OSError, ValueError, AttributeError):
                getattr(sys, name).flush()
        remove_temporary()
        os._exit(InterruptedRun.exit_code)


def _training_text(line: str) -> str:
    return with_spaces(line[:_MAX_TRAINING_CHARS]).replace(_UNKNOWN_MARK, " ")


def _explain(error: Exception, vocab_size: int) -> SeqcliError:
    text = str(error)
    if too_small := re.search(r"smaller than required_chars\. \d+ vs (\d+)", text):
        return SettingsError(
            f"vocab_size ({vocab_size}) is too small for this text: its characters and the special "
            f"pieces take {too_small[1]}; raise vocab_size to at least that, or lower "
            "character_coverage"
        )
    if "all_chars_count" in text or "sentences_.empty()" in text:
        return CorpusError("no text to learn pieces from: every line is blank")
    return SeqcliError(
        f"SentencePiece could not learn pieces ({text}); try another model_type or vocab_size"
    )
