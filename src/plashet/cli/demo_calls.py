"""`plashet demo classify`: calls of made-up birds as WAV files, learnt, and heard again in one long recording."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np

from .console import Say

BIRDS, EACH, RATE, UNITS = 8, 6, 8000, 300
CALLING = 12  # calls in the long recording
NAMES = "{speaker}_{index}"


def show(say: Say, run: Any, quick: bool, seed: int) -> None:
    """Write the files, learn them as `plashet classify` does, and hear the long recording as `plashet listen` does."""
    from .classify import Asked, learn

    folder = run.folder / "calls"
    with say.waiting("making calls"):
        long = _write(folder, 3 if quick else EACH, seed)
    began = time.perf_counter()
    asked = Asked(str(folder), NAMES, None, "reservoir", UNITS, None, True, seed)
    recogniser = learn(say, run, asked, began, ("The birds are made up; every call of one is left out in turn.",))
    say.show("", f"{long}, a bird that was never heard, with noise in between:")
    say.show(f"{'from':>9} {'to':>9}  is       heard")
    for event, truth in _heard(recogniser, long, seed):
        say.show(f"{event.start:9.2f} {event.end:9.2f}  {truth:<8} {event.label}")
    say.show(f"\nNext: plashet listen {run.folder / 'model.plashet'} {long}")


def _write(folder: Path, each: int, seed: int) -> Path:
    """A sub-folder per class, a file per call; and beside them the long recording."""
    from ..data import birds, calls, write_sound

    for kind in _kinds():
        (folder / kind).mkdir(parents=True, exist_ok=True)
    count: dict[tuple[str, str], int] = {}
    for call in calls(birds(BIRDS, seed), each, RATE, seed):
        k = count[call.label, call.bird] = count.get((call.label, call.bird), 0) + 1
        write_sound(folder / call.label / f"{call.bird}_{k}.wav", call.samples, RATE)
    samples, _ = _long(seed)
    write_sound(folder.parent / "long.wav", samples, RATE)
    return folder.parent / "long.wav"


def _kinds() -> list[str]:
    from ..data import CALLS

    return list(CALLS)


def _long(seed: int) -> tuple[Any, list[tuple[float, str]]]:
    """Calls of a bird that is in no file, in noise: samples, and where in seconds each call begins."""
    from ..data import birds, calls

    rng = np.random.default_rng((seed, 2))
    given = list(calls(birds(BIRDS + 1, seed)[-1:], 4, RATE, seed + 1))
    parts, places, now = [], [], 0
    for i in rng.permutation(len(given))[:CALLING]:
        pause = np.zeros(int(rng.uniform(0.5, 1.5) * RATE))
        parts += [pause, given[i].samples]
        places.append(((now + len(pause)) / RATE, given[i].label))
        now += len(pause) + len(given[i].samples)
    samples = np.concatenate([*parts, np.zeros(RATE)])
    return samples + 0.002 * rng.normal(size=len(samples)), places


def _heard(recogniser: Any, long: Path, seed: int) -> list[tuple[Any, str]]:
    """What is heard in the long recording, each beside the call that it overlaps, or a dash."""
    from ..classify.listening import listen
    from ..data import sound_stream

    _, places = _long(seed)
    with long.open("rb") as file:
        events = list(listen(recogniser, sound_stream(file).chunks))
    return [(e, next((name for at, name in places if e.start - 0.3 < at < e.end), "–")) for e in events]
