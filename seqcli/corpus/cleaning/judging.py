"""Chunks of pairs -> **verdicts**, in the same order, from one process or from several.

A few chunks for each process are under way at a time, so that memory does not grow with the text.
"""

from __future__ import annotations

import itertools
import multiprocessing
import os
import signal
import sys
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field

import numpy as np

from seqcli.corpus.cleaning.repair import repair
from seqcli.corpus.cleaning.rules import CleaningOptions, Judges
from seqcli.corpus.keys import Keys, key_of, normalise, squeeze
from seqcli.corpus.pairs import SentencePair
from seqcli.errors import SeqcliError

CHUNK = 2000  # pairs
_CHUNKS_IN_LINE = 3  # for each process
_ALONE = 10  # a text of at most so many chunks is not worth starting processes for

_MOST_ON_WINDOWS = 61  # processes that it can wait for

Chunk = list[SentencePair]


@dataclass(frozen=True)
class Task:
    """What a worker must know."""

    options: CleaningOptions
    src_lang: str
    tgt_lang: str


@dataclass
class Verdicts:
    """What was found of the pairs of a chunk, by their position in it."""

    broken: dict[int, tuple[str, str]] = field(default_factory=dict)  # rule, and what was found
    repaired: dict[int, SentencePair] = field(default_factory=dict)
    kept: list[int] = field(default_factory=list)
    keys: Keys = field(default_factory=lambda: np.zeros(0, np.uint64))  # of those kept, (kept,)
    near_keys: Keys = field(default_factory=lambda: np.zeros(0, np.uint64))  # (kept,)


class Judge:
    """Repairs and judges chunks."""

    def __init__(self, task: Task) -> None:
        """Make ready.

        Raises:
            SettingsError: As ``Judges``.
        """
        self._options = task.options
        self.judges = Judges(task.options, task.src_lang, task.tgt_lang)

    def __call__(self, chunk: Chunk) -> Verdicts:
        """Look at every pair."""
        verdicts = Verdicts()
        keys, near_keys = [], []
        for number, pair in enumerate(chunk):
            if self._options.repair:
                mended = SentencePair(repair(pair.src), repair(pair.tgt))
                if mended != pair:
                    verdicts.repaired[number] = pair = mended
            if broken := self.judges.judge(pair):
                verdicts.broken[number] = broken
                continue
            verdicts.kept.append(number)
            if self._options.duplicates:
                keys.append(key_of(squeeze(pair.src), squeeze(pair.tgt)))
            if self._options.near_duplicates:
                near_keys.append(key_of(normalise(pair.src), normalise(pair.tgt)))
        verdicts.keys = np.array(keys, np.uint64)
        verdicts.near_keys = np.array(near_keys, np.uint64)
        return verdicts


def judge_chunks(
    chunks: Iterable[Chunk], task: Task, *, processes: int
) -> Iterator[tuple[Chunk, Verdicts]]:
    """Judge chunks, each by itself.

    Args:
        chunks: Read as they are needed.
        task: The same for all.
        processes: That work at once; a short text is looked at in this one.

    Yields:
        Each chunk with its verdicts, in order.

    Raises:
        SettingsError: As ``Judge``.
        SeqcliError: A process has died.
    """
    judge = Judge(task)
    chunks = iter(chunks)
    first = list(itertools.islice(chunks, _ALONE + 1)) if processes > 1 else []
    if len(first) <= _ALONE:
        for chunk in itertools.chain(first, chunks):
            yield chunk, judge(chunk)
        return
    try:
        yield from _judge_in_processes(itertools.chain(first, chunks), task, processes)
    except BrokenProcessPool as error:
        raise SeqcliError(
            "a process that looked at the text has died, perhaps for want of memory; nothing was "
            "written; run the command again with --processes 1"
        ) from error


def _judge_in_processes(
    chunks: Iterable[Chunk], task: Task, processes: int
) -> Iterator[tuple[Chunk, Verdicts]]:
    # Not by fork: the threads of a progress bar do not survive it.
    context = multiprocessing.get_context("spawn")
    processes = min(processes, _MOST_ON_WINDOWS) if sys.platform == "win32" else processes
    pool = ProcessPoolExecutor(processes, context, _start_worker, (task,))
    try:
        line: deque[tuple[Chunk, Future[Verdicts]]] = deque()
        for chunk in chunks:
            line.append((chunk, pool.submit(_judge_in_worker, chunk)))
            if len(line) > _CHUNKS_IN_LINE * processes:
                done, future = line.popleft()
                yield done, future.result()
        while line:
            done, future = line.popleft()
            yield done, future.result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _start_worker(task: Task) -> None:
    """Prepare a worker; Ctrl-C goes to all processes, and the first one ends the others."""
    global _judge_in_worker_state
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    _judge_in_worker_state = Judge(task)


_judge_in_worker_state: Judge | None = None


def _judge_in_worker(chunk: Chunk) -> Verdicts:
    assert _judge_in_worker_state is not None
    return _judge_in_worker_state(chunk)


def count_cores() -> int:
    """Return how many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
