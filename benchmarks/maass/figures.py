"""The paper's Figures 2, 5, 6 and 7: every repetition is a seed, which draws circuits, templates and trials anew."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

import plashet as pl
from plashet.wiring import Circuit, column, columns

from . import recall, separation
from .found import Claim, Figure
from .patterns import SEGMENTS, Trials, trials

Array = Any
RIGHT = "templates named right [%]"
JITTER = 4e-3  # [s]
ALL = slice(None)
MEASURED = 60  # inputs over which rates are compared


@dataclass(frozen=True)
class Size:
    """How much is run. The paper: 200 pairs; 1000 and 500 inputs, 50 repetitions."""

    seeds: dict[int, int]  # by figure
    lengths: tuple[float, ...]
    jitters: tuple[float, ...]  # [ms]
    pairs: int = 200
    taught: int = 1000
    tested: int = 500


QUICK = Size({2: 10, 5: 10, 6: 12, 7: 6}, (0, 1, 2, 3, 4, 8), (0, 4, 16))
FULL = Size(
    dict.fromkeys((2, 5, 6, 7), 50), (0, 0.5, 1, 1.5, 2, 2.5, 3, 3.5, 4, 5, 6, 7, 8), (0, 1, 2, 4, 6, 8, 12, 16)
)


def figure_2(size: Size) -> Figure:
    """Separation: state distance over time, by input distance."""
    found = repeated(2, size, lambda seed: separation.state_distance(seed, size.pairs))
    names = [f"distance {d:g}" for d in separation.DISTANCES]
    late = slice(100, None)  # [ms]; the first spikes are still to come before
    return Figure(
        2,
        "Separation: how far apart the states are, by how far apart the inputs are",
        ("time [ms]", np.arange(1, found.shape[2] + 1)),
        "state distance, mean of (x_u - x_v)²",
        {name: found[:, k] for k, name in enumerate(names)},
        tuple(Claim(f"{high} above {low}", high, low, late) for low, high in pairwise(names)),
        f"{len(found)} circuits, {size.pairs} pairs of 0.5 s at each distance (± 0.01), mean from 0.1 s on",
    )


def figure_5(size: Size) -> Figure:
    """Fading memory, with dynamic synapses and with static ones at the same rate."""
    found = repeated(5, size, lambda seed: _dynamic_and_static(seed, size))
    dynamic, static = "dynamic synapses", "static synapses, same rate"
    rates, factors = found[:, 2, :2].mean(axis=0), found[:, 2, 2]
    return Figure(
        5,
        "Fading memory: which template each of four segments of 250 ms was, read at 1 s",
        ("segment", np.arange(1, SEGMENTS + 1)),
        RIGHT,
        {dynamic: 100 * found[:, 0], static: 100 * found[:, 1]},
        tuple(Claim(f"dynamic above static, segment {k + 1}", dynamic, static, slice(k, k + 1)) for k in range(3)),
        f"{_inputs(size, len(found))}, jitter 4 ms; rates {rates[0]:.2f} and {rates[1]:.2f} Hz, "
        f"static weights times {factors.min():.3f} to {factors.max():.3f}",
    )


def figure_6(size: Size) -> Figure:
    """The length of connections."""
    found = 100 * repeated(6, size, lambda seed: _by_length(seed, size))
    names = [f"segment {k + 1}" for k in range(SEGMENTS)]
    third, at = names[2], {length: slice(k, k + 1) for k, length in enumerate(size.lengths)}
    best = size.lengths[int(found[:, :, 2].mean(axis=0).argmax())]
    return Figure(
        6,
        f"The length λ of connections: best on segment 3 at λ = {best:g}",
        ("λ", np.array(size.lengths, np.float64)),
        RIGHT,
        {name: found[:, :, k] for k, name in enumerate(names)},
        tuple(
            Claim(f"λ = {high} above λ = {low}, {third}", third, third, at[high], at[low])
            for high, low in ((2, 0), (2, 1), (2, 4), (2, 8))
            if high in at and low in at
        ),
        f"{_inputs(size, len(found))}, jitter 4 ms; the same templates and trials for every λ",
    )


def figure_7(size: Size) -> Figure:
    """Jitter, and columns side by side."""
    found = 100 * repeated(7, size, lambda seed: _by_columns(seed, size))
    names = ("one column, λ = 2", "four columns, λ = 2", "one column, λ = 8")
    one, four, wide = names
    return Figure(
        7,
        "Columns side by side: mean of the four segments, by the jitter of the input",
        ("jitter, standard deviation [ms]", np.array(size.jitters, np.float64)),
        RIGHT,
        {name: found[:, :, k] for k, name in enumerate(names)},
        (
            Claim("four columns above one, all jitters", four, one, ALL),
            *(
                Claim(f"four columns above one, jitter {jitter:g} ms", four, one, slice(k, k + 1))
                for k, jitter in enumerate(size.jitters)
            ),
            Claim("four columns above one of λ = 8, all jitters", four, wide, ALL),
        ),
        f"{_inputs(size, len(found))}; 135 units, 540, and 135",
    )


FIGURES: dict[int, Callable[[Size], Figure]] = {2: figure_2, 5: figure_5, 6: figure_6, 7: figure_7}


def repeated(number: int, size: Size, trial: Callable[[int], Array]) -> Array:
    """(seeds, ...) a trial for each seed; the seconds go to the standard error output."""
    begun = time.perf_counter()
    found = np.stack([trial(seed) for seed in range(size.seeds[number])])
    print(f"figure {number}: {len(found)} seeds, {time.perf_counter() - begun:.0f} s", file=sys.stderr, flush=True)
    return found


def _dynamic_and_static(seed: int, size: Size) -> Array:
    """(3, segments): shares right of both, and (rate, rate [Hz], factor of the static weights, 0)."""
    heard = trials(np.random.default_rng([seed, 5]), size.taught + size.tested, JITTER)
    drawn = column(seed=seed)
    dynamic, some = pl.liquids.maass2002(seed=seed, circuit=drawn), heard.inputs[:MEASURED]
    static, factor = recall.static_twin(drawn, seed, some)
    right = [recall.scores(recall.states(liquid, heard), heard.labels, size.taught) for liquid in (dynamic, static)]
    return np.stack([*right, [recall.rate(dynamic, some), recall.rate(static, some), factor, 0.0]])


def _by_length(seed: int, size: Size) -> Array:
    """(lengths, segments)."""
    heard = trials(np.random.default_rng([seed, 6]), size.taught + size.tested, JITTER)
    drawn = (column(seed=seed, length=length) for length in size.lengths)
    return np.stack([recall.scores(_states(circuit, seed, heard), heard.labels, size.taught) for circuit in drawn])


def _by_columns(seed: int, size: Size) -> Array:
    """(jitters, 3): the mean over the segments, of one column, of four, and of one with λ = 8."""
    four = columns(tuple(column(seed=1000 * k + seed) for k in range(4)))
    wide = column(seed=seed, length=8.0)
    rows = []
    for jitter in size.jitters:
        heard = trials(np.random.default_rng([seed, 7]), size.taught + size.tested, 1e-3 * jitter)
        x = _states(four, seed, heard)  # the columns are not connected, so the first is what it is alone
        found = (x[:, : wide.units], x, _states(wide, seed, heard))
        rows.append([recall.scores(part, heard.labels, size.taught).mean() for part in found])
    return np.array(rows)


def _states(circuit: Circuit, seed: int, heard: Trials) -> Array:
    return recall.states(pl.liquids.maass2002(seed=seed, circuit=circuit), heard)


def _inputs(size: Size, seeds: int) -> str:
    inputs = f"{size.taught} inputs of 1 s to learn and {size.tested} to test"
    return f"{seeds} seeds, each with new circuits and templates, {inputs}"
