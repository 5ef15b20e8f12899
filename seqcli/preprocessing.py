"""Parallel text -> **data dir**: learn pieces, turn every pair into ids, say what was left out.

Place: the whole text side in one verb. The training text is never held: it is read once for each
thing that must be known of it, and ids go to disk as they are made. The other splits are small,
and are held. Imports neither torch nor anything that prints.
"""

from __future__ import annotations

import itertools
import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from seqcli.config import LEAST_PAIRS, PiecesSettings, Settings
from seqcli.corpus.holdout import Overlap, cut_holdout
from seqcli.corpus.pairs import SentencePair
from seqcli.corpus.protection import MARKS, Protection
from seqcli.corpus.sources import find_source
from seqcli.corpus.text import Dropped, PlacedPair, Text
from seqcli.dataset import (
    FILES,
    FORMAT,
    KIND,
    MANIFEST,
    SIDES,
    files_of,
    text_path,
    write_text,
)
from seqcli.encoding import write_ids
from seqcli.errors import CorpusError, SettingsError
from seqcli.files import filling, require_empty, sha256_of, write_atomically
from seqcli.id_arrays import id_type_for
from seqcli.integrity import dump_sealed
from seqcli.piece_training import train_pieces
from seqcli.pieces import PiecePair, piece_files
from seqcli.reporting import Reporter
from seqcli.untrusted import read_json
from seqcli.version import __version__

_PROGRESS_PAIRS = 10_000  # between two reports
_TEST_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")


@dataclass(frozen=True)
class PreprocessResult:
    """What a data dir has been made of."""

    data_dir: Path
    counts: dict[str, int]  # pairs of each split: train, valid, and the test sets by name
    dropped: dict[str, dict[str, int]]  # pairs left out of each split, by reason
    examples: dict[str, dict[str, str]]  # the place (file:line) of the first of them, likewise
    joint: bool
    vocab_asked: int
    vocab_sizes: dict[str, int]  # real ones, of src and of tgt; equal if joint


@dataclass(frozen=True)
class _Inputs:
    """What is known of the text when the training text is still to be read."""

    texts: dict[str, Text]  # of the splits that have a text of their own
    held: dict[str, list[SentencePair]]  # the pairs of all splits but train
    cut: list[SentencePair]  # those of the validation set, if they are from train
    dropped: dict[str, Dropped]  # of all splits
    overlaps: dict[str, Overlap]  # of the texts that are not train


def build_data(
    settings: Settings,
    data_dir: Path,
    *,
    train: Sequence[str | Path],
    valid: str | Path | None,
    test: Mapping[str, str | Path],
    overwrite: bool,
    report: Reporter,
    choose: Callable[[int], Settings] | None = None,
) -> PreprocessResult:
    """Write a data dir: all of it, or nothing that looks like one.

    Pairs with a blank side are dropped from every split, pairs that are too long from the training
    text only, so that scores stay comparable. Without a validation text, pairs are cut from the
    training text, and every other pair that has one of their sentences is dropped from it.

    Args:
        settings: Of which sections data and pieces, and the seed, are used.
        data_dir: Is made if it is missing.
        train: Prefixes or bilingual files, read one after the other; see find_source.
        valid: The same, once, or None.
        test: The same, by name of the test set.
        overwrite: Allow ``data_dir`` to hold something; only files of a data dir are replaced.
        report: Hears of progress, of sizes that are lowered and of pairs that leak.
        choose: Returns the settings for a number of training pairs, which is counted up to the
            largest in LEAST_PAIRS; None for the settings as they are.

    Raises:
        SettingsError: ``data_dir`` is in use, or a name or a size cannot be.
        CorpusError: The text cannot be used.
        SeqcliError: The disk refuses.
    """
    _check_names(train, test)
    Protection(settings.pieces.protect)
    own = (MANIFEST, *piece_files(joint=True), *piece_files(joint=False))
    require_empty(data_dir, overwrite=overwrite, what="a data directory", own=own)
    stale = _files_to_replace(data_dir)
    texts = _find_texts(settings, train=train, valid=valid, test=test)
    if choose is not None:
        most = max(LEAST_PAIRS.values())
        settings = choose(sum(1 for _ in itertools.islice(texts["train"].iter_pairs(), most)))
    inputs = _read_held(texts, settings, report)
    with filling(data_dir, last=MANIFEST, stale=stale) as work:
        result = _write(work, data_dir, inputs, settings, report)
        manifest = _describe(result, work, texts, settings)
        write_atomically(work / MANIFEST, dump_sealed(manifest))
    _report_overlaps(inputs, report)
    return result


def _write(
    work: Path, data_dir: Path, inputs: _Inputs, settings: Settings, report: Reporter
) -> PreprocessResult:
    """Write everything but the manifest."""
    vocab_sizes = _learn_pieces(work, inputs, settings, report)
    pieces = PiecePair.load(work)
    counts = {"train": _write_train(work, inputs, pieces, settings, report)}
    for name, pairs in inputs.held.items():
        counts[name] = _write_held(work, name, pairs, pieces, settings)
    for text in inputs.texts.values():
        text.check_unchanged()
    return PreprocessResult(
        data_dir=data_dir,
        counts=counts,
        dropped={name: dict(tally.counts) for name, tally in inputs.dropped.items()},
        examples={name: dict(tally.examples) for name, tally in inputs.dropped.items()},
        joint=pieces.joint,
        vocab_asked=settings.pieces.vocab_size,
        vocab_sizes=vocab_sizes,
    )


def _check_names(train: Sequence[str | Path], test: Mapping[str, str | Path]) -> None:
    if not train:
        raise SettingsError(
            "no training text is given; give a prefix or a bilingual file with --train"
        )
    seen = {"train", "valid"}
    for name in test:
        if not _TEST_NAME.fullmatch(name) or name.lower() in seen:
            raise SettingsError(
                f"--test {name}=...: {name!r} cannot be the name of a test set; use letters, "
                "digits, '-', '_' and '.', and a name that is not taken (train, valid, another "
                "test set; capitals do not count)"
            )
        seen.add(name.lower())


def _files_to_replace(data_dir: Path) -> list[str]:
    """Return the names of the files of the data dir that is there, if one is."""
    path = data_dir / MANIFEST
    if not path.exists():
        return []
    try:
        manifest = read_json(path)
        if manifest["kind"] != KIND:
            raise ValueError(manifest["kind"])
        names = [str(name) for name in manifest["splits"]]
    except (OSError, ValueError, LookupError, TypeError, RecursionError) as error:
        raise SettingsError(
            f"{path}: belongs to something that is not a data directory, and a data directory "
            "needs that name; choose another directory"
        ) from error
    return [*piece_files(joint=True), *piece_files(joint=False), *files_of(names)]


def _find_texts(
    settings: Settings,
    *,
    train: Sequence[str | Path],
    valid: str | Path | None,
    test: Mapping[str, str | Path],
) -> dict[str, Text]:
    specs = {"train": list(train)}
    if valid is not None:
        specs["valid"] = [valid]
    specs |= {name: [spec] for name, spec in test.items()}
    src_lang, tgt_lang = settings.data.src_lang, settings.data.tgt_lang
    return {
        name: Text([find_source(spec, src_lang, tgt_lang) for spec in group])
        for name, group in specs.items()
    }


def _read_held(texts: dict[str, Text], settings: Settings, report: Reporter) -> _Inputs:
    """Read the splits that are held, so that their mistakes are told before the long work."""
    held: dict[str, list[SentencePair]] = {}
    dropped = {"train": Dropped(), "valid": Dropped()}
    overlaps: dict[str, Overlap] = {}
    cut: list[SentencePair] = []
    if "valid" not in texts:
        held["valid"] = cut = _cut_valid(texts["train"], settings, report)
    for name, text in texts.items():
        if name == "train":
            continue
        dropped[name] = Dropped()
        held[name] = [placed.pair for placed in text.iter_pairs(dropped[name])]
        _require_pairs(name, text, len(held[name]), dropped[name])
        overlaps[name] = Overlap(held[name])
    return _Inputs(texts=texts, held=held, cut=cut, dropped=dropped, overlaps=overlaps)


def _require_pairs(name: str, text: Text, count: int, dropped: Dropped) -> None:
    if count == 0:
        sources = ", ".join(str(source) for source in text.sources)
        why = f"all were dropped: {dropped}" if dropped.counts else "there are none"
        raise CorpusError(f"{sources}: no pair is left for the split {name!r}; {why}")


def _cut_valid(text: Text, settings: Settings, report: Reporter) -> list[SentencePair]:
    size = settings.data.valid_size

    def read() -> Iterator[SentencePair]:
        pairs = _watch(text.iter_pairs(), "choosing validation pairs", text.count, report)
        return (placed.pair for placed in pairs)

    pairs = cut_holdout(read, size=size, seed=settings.training.seed)
    if len(pairs) < size:
        report.warn(
            f"valid_size ({size:,}) is more than this training text can give without losing too "
            f"much; {len(pairs):,} pairs are cut off for validation instead"
        )
    return pairs


def _learn_pieces(
    work: Path, inputs: _Inputs, settings: Settings, report: Reporter
) -> dict[str, int]:
    """Train the one or two models; return the size of each side's vocabulary."""
    options, text = settings.pieces, inputs.texts["train"]
    sizes = []
    for number, name in enumerate(piece_files(joint=options.joint)):
        side = None if options.joint else number
        pairs = _mask(text.iter_pairs(without=inputs.cut), options)
        lines = _iter_lines(_watch(pairs, "learning pieces", text.count, report), side)
        is_marked = bool(options.protect) or text.has_marks
        seed = settings.training.seed
        sizes.append(_train_side(lines, work / name, options, is_marked=is_marked, seed=seed))
        if sizes[-1] < options.vocab_size:
            report.warn(
                f"vocab_size ({options.vocab_size:,}) is more than the pieces of this text; "
                f"lowered to {sizes[-1]:,}{'' if side is None else f' ({SIDES[side]})'}"
            )
    return {"src": sizes[0], "tgt": sizes[-1]}


def _train_side(
    lines: Iterable[str],
    path: Path,
    options: PiecesSettings,
    *,
    is_marked: bool,
    seed: int,
) -> int:
    """Learn the pieces of one file; marks are pieces if it is marked, or a line has one."""
    marks = [mark for mark in MARKS if mark not in options.user_symbols] if is_marked else []
    return train_pieces(
        lines,
        path,
        vocab_size=options.vocab_size,
        model_type=options.model_type,
        character_coverage=options.character_coverage,
        byte_fallback=options.byte_fallback,
        user_symbols=(*options.user_symbols, *marks),
        sample=options.pieces_sample,
        seed=seed,
        symbols_if_found=() if is_marked else MARKS,
    )


def _iter_lines(pairs: Iterable[PlacedPair], side: int | None) -> Iterator[str]:
    """Yield the lines of one side of the pairs, or of both."""
    for placed in pairs:
        if side is None:
            yield from placed.pair
        else:
            yield placed.pair[side]


def _write_train(
    work: Path, inputs: _Inputs, pieces: PiecePair, settings: Settings, report: Reporter
) -> int:
    text, dropped = inputs.texts["train"], inputs.dropped["train"]
    pairs = _watch(text.iter_pairs(dropped, without=inputs.cut), "encoding", text.count, report)

    def see_all() -> Iterator[PlacedPair]:
        for placed in pairs:
            for overlap in inputs.overlaps.values():
                overlap.see(placed.pair)
            yield placed

    max_pieces = settings.data.max_pieces
    masked = _mask(see_all() if inputs.overlaps else pairs, settings.pieces)
    count = write_ids(work, "train", masked, pieces, max_pieces=max_pieces, dropped=dropped)
    _require_pairs("train", text, count, dropped)
    return count


def _mask(pairs: Iterable[PlacedPair], options: PiecesSettings) -> Iterable[PlacedPair]:
    """Return pairs with marks in the place of what is protected."""
    protection = Protection(options.protect)
    if not protection.is_on:
        return pairs
    return (placed._replace(pair=protection.mask_pair(placed.pair)) for placed in pairs)


def _write_held(
    work: Path, name: str, pairs: list[SentencePair], pieces: PiecePair, settings: Settings
) -> int:
    for side, lines in zip(SIDES, zip(*pairs, strict=True), strict=True):
        write_text(text_path(work, name, side), lines)
    placed = (PlacedPair(Path(name), number, pair) for number, pair in enumerate(pairs, start=1))
    masked = _mask(placed, settings.pieces)
    return write_ids(work, name, masked, pieces, max_pieces=None, dropped=Dropped())


def _watch(
    pairs: Iterable[PlacedPair], task: str, total: int | None, report: Reporter
) -> Iterator[PlacedPair]:
    """Pass pairs on, and report how far they have come."""
    start = time.monotonic()
    done = 0
    for done, placed in enumerate(pairs, start=1):
        if done % _PROGRESS_PAIRS == 0:
            seconds = time.monotonic() - start
            eta = None if total is None else max(0, total - done) * seconds / done
            report.progress(task, done, total, eta)
        yield placed
    report.progress(task, done, done, 0.0)


def _describe(
    result: PreprocessResult, work: Path, texts: Mapping[str, Text], settings: Settings
) -> dict[str, Any]:
    """Return the manifest."""
    return {
        "kind": KIND,
        "format": FORMAT,
        "seqcli_version": __version__,
        "src_lang": settings.data.src_lang,
        "tgt_lang": settings.data.tgt_lang,
        "joint": result.joint,
        "vocab_size": {"asked": result.vocab_asked, **result.vocab_sizes},
        "id_type": {side: id_type_for(size) for side, size in result.vocab_sizes.items()},
        FILES: {path.name: sha256_of(path) for path in sorted(work.iterdir())},
        "pieces_sha256": {name: sha256_of(work / name) for name in piece_files(joint=result.joint)},
        "splits": {
            name: {"pairs": count, "dropped": result.dropped[name]}
            for name, count in result.counts.items()
        },
        "inputs": [
            {"split": name, "path": str(path), "sha256": digest}
            for name, text in texts.items()
            for path, digest in text.hash_files()
        ],
        "options": {
            "data": settings.data.model_dump(mode="json"),
            "pieces": settings.pieces.model_dump(mode="json"),
            "seed": settings.training.seed,
        },
    }


def _report_overlaps(inputs: _Inputs, report: Reporter) -> None:
    for name, overlap in inputs.overlaps.items():
        if found := overlap.count():
            report.warn(
                f"{name}: {found:,} of {len(inputs.held[name]):,} pairs have a sentence that is "
                "also in the training text; they make scores look better than they are"
            )
