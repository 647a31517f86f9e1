"""Spike trains of the paper's experiments: Poisson trains, their distance, pairs at a distance, jittered templates."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

TICK = 1e-3  # [s]; spikes fall on ticks, the liquid's own grid is ten times finer
RATE = 20.0  # [Hz]
KERNEL = 5e-3  # [s], of the distance
PIECE = 0.25  # [s]: a segment
SEGMENTS = 4

Array = Any


def poisson(rng: np.random.Generator, seconds: float, rate: float = RATE) -> Array:
    """Spike times [s] of one Poisson train."""
    return rng.uniform(0, seconds, rng.poisson(rate * seconds))


def on_ticks(times: Array, seconds: float) -> Array:
    """Spike times moved to the start of their tick; those before or after the train to its first or last."""
    return np.clip(np.floor(np.asarray(times) / TICK), 0, round(seconds / TICK) - 1) * TICK


def train(times: Array, seconds: float) -> Array:
    """(ticks, 1) float32: spikes in each tick."""
    ticks = np.rint(on_ticks(times, seconds) / TICK).astype(np.int64)
    return np.bincount(ticks, minlength=round(seconds / TICK)).astype(np.float32)[:, None]


def distance(a: Array, b: Array, seconds: float) -> float:
    """The L2 norm of the difference of two trains, convolved with exp(-(t / 5 ms)^2), over their length in seconds.

    In closed form: two such bumps at a and b have the product sqrt(pi / 2) tau exp(-(a - b)^2 / 2 tau^2).
    """
    times, sign = np.concatenate([a, b]), np.repeat([1.0, -1.0], [len(a), len(b)])
    products = np.exp(-((times[:, None] - times) ** 2) / (2 * KERNEL**2))
    squared = np.sqrt(np.pi / 2) * KERNEL * (sign @ products @ sign)
    return float(np.sqrt(max(squared, 0.0))) / seconds


def pair(
    rng: np.random.Generator, wanted: float, seconds: float = 0.5, within: float = 0.01, attempts: int = 1_000_000
) -> tuple[Array, Array]:
    """Two trains at a distance of wanted ± within, by rejection: a Poisson train, and itself with spikes moved.

    In the second a share of the spikes, drawn anew for each attempt, is moved by a Gaussian of a width drawn from
    1 ms to the train's length, around the train's ends; wanted = 0 gives the same train twice.
    """
    first = on_ticks(poisson(rng, seconds), seconds)
    for attempt in range(1, attempts):
        if wanted == 0:
            return first, first
        moved = rng.random(len(first)) < rng.random()
        width = 1e-3 * (seconds / 1e-3) ** rng.random()
        second = on_ticks((first + moved * rng.normal(0, width, len(first))) % seconds, seconds)
        if abs(distance(first, second, seconds) - wanted) <= within:
            return first, second
        if attempt % 200 == 0:  # too few spikes for this distance
            first = on_ticks(poisson(rng, seconds), seconds)
    raise ValueError(f"no pair of trains of {seconds} s at a distance of {wanted} ± {within} was found")


class Trials(NamedTuple):
    """What a liquid hears, and which template each segment was made from."""

    inputs: Array  # (trials, ticks, 1) float32
    labels: Array  # (trials, segments), 0 or 1


def trials(rng: np.random.Generator, count: int, jitter: float) -> Trials:
    """Trains of four segments of 250 ms, each one of the segment's two templates, its spikes moved by N(0, jitter) [s].

    New templates for each call; what is moved past the train's end stays at its end.
    """
    templates = [[k * PIECE + poisson(rng, PIECE) for _ in range(2)] for k in range(SEGMENTS)]
    labels = rng.integers(0, 2, (count, SEGMENTS))
    heard = []
    for row in labels:
        times = np.concatenate([templates[k][which] for k, which in enumerate(row)])
        heard.append(train(times + rng.normal(0, jitter, len(times)), SEGMENTS * PIECE))
    return Trials(np.stack(heard), labels)
