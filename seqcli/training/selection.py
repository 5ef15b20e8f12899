"""Which of the models that a training passes through is the one that it keeps.

Place: loop -> **validation, comparison** -> model.safetensors, checkpoints, metrics.jsonl.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import torch

from seqcli import averaging, rundir
from seqcli.config import Settings
from seqcli.corpus.pairs import SentencePair
from seqcli.corpus.protection import Protection, fill_in
from seqcli.dataset import Dataset
from seqcli.pieces import PiecePair
from seqcli.reporting import Reporter, ValidationReport
from seqcli.training.records import Records, rounded
from seqcli.training.session import Session
from seqcli.training.validation import Validation, validate
from seqcli.weights import copy_weights


class Selection:
    """Validates a session's model now and then, and keeps the best."""

    def __init__(
        self, settings: Settings, dataset: Dataset, pieces: PiecePair, *, run_dir: Path
    ) -> None:
        """Read the validation text; nothing is written yet.

        Args:
            settings: Say what best means, and what is kept beside it.
            dataset: Has the validation pairs.
            pieces: Turn ids into text.
            run_dir: Where models go.

        Raises:
            CorpusError: If the validation text cannot be used.
        """
        self._training, self._decoding = settings.training, settings.decoding
        self._split = dataset.split("valid")
        self._src_lines, self._refs = dataset.text("valid")
        self._pieces = pieces
        self._protection = Protection(settings.pieces.protect)
        self._run_dir = run_dir

    def validate(self, session: Session, records: Records, report: Reporter) -> None:
        """Decode and score the validation pairs; keep the model if it is the best so far."""
        progress = session.progress
        if not session.ranks.is_first:
            progress.last_validated = progress.update
            return
        if session.average is not None:
            session.average.swap(session.model)
        try:
            found = self._score(session)
            value = self._value_of(found)
            is_best = self._is_best(session, found)
            if is_best:
                self._keep(session, found)
            if self._training.keep_checkpoints is not None and math.isfinite(value):
                averaging.keep_checkpoint(
                    self._run_dir,
                    dict(session.model.named_parameters()),
                    update=progress.update,
                    score=value,
                    which=self._training.keep_which,
                    count=self._training.keep_checkpoints,
                )
        finally:
            if session.average is not None:
                session.average.swap(session.model)
        session.learning_rate.note_validation(is_better=is_best)
        progress.validations_since_best = 0 if is_best else progress.validations_since_best + 1
        progress.last_validated = progress.update
        line = self._describe(found, progress.update, is_best=is_best)
        records.validation(line, found.hyps)
        report.validation(line)

    def finish(self, session: Session, records: Records, report: Reporter) -> None:
        """Average the kept checkpoints, if that is asked for; keep the average if it is better."""
        if not self._training.average or not session.ranks.is_first:
            return
        kept = averaging.choose(
            averaging.list_checkpoints(self._run_dir),
            which=self._training.keep_which,
            count=self._training.keep_checkpoints or 1,
        )
        if len(kept) < 2:
            return
        own = {name: value.detach().clone() for name, value in session.model.named_parameters()}
        weights = averaging.average_weights([one.path for one in kept])
        try:
            copy_weights(session.model, weights, path=kept[0].path)
            found = self._score(session)
            is_best = self._is_best(session, found)
            updates = [one.update for one in kept]
            if is_best:
                self._keep(session, found, average_of=updates)
        finally:
            with torch.no_grad():
                for name, value in session.model.named_parameters():
                    value.copy_(own[name])
        line = self._describe(found, session.progress.update, is_best=is_best)
        records.average(line, updates)
        report.note(
            f"average of the models of updates {', '.join(map(str, updates))}: BLEU "
            f"{found.bleu:.2f}, loss {found.loss:.3f}; " + ("kept" if is_best else "no better")
        )

    def _score(self, session: Session) -> Validation:
        return validate(
            session.model,
            self._split,
            self._refs,
            tgt_pieces=self._pieces.tgt,
            decoding=self._decoding,
            batch_tokens=self._training.batch_tokens,
            dtype=session.dtype,
            restore=self._restore if self._protection.is_on else None,
        )

    def _restore(self, number: int, hyp: str) -> str:
        pair = SentencePair(self._src_lines[number], self._refs[number])
        return fill_in(hyp, self._protection.shared_spans(pair))

    def _value_of(self, found: Validation) -> float:
        return {"bleu": found.bleu, "chrf": found.chrf, "loss": -found.loss}[self._training.metric]

    def _is_best(self, session: Session, found: Validation) -> bool:
        """Of equal scores, such as BLEU 0 at first, the one with the lower loss is better."""
        best, value = session.progress, self._value_of(found)
        return math.isfinite(value) and (
            best.best_score is None or (value, -found.loss) > (best.best_score, -best.best_loss)
        )

    def _keep(
        self, session: Session, found: Validation, *, average_of: list[int] | None = None
    ) -> None:
        progress = session.progress
        best: dict[str, Any] = {"update": progress.update}
        best |= rounded({"loss": found.loss, "bleu": found.bleu, "chrf": found.chrf})
        if average_of is not None:
            best["average_of"] = average_of
        session.keep_best(dict(session.model.named_parameters()), best)
        rundir.save_model(self._run_dir, dict(session.model.named_parameters()), best=best)
        progress.best_score, progress.best_loss = self._value_of(found), found.loss
        progress.best_update = progress.update

    def _describe(self, found: Validation, update: int, *, is_best: bool) -> ValidationReport:
        sample = update % len(self._refs)
        return ValidationReport(
            update=update,
            loss=found.loss,
            bleu=found.bleu,
            chrf=found.chrf,
            best=is_best,
            sample_src=self._src_lines[sample],
            sample_hyp=found.hyps[sample],
            sample_ref=self._refs[sample],
        )
