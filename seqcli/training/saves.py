"""When the resume state is written, and the way back to it when a training has diverged.

Place: loop -> **saves** -> checkpoint, records.
"""

from __future__ import annotations

import time
from pathlib import Path

from seqcli.averaging import drop_checkpoints
from seqcli.errors import CheckpointError
from seqcli.reporting import Reporter
from seqcli.training.checkpoint import restore_state, save_state
from seqcli.training.preparation import restore_best
from seqcli.training.records import Records
from seqcli.training.session import DivergedError, Session


class Saves:
    """Writes the resume state of a session when it is time to."""

    def __init__(
        self,
        run_dir: Path,
        session: Session,
        records: Records,
        *,
        every: int | str | None,
        last_update: int | None = None,
    ) -> None:
        """Start the clock.

        Args:
            run_dir: The run.
            session: Its state.
            records: Are brought to the disk before the state that counts on them.
            every: Updates, or minutes such as "10m"; None for every validation.
            last_update: Of the state that is there; the one before it stays until another update.
        """
        self._run_dir, self._session, self._records = run_dir, session, records
        self._every = every
        self._saved_update, self._last_update = -1, last_update
        self._saved_at = time.monotonic()
        self._is_due = False

    def are_due(self) -> bool:
        """Tell whether to write the state after this update; to be asked once an update.

        Not while updates are being skipped: what is saved may have to be gone back to.
        """
        progress = self._session.progress
        if self._every is None:
            is_due = progress.last_validated == progress.update
        elif isinstance(self._every, int):
            is_due = progress.update % self._every == 0
        else:
            is_due = time.monotonic() - self._saved_at >= 60 * float(self._every.removesuffix("m"))
        self._is_due = self._is_due or is_due
        return self._is_due and not progress.skipped_in_a_row

    def write(self) -> None:
        """Write the state, if this is the process that does, once for each update."""
        update = self._session.progress.update
        self._is_due, self._saved_at = False, time.monotonic()
        if update != self._saved_update and self._session.ranks.is_first:
            is_again = update == self._last_update
            save_state(
                self._run_dir, self._session, mark=self._records.mark(), replace_last=is_again
            )
            self._saved_update = self._last_update = update

    def forget(self) -> None:
        """Hear that the session has changed although the number of its update has not."""
        self._saved_update = -1

    def roll_back(self, error: DivergedError, report: Reporter) -> None:
        """Go back to the last good state with half of the learning rate; once in a training.

        Raises:
            DivergedError: If that was done already, or there is no such state.
        """
        session = self._session
        gave_up_at, skipped = session.progress.update, session.progress.skipped
        if session.progress.rollbacks:
            raise DivergedError(
                f"{error} (it had gone back once already, with half of the learning rate)"
            ) from error
        try:
            state, _ = restore_state(self._run_dir, session, needs_finite=True)
        except CheckpointError:
            raise error from None
        session.progress.rollbacks += 1
        session.progress.skipped = skipped
        session.learning_rate.halvings += 1
        session.ranks.from_first(0)  # all have read before the first writes
        self.forget()
        report.warn(
            f"update {gave_up_at}: so many were skipped in a row that training goes back to update "
            f"{state.update}, with half of the learning rate"
        )
        if session.ranks.is_first:
            restore_best(self._run_dir, session, report)
            drop_checkpoints(self._run_dir, after=state.update)
            self._records.cut(state.mark, after=state.update)
            self._records.rollback(
                gave_up_at=gave_up_at,
                update=state.update,
                skipped=skipped,
                halvings=session.learning_rate.halvings,
            )
            self.write()
