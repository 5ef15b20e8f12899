"""Lines of text -> lines of text: a trained model with its pieces and a search.

Place: run directory -> **Translator** -> stdout, files, Python callers, validation.
n lines in, n translations out, in order; a blank line's translation is an empty one.
"""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from seqcli.config import DecodingSettings, Settings, load_settings, setting_fields
from seqcli.corpus.protection import Protection, number_anew
from seqcli.decoding.alignment import align
from seqcli.decoding.candidates import Model
from seqcli.decoding.confidence import Calibration
from seqcli.decoding.guards import RETRY_NGRAM, is_looped
from seqcli.decoding.hypotheses import Found
from seqcli.decoding.loading import load_models
from seqcli.decoding.restoring import restore
from seqcli.decoding.sampling import generators_of
from seqcli.decoding.searching import search_ids
from seqcli.decoding.splitting import split_line
from seqcli.decoding.translation import (
    Hypothesis,
    Part,
    Translation,
    Window,
    join_hypotheses,
    remembered,
)
from seqcli.devices import use_one_thread
from seqcli.errors import SettingsError
from seqcli.memory import Match, TranslationMemory
from seqcli.pieces import PiecePair
from seqcli.rundir import read_manifest

BATCH_SIZE = 64
SORTED_BATCHES = 32  # batches whose lines are sorted by length together


class Translator:
    """A trained model, or an ensemble of several, that translates lines."""

    def __init__(
        self,
        model: Model,
        pieces: PiecePair,
        settings: Settings,
        *,
        threads: int = 1,
        comfortable_length: int | None = None,
        calibration: Calibration | None = None,
        searched: Model | None = None,
        shortened: Model | None = None,
    ) -> None:
        """Use ``load``; this takes a model in evaluation mode, where and as it shall compute.

        Batches are shared out among CPU threads, as a search makes many short steps: threads that
        share each step wait for each other every time. Lines of more pieces than
        comfortable_length are split, if the decoding settings say so. ``searched`` is the same
        model laid out for searches, ``shortened`` that with a shortlist.
        """
        self.model = model
        self._searched = model if searched is None else searched
        self._shortened = shortened
        self._comfortable_length = comfortable_length
        self._calibration = calibration
        self._protection = Protection(settings.pieces.protect)
        self.pieces = pieces
        self.settings = settings
        self._threads = threads
        self._pool = (
            ThreadPoolExecutor(threads, "seqcli-translator", initializer=use_one_thread)
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
            more: Other runs, with the same pieces and languages: the mean of all their
                probabilities is taken.
            device: ``auto``, ``cpu``, ``cuda`` or ``mps``.
            threads: CPU threads; None for one on each core.
            precision: ``fp32``, ``bf16``, ``int8``, or ``auto``: the fastest for this processor.

        Raises:
            CheckpointError: If a run cannot be read.
            SettingsError: If there is no such device or precision, or the runs have different
                pieces or languages.
        """
        loaded = load_models(
            [Path(run_dir), *map(Path, more)], device=device, threads=threads, precision=precision
        )
        manifest = read_manifest(Path(run_dir))
        length = manifest.get("comfortable_length")
        return cls(
            loaded.model,
            loaded.pieces,
            loaded.settings,
            threads=loaded.threads,
            comfortable_length=length if isinstance(length, int) and length > 0 else None,
            # It is of one model: what an ensemble says is sharper or softer.
            calibration=None if more else Calibration.load(manifest.get("calibration")),
            searched=loaded.searched,
            shortened=loaded.shortened,
        )

    @property
    def is_calibrated(self) -> bool:
        """Whether translations have a confidence."""
        return self._calibration is not None

    def ids_if_plain(self, line: str) -> list[int] | None:
        """Return the ids of a line that one search translates; None of any other.

        A line is another if it is blank, too long, or has something that is protected.
        """
        ids = self.pieces.src.encode(line) if line.strip() else []
        is_short = self._comfortable_length is None or len(ids) <= self._comfortable_length
        return ids if ids and is_short and not self._protection.mask(line).spans else None

    def translate(
        self,
        lines: Iterable[str],
        *,
        batch_size: int = BATCH_SIZE,
        seed: int | None = None,
        prefix: str = "",
        memory: TranslationMemory | None = None,
        **decoding: Any,
    ) -> list[str]:
        """Return the best translation of each line, in order.

        Args:
            lines: One sentence each, raw text.
            batch_size: Lines translated together.
            seed: Of sampling; None for that of the training.
            prefix: Words that every translation begins with.
            memory: Of which exact matches are taken as they are, and fuzzy ones if it says so.
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
        translations = self.iter_translations(
            lines,
            decoding=self.decoding_with(decoding),
            batch_size=batch_size,
            seed=seed,
            prefix=prefix,
            memory=memory,
        )
        return [translation.hyps[0].text for translation in translations]

    def decoding_with(self, changes: Mapping[str, Any]) -> DecodingSettings:
        """Return the run's decoding settings with some changed.

        Raises:
            SettingsError: If one is unknown, of another section, or out of range.
        """
        for name in changes:
            field = setting_fields().get(name)
            if field is not None and field.section != "decoding":
                raise SettingsError(
                    f"keyword {name}: a setting of section {field.section}; translate takes those "
                    "of section decoding"
                )
        return load_settings(keywords=changes, environ={}, base=self.settings).decoding

    def iter_translations(
        self,
        lines: Iterable[str],
        *,
        decoding: DecodingSettings,
        batch_size: int = BATCH_SIZE,
        sorted_batches: int = SORTED_BATCHES,
        seed: int | None = None,
        first_line: int = 0,
        aligned: bool = False,
        prefix: str = "",
        memory: TranslationMemory | None = None,
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
            aligned: Whether hypotheses say where the decoder looked.
            prefix: Words that every translation begins with; lines are not split then.
            memory: Of which exact matches are taken as they are, and fuzzy ones if it says so,
                unless the prefix is against it.

        Raises:
            SettingsError: If batch_size or memory cannot be, or there is no shortlist to use.
        """
        if memory is not None and not isinstance(memory, TranslationMemory):
            raise SettingsError(
                f"memory is {memory!r}; it must be a TranslationMemory, such as "
                "TranslationMemory.load('memory.tmx', src_lang='en', tgt_lang='de')"
            )
        if batch_size < 1:
            raise SettingsError(
                f"batch_size is {batch_size}; it must be a whole number, at least 1"
            )
        if decoding.shortlist and self._shortened is None:
            raise SettingsError(
                "--shortlist: the run has no shortlist that this model can use; make one with "
                "`seqcli shortlist RUN_DIR` (a model with layer norms can use none)"
            )
        seed = self.settings.training.seed if seed is None else seed
        begin = self.pieces.tgt.encode(prefix) if prefix.strip() else []
        if begin:
            decoding = decoding.model_copy(update={"split_long": False})

        def translate_around(text: str, is_first: bool) -> Hypothesis | None:
            ids = self.pieces.src.encode(text) if text.strip() else []
            plain = decoding.model_copy(update={"n_best": 1, "sample": False})
            if not ids:
                return None
            return self._search([ids], [(0, 0)], plain, seed, begin if is_first else [])[0][0]

        def search(batch: list[Part]) -> list[tuple[Hypothesis, ...]]:
            sources, places = [part.ids for part in batch], [part.place for part in batch]
            with torch.no_grad():  # of this thread
                hyps = self._search(sources, places, decoding, seed, begin)
                for number, part in enumerate(batch):
                    if part.masked.spans:
                        hyps[number] = restore(part.masked, hyps[number], translate_around)
                return self._align(sources, hyps) if aligned else hyps

        numbered = enumerate(lines, first_line)
        begun: deque[Window] = deque()  # whose batches are searched while the next one is read
        while window := list(itertools.islice(numbered, batch_size * sorted_batches)):
            known: dict[int, Match] = {}
            if memory is not None:
                known = memory.look_up(window, prefix=prefix.strip(), threads=self._threads)
            begun.append(self._begin(window, known, search, decoding.split_long, batch_size))
            if len(begun) > 1 or sorted_batches == 1:
                yield from self._finish(begun.popleft())
        if begun:
            yield from self._finish(begun.popleft())

    def _begin(
        self,
        lines: list[tuple[int, str]],
        matches: dict[int, Match],
        search: Callable[[list[Part]], list[tuple[Hypothesis, ...]]],
        split_long: bool,
        batch_size: int,
    ) -> Window:
        """Start to translate numbered lines, those of like length together."""
        rest = [(n, line) for n, line in lines if n not in matches or not matches[n].is_used]
        parts = sorted(self._parts_of(rest, split_long), key=lambda part: -len(part.ids))
        batches = [parts[start : start + batch_size] for start in range(0, len(parts), batch_size)]
        pool = self._pool if len(batches) > 1 else None
        share_out: Any = map if pool is None else pool.map
        return Window(lines, matches, batches, share_out(search, batches))

    def _finish(self, window: Window) -> Iterator[Translation]:
        """Yield the translations of the lines of a window."""
        found: dict[int, list[tuple[Part, tuple[Hypothesis, ...]]]]
        found = {number: [] for number, _ in window.lines}
        for batch, hyps in zip(window.batches, window.found, strict=True):
            for part, of_part in zip(batch, hyps, strict=True):
                found[part.line].append((part, of_part))
        for number, line in window.lines:
            match = window.matches.get(number)
            if match is not None and match.is_used:
                yield remembered(line, match)
            else:
                rated = tuple(map(self._rate, join_hypotheses(found[number])))
                yield Translation(line, rated, match)

    def _rate(self, hyp: Hypothesis) -> Hypothesis:
        """Say how good a translation is, as far as that is known."""
        if self._calibration is None or not hyp.pieces:
            return hyp
        return replace(hyp, confidence=self._calibration.confidence(hyp.mean_log_prob))

    def _parts_of(self, window: list[tuple[int, str]], split_long: bool) -> Iterator[Part]:
        """Yield the lines that are not blank, those that are too long in parts."""
        encode = self.pieces.src.encode_lines
        most = self._comfortable_length if split_long else None
        masked = [self._protection.mask(line if line.strip() else "") for _, line in window]
        all_ids = encode([line.text for line in masked])
        for (number, _), line, ids in zip(window, masked, all_ids, strict=True):
            parts = [(line, ids)]
            if most is not None and len(ids) > most:
                texts = split_line(
                    line.text, most=most, lengths_of=lambda cut: [len(one) for one in encode(cut)]
                )
                cut = number_anew(line, texts)
                parts = list(zip(cut, encode([part.text for part in cut]), strict=True))
            for place, (part, of_part) in enumerate(parts):
                if of_part:
                    yield Part(number, place, part, of_part)

    def _align(
        self, sources: list[list[int]], hyps: list[tuple[Hypothesis, ...]]
    ) -> list[tuple[Hypothesis, ...]]:
        """Return hypotheses that say where the decoder looked."""
        number_of = self.pieces.tgt.to_ids
        flat = [
            (ids, hyp) for ids, of_source in zip(sources, hyps, strict=True) for hyp in of_source
        ]
        targets = [[] if hyp.is_reassembled else number_of(hyp.pieces) for _, hyp in flat]
        looked = align(self.model, [ids for ids, _ in flat], targets)
        done = iter(
            replace(
                hyp,
                alignment=None if hyp.is_reassembled else places,
                src_pieces=tuple(self.pieces.src.to_pieces(ids)),
            )
            for (ids, hyp), places in zip(flat, looked, strict=True)
        )
        return [tuple(next(done) for _ in of_source) for of_source in hyps]

    def _search(
        self,
        sources: Sequence[Sequence[int]],
        places: Sequence[tuple[int, int]],
        decoding: DecodingSettings,
        seed: int,
        prefix: Sequence[int],
    ) -> list[tuple[Hypothesis, ...]]:
        """Return the hypotheses of sources; a source whose best one loops is searched again.

        Args:
            sources: Ids of each.
            places: Number of the line and of the part in it, for sampling.
            decoding: Which search.
            seed: Of sampling.
            prefix: Ids that every translation begins with.
        """
        count = decoding.n_best if decoding.sample else 0
        model = self._searched
        if decoding.shortlist and not prefix:  # what is forced need not be in it
            assert self._shortened is not None
            model = self._shortened
        found = search_ids(
            model,
            sources,
            decoding=decoding,
            generators=[generators_of(seed, place, count) for place in places],
            prefix=prefix,
        )
        again = [i for i, (best, *_) in enumerate(found) if is_looped(best.ids)]
        if decoding.on_loop == "keep" or not again:
            return [tuple(self._hypothesis(one) for one in of_source) for of_source in found]
        ngram = min(decoding.no_repeat_ngram or RETRY_NGRAM, RETRY_NGRAM)
        retried = search_ids(
            model,
            [sources[i] for i in again],
            decoding=decoding.model_copy(update={"no_repeat_ngram": ngram}),
            generators=[generators_of(seed, places[i], count) for i in again],
            prefix=prefix,
        )
        hyps = [tuple(self._hypothesis(one) for one in of_source) for of_source in found]
        for i, of_source in zip(again, retried, strict=True):
            hyps[i] = tuple(self._hypothesis(one, looped=True) for one in of_source)
        return hyps

    def _hypothesis(self, found: Found, *, looped: bool = False) -> Hypothesis:
        return Hypothesis(
            text=self.pieces.tgt.decode(found.ids),
            score=found.score,
            log_prob=found.log_prob,
            pieces=tuple(self.pieces.tgt.to_pieces(found.ids)),
            truncated=found.truncated,
            looped=looped or is_looped(found.ids),
        )
