"""A run -> another run directory that is made of it: an average, a bundle.

Place: averaging, exporting -> **the new directory**, whole or not at all.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from seqcli.errors import SettingsError
from seqcli.files import filling, require_empty
from seqcli.locking import locked
from seqcli.pieces import piece_files
from seqcli.rundir import CARD, CONFIG, FOLDERS, MANIFEST, MODEL, RECORDS, require_no_other


@contextmanager
def making_of(run_dir: Path, out_dir: Path, *, overwrite: bool, what: str) -> Iterator[Path]:
    """Lend a directory; what is written there becomes out_dir, whole or not at all.

    What an older run had in out_dir is gone then, its resume state and records too.

    Args:
        run_dir: The run that it is made of.
        out_dir: Where it goes; empty or missing, unless overwrite.
        overwrite: Replace a run that is there.
        what: It is, for a person.

    Raises:
        SettingsError: If out_dir is the run or a part of it, or holds something else.
        SeqcliError: When the disk refuses.
    """
    _require_elsewhere(out_dir, run_dir)
    require_empty(out_dir, overwrite=overwrite, what=what, own=(MANIFEST, CONFIG, MODEL))
    require_no_other(out_dir)
    stale = [*piece_files(joint=True), *piece_files(joint=False), CARD, *RECORDS]
    with ExitStack() as stack:
        if out_dir.is_dir():
            stack.enter_context(locked(out_dir, what=what))
        work = stack.enter_context(filling(out_dir, last=MANIFEST, stale=stale))
        yield work
        for folder in FOLDERS:
            shutil.rmtree(out_dir / folder, ignore_errors=True)


def _require_elsewhere(out_dir: Path, run_dir: Path) -> None:
    out, run = out_dir.resolve(), run_dir.resolve()
    if out == run or run in out.parents:
        raise SettingsError(
            f"{out_dir}: is the run that is read, or in it, and must stay as it is; choose another "
            "directory to write"
        )
