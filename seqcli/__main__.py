"""The program: ``python -m seqcli`` and the command ``seqcli``.

It imports next to nothing, so that Ctrl-C is quiet from the start: the command line takes a
moment to load.
"""

from __future__ import annotations

import os
import signal

INTERRUPTED = 130


def main() -> None:
    """Load the command line and run it."""
    for number in (signal.SIGINT, signal.SIGTERM):
        if signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, _leave)

    from seqcli.cli import main as run

    run()


def _leave(_number: int, _frame: object) -> None:
    os._exit(INTERRUPTED)


if __name__ == "__main__":
    main()
