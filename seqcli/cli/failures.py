"""Exceptions -> one paragraph on stderr and an exit code.

Place: whatever a verb raises -> **run_guarded** -> the exit code of the process.
"""

from __future__ import annotations

import errno
import os
import sys
import traceback
from collections.abc import Callable
from typing import Any

from typer.exceptions import TyperException

from seqcli.errors import InterruptedRun, SeqcliError

_TOO_MUCH = ("can't allocate memory", "calculation overflowed")  # in the words of torch
INTERRUPTED = InterruptedRun.exit_code


def run_guarded(run: Callable[[], object], *, debug: bool) -> int:
    """Run the program and return its exit code; a failure is written to stderr.

    Args:
        run: Parses the command line and does the work; what it returns is an exit code if it
            is an int.
        debug: Whether to write the traceback of a failure as well.
    """
    try:
        result = run()
        if sys.stdout is not None:
            sys.stdout.flush()  # a full disk or a closed pipe must show here, not at exit
    except SystemExit:
        raise
    except BaseException as error:
        _abandon_output(error)
        if debug:
            traceback.print_exc()
        message, code = explain_failure(error)
        if message and sys.stderr is not None:
            sys.stderr.write(f"seqcli: {message}\n")
        return code
    return result if isinstance(result, int) else 0


def explain_failure(error: BaseException) -> tuple[str, int]:
    """Return what to tell the user of an exception, and the exit code of the process."""
    if isinstance(error, SeqcliError):
        return str(error), error.exit_code
    if isinstance(error, TyperException):
        return _explain_usage(error), error.exit_code
    if isinstance(error, KeyboardInterrupt):
        return "interrupted", INTERRUPTED
    if isinstance(error, BrokenPipeError):  # as in "seqcli translate ... | head"
        return "", 1
    if _is_out_of_memory(error):
        return "out of memory; use a smaller batch, or a smaller model", 1
    if isinstance(error, OSError):
        return _explain_os_error(error), 1
    return (
        f"stopped by a mistake of its own ({type(error).__name__}: {error}); "
        "please report it, with what --debug shows",
        1,
    )


def _explain_usage(error: TyperException) -> str:
    """Say what Typer says, shorter; its classes are private, so their attributes are asked for."""
    if type(error).__name__ == "NoArgsIsHelpError":
        return ""  # the help has been printed
    message = " ".join(error.format_message().split()).rstrip(".")
    possibilities = getattr(error, "possibilities", None)
    if possibilities:
        message = f"{error.message}; did you mean {possibilities[0]}?"
    context = getattr(error, "ctx", None)
    hint = f" ('{context.command_path} --help' lists what there is)" if context else ""
    if _takes_text(context) and message.startswith("Got unexpected extra argument"):
        hint = f"; a text is one value: the prefix of its two files, or one bilingual file{hint}"
    return f"{message[0].lower()}{message[1:]}{hint}"


def _takes_text(context: Any) -> bool:
    """Tell whether a command has options for parallel text, as --train."""
    params = getattr(getattr(context, "command", None), "params", ())
    return any("--train" in param.opts for param in params)


def _explain_os_error(error: OSError) -> str:
    reason = error.strerror or str(error)
    where = f"{os.fsdecode(error.filename)}: " if isinstance(error.filename, str | bytes) else ""
    if error.errno == errno.ENOSPC:
        return f"{where}no space left on the device; free some, or write elsewhere"
    return f"{where}{reason[0].lower()}{reason[1:]}" if reason else f"{where}{error!r}"


def _is_out_of_memory(error: BaseException) -> bool:
    """Recognise how Python, CUDA and the CPU allocator of torch say it, without importing torch."""
    return (
        isinstance(error, MemoryError)
        or type(error).__name__ == "OutOfMemoryError"
        or (isinstance(error, RuntimeError) and any(words in str(error) for words in _TOO_MUCH))
    )


def _abandon_output(error: BaseException) -> None:
    """After a failed write, keep the interpreter from trying again at exit and failing aloud."""
    if not isinstance(error, OSError) or sys.stdout is None:
        return
    try:
        sys.stdout.flush()
    except OSError:
        devnull = os.open(os.devnull, os.O_WRONLY)
        os.dup2(devnull, sys.stdout.fileno())
        os.close(devnull)
