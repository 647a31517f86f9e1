"""What can go wrong, and how it is said: one message on stderr, one remedy, one exit code, no traceback.

0 done, 1 the run failed, 2 wrong usage, 3 bad data, 4 an extra is missing, 130 interrupted.
"""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from difflib import get_close_matches

import click

FAILED, USAGE, DATA, EXTRA, INTERRUPTED = 1, 2, 3, 4, 130


class Fault(Exception):
    """Something went wrong that the user can mend: `message` says what and where, `remedy` what to type or change."""

    code = FAILED

    def __init__(self, message: str, remedy: str = ""):
        super().__init__(message)
        self.message = message
        self.remedy = remedy


class UsageFault(Fault, LookupError):
    """What was asked for is not there."""

    code = USAGE


class DataFault(Fault, ValueError):
    """The data are not what they should be."""

    code = DATA


class ExtraFault(Fault, ImportError):
    """A library is not installed that this needs."""

    code = EXTRA


def nearest(word: str, known: Iterable[str], form: str = "{}", otherwise: str = "") -> str:
    """The closest known word in a remedy: nearest("demnd", ["demand"], "--target {}") -> "--target demand"."""
    known = list(known)
    lowered = {k.lower(): k for k in reversed(known)}
    close = get_close_matches(word.lower(), lowered, n=1, cutoff=0.5)
    close = close or [k for k in lowered if word and (word.lower() in k or k in word.lower())][:1]
    return form.format(lowered[close[0]]) if close else otherwise


@contextmanager
def data_door(where: str, note: Callable[[str], None]) -> Iterator[None]:
    """What the library refuses in here is the data's fault: a ValueError becomes a DataFault with the same words.

    What it only warns of is told to `note`.
    """
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        try:
            yield
        except Fault:
            raise
        except ValueError as error:
            raise DataFault(f"{where}: {error}") from error
    for warning in told:
        if issubclass(warning.category, UserWarning):
            note(str(warning.message))


def answer(error: BaseException, debug: bool = False) -> int:
    """Say an error on stderr and return its exit code. With `debug` the traceback comes first."""
    if debug and not isinstance(error, click.exceptions.Exit | click.Abort | SystemExit | KeyboardInterrupt):
        import traceback

        traceback.print_exception(error, file=sys.stderr)
    if isinstance(error, BrokenPipeError):
        # The reader has gone (`| head`). Python would complain once more when it closes stdout.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    if isinstance(error, getattr(click.exceptions, "NoArgsIsHelpError", ())):  # `plashet` alone: no mistake to speak of
        print(error, file=sys.stderr)
        return USAGE
    code, message, remedy = _read(error)
    if message:
        _say(message, remedy)
    return code


def _read(error: BaseException) -> tuple[int, str, str]:
    """Exit code, message and remedy of any error."""
    if isinstance(error, Fault):
        return error.code, error.message, error.remedy
    if isinstance(error, click.Abort | KeyboardInterrupt):
        return INTERRUPTED, "interrupted", ""
    if isinstance(error, click.exceptions.Exit | SystemExit):
        code = getattr(error, "exit_code", getattr(error, "code", 0))
        return code if isinstance(code, int) else FAILED, "", ""
    if isinstance(error, click.UsageError):
        where = f"{error.ctx.command_path} --help" if error.ctx else "plashet --help"
        return USAGE, error.format_message(), where
    if isinstance(error, click.ClickException):
        return error.exit_code, error.format_message(), ""
    if isinstance(error, FileNotFoundError) and error.filename:
        return USAGE, f"there is no file {error.filename}", ""
    if isinstance(error, ImportError) and "plashet[" in str(error):
        return EXTRA, str(error), ""
    text = str(error).strip() or "no message"
    return FAILED, f"the run failed: {type(error).__name__}: {text}", "the same command with --debug shows where"


def _say(message: str, remedy: str) -> None:
    red, dim, plain = ("\x1b[31m", "\x1b[2m", "\x1b[0m") if _coloured() else ("", "", "")
    print(f"{red}error:{plain} {message}", file=sys.stderr)
    if remedy:
        print(f"  {dim}try:{plain} {remedy}", file=sys.stderr)


def _coloured() -> bool:
    return sys.stderr.isatty() and not os.environ.get("NO_COLOR")


def model_fault(error: ValueError) -> DataFault:
    """A FileError in the words of the command line."""
    text = str(error)
    if "pip install --upgrade" in text:
        return DataFault(text.rsplit(":", 1)[0], "pip install --upgrade plashet")
    return DataFault(text, "save it with plashet: model.save('model.plashet')")
