"""The functions of steps.py, compiled from kernels.c by the machine's own C compiler.

Place: C compiler -> **compiled steps** -> recurrence.py. Each goes over its tensors once where
torch's operations go over them ten times, and lets other threads run meanwhile. Compiling takes a
second; the result is kept in the user's cache for the same compiler and processor. Where there
is no compiler, or no fit tensors, TORCH_STEPS does the same.
"""

from __future__ import annotations

import ctypes
import hashlib
import os
import shlex
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, fields
from functools import partial
from pathlib import Path

import torch
from torch import Tensor

from seqcli.models.steps import TORCH_STEPS, Steps

SOURCE = Path(__file__).with_name("kernels.c")
# Fast, yet with NaN and infinity as they are: training must notice them.
FLAGS = (
    "-O3",
    "-march=native",
    "-fno-math-errno",
    "-fno-trapping-math",
    "-ffp-contract=fast",
    "-fopenmp-simd",
)
DEFINITIONS = {torch.float32: (), torch.bfloat16: ("-DNARROW_IS_BF16",)}
COMPILE_SECONDS = 120.0


@dataclass(frozen=True)
class Kernels:
    """What was compiled for one dtype of the products."""

    steps: Steps
    library: ctypes.CDLL

    def accumulate(self, total: Tensor, part: Tensor) -> None:
        """Add a matrix in the dtype of the products to an fp32 one."""
        _call(self.library.accumulate, total.shape[1], None, total, part)

    def softmax_excess(
        self, logits: Tensor, gold: Tensor, smoothing: Tensor, bias_grad: Tensor
    ) -> Tensor:
        """Turn logits, in place, into the gradient of the smoothed cross-entropy by them.

        Args:
            logits: (rows, vocab).
            gold: Right ids, (rows,).
            smoothing: Smoothed gold probability of every piece, and what gold has more, (1, 2).
            bias_grad: The sum over the rows is added to it, (1, vocab).

        Returns:
            log p of gold, and the mean of log p over all pieces, (rows, 2).
        """
        likelihoods = bias_grad.new_empty(len(logits), 2)
        exps = torch.empty_like(bias_grad)
        tensors = (logits, gold, smoothing, exps, bias_grad, likelihoods)
        _call(self.library.softmax_excess, logits.shape[1], None, *tensors)
        return likelihoods

    def softmax_excess_of_two(
        self, logits: Tensor, others: Tensor, gold: Tensor, smoothing: Tensor, bias_grad: Tensor
    ) -> Tensor:
        """Do the same for two passes over the same positions that shall agree.

        Args:
            logits: Of one pass, (rows, vocab).
            others: Of the other pass, (rows, vocab).
            gold: Right ids, (rows,).
            smoothing: As for one pass, and the weight of the agreement, (1, 3).
            bias_grad: The sum over the rows of both is added to it, (1, vocab).

        Returns:
            The same, as means over both, and the divergence of both ways, (rows, 3).
        """
        likelihoods = bias_grad.new_empty(len(logits), 3)
        exps = bias_grad.new_empty(2, logits.shape[1])
        tensors = (logits, others, gold, smoothing, exps, bias_grad, likelihoods)
        _call(self.library.softmax_excess_of_two, logits.shape[1], None, *tensors)
        return likelihoods


_loaded: dict[torch.dtype, Kernels] = {}


def use_compiled_kernels(wanted: bool) -> str:
    """Compile the kernels, or forget them; they serve the whole process.

    Args:
        wanted: Whether to have them if that is possible.

    Returns:
        What will be used and why, for a person: ``compiled by gcc``, or ``torch's operations, as
        ...``. A failure to compile is a reason, not an error.
    """
    _loaded.clear()
    if not wanted:
        return "torch's operations, as asked for"
    compiler = _find_compiler()
    if compiler is None:
        return "torch's operations, as there is no C compiler (cc, gcc or clang)"
    try:
        target = _describe_target(compiler)
        libraries = {dtype: _library(compiler, target, dtype) for dtype in DEFINITIONS}
    except subprocess.CalledProcessError as error:
        said = error.stderr.decode(errors="replace").strip().splitlines()
        why = said[0] if said else f"exit status {error.returncode}"
        return f"torch's operations, as {compiler[0]} cannot compile here ({why})"
    except (OSError, subprocess.SubprocessError) as error:
        return f"torch's operations, as {compiler[0]} cannot compile here ({error})"
    _loaded.update({dtype: _wrap(library) for dtype, library in libraries.items()})
    return f"compiled by {Path(compiler[0]).name}"


def compiled_for(tensor: Tensor) -> Kernels | None:
    """Return the kernels for products like a tensor, or None: take torch's operations."""
    return _loaded.get(tensor.dtype) if tensor.device.type == "cpu" else None


def steps_for(tensor: Tensor) -> Steps:
    """Return the fastest steps for products like a tensor."""
    compiled = compiled_for(tensor)
    return TORCH_STEPS if compiled is None else compiled.steps


def _find_compiler() -> list[str] | None:
    """Return the words that call it: those of CC, or the first of the usual ones that there is."""
    named = shlex.split(os.environ.get("CC", ""))
    candidates = [named] if named else [["cc"], ["gcc"], ["clang"]]
    return next((words for words in candidates if shutil.which(words[0])), None)


def _describe_target(compiler: list[str]) -> bytes:
    """Return what a compiler defines: it names its version and every extension of the processor."""
    command = [*compiler, *FLAGS, "-dM", "-E", "-x", "c", os.devnull]
    return _run(command).stdout


def _run(command: list[str]) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        command, check=True, capture_output=True, stdin=subprocess.DEVNULL, timeout=COMPILE_SECONDS
    )


def _cache_dir() -> Path:
    root = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(root) / "seqcli"


def _library(compiler: list[str], target: bytes, dtype: torch.dtype) -> ctypes.CDLL:
    """Load the kernels of a dtype, compiled now or earlier."""
    flags = [*FLAGS, *DEFINITIONS[dtype]]
    parts = [target, SOURCE.read_bytes(), " ".join([*compiler, *flags]).encode()]
    name = f"kernels-{hashlib.sha256(b'|'.join(parts)).hexdigest()[:32]}.so"
    cached = _cache_dir() / name
    if _is_own(cached):
        return ctypes.CDLL(str(cached))
    with tempfile.TemporaryDirectory(prefix="seqcli-") as folder:
        made = Path(folder) / name
        _run([*compiler, *flags, "-shared", "-fPIC", "-o", str(made), str(SOURCE), "-lm"])
        _keep(made, cached)
        return ctypes.CDLL(str(made))  # the system keeps a loaded file until the process ends


def _is_own(path: Path) -> bool:
    """Tell a file that nobody but this user could have written."""
    try:
        found = path.stat()
    except OSError:
        return False
    return not hasattr(os, "getuid") or (found.st_uid == os.getuid() and not found.st_mode & 0o022)


def _keep(made: Path, cached: Path) -> None:
    """Copy a file into the cache, whole or not at all, if the cache can be written."""
    try:
        cached.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle, temporary = tempfile.mkstemp(dir=cached.parent)
        with os.fdopen(handle, "wb") as file:
            file.write(made.read_bytes())
        Path(temporary).replace(cached)
    except OSError:
        return


def _wrap(library: ctypes.CDLL) -> Kernels:
    steps = Steps(**{f.name: partial(_call, getattr(library, f.name)) for f in fields(Steps)})
    return Kernels(steps, library)


def _call(
    function: Callable[..., None], hidden: int, is_real: Tensor | None, *tensors: Tensor | None
) -> None:
    """Call a C function: rows, hidden, is_real, then address and row stride of each tensor."""
    first = tensors[0]
    assert first is not None
    assert is_real is None or is_real.is_contiguous()
    arguments: list[ctypes.c_int64 | ctypes.c_void_p] = [
        ctypes.c_int64(first.shape[0]),
        ctypes.c_int64(hidden),
        ctypes.c_void_p(None if is_real is None else is_real.data_ptr()),
    ]
    for tensor in tensors:
        if tensor is None:
            arguments += ctypes.c_void_p(None), ctypes.c_int64(0)
        else:
            assert tensor.stride(-1) == 1, "a row must be one block of memory"
            arguments += ctypes.c_void_p(tensor.data_ptr()), ctypes.c_int64(tensor.stride(0))
    function(*arguments)
