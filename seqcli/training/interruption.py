"""Ctrl-C and SIGTERM in training: the first asks, a later one kills."""

from __future__ import annotations

import signal
import threading
import time
from types import FrameType, TracebackType
from typing import Any

GRACE_SECONDS = 2.0  # in which more of them are the same one: a key held down, an impatient hand


class Interruption:
    """While entered, the first SIGINT or SIGTERM only sets ``is_asked``.

    One that comes GRACE_SECONDS later does what it would have done without us. One that is ignored
    stays ignored, and outside the main thread, where Python allows no signal handlers, nothing is
    caught.
    """

    def __init__(self) -> None:
        """Catch nothing yet."""
        self.is_asked = False
        self._asked_at = 0.0
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

    def _ask(self, number: int, _frame: FrameType | None) -> None:
        now = time.monotonic()
        if not self.is_asked:
            self.is_asked, self._asked_at = True, now
        elif now - self._asked_at >= GRACE_SECONDS:
            self._restore()
            signal.raise_signal(number)

    def _restore(self) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
        self._before = {}
