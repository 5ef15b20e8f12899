"""PO files of packages -> training, validation and held-out messages; and what became of these.

``prepare WHEELS FOLDER LANG`` takes the .po files of a language out of wheels and writes train.po,
valid.po and todo.po, in which all targets are blank, with full.po beside it, which has them. No
msgid is in two of them. ``compare FULL FILLED HYP REF`` writes the lines of both that are scored,
and checks what msgfmt checks: every message is there, and has the placeholders of its source.
"""

from __future__ import annotations

import hashlib
import re
import sys
import zipfile
from collections import Counter
from pathlib import Path

import polib

SHARES = {"todo": 10, "valid": 5}  # per cent of the messages; the others train
PLACEHOLDER = re.compile(r"%(?:\(\w+\))?[sdif]|\{[^{}]*\}")


def prepare(wheels: Path, folder: Path, lang: str) -> None:
    """Write the PO files of a language, cut by their messages."""
    messages: dict[str, polib.POEntry] = {}
    metadata: dict[str, str] = {}
    for wheel in sorted(wheels.glob("*.whl")):
        with zipfile.ZipFile(wheel) as archive:
            for name in sorted(archive.namelist()):
                if name.endswith(".po") and f"/locale/{lang}/LC_MESSAGES/" in name:
                    catalogue = polib.pofile(archive.read(name).decode("utf-8"))
                    metadata = metadata or catalogue.metadata
                    for entry in catalogue.translated_entries():
                        messages.setdefault(entry.msgid, entry)
    if not messages:
        sys.exit(f"{wheels}: no wheel has .po files of {lang}")
    parts = {name: polib.POFile(wrapwidth=78) for name in ("train", "valid", "full", "todo")}
    for part in parts.values():
        part.metadata = metadata
    for msgid, entry in messages.items():
        entry.msgctxt = None
        part = _part_of(msgid)
        parts["full" if part == "todo" else part].append(entry)
        if part == "todo":
            blank = dict.fromkeys(entry.msgstr_plural, "")
            parts["todo"].append(
                polib.POEntry(
                    msgid=msgid,
                    msgid_plural=entry.msgid_plural,
                    msgstr_plural=blank,
                    flags=entry.flags,
                    occurrences=entry.occurrences,
                )
            )
    folder.mkdir(parents=True, exist_ok=True)
    for name, part in parts.items():
        part.save(str(folder / f"{name}.po"))
        print(f"{folder / name}.po: {len(part):,} messages")


def _part_of(msgid: str) -> str:
    """Tell by the text alone, so that a message is always in the same part."""
    normal = " ".join(re.findall(r"\w+", msgid.lower()))
    place = int(hashlib.sha256(normal.encode()).hexdigest(), 16) % 100
    if place < SHARES["todo"]:
        return "todo"
    return "valid" if place < sum(SHARES.values()) else "train"


def compare(full: Path, filled: Path, hyp: Path, ref: Path) -> None:
    """Write what was translated and the references, a line for each form of each message."""
    references, made = polib.pofile(str(full)), polib.pofile(str(filled))
    lines: list[tuple[str, str]] = []
    for expected, found in zip(references, made, strict=True):
        if (expected.msgid, expected.msgid_plural) != (found.msgid, found.msgid_plural):
            sys.exit(f"{filled}: {found.msgid!r} is not where it was")
        for src, tgt, text in zip(_sources(expected), _forms(expected), _forms(found), strict=True):
            if text and Counter(PLACEHOLDER.findall(src)) != Counter(PLACEHOLDER.findall(text)):
                sys.exit(f"{filled}: {src!r} has other placeholders than {text!r}")
            lines.append((" ".join(text.split()), " ".join(tgt.split())))
    hyp.write_text("".join(f"{text}\n" for text, _ in lines), "utf-8")
    ref.write_text("".join(f"{text}\n" for _, text in lines), "utf-8")
    fuzzy = sum("fuzzy" in entry.flags for entry in made)
    print(f"{filled}: {len(made):,} messages, {fuzzy:,} filled and fuzzy, all placeholders there")


def _forms(entry: polib.POEntry) -> list[str]:
    forms = entry.msgstr_plural
    return [forms[form] for form in sorted(forms)] if forms else [entry.msgstr]


def _sources(entry: polib.POEntry) -> list[str]:
    if not entry.msgstr_plural:
        return [entry.msgid]
    return [
        entry.msgid if form == 0 else entry.msgid_plural for form in sorted(entry.msgstr_plural)
    ]


if __name__ == "__main__":
    if sys.argv[1:2] == ["prepare"]:
        prepare(Path(sys.argv[2]), Path(sys.argv[3]), sys.argv[4])
    else:
        compare(*map(Path, sys.argv[2:6]))
