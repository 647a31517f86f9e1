"""How many directions the states of a liquid really span."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..types import Array, Cell
from .driven import last_outputs


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


def participation_ratio(states: ArrayLike) -> float:
    """(Σ s²)² / Σ s⁴, s the singular values of the centred states: k directions of equal variance give k, no tolerance.

    Weak directions count for less than in `effective_rank`. states: (rows, features). 0 where they never change.
    """
    s = _singular_values(states)
    return float((s**2).sum() ** 2 / (s**4).sum()) if s.sum() > 0 else 0.0


def kernel_rank(cell: Cell, streams: Array, dt: float = 1.0, tolerance: float = 1e-6) -> int:
    """The rank of the states in which different input streams leave the cell: how many of them a readout can part.

    streams: (time, batch, inputs). With very different streams this is the kernel quality, which should be high; with
    streams that differ only by noise, or only long ago, the generalisation rank, which should be low. Singular
    values below `tolerance` times the largest do not count: say what precision your readout has.
    Legenstein and Maass 2007, Edge of chaos and prediction of computational performance.
    """
    if np.ndim(streams) != 3:
        raise ValueError(f"streams has shape {np.shape(streams)}; give (time, batch, inputs)")
    return numerical_rank(last_outputs(cell, np.asarray(streams), dt), tolerance)


class Quality(NamedTuple):
    """What a readout can part, and what it cannot but part though it should not."""

    kernel: int  # r_K: rank of the states after different inputs; at most their number
    generalisation: int  # r_G: rank of the states after versions of one input
    kernel_directions: float  # participation ratio of the same states
    generalisation_directions: float
    tolerance: float  # singular values below so much times the largest of r_K were not counted in either

    @property
    def useful(self) -> int:
        """r_K - r_G: large where different inputs are parted and the same one, disturbed, is not."""
        return self.kernel - self.generalisation


def kernel_quality(cell: Cell, different: Array, versions: Array, dt: float = 1.0, tolerance: float = 0.1) -> Quality:
    """r_K and r_G: ranks of the last states after `different` inputs, and after `versions` of one input.

    Both (time, m, inputs), of the same m. Both ranks count singular values above `tolerance` times the largest one
    after the different inputs: one yardstick, for with a tolerance of its own the rank of mere noise is full. And a
    coarse one: spikes move every state a little, so at 1e-2 both ranks are soon m - 1, the most there is.
    Rows of a spiking liquid differ in their beginning and noise, too.
    Legenstein and Maass 2007, Edge of chaos and prediction of computational performance.
    """
    if np.ndim(different) != 3 or np.shape(different)[1:] != np.shape(versions)[1:]:
        raise ValueError(f"got {np.shape(different)} and {np.shape(versions)}; give (time, m, inputs), the same m")
    apart, alike = (last_outputs(cell, np.asarray(u), dt) for u in (different, versions))
    s_apart, s_alike = _singular_values(apart), _singular_values(alike)
    least = tolerance * s_apart.max(initial=0.0)
    kernel, general = (int((s > least).sum()) if least > 0 else 0 for s in (s_apart, s_alike))
    return Quality(kernel, general, participation_ratio(apart), participation_ratio(alike), tolerance)


def _singular_values(states: ArrayLike) -> NDArray[np.float64]:
    x = np.asarray(states, dtype=np.float64)
    if x.ndim != 2:
        raise ValueError(f"states has shape {x.shape}; give (rows, features)")
    values: NDArray[np.float64] = np.linalg.svd(x - x.mean(axis=0), compute_uv=False)
    rounding = max(x.shape) * np.finfo(np.float64).eps * np.linalg.norm(x)
    return np.where(values > rounding, values, 0.0)  # states that never change leave rounding errors behind
