"""Figure 2: how far apart two inputs drive a liquid, by how far apart the inputs are."""

from __future__ import annotations

from typing import Any

import numpy as np

import plashet as pl

from .patterns import TICK, pair, train

DISTANCES = (0.0, 0.1, 0.2, 0.4)
SECONDS = 0.5
BLOCK = 50  # pairs whose states are held at once
Array = Any


def state_distance(seed: int, pairs: int) -> Array:
    """(distances, ticks) mean over the pairs and units of (x_u(t) - x_v(t))^2, for a new circuit.

    The two runs of a pair begin at potentials of their own: distance 0 is the same input and other beginnings.
    """
    rng, liquid = np.random.default_rng([seed, 2]), pl.liquids.maass2002(seed=seed)
    return np.stack([_curve(liquid, [pair(rng, d) for _ in range(pairs)]) for d in DISTANCES])


def _curve(liquid: Any, found: list[tuple[Array, Array]]) -> Array:
    sums = np.zeros(round(SECONDS / TICK))
    for first in range(0, len(found), BLOCK):
        some = found[first : first + BLOCK]
        u = np.stack([train(times, SECONDS) for which in (0, 1) for times in (p[which] for p in some)], axis=1)
        keys = 2 * first + np.arange(2 * len(some))
        x = pl.run(liquid, u, TICK, liquid.init(u[0], keys=keys))[0]
        sums += ((x[:, : len(some)] - x[:, len(some) :]) ** 2).mean(axis=-1).sum(axis=-1)
    return sums / len(found)
