"""A name of mtdata, such as Statmt-news_commentary-16-deu-eng -> **two files**, by that package.

It runs as a program of its own: it has its own index of thousands of collections, its own cache
and its own downloads, and knows nothing of --mirror.
Source: Gowda, Zhang, Mattmann & May 2021, "Many-to-English Machine Translation Tools, Data, and
Pretrained Models".
"""

from __future__ import annotations

import importlib.util
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

from seqcli.downloads.getting import NOTE, Got, GotText
from seqcli.errors import SeqcliError, SettingsError
from seqcli.files import filling, require_empty, sha256_of
from seqcli.reporting import Reporter

_NAME = re.compile(
    r"[A-Za-z0-9_]+-[A-Za-z0-9_]+-[A-Za-z0-9_.]+-(?P<src>[a-z]{3}(?:_[A-Za-z0-9]+)*)"
    r"-(?P<tgt>[a-z]{3}(?:_[A-Za-z0-9]+)*)"
)
LICENCE = "not recorded by mtdata: see the collection's own page before you use it"
_HOME = "https://github.com/thammegowda/mtdata"
_SHOWN_CHARS = 500  # of the last line that the program says when it fails


def is_name(name: str) -> bool:
    """Tell whether a name has the form of mtdata's."""
    return _NAME.fullmatch(name) is not None


def get_with_mtdata(name: str, folder: Path, *, overwrite: bool, report: Reporter) -> Got:
    """Let mtdata bring a collection; it comes as FOLDER/NAME.SRC and FOLDER/NAME.TGT.

    Args:
        name: For which ``is_name`` holds.
        folder: Is made; must be empty.
        overwrite: Replace an earlier download in the folder.
        report: Hears of the licence, as far as it is known.

    Raises:
        SettingsError: mtdata is not installed, or the folder holds something else.
        SeqcliError: mtdata fails, or the disk refuses.
    """
    match = _NAME.fullmatch(name)
    assert match is not None
    require_empty(folder, overwrite=overwrite, what="a collection", own=(NOTE,))
    program = _program()
    report.note(f"{name}: by mtdata")
    report.note(f"licence: {LICENCE}")
    languages = (match["src"], match["tgt"])
    with filling(folder, last=NOTE) as work:
        inner = work / "mtdata"
        words = ["get", "-l", "-".join(languages), "-tr", name, "-o", str(inner)]
        outcome = subprocess.run(
            [*program, *words], stdin=subprocess.DEVNULL, capture_output=True, check=False
        )
        said = _last_line(outcome.stderr.decode("utf-8", "replace"))
        texts = []
        for language in languages:
            found = sorted((inner / "train-parts").glob(f"*.{language}"))
            if outcome.returncode or len(found) != 1:
                raise SeqcliError(
                    f"{name}: mtdata did not bring it; `mtdata list -id -l {'-'.join(languages)}` "
                    f"lists what there is; it said: {said or 'nothing'}"
                )
            path = work / f"{name}.{language}"
            found[0].replace(path)
            texts.append(GotText(str(folder / path.name), sha256_of(path), is_verified=False))
        shutil.rmtree(inner)
        got = Got(name, str(folder), LICENCE, _HOME, "", (), tuple(texts))
        note = json.dumps({"name": name, "licence": LICENCE, "by": _HOME}, indent=2) + "\n"
        (work / NOTE).write_text(note, "utf-8")
    return got


def _last_line(said: str) -> str:
    """Return what a program said last: of a traceback, the error without the way to it."""
    lines = said.strip().splitlines()
    return lines[-1].strip()[:_SHOWN_CHARS] if lines else ""


def _program() -> list[str]:
    if importlib.util.find_spec("mtdata") is not None:
        return [sys.executable, "-m", "mtdata"]
    if program := shutil.which("mtdata"):
        return [program]
    raise SettingsError(
        "names such as this one are of mtdata, which is not installed; install it with "
        "`pip install 'seqcli[mtdata]'`, or `data get --list` shows what seqcli itself knows"
    )
