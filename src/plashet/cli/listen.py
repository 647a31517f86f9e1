"""`plashet listen`: sound in as it comes, what is heard and when out, a line for each event."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from .console import Say, speaking, tidy
from .faults import UsageFault
from .recordings import sound_door
from .voices import open_recogniser, rate_of

_RAW = "sound without a header: --raw HZ; other kinds: ffmpeg -i FILE -f wav - | plashet listen MODEL -"


@click.command("listen", short_help="Hear continuous sound, and say what is heard and when.")
@click.argument("model", metavar="MODEL")
@click.argument("source", metavar="FILE|-")
@click.option(
    "--raw",
    type=click.IntRange(1000, 384000),
    metavar="HZ",
    help="The sound has no header: 16-bit little-endian samples of one channel, so many a second.",
)
@click.option(
    "--least",
    type=click.FloatRange(0),
    default=0.0,
    show_default=True,
    metavar="MARGIN",
    help="Say nothing where the best label is ahead of the next by less.",
)
@click.option(
    "--gap", type=click.FloatRange(0.02, 5), default=0.2, show_default=True, help="Silence between events, s."
)
@click.option("--longest", type=click.FloatRange(0.2, 60), default=3.0, show_default=True, help="Cut events there, s.")
@speaking
def command(say: Say, model: str, source: str, raw: int | None, least: float, gap: float, longest: float) -> None:
    """Hear a WAV file, or sound on standard input (`-`), and say what is heard and when, by a MODEL of `classify`.

    What stands out of the background is an event; when it has ended, after --gap seconds of silence, a line is told:
    start and end in seconds, label, score and how far it is ahead. With --json a line of JSON each. A label that
    begins with `_` (a class such as _background) is heard, and not told. Memory does not grow with the sound.

    \b
    plashet listen runs/.../model.plashet meeting.wav
    arecord -f S16_LE -r 8000 -t raw | plashet listen runs/.../model.plashet - --raw 8000
    """
    from ..classify.listening import Cut, listen
    from ..data import at_rate, sound_stream

    recogniser, cut = open_recogniser(model), Cut(gap=gap, longest=longest)
    rate, told, silent = rate_of(recogniser), 0, 0
    with _opened(source) as file, sound_door(_RAW if raw is None else ""):
        stream = sound_stream(file, "standard input" if source == "-" else source, raw)
        if stream.rate != rate:
            say.note(f"{stream.rate:,} samples per second, the model hears {rate:,}: resampled")
        clock = _Clock(rate)
        for event in listen(recogniser, clock.counted(at_rate(stream, rate).chunks), cut):
            if str(event.label).startswith("_") or event.margin < least:
                silent += 1
                continue
            told += 1
            _tell(say, event, recogniser.classes)
    untold = f", {silent} more not told" if silent else ""
    say.note(f"{told} {'event' if told == 1 else 'events'} in {clock.seconds:,.1f} s of sound{untold}")


class _Clock:
    """How much has been heard."""

    def __init__(self, rate: int):
        self.rate, self.samples = rate, 0

    def counted(self, chunks: Iterator[Any]) -> Iterator[Any]:
        for chunk in chunks:
            self.samples += len(chunk)
            yield chunk

    @property
    def seconds(self) -> float:
        return self.samples / self.rate


@contextmanager
def _opened(source: str) -> Iterator[Any]:
    if source == "-":
        yield sys.stdin.buffer
        return
    path = Path(source)
    if not path.exists():
        raise UsageFault(f"there is no file {source}")
    if path.is_dir():
        raise UsageFault(f"{source} is a folder; give one file, or - for standard input")
    with path.open("rb") as file:
        yield file


def _tell(say: Say, event: Any, classes: Any) -> None:
    """One event on stdout, at once."""
    if say.json:
        scores = {str(c): s for c, s in zip(classes, event.scores, strict=True)}
        one = {"start": event.start, "end": event.end, "told": event.told, "label": str(event.label)}
        one |= {"score": event.score, "margin": event.margin, "scores": scores}
        print(json.dumps(tidy(one), ensure_ascii=False, allow_nan=False), flush=True)
    elif not say.quiet:
        width = max(len(str(c)) for c in classes)
        times = f"{event.start:9.2f} {event.end:9.2f}"
        print(f"{times}  {event.label!s:<{width}}  {event.score:6.2f}  {event.margin:6.2f}", flush=True)
