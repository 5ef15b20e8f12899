"""``python -m seqcli``: the same as the command ``seqcli``."""

from __future__ import annotations

from seqcli.cli import main

main()
