"""Lines of text -> lines of text: a trained model with its pieces and a search.

Place: run directory -> **Translator** -> stdout, files, Python callers, validation.
n lines in, n translations out, in order; a blank line's translation is an empty one.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from seqcli.batches import collate_sources
from seqcli.config import DecodingSettings, Settings, load_settings, setting_fields
from seqcli.decoding.candidates import Model
from seqcli.decoding.guards import is_looped
from seqcli.decoding.hypotheses import Found, max_pieces_out
from seqcli.decoding.sampling import sample
from seqcli.decoding.search import beam_search
from seqcli.devices import resolve_device, resolve_precision, set_threads
from seqcli.errors import SettingsError
from seqcli.models import Ensemble
from seqcli.pieces import PiecePair
from seqcli.rundir import load_model

BATCH_SIZE = 64
SORTED_BATCHES = 32  # batches whose lines are sorted by length together


@dataclass(frozen=True)
class Hypothesis:
    """One translation of a line."""

    text: str
    score: float  # log-probability, normalised by length^length_penalty; higher is better
    pieces: tuple[str, ...]
    truncated: bool  # cut at the most pieces
    looped: bool  # says the same over and over


@dataclass(frozen=True)
class Translation:
    """A line and its translations, best first."""

    src: str
    hyps: tuple[Hypothesis, ...]


EMPTY = Hypothesis(text="", score=0.0, pieces=(), truncated=False, looped=False)


def search_ids(
    model: Model,
    sources: Sequence[Sequence[int]],
    *,
    decoding: DecodingSettings,
    generators: Sequence[Sequence[torch.Generator]] = (),
) -> list[list[Found]]:
    """Return the hypotheses of sources, ids without EOS, in one batch.

    Args:
        model: In evaluation mode.
        sources: Ids of each source; may be empty.
        decoding: Which search.
        generators: When sampling, n_best of them for each source.
    """
    device = model.device
    src, src_lengths = (tensor.to(device) for tensor in collate_sources(sources))
    limits = max_pieces_out(
        src_lengths, ratio=decoding.max_length_ratio, constant=decoding.max_length
    ).tolist()
    reading = model.read(src, src_lengths)
    if not decoding.sample:
        return beam_search(
            model,
            reading,
            limits=limits,
            beam_size=decoding.beam_size,
            length_penalty=decoding.length_penalty,
            n_best=decoding.n_best,
        )
    drawn = [
        sample(
            model,
            reading,
            limits=limits,
            temperature=decoding.temperature,
            top_k=decoding.top_k,
            top_p=decoding.top_p,
            length_penalty=decoding.length_penalty,
            generators=[of_source[number] for of_source in generators],
        )
        for number in range(decoding.n_best)
    ]
    return [sorted(found, key=lambda f: -f.score) for found in zip(*drawn, strict=True)]


class Translator:
    """A trained model, or an ensemble of several, that translates lines."""

    def __init__(
        self, model: Model, pieces: PiecePair, settings: Settings, *, threads: int = 1
    ) -> None:
        """Use ``load``; this takes a model in evaluation mode, where and as it shall compute.

        Batches are shared out among CPU threads, as a search makes many short steps: threads that
        share each step wait for each other every time.
        """
        self.model = model
        self.pieces = pieces
        self.settings = settings
        self._pool = (
            ThreadPoolExecutor(threads, "seqcli-translator", initializer=_use_one_thread)
            if threads > 1 and model.device.type == "cpu"
            else None
        )

    @classmethod
    def load(
        cls,
        run_dir: str | Path,
        *more: str | Path,
        device: str = "auto",
        threads: int | None = None,
        precision: str = "auto",
    ) -> Translator:
        """Load the best model of a run, or of several as an ensemble.

        Args:
            run_dir: As ``seqcli train`` wrote it; its decoding settings are the defaults.
            more: Other runs, with the same pieces: the mean of all their probabilities is taken.
            device: ``auto``, ``cpu``, ``cuda`` or ``mps``.
            threads: CPU threads; None for one on each core.
            precision: ``auto``, ``fp32`` or ``bf16``.

        Raises:
            CheckpointError: If a run cannot be read.
            SettingsError: If there is no such device, or the runs have different pieces.
        """
        where = resolve_device(device)
        dtype = resolve_precision(precision, where)
        threads = set_threads(threads)
        model, pieces, settings = load_model(Path(run_dir))
        members = [model.to(device=where, dtype=dtype)]
        for other in map(Path, more):
            member, _, _ = load_model(other)
            if not PiecePair.are_equal(Path(run_dir), other):
                raise SettingsError(
                    f"{other}: has other pieces than {run_dir}; the models of an ensemble are "
                    "trained on one data directory"
                )
            members.append(member.to(device=where, dtype=dtype))
        joined = Ensemble(members) if more else members[0]
        return cls(joined, pieces, settings, threads=threads)

    def translate(
        self,
        lines: Iterable[str],
        *,
        batch_size: int = BATCH_SIZE,
        seed: int | None = None,
        **decoding: Any,
    ) -> list[str]:
        """Return the best translation of each line, in order.

        Args:
            lines: One sentence each, raw text.
            batch_size: Lines translated together.
            seed: Of sampling; None for that of the training.
            **decoding: Decoding settings that differ from the run's, such as ``beam_size=1``.

        Raises:
            SettingsError: If a decoding setting is unknown or out of range.
        """
        if isinstance(lines, str):
            lines = [lines]
        lines = list(lines)
        for number, line in enumerate(lines, 1):
            if not isinstance(line, str):
                raise SettingsError(f"line {number} is {line!r}; it must be a str")
        for name in decoding:
            field = setting_fields().get(name)
            if field is not None and field.section != "decoding":
                raise SettingsError(
                    f"keyword {name}: a setting of section {field.section}; translate takes those "
                    "of section decoding"
                )
        settings = load_settings(keywords=decoding, environ={}, base=self.settings)
        translations = self.iter_translations(
            lines, decoding=settings.decoding, batch_size=batch_size, seed=seed
        )
        return [translation.hyps[0].text for translation in translations]

    def iter_translations(
        self,
        lines: Iterable[str],
        *,
        decoding: DecodingSettings,
        batch_size: int = BATCH_SIZE,
        sorted_batches: int = SORTED_BATCHES,
        seed: int | None = None,
        first_line: int = 0,
    ) -> Iterator[Translation]:
        """Yield the translations of lines in their order.

        Args:
            lines: One sentence each, raw text.
            decoding: Which search.
            batch_size: Lines translated together.
            sorted_batches: Batches that are read ahead, to batch lines of like length; 1 answers
                soonest.
            seed: Of sampling; None for that of the training.
            first_line: Number of the first line, counted from 0: a sampled translation depends on
                seed and line number only.

        Raises:
            SettingsError: If batch_size is below 1.
        """
        if batch_size < 1:
            raise SettingsError(
                f"batch_size is {batch_size}; it must be a whole number, at least 1"
            )
        seed = self.settings.training.seed if seed is None else seed
        numbered = enumerate(lines, first_line)
        while window := list(itertools.islice(numbered, batch_size * sorted_batches)):
            yield from self._translate_window(window, decoding, batch_size, seed)

    def _translate_window(
        self,
        window: list[tuple[int, str]],
        decoding: DecodingSettings,
        batch_size: int,
        seed: int,
    ) -> list[Translation]:
        ids = self.pieces.src.encode_lines([line if line.strip() else "" for _, line in window])
        hyps: list[tuple[Hypothesis, ...]] = [(EMPTY,)] * len(window)
        order = sorted((i for i, of_line in enumerate(ids) if of_line), key=lambda i: -len(ids[i]))
        batches = [order[start : start + batch_size] for start in range(0, len(order), batch_size)]

        def search(rows: list[int]) -> list[tuple[Hypothesis, ...]]:
            count = decoding.n_best if decoding.sample else 0
            generators = [_generators(seed, window[i][0], count) for i in rows]
            with torch.no_grad():  # of this thread
                found = search_ids(
                    self.model, [ids[i] for i in rows], decoding=decoding, generators=generators
                )
            return [tuple(self._hypothesis(one) for one in of_line) for of_line in found]

        pool = self._pool if len(batches) > 1 else None
        share_out: Any = map if pool is None else pool.map
        for rows, found in zip(batches, share_out(search, batches), strict=True):
            for i, of_line in zip(rows, found, strict=True):
                hyps[i] = of_line
        return [Translation(line, hyps[i]) for i, (_, line) in enumerate(window)]

    def _hypothesis(self, found: Found) -> Hypothesis:
        return Hypothesis(
            text=self.pieces.tgt.decode(found.ids),
            score=found.score,
            pieces=tuple(self.pieces.tgt.to_pieces(found.ids)),
            truncated=found.truncated,
            looped=is_looped(found.ids),
        )


def _use_one_thread() -> None:
    torch.set_num_threads(1)


def _generators(seed: int, line: int, count: int) -> list[torch.Generator]:
    """Return count generators that depend on the seed and the line only."""
    mixed = [(seed * 1_000_003 + line) * 1_000_003 + number for number in range(count)]
    return [torch.Generator().manual_seed(value % 2**63) for value in mixed]
