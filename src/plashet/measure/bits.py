"""How many bits ago a readout still knows, and whether it knows what was made of two of them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..run import run
from ..types import Cell
from .memory import least_squares

Floats = NDArray[np.float64]


class BitMemory(NamedTuple):
    """Shares of test bits told rightly, 0.5 by chance; entry k is of k bits ago, 0 the one just heard."""

    bits: Floats  # (delays,)
    xor: Floats  # (delays,) the bit k ago xor the bit k + 1 ago, which no linear function of the bits tells

    def reach(self, share: float = 0.75) -> int:
        """How many bits from the last one on are told with at least this share."""
        below = np.flatnonzero(self.bits < share)
        return int(below[0]) if below.size else len(self.bits)


def bit_memory(
    cell: Cell,
    zero: ArrayLike,
    one: ArrayLike,
    dt: float = 1.0,
    *,
    seed: int,
    delays: int = 10,
    train: int = 1000,
    test: int = 500,
    penalty: float = 1e-3,
) -> BitMemory:
    """Random bits, each heard as the input `zero` or `one` (ticks, inputs); linear readouts tell those of before.

    The outputs at the end of each bit, scaled to deviation 1, are fitted to ±1 by ridge regression with the penalty
    for each of the `train` bits; the sign is counted on the next `test` bits. The standard error of a share at chance
    is 0.5 / sqrt(test). For a cell of one input zero=[[0.0]], one=[[1.0]]; for spikes give two patterns of counts.
    """
    patterns = np.stack([np.atleast_2d(np.asarray(p, np.float64)) for p in (zero, one)])
    if patterns.shape[2] != cell.inputs or delays < 1 or min(train, test) < 10:
        raise ValueError(
            f"zero and one are {patterns.shape[1:]}, the cell takes {cell.inputs} inputs; give (ticks, inputs), "
            f"at least one delay and ten bits to train and to test, got {delays}, {train}, {test}"
        )
    bits = np.random.default_rng(seed).integers(0, 2, delays + train + test)
    ticks, states, state = patterns.shape[1], [], None
    for block in range(0, len(bits), 100):  # so that outputs of all ticks are never held at once
        u = patterns[bits[block : block + 100]].reshape(-1, cell.inputs)
        outputs, state = run(cell, u, dt, state)
        states.append(outputs[ticks - 1 :: ticks])
    x, signs = np.concatenate(states)[delays:].astype(np.float64), 2.0 * bits - 1
    spread = x[:train].std(axis=0)
    x = (x - x[:train].mean(axis=0)) / np.where(spread > 0, spread, 1.0)
    past = np.lib.stride_tricks.sliding_window_view(signs, delays + 1)[:, ::-1]  # row: now, one ago, ...
    targets = np.concatenate([past[:, :-1], -past[:, :-1] * past[:, 1:]], axis=1)
    features = np.column_stack([x, np.ones(len(x))])
    weights = least_squares(features[:train], targets[:train], penalty * train)
    right = np.sign(features[train:] @ weights) == targets[train:]
    return BitMemory(*np.split(right.mean(axis=0), 2))
