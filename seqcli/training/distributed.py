"""Several processes, on one machine or many, that share out every batch: torchrun's.

Place: environment of torchrun -> **Ranks** -> session (gradients), loop (who decides, who writes).
Every process has the whole model. Of each batch a process works on some of the sentences, and the
gradients are added up, so the number of processes changes nothing but the speed. The first one,
rank 0, decides for all when to stop, and is the only one that validates and writes.

Source: torch.nn.parallel.DistributedDataParallel (Li et al. 2020, PyTorch Distributed).
"""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import torch
from torch import Tensor, distributed, nn
from torch.distributed.distributed_c10d import PrefixStore
from torch.distributed.rendezvous import rendezvous
from torch.nn.parallel import DistributedDataParallel

from seqcli.errors import SeqcliError, SettingsError

PATIENCE = timedelta(hours=24)  # with rank 0 while it validates


@dataclass(frozen=True)
class Ranks:
    """This process among those of a training."""

    rank: int = 0
    count: int = 1
    restarts: int = 0  # how often torchrun has started all of them again

    @property
    def is_first(self) -> bool:
        """Tell whether this process decides and writes."""
        return self.rank == 0

    def from_first(self, *numbers: float) -> list[float]:
        """Return what the first process gives here, in every process."""
        if self.count == 1:
            return list(numbers)
        values = torch.tensor(numbers, dtype=torch.float64, device=_wire())
        with _explaining():
            distributed.broadcast(values, src=0)
        found: list[float] = values.tolist()
        return found

    def sum(self, number: float) -> float:
        """Return the sum of what all processes give here."""
        if self.count == 1:
            return number
        value = torch.tensor(number, dtype=torch.float64, device=_wire())
        with _explaining():
            distributed.all_reduce(value)
        return float(value)


@contextmanager
def joined(device: torch.device) -> Iterator[Ranks]:
    """Lend the place among the processes that torchrun has started; alone without it.

    Raises:
        SettingsError: If the processes cannot find each other.
    """
    count = int(os.environ.get("WORLD_SIZE", "1"))
    if count == 1 or "TORCHELASTIC_RUN_ID" not in os.environ:
        yield Ranks(restarts=_restarts())
        return
    if not distributed.is_available():
        raise SettingsError("this build of torch has no torch.distributed; train without torchrun")
    if device.type == "cuda":
        torch.cuda.set_device(int(os.environ.get("LOCAL_RANK", "0")))
    backend = "nccl" if device.type == "cuda" else "gloo"
    try:
        store, rank, _ = next(rendezvous("env://"))
        # One store serves all restarts, and still holds where the processes before were.
        store = PrefixStore(f"seqcli/{_restarts()}", store)
        distributed.init_process_group(
            backend, store=store, rank=rank, world_size=count, timeout=PATIENCE
        )
    except (RuntimeError, ValueError) as error:
        raise SettingsError(
            f"the {count} processes of torchrun cannot find each other ({error}); check its "
            "--rdzv-endpoint and --nnodes"
        ) from error
    try:
        yield Ranks(distributed.get_rank(), count, _restarts())
    finally:
        distributed.destroy_process_group()


def local_processes() -> int:
    """Return how many processes torchrun has started on this machine."""
    return int(os.environ.get("LOCAL_WORLD_SIZE", "1"))


def launcher() -> str | None:
    """Return what tells the torchrun that has started this process from others; None without it."""
    run_id = os.environ.get("TORCHELASTIC_RUN_ID")
    return None if run_id is None else f"{socket.gethostname()} {os.getppid()} {run_id}"


def _restarts() -> int:
    return int(os.environ.get("TORCHELASTIC_RESTART_COUNT", "0"))


def _wire() -> torch.device:
    """Return where a tensor must be to be sent."""
    return torch.device("cuda" if distributed.get_backend() == "nccl" else "cpu")


@contextmanager
def _explaining() -> Iterator[None]:
    try:
        yield
    except RuntimeError as error:
        if not isinstance(error, distributed.DistError) and "gloo" not in str(error).lower():
            raise  # of this process, such as memory that ran out
        raise SeqcliError(
            f"another process of this training has ended ({str(error).splitlines()[0]}); what was "
            "saved last is sound: start torchrun again with --resume"
        ) from error


class _Caller(nn.Module):
    """Calls a function with the model, so that DistributedDataParallel sees a forward pass."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, work: Callable[..., Any], *arguments: Any) -> Any:
        return work(self.model, *arguments)


class SharedModel:
    """A model whose gradients are summed over the processes."""

    def __init__(self, model: nn.Module, ranks: Ranks) -> None:
        """Give all processes the weights of the first."""
        self._ranks = ranks
        self._shared = DistributedDataParallel(_Caller(model), gradient_as_bucket_view=True)

    def learn(self, work: Callable[..., tuple[Tensor, Tensor]], *arguments: Any, last: bool) -> Any:
        """Call work(model, *arguments), which returns a loss and something; go back from the loss.

        Args:
            work: Called once.
            arguments: For it.
            last: Whether the update is complete with this, so that gradients are exchanged.

        Returns:
            The something.
        """
        with _explaining(), nullcontext() if last else self._shared.no_sync():
            loss, found = self._shared(work, *arguments)
            (loss * self._ranks.count).backward()  # it takes the mean where we want the sum
        return found
