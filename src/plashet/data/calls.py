"""Made-up calls of made-up birds: sounds of known classes and known callers, from a seed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


class Call(NamedTuple):
    """One call."""

    samples: NDArray[np.float32]  # (time,)
    label: str
    bird: str


class Bird(NamedTuple):
    """What all calls of one bird have in common."""

    name: str
    pitch: float  # [Hz] around which it calls
    tempo: float  # of its changes, 1 is usual
    harmonics: Floats  # (3,) amplitudes


def birds(count: int, seed: int = 0) -> list[Bird]:
    """So many birds, each with a pitch, a tempo and a timbre of its own."""
    rng = np.random.default_rng((seed, 0))
    return [
        Bird(f"bird{k + 1}", rng.uniform(1000, 1400), rng.uniform(0.8, 1.25), np.array([1.0, *rng.uniform(0, 0.5, 2)]))
        for k in range(count)
    ]


def calls(of: list[Bird], each: int = 8, rate: int = 8000, seed: int = 0) -> Iterator[Call]:
    """`each` calls of every kind in CALLS by every bird, 0.2 to 0.5 s at `rate` [Hz], in a little noise."""
    for b, bird in enumerate(of):
        for kind, name in enumerate(CALLS):
            for k in range(each):
                rng = np.random.default_rng((seed, 1, b, kind, k))
                yield Call(_call(name, bird, rate, rng), name, bird.name)


def _call(name: str, bird: Bird, rate: int, rng: np.random.Generator) -> NDArray[np.float32]:
    seconds = rng.uniform(0.24, 0.4) / bird.tempo
    t = np.arange(int(seconds * rate)) / rate
    pitch, loud = CALLS[name](t / seconds, t * bird.tempo)
    phase = 2 * np.pi * np.cumsum(bird.pitch * rng.uniform(0.93, 1.07) * pitch) / rate
    wave = sum(a * np.sin((h + 1) * phase) for h, a in enumerate(bird.harmonics))
    ends = np.minimum(1.0, np.minimum(t, t[::-1]) / 0.015)
    sound = rng.uniform(0.1, 0.3) * ends * loud * wave / bird.harmonics.sum()
    return np.asarray(sound + 0.002 * rng.normal(size=len(t)), np.float32)


def _rise(s: Floats, t: Floats) -> tuple[Floats, Floats]:
    return 0.7 + 0.8 * s, np.ones_like(s)


def _fall(s: Floats, t: Floats) -> tuple[Floats, Floats]:
    return 1.5 - 0.8 * s, np.ones_like(s)


def _arc(s: Floats, t: Floats) -> tuple[Floats, Floats]:
    return 0.75 + 0.75 * np.sin(np.pi * s), np.ones_like(s)


def _trill(s: Floats, t: Floats) -> tuple[Floats, Floats]:
    return 1.1 + 0.25 * np.sin(2 * np.pi * 22 * t), np.ones_like(s)


def _chatter(s: Floats, t: Floats) -> tuple[Floats, Floats]:
    return np.full_like(s, 1.1), np.maximum(0.0, np.sin(2 * np.pi * 11 * t))


CALLS: dict[str, Callable[[Floats, Floats], tuple[Floats, Floats]]] = {  # pitch and loudness over share and seconds
    "arc": _arc,
    "chatter": _chatter,
    "fall": _fall,
    "rise": _rise,
    "trill": _trill,
}
