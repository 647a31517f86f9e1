"""How many directions the states of a liquid really span."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..run import run
from ..types import Array, Cell


def effective_rank(states: ArrayLike) -> float:
    """exp(-Σ p_i log p_i) with p_i = s_i / Σ s, s the singular values of the centred states: from 1 to min(shape).

    states: (rows, features). k directions of equal strength give k. 0 where the states never change.
    Roy and Vetterli 2007, The effective rank.
    """
    s = _singular_values(states)
    if not s.sum() > 0:
        return 0.0
    p = s[s > 0] / s.sum()
    return float(np.exp(-(p * np.log(p)).sum()))


def numerical_rank(states: ArrayLike, tolerance: float = 1e-10) -> int:
    """The number of singular values of the centred states above `tolerance` times the largest."""
    s = _singular_values(states)
    return int((s > tolerance * s[0]).sum()) if s.size and s[0] > 0 else 0


def kernel_rank(cell: Cell, streams: Array, dt: float = 1.0, tolerance: float = 1e-6) -> int:
    """The rank of the states in which different input streams leave the cell: how many of them a readout can part.

    streams: (time, batch, inputs). With very different streams this is the kernel quality, which should be high; with
    streams that differ only by noise, or only long ago, the generalisation rank, which should be low. Singular
    values below `tolerance` times the largest do not count: say what precision your readout has.
    Legenstein and Maass 2007, Edge of chaos and prediction of computational performance.
    """
    if np.ndim(streams) != 3:
        raise ValueError(f"streams has shape {np.shape(streams)}; give (time, batch, inputs)")
    return numerical_rank(run(cell, streams, dt)[0][-1], tolerance)


def _singular_values(states: ArrayLike) -> NDArray[np.float64]:
    x = np.asarray(states, dtype=np.float64)
    if x.ndim != 2:
        raise ValueError(f"states has shape {x.shape}; give (rows, features)")
    values: NDArray[np.float64] = np.linalg.svd(x - x.mean(axis=0), compute_uv=False)
    rounding = max(x.shape) * np.finfo(np.float64).eps * np.linalg.norm(x)
    return np.where(values > rounding, values, 0.0)  # states that never change leave rounding errors behind
