"""What a command says: results on stdout, everything else on stderr, progress only on a terminal."""

from __future__ import annotations

import json as jsonlib
import math
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import wraps
from typing import Any

import click


@dataclass(frozen=True)
class Say:
    """How a command speaks, from the options that every command takes."""

    json: bool = False
    quiet: bool = False
    progress: bool = True

    def show(self, *things: Any) -> None:
        """For people, on stdout: text or anything that rich can print. Silent with --json or --quiet."""
        if self.json or self.quiet:
            return
        from rich.console import Console

        console = Console(highlight=False, soft_wrap=False)
        for thing in things:
            console.print(thing, markup=False)  # a file may be called [b]

    def result(self, value: Any) -> None:
        """For machines, on stdout: one JSON object. Only with --json."""
        if self.json:
            print(jsonlib.dumps(tidy(value), ensure_ascii=False, allow_nan=False))

    def note(self, text: str) -> None:
        """A notice on stderr. Silent with --quiet."""
        if not self.quiet:
            print(f"note: {text}", file=sys.stderr)

    @contextmanager
    def waiting(self, label: str, total: int | None = None) -> Iterator[Callable[[int], None]]:
        """A progress bar on stderr (a pulse where `total` is not known); calls of the yielded function move it.

        Nothing is drawn where stderr is not a terminal, or with --quiet or --no-progress.
        """
        if self.quiet or not self.progress or not sys.stderr.isatty():
            yield lambda done: None
            return
        from rich.console import Console
        from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

        columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
        with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
            task = bar.add_task(label, total=total)
            yield lambda done: bar.update(task, completed=done)


def tidy(value: Any) -> Any:
    """The same value in what JSON knows: NumPy numbers and arrays as Python's, what is not finite as null."""
    if isinstance(value, dict):
        return {str(k): tidy(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [tidy(v) for v in value]
    if hasattr(value, "tolist"):
        return tidy(value.tolist())
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if value is None or isinstance(value, str | int | bool):
        return value
    return str(value)


def speaking(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options --json, --quiet, --no-progress, --debug, and a `say` built from them."""

    @click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout and nothing else there.")
    @click.option("-q", "--quiet", is_flag=True, help="Say nothing but errors.")
    @click.option("--no-progress", is_flag=True, help="No progress bar, not even on a terminal.")
    @click.option("--debug", is_flag=True, help="Show the traceback of an error.")
    @wraps(command)
    def speak(*, as_json: bool, quiet: bool, no_progress: bool, debug: bool, **given: Any) -> Any:
        del debug  # read from the command line itself, so that it serves errors before this point too
        return command(say=Say(as_json, quiet, not no_progress), **given)

    return speak


seeded = click.option("--seed", type=int, default=0, show_default=True, help="All randomness comes from this number.")
