"""What the user typed -> **ParallelSource**: the file or the two files that hold the pairs."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from seqcli.corpus.formats.base import (
    PACKED_SUFFIXES,
    TSV,
    Format,
    format_of,
    suffixes_of_formats,
    without_packing,
)
from seqcli.corpus.opening import opened
from seqcli.corpus.spooling import STDIN, spool_stdin, tell_format
from seqcli.errors import CorpusError, SettingsError

_SIDES = 2
_SHOWN = 4  # files that a message lists
_LANGUAGE = re.compile(r"[A-Za-z]+(?:[-_][A-Za-z0-9]+)*")


@dataclass(frozen=True)
class ParallelSource:
    """Where the pairs of one corpus are.

    One path: a file of a format, TSV if none is given. Two paths: source and target text, line by
    line.
    """

    paths: tuple[Path, ...]
    format: Format = TSV  # of one file
    src_lang: str = ""  # tags that one file is read for; of a multilingual one in normal form
    tgt_lang: str = ""
    is_stdin: bool = False  # the path is of a copy

    @property
    def names(self) -> tuple[Path, ...]:
        """What people know the files by."""
        return (Path(STDIN),) if self.is_stdin else self.paths

    @property
    def has_marks(self) -> bool:
        """Whether pairs may have marks in the place of inline tags."""
        return len(self.paths) == 1 and self.format.has_inline_tags

    def __str__(self) -> str:
        """Name the files as a message does."""
        return " and ".join(str(name) for name in self.names)


def find_source(spec: str | Path, src_lang: str, tgt_lang: str) -> ParallelSource:
    """Find the files that a prefix or the name of a bilingual file stands for.

    Args:
        spec: ``PREFIX`` for ``PREFIX.en`` and ``PREFIX.de``; or a file whose name says its format,
            such as ``memory.tmx``; each of them plain or packed (``.gz``); or ``-`` for standard
            input, which is copied, and whose content says its format.
        src_lang: Suffix of the source file, or language of the source in a bilingual file.
        tgt_lang: Likewise.

    Raises:
        CorpusError: A file is missing, empty, a directory, or not a regular file; or a
            multilingual one has not both languages, or more than one that could be meant.
        SettingsError: Both sides would be the same.
    """
    path = Path(spec)
    if str(spec) == "-":
        copy = spool_stdin()
        return _read_languages(copy, tell_format(copy), src_lang, tgt_lang, is_stdin=True)
    try:
        file_format = format_of(path.name)
        if file_format is None:
            return _find_sides(path, src_lang, tgt_lang)
        check_file(path)
    except OSError as error:  # such as a folder that may not be searched, or too long a name
        raise CorpusError(
            f"{path}: cannot be read ({error.strerror or error}); correct the path or its "
            "permissions"
        ) from error
    return _read_languages(path, file_format, src_lang, tgt_lang)


def _read_languages(
    path: Path, file_format: Format, src_lang: str, tgt_lang: str, *, is_stdin: bool = False
) -> ParallelSource:
    """Find out which languages of a file are meant; a multilingual one is read for it."""
    languages: Mapping[str, int] = {}
    name = STDIN if is_stdin else str(path)
    if file_format.is_multilingual:
        with opened(path, name) as stream:
            languages = file_format.multilingual_reader().find_languages(stream, name)
    if languages:
        from seqcli.corpus.formats.languages import choose_language

        asked = (src_lang, tgt_lang)
        src_lang, tgt_lang = (
            choose_language(each, languages, name, other=other)
            for each, other in (asked, asked[::-1])
        )
        if src_lang == tgt_lang:
            raise SettingsError(
                f"{name}: src_lang {asked[0]!r} and tgt_lang {asked[1]!r} both mean {src_lang}; "
                f"it has {', '.join(languages)}; give two of them"
            )
    return ParallelSource((path,), file_format, src_lang, tgt_lang, is_stdin)


def _find_sides(path: Path, src_lang: str, tgt_lang: str) -> ParallelSource:
    if path.exists() and not path.is_dir():
        raise CorpusError(_not_a_prefix(path, src_lang, tgt_lang))
    if src_lang == tgt_lang:
        raise SettingsError(
            f"{path}: src_lang and tgt_lang are both {src_lang!r}, so both sides would be one "
            "file; give each its own suffix"
        )
    return ParallelSource(
        (_find_side(path, src_lang, tgt_lang), _find_side(path, tgt_lang, src_lang))
    )


def _find_side(prefix: Path, lang: str, other_lang: str) -> Path:
    names = [Path(f"{prefix}.{lang}{packing}") for packing in ("", *PACKED_SUFFIXES)]
    found = [path for path in names if path.exists()]
    if len(found) > 1:
        raise CorpusError(
            f"{found[0]} and {found[1]} both exist; remove or rename the one that is not meant"
        )
    if found:
        return check_file(found[0])
    others = _languages_of(prefix)
    if prefix.is_dir() and len(others) < _SIDES:
        raise CorpusError(_is_directory(prefix, lang, other_lang))
    offer = _offer_languages(others) if len(others) >= _SIDES else _offer(names[0], others)
    raise CorpusError(
        f"{prefix}: neither {names[0]} nor {names[0]} with {', '.join(PACKED_SUFFIXES)} exists; a "
        f"corpus is PREFIX.{lang} and PREFIX.{other_lang}, or one file ({_suffixes()}); {offer}"
    )


def _languages_of(prefix: Path) -> dict[str, Path]:
    """Return the files that could be sides of a prefix, by their language."""
    start = f"{prefix.name}."
    languages: dict[str, Path] = {}
    for name in _names_in(prefix.parent) if prefix.name else []:
        lang = without_packing(name).removeprefix(start)
        is_side = name.startswith(start) and _LANGUAGE.fullmatch(lang) and format_of(name) is None
        if is_side and (path := prefix.with_name(name)).is_file():
            languages.setdefault(lang, path)
    return languages


def _offer_languages(languages: Mapping[str, Path]) -> str:
    """Say which sides of a prefix there are, at least two, and how they are read."""
    *paths, last = map(str, languages.values())
    there = f"{', '.join(paths[:_SHOWN])} and {last} are there"
    if len(languages) > _SIDES:
        return f"{there}: to read two of them, give their suffixes as --src-lang and --tgt-lang"
    one, other = languages
    return (
        f"{there}: to read them, give --src-lang {one} --tgt-lang {other}, or the other way round"
    )


def check_file(path: Path) -> Path:
    """Return the path of a regular file that is not empty.

    Raises:
        CorpusError: It is something else.
    """
    if path.is_dir():
        raise CorpusError(f"{path}: this is a directory; give the path of a file")
    if not path.exists():
        raise CorpusError(f"{path}: no such file; {_offer(path)}")
    if not path.is_file():
        raise CorpusError(_is_pipe(path))
    if path.stat().st_size == 0:
        raise CorpusError(f"{path}: the file is empty; a corpus needs at least one pair")
    return path


def _not_a_prefix(path: Path, src_lang: str, tgt_lang: str) -> str:
    if not path.is_file():
        return _is_pipe(path)
    name = without_packing(path.name)
    for lang in (src_lang, tgt_lang):
        if name.endswith(f".{lang}"):
            prefix = path.with_name(name.removesuffix(f".{lang}"))
            return f"{path}: this is one side of a corpus; give the prefix of both: {prefix}"
    return (
        f"{path}: the name says no format that is known ({_suffixes()}, and "
        f"{', '.join(PACKED_SUFFIXES)} after it); give a file of both sides with such a name, or "
        f"the prefix of two files (PREFIX.{src_lang} and PREFIX.{tgt_lang})"
    )


def _suffixes() -> str:
    return ", ".join(suffixes_of_formats())


def _is_pipe(path: Path) -> str:
    return (
        f"{path}: not a regular file; text is read more than once, which a pipe or a device does "
        "not allow; write it to a file first"
    )


def _is_directory(directory: Path, lang: str, other_lang: str) -> str:
    plain_names = (without_packing(name) for name in _names_in(directory))
    prefixes = sorted(
        str(directory / name.removesuffix(f".{lang}"))
        for name in plain_names
        if name.endswith(f".{lang}")
    )
    hint = f"did you mean {_either(prefixes[:3])}?" if prefixes else "none is in it"
    return (
        f"{directory}: this is a directory; a corpus is given by the prefix of two files "
        f"(PREFIX.{lang} and PREFIX.{other_lang}), or as one file ({_suffixes()}); {hint}"
    )


def _offer(wanted: Path, sides: Mapping[str, Path] = MappingProxyType({})) -> str:
    """Say which files of the folder look like the one that was wanted.

    Args:
        wanted: What is not there.
        sides: Of the same corpus; one of them is not meant, whatever its name.
    """
    if not wanted.parent.is_dir():
        return f"the folder {wanted.parent} does not exist either"
    known = {path.name for path in sides.values()}
    names = [name for name in _names_in(wanted.parent) if name not in known]
    near = difflib.get_close_matches(wanted.name, names, n=3)
    if sides and not near:
        return f"of this prefix only {_either([str(path) for path in sides.values()])} is there"
    if not near:
        return f"nothing in {wanted.parent} has a name like it"
    return f"did you mean {_either([str(wanted.with_name(name)) for name in near])}?"


def _names_in(directory: Path) -> list[str]:
    try:
        return sorted(entry.name for entry in directory.iterdir())
    except OSError:
        return []


def _either(names: list[str]) -> str:
    return " or ".join(names)
