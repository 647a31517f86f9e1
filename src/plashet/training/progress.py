"""A bar on stderr while a model is trained, where somebody looks on."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def meter(epochs: int, *, shown: bool) -> Iterator[Callable[[Any], None]]:
    """What is to be told of each Trained; it says nothing where stderr is no terminal."""
    if not (shown and sys.stderr.isatty()):
        yield lambda now: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("epoch {task.completed:.0f}/{task.total:.0f}"), BarColumn(), TimeRemainingColumn())
    with Progress(*columns, TextColumn("{task.description}"), console=Console(stderr=True)) as bar:
        task = bar.add_task("", total=epochs)
        yield lambda now: bar.update(task, completed=now.epochs, description=told(now))


def told(now: Any) -> str:
    """The losses of a Trained, in a line."""
    taught, held = now.losses[-1]
    if held != held:
        return f"loss {taught:.4g}"
    best = now.losses[now.best_epoch - 1, 1] if now.best_epoch else now.start
    return f"loss {taught:.4g}, validation {held:.4g}, best {best:.4g} in epoch {now.best_epoch}"
