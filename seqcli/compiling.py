"""The C sources of models/c -> libraries, compiled by the machine's own C compiler.

Place: C compiler -> **libraries** -> models/kernels.py. Needs no torch, so that it can go on while
torch is being imported. Compiling takes a second; the result is kept in the user's cache for the
same sources, compiler and processor.
"""

from __future__ import annotations

import ctypes
import hashlib
import os
import shlex
import shutil
import subprocess
import tempfile
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

SOURCES = Path(__file__).parent / "models" / "c"
# Fast, yet with NaN and infinity as they are: training must notice them.
FLAGS = (
    "-O3",
    "-march=native",
    "-fno-math-errno",
    "-fno-trapping-math",
    "-ffp-contract=fast",
    "-fopenmp-simd",
)
DEFINITIONS: dict[str, tuple[str, ...]] = {"fp32": (), "bf16": ("-DNARROW_IS_BF16",)}
COMPILE_SECONDS = 120.0


@dataclass(frozen=True)
class Libraries:
    """What was compiled, or why nothing was."""

    by_precision: dict[str, ctypes.CDLL]  # a key for each type of the products; empty without any
    said: str  # for a person: ``compiled by gcc``, or ``torch's operations, as ...``


_ahead: list[Future[Libraries]] = []


def compile_ahead() -> None:
    """Begin to compile in the background; the next ``find_libraries`` takes what comes of it."""
    pool = ThreadPoolExecutor(1, "seqcli-compiler")
    _ahead[:] = [pool.submit(_find_libraries)]
    pool.shutdown(wait=False)


def find_libraries() -> Libraries:
    """Compile the kernels, or find them; a failure to compile is a reason, not an error."""
    return _ahead.pop().result() if _ahead else _find_libraries()


def _find_libraries() -> Libraries:
    compiler = _find_compiler()
    if compiler is None:
        return Libraries({}, "torch's operations, as there is no C compiler (cc, gcc or clang)")
    try:
        target = _describe_target(compiler)
        with ThreadPoolExecutor(len(DEFINITIONS)) as pool:
            found = pool.map(lambda kind: _library(compiler, target, kind), DEFINITIONS)
            libraries = dict(zip(DEFINITIONS, found, strict=True))
    except subprocess.CalledProcessError as error:
        lines = error.stderr.decode(errors="replace").strip().splitlines()
        why = lines[0] if lines else f"exit status {error.returncode}"
        return Libraries({}, f"torch's operations, as {compiler[0]} cannot compile here ({why})")
    except (OSError, subprocess.SubprocessError) as error:
        return Libraries({}, f"torch's operations, as {compiler[0]} cannot compile here ({error})")
    return Libraries(libraries, f"compiled by {Path(compiler[0]).name}")


def _sources(pattern: str) -> list[Path]:
    return sorted(SOURCES.glob(pattern))


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


def _library(compiler: list[str], target: bytes, kind: str) -> ctypes.CDLL:
    """Load the kernels of one type of products, compiled now or earlier."""
    flags = [*FLAGS, *DEFINITIONS[kind]]
    sources = [str(path) for path in _sources("*.c")]
    parts = [target, *(path.read_bytes() for path in _sources("*.[ch]"))]
    parts.append(" ".join([*compiler, *flags]).encode())
    name = f"kernels-{hashlib.sha256(b'|'.join(parts)).hexdigest()[:32]}.so"
    cached = _cache_dir() / name
    if _is_own(cached):
        return ctypes.CDLL(str(cached))
    with tempfile.TemporaryDirectory(prefix="seqcli-") as folder:
        made = Path(folder) / name
        _run([*compiler, *flags, "-shared", "-fPIC", "-o", str(made), *sources, "-lm"])
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
