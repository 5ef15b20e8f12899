"""What the user typed -> **ParallelSource**: the file or the two files that hold the pairs."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from pathlib import Path

from seqcli.errors import CorpusError, SettingsError

_TSV_SUFFIXES = (".tsv", ".tsv.gz")


@dataclass(frozen=True)
class ParallelSource:
    """Where the pairs of one corpus are.

    One path: a bilingual TSV file. Two paths: source and target text, line by line.
    """

    paths: tuple[Path, ...]

    def __str__(self) -> str:
        """Name the files as a message does."""
        return " and ".join(str(path) for path in self.paths)


def find_source(spec: str | Path, src_lang: str, tgt_lang: str) -> ParallelSource:
    """Find the files that a prefix or the name of a TSV file stands for.

    Args:
        spec: ``PREFIX`` for ``PREFIX.en`` and ``PREFIX.de`` (or with ``.gz``), or a file whose
            name ends in ``.tsv`` or ``.tsv.gz``.
        src_lang: Suffix of the source file.
        tgt_lang: Suffix of the target file.

    Raises:
        CorpusError: A file is missing, empty, a directory, or not a regular file.
        SettingsError: Both sides of a prefix would be the same file.
    """
    path = Path(spec)
    try:
        return _find(path, src_lang, tgt_lang)
    except OSError as error:  # such as a folder that may not be searched, or too long a name
        raise CorpusError(
            f"{path}: cannot be read ({error.strerror or error}); correct the path or its "
            "permissions"
        ) from error


def _find(path: Path, src_lang: str, tgt_lang: str) -> ParallelSource:
    if path.name.endswith(_TSV_SUFFIXES):
        return ParallelSource((check_file(path),))
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
    plain, packed = Path(f"{prefix}.{lang}"), Path(f"{prefix}.{lang}.gz")
    found = [path for path in (plain, packed) if path.exists()]
    if len(found) == 2:
        raise CorpusError(
            f"{plain} and {packed} both exist; remove or rename the one that is not meant"
        )
    if found:
        return check_file(found[0])
    if prefix.is_dir():
        raise CorpusError(_is_directory(prefix, lang, other_lang))
    raise CorpusError(
        f"{prefix}: neither {plain} nor {packed} exists; a corpus is PREFIX.{lang} and "
        f"PREFIX.{other_lang}, or one .tsv file; {_offer(plain)}"
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
    for lang in (src_lang, tgt_lang):
        for suffix in (f".{lang}", f".{lang}.gz"):
            if path.name.endswith(suffix):
                prefix = path.with_name(path.name.removesuffix(suffix))
                return f"{path}: this is one side of a corpus; give the prefix of both: {prefix}"
    return (
        f"{path}: this file is neither .tsv nor .tsv.gz; give a bilingual file of two columns with "
        f"such a name, or the prefix of two files (PREFIX.{src_lang} and PREFIX.{tgt_lang})"
    )


def _is_pipe(path: Path) -> str:
    return (
        f"{path}: not a regular file; text is read more than once, which a pipe or a device does "
        "not allow; write it to a file first"
    )


def _is_directory(directory: Path, lang: str, other_lang: str) -> str:
    sides = (f".{lang}", f".{lang}.gz")
    prefixes = sorted(
        str(directory / name.removesuffix(".gz").removesuffix(f".{lang}"))
        for name in _names_in(directory)
        if name.endswith(sides)
    )
    hint = f"did you mean {_either(prefixes[:3])}?" if prefixes else "none is in it"
    return (
        f"{directory}: this is a directory; a corpus is given by the prefix of two files "
        f"(PREFIX.{lang} and PREFIX.{other_lang}) or as a .tsv file; {hint}"
    )


def _offer(wanted: Path) -> str:
    """Say which files of the folder look like the one that was wanted."""
    if not wanted.parent.is_dir():
        return f"the folder {wanted.parent} does not exist either"
    near = difflib.get_close_matches(wanted.name, _names_in(wanted.parent), n=3)
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
