"""`plashet watch`: a stream in, a forecast out for every tick, learning on, and nothing learnt is ever lost."""

from __future__ import annotations

import json
import re
import shlex
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from .console import Say, seeded, speaking, tidy
from .faults import DataFault, UsageFault
from .forecast import parse_levels

DEFAULT_MODEL = "watch.plashet"


@dataclass(frozen=True)
class Every:
    """How often to save: after so many ticks, or so many seconds."""

    ticks: int = 0
    seconds: float = 0.0

    @classmethod
    def read(cls, ctx: click.Context, param: click.Parameter, value: str) -> Every:
        """`500` ticks, `30s`, `1m`, `2h`."""
        match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*(s|m|h)?", value.strip())
        if not match or float(match.group(1)) <= 0 or (not match.group(2) and "." in match.group(1)):
            raise click.BadParameter(f"{value!r}; give ticks (500) or a time (30s, 1m, 2h)")
        amount, unit = float(match.group(1)), match.group(2)
        return cls(seconds=amount * {"s": 1, "m": 60, "h": 3600}[unit]) if unit else cls(ticks=int(amount))


@click.command("watch", short_help="Follow a stream: a line in, a forecast out, learning on.")
@click.argument("source", metavar="-|FILE")
@click.option("-t", "--target", required=True, metavar="COL", help="What to forecast.")
@click.option("--time", "time_column", metavar="COL", help="The column of time  [default: found by name].")
@click.option("--follow", is_flag=True, help="Wait for more at the end of FILE.")
@click.option(
    "-m", "--model", metavar="MODEL", help="Begin with this model, from `plashet forecast` or an earlier watch."
)
@click.option("--learn/--freeze", default=True, show_default=True, help="Learn every tick, or only forecast.")
@click.option("--horizon", type=click.IntRange(1), default=24, show_default=True, help="Steps ahead, for a new model.")
@click.option(
    "--levels",
    default="80,95",
    show_default=True,
    callback=parse_levels,
    help="Intervals, in percent, for a new model.",
)
@click.option(
    "--warmup",
    type=click.IntRange(2),
    metavar="N",
    help="Ticks to gather before a new model begins  [default: 8 horizons, at least 100].",
)
@click.option(
    "--save-every",
    default="1m",
    show_default=True,
    callback=Every.read,
    metavar="N|TIME",
    help="Save after so many ticks (500) or so much time (30s, 1m).",
)
@click.option("-o", "--output", metavar="MODEL", help=f"Where to save  [default: --model, else {DEFAULT_MODEL}].")
@seeded
@speaking
def command(
    say: Say,
    source: str,
    follow: bool,
    target: str,
    time_column: str | None,
    model: str | None,
    output: str | None,
    save_every: Every,
    **settings: Any,
) -> None:
    """Follow a stream of CSV or JSON lines: from standard input (`-`) or a FILE that grows.

    For every tick one line of JSON goes to stdout: n, time, value, error (of the forecast made one tick before), mae
    (its mean so far) and the forecast. A bad cell is told on stderr and taken as missing. The model is saved as it
    goes and at the end, in one step, so that a crash leaves the old file or the new one; started again with the same
    file, it goes on where it was.

    \b
    tail -n +1 -f meter.csv | plashet watch - --target load -o meter.plashet
    plashet watch meter.csv --follow --target load --model runs/.../model.plashet
    """
    from .follow import Reader, lines
    from .watcher import Watcher

    path = Path(output or model or DEFAULT_MODEL)
    begin = model or (str(path) if path.is_file() else None)
    watcher = Watcher.load(begin, target) if begin else Watcher.new(target, **_new(settings))
    watcher.learning = settings["learn"]
    if begin:
        say.note(f"going on with {begin} after {watcher.n:,} ticks")
    _writable(path)
    reader = Reader(target, time_column, lambda text: _complain(say, text), beside=watcher.exog)
    keeper = Keeper(watcher, path, save_every)
    with keeper.stopping():
        for row in reader.rows(lines(source, follow)):
            with keeper.tick():
                answer = watcher.tick(row, lambda text: _complain(say, text))
            if answer is not None:
                print(json.dumps(tidy(answer), ensure_ascii=False, allow_nan=False), flush=True)
    kept = f"saved to {path}. Next: {shlex.join(['plashet', 'inspect', str(path)])}" if path.is_file() else "not saved"
    say.note(f"{watcher.n:,} ticks, {_score(watcher)}; {kept}")


def _new(settings: dict[str, Any]) -> dict[str, Any]:
    from ..forecast.prepare import least_rows

    horizon = settings["horizon"]
    warmup, need = settings["warmup"] or max(8 * horizon, 100), least_rows(horizon)
    if warmup < need:
        raise UsageFault(f"--warmup {warmup} is too short: a horizon of {horizon} needs {need}", f"--warmup {need}")
    return {"horizon": horizon, "levels": settings["levels"], "seed": settings["seed"], "warmup": warmup}


def _complain(say: Say, text: str) -> None:
    if not say.quiet:
        print(f"warning: {text}", file=sys.stderr)


def _score(watcher: Any) -> str:
    from ..report import words

    return f"mean error one step ahead {words.number(watcher.mae)}" if watcher.scored else "nothing scored yet"


def _writable(path: Path) -> None:
    if path.is_dir():
        raise UsageFault(f"{path} is a folder; give a file to save to", "-o model.plashet")
    if not path.parent.is_dir():
        raise UsageFault(f"there is no folder {path.parent} to save to", f"mkdir -p {path.parent}")


@dataclass
class Keeper:
    """Saves every so often and at the end, whatever the end is; a signal never cuts a tick in two."""

    watcher: Any
    path: Path
    every: Every
    saved_n: int = -1
    saved_at: float = 0.0
    busy: bool = False
    wanted: bool = False

    @contextmanager
    def stopping(self) -> Iterator[None]:
        """Until the stream ends or SIGINT or SIGTERM comes; then save. Interrupted runs end with exit code 130."""
        self.saved_n, self.saved_at = self.watcher.n, time.monotonic()
        before = [(s, signal.signal(s, self._stop)) for s in (signal.SIGINT, signal.SIGTERM)]
        try:
            yield
        finally:
            for number, handler in before:
                signal.signal(number, handler)
            self.save()

    @contextmanager
    def tick(self) -> Iterator[None]:
        """One tick: a signal that comes meanwhile waits for its end."""
        self.busy = True
        try:
            yield
        finally:
            self.busy = False
        if self.every.ticks and self.watcher.n - self.saved_n >= self.every.ticks:
            self.save()
        if self.every.seconds and time.monotonic() - self.saved_at >= self.every.seconds:
            self.save()
        if self.wanted:
            raise KeyboardInterrupt

    def save(self) -> None:
        """Write the model, if anything has happened since the last time."""
        if self.watcher.n != self.saved_n:
            try:
                self.watcher.save(self.path)
            except OSError as error:
                raise DataFault(f"cannot save to {self.path}: {error.strerror}", "-o ANOTHER.plashet") from error
        self.saved_n, self.saved_at = self.watcher.n, time.monotonic()

    def _stop(self, number: int, frame: Any) -> None:
        self.wanted = True
        if not self.busy:
            raise KeyboardInterrupt
