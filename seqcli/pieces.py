"""Lines <-> pieces <-> **ids**: SentencePiece, which is the only vocabulary there is.

Place: corpus -> **pieces** -> dataset, and the translator at both its ends. Imports sentencepiece,
not torch.

Text is normalised as little as possible: quotes, full-width characters, no-break spaces and
control characters stay what they are. Runs of spaces become one space, spaces at both ends go;
line feeds, NULs and SentencePiece's own mark, U+2581, read as spaces. With byte fallback on,
``decode(encode(line))`` is the line after this normalisation, whatever its characters.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from sentencepiece import SentencePieceProcessor

from seqcli.errors import CheckpointError, CorpusError
from seqcli.files import write_atomically
from seqcli.piece_files import MOST_BYTES, check_piece_model, special_ids_of
from seqcli.resampling import SPACE_MARK, Drawing, Vocabulary
from seqcli.untrusted import UnsoundFileError, read_bounded

PAD_ID, UNK_ID, BOS_ID, EOS_ID = 0, 1, 2, 3
NEVER_PRODUCED = (PAD_ID, UNK_ID, BOS_ID)  # by a translation

_JOINT_FILE = "pieces.model"
_SIDE_FILES = ("pieces.src.model", "pieces.tgt.model")


class Pieces:
    """A trained SentencePiece model whose special ids are the pinned ones."""

    def __init__(self, processor: SentencePieceProcessor) -> None:
        """Wrap a processor that ``load`` has checked."""
        self._processor = processor
        self._drawings: dict[float, Drawing] = {}

    @classmethod
    def load(cls, path: Path) -> Pieces:
        """Read and check a model file.

        Raises:
            CheckpointError: It is missing, truncated, not a SentencePiece model, or one whose
                special ids are not ours.
        """
        try:
            model = read_bounded(path, MOST_BYTES)
        except OSError as error:
            raise CheckpointError(
                f"{path}: cannot be read ({error.strerror or error}); the directory that it "
                "belongs to is not complete; copy all of it, or make it again"
            ) from error
        except UnsoundFileError as error:
            raise CheckpointError(
                f"{path}: not a SentencePiece model ({error}); copy it again, or run `seqcli "
                "preprocess` again"
            ) from error
        processor = SentencePieceProcessor()
        try:
            _require_special_ids(path, special_ids_of(model))
            check_piece_model(model)
            processor.LoadFromSerializedProto(model)
        except (RuntimeError, ValueError) as error:  # its message may be no text
            raise CheckpointError(
                f"{path}: not a SentencePiece model, or a damaged one ({len(model):,} bytes; "
                f"{_first_line(error)}); copy it again, or run `seqcli preprocess` again"
            ) from error
        ids = (processor.pad_id(), processor.unk_id(), processor.bos_id(), processor.eos_id())
        _require_special_ids(path, ids)
        return cls(processor)

    def __len__(self) -> int:
        """Return the size of the vocabulary, special ids included."""
        return int(self._processor.get_piece_size())

    def encode(self, line: str) -> list[int]:
        """Return the ids of a line, without BOS and EOS; a blank line has none."""
        return self.encode_lines([line])[0]

    def encode_lines(self, lines: list[str]) -> list[list[int]]:
        """Return the ids of each line; other Python threads run meanwhile.

        Raises:
            CorpusError: A line holds a lone surrogate, which no UTF-8 text can.
        """
        try:
            spaced = [with_spaces(line) for line in lines]
            ids: list[list[int]] = self._processor.encode(spaced, num_threads=1)
        except (RuntimeError, TypeError) as error:
            for number, line in enumerate(lines, start=1):
                if re.search("[\ud800-\udfff]", line):
                    raise CorpusError(
                        f"line {number} of {len(lines):,}: {line[:40]!r} holds a lone surrogate, "
                        "which is not a character; decode the text again, as UTF-8"
                    ) from error
            raise
        return ids

    def resample(
        self, sentences: Iterable[Iterable[int]], *, alpha: float, seed: int
    ) -> list[list[int]]:
        """Return the same text cut into pieces at random: subword regularisation, BPE-dropout.

        The result depends on the arguments only, whatever was drawn before and wherever. A sentence
        with an unknown piece, whose text is lost, stays as it is. For sources see resampling.

        Args:
            sentences: Ids without BOS and EOS.
            alpha: Above 0. Of unigram pieces: a larger one samples less. Of BPE: at most 1, and a
                larger one cuts finer.
            seed: Of the draw, from 0 to below 2^32.
        """
        ids = [[int(number) for number in sentence] for sentence in sentences]
        texts: list[str] = self._processor.decode(ids)
        if alpha not in self._drawings:
            vocabulary = Vocabulary.of(self._processor, first=EOS_ID + 1)
            self._drawings[alpha] = Drawing(vocabulary, alpha=alpha)
        drawing, rng = self._drawings[alpha], random.Random(seed)
        drawn = [drawing.draw(text, rng) for text in texts]
        return [
            old if new is None or UNK_ID in old else new
            for old, new in zip(ids, drawn, strict=True)
        ]

    def decode(self, ids: Iterable[int]) -> str:
        """Return the text of ids: always a single line, whatever they are.

        Padding, BOS and EOS are skipped; UNK shows as a double question mark (U+2047).
        """
        text: str = self._processor.decode([int(number) for number in ids])
        return with_spaces(text).strip(" ")  # bytes can spell what must not be in a line

    def to_ids(self, pieces: Iterable[str]) -> list[int]:
        """Return the id of each piece."""
        return [int(self._processor.piece_to_id(piece)) for piece in pieces]

    def to_pieces(self, ids: Iterable[int]) -> list[str]:
        """Return the piece of each id, special ones included."""
        return [self._processor.id_to_piece(int(number)) for number in ids]


@dataclass(frozen=True)
class PiecePair:
    """The pieces of both sides; if joint, one object serves as both."""

    src: Pieces
    tgt: Pieces
    joint: bool

    @classmethod
    def load(cls, directory: Path) -> PiecePair:
        """Load the pieces of a data or run directory.

        Raises:
            CheckpointError: There are none, or they cannot be used.
        """
        names = pieces_in(directory)
        loaded = [Pieces.load(directory / name) for name in names]
        return cls(src=loaded[0], tgt=loaded[-1], joint=len(names) == 1)

    @staticmethod
    def are_equal(directory: Path, other: Path) -> bool:
        """Tell whether two directories hold the same pieces.

        Raises:
            CheckpointError: One holds none.
        """
        names = pieces_in(directory)
        return names == pieces_in(other) and all(
            (directory / name).read_bytes() == (other / name).read_bytes() for name in names
        )

    @staticmethod
    def copy(from_dir: Path, to_dir: Path) -> None:
        """Copy the files of the pieces into another directory, which must exist.

        Raises:
            CheckpointError: There are none.
            SeqcliError: The disk refuses.
        """
        for name in pieces_in(from_dir):
            write_atomically(to_dir / name, (from_dir / name).read_bytes())


def _require_special_ids(path: Path, found: tuple[int, ...]) -> None:
    if found != (PAD_ID, UNK_ID, BOS_ID, EOS_ID):
        raise CheckpointError(
            f"{path}: its ids of pad, unk, bos, eos are {found}; seqcli needs "
            f"{(PAD_ID, UNK_ID, BOS_ID, EOS_ID)}; use a model made by `seqcli preprocess`"
        )


def _first_line(error: Exception) -> str:
    return str(error).split("\n", 1)[0][:200]


def with_spaces(text: str) -> str:
    """Return a text with spaces for what reads as one: U+2581, line feeds, NULs."""
    return text.replace(SPACE_MARK, " ").replace("\n", " ").replace("\0", " ")


def piece_files(*, joint: bool) -> tuple[str, ...]:
    """Return the names of the model files in a directory: the joint one, or source and target."""
    return (_JOINT_FILE,) if joint else _SIDE_FILES


def pieces_in(directory: Path) -> tuple[str, ...]:
    """Return the names of the model files that a directory has.

    Raises:
        CheckpointError: There are none.
    """
    if (directory / _JOINT_FILE).exists():
        return (_JOINT_FILE,)
    if any((directory / name).exists() for name in _SIDE_FILES):
        return _SIDE_FILES
    raise CheckpointError(
        f"{directory}: has neither {_JOINT_FILE} nor {' and '.join(_SIDE_FILES)}; it is not a data "
        "or run directory of seqcli, or not a complete one"
    )
