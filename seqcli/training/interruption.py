"""Ctrl-C and SIGTERM in training: the first asks, the second kills."""

from __future__ import annotations

import signal
import threading
from types import FrameType, TracebackType
from typing import Any


class Interruption:
    """While entered, the first SIGINT or SIGTERM only sets ``is_asked``.

    A second one does what it would have done without us. One that is ignored stays ignored, and
    outside the main thread, where Python allows no signal handlers, nothing is caught.
    """

    def __init__(self) -> None:
        """Catch nothing yet."""
        self.is_asked = False
        self._before: dict[signal.Signals, Any] = {}

    def __enter__(self) -> Interruption:
        """Start to catch."""
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM):
                # Ignored is how a shell starts jobs in the background: they shall go on.
                if signal.getsignal(number) not in (signal.SIG_IGN, None):
                    self._before[number] = signal.signal(number, self._ask)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Stop catching."""
        self._restore()

    def _ask(self, _number: int, _frame: FrameType | None) -> None:
        self.is_asked = True
        self._restore()

    def _restore(self) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
        self._before = {}
