"""Where the program begins and ends: errors become messages and exit codes here, and nowhere else.

The law: 0 done, 1 what was asked for failed, 2 wrong usage, 3 a bug, 130 interrupted. A person's mistake never shows a
traceback; a bug's traceback goes to the log. `status` does not wait for the parser of the command line to be loaded.
"""

from __future__ import annotations

import contextlib
import errno
import os
import sys
from typing import NoReturn

from orchestrator.cli.opened import chosen
from orchestrator.errors import OrchestratorError

FAILED, BUG, INTERRUPTED = 1, 3, 130


def main(argv: list[str] | None = None) -> int:
    """The exit code. Called without words it is the program, and does not return: taking the interpreter down piece by
    piece would take longer than many a command."""
    code = run(argv)
    if argv is None:
        _leave(code)
    return code


def _leave(code: int) -> NoReturn:
    threading = sys.modules.get("threading")
    if threading is not None and threading.active_count() > 1:
        sys.exit(code)  # a thread may still write something
    with contextlib.suppress(OSError, ValueError):
        sys.stderr.flush()
    os._exit(code)


def run(argv: list[str] | None) -> int:
    _prepare_streams()
    chosen.forget()
    code = _guarded(sys.argv[1:] if argv is None else argv)
    try:
        sys.stdout.flush()
    except (BrokenPipeError, ValueError):
        _forget_stdout()
    except OSError as error:
        code = _complain(f"cannot write to stdout: {error.strerror}")
        _forget_stdout()
    return code


def _prepare_streams() -> None:
    """Whatever the locale is and whoever closed them: a name that cannot be shown must not end a command."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: PTH123, SIM115
        elif hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")


def _called(words: list[str]) -> int:
    from orchestrator.cli import quick

    asked = quick.status_asked(words)
    if asked is not None:
        return quick.status(asked)
    from orchestrator.cli import commands

    return commands.call(words)


def _guarded(words: list[str]) -> int:
    try:
        return _called(words)
    except KeyboardInterrupt:
        return INTERRUPTED
    except OrchestratorError as error:
        _complain(str(error))
        return error.exit_code
    except BrokenPipeError:
        _forget_stdout()
        return 0
    except OSError as error:
        if error.errno not in OUTSIDE:
            return _bug(error)
        return _complain(f"{error.filename or 'cannot write'}: {error.strerror}")
    except Exception as error:
        return _bug(error)


OUTSIDE = frozenset(
    {
        errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOSPC, errno.EDQUOT, errno.ENOTDIR, errno.EISDIR, errno.ELOOP,
        errno.ENAMETOOLONG, errno.EMFILE, errno.ENFILE, errno.EIO, errno.ENOMEM, errno.EAGAIN,
    }
)  # fmt: skip
"""What the system refuses is no bug of ours."""


def _complain(text: str) -> int:
    try:
        print(f"orchestrator: {text}", file=sys.stderr, flush=True)
    except OSError:
        pass
    return FAILED


def _forget_stdout() -> None:
    """Nobody reads it any more; the interpreter shall not try again at its end."""
    try:
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, sys.stdout.fileno())
    except (OSError, ValueError):
        pass


def _bug(error: BaseException) -> int:
    where = kept(error)
    _complain(f"this is a bug: {type(error).__name__}: {error}\nthe traceback is in {where}; please report it")
    return BUG


def kept(error: BaseException) -> str:
    """Where the traceback of a bug now is."""
    import traceback

    return _into_log("".join(traceback.format_exception(error)), repr(error))


def _into_log(text: str, reason: str) -> str:
    import json
    import tempfile
    import time

    line = {"at": time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime()), "level": "error", "event": "bug"}
    try:
        if chosen.log_file is None:
            raise FileNotFoundError
        with open(chosen.log_file, "a", encoding="utf-8") as stream:  # noqa: PTH123
            stream.write(json.dumps({**line, "reason": reason, "traceback": text}) + "\n")
        return chosen.log_file
    except OSError:
        with tempfile.NamedTemporaryFile("w", prefix="orchestrator-", suffix=".log", delete=False) as kept:
            kept.write(text)
        return kept.name
