"""A liquid looked at while it runs: what `plashet inspect` prints, and what to do about it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..liquids import Leaky, Spiking
from ..run import run
from ..types import Array, Cell
from ..wiring import Wiring, spectral_radius
from .chaos import forgets
from .driven import find
from .memory import told_of_the_past
from .rank import effective_rank
from .spiking_report import SpikingReport, spiking_report

EDGE = 0.95  # of the range of a tanh: beyond, a unit tells little but the sign of its drive


@dataclass(frozen=True)
class LiquidReport:
    """The state of a liquid under one input."""

    features: int  # outputs of the cell
    radius: float | None  # spectral radius of its recurrent weights; None where there is no Wiring, or several
    activity: float  # root mean square of the outputs
    variation: float  # standard deviation over time, the median over the units
    saturated: float | None  # share of activations beyond 95 % of their range; None where the range is not known
    still: float  # share of units that hardly move: deviation below a thousandth of the largest
    rank: float  # effective rank of the outputs, at most `features`
    memory: float  # ticks: Σ_k r² of the input k ticks ago, on held-out ticks; at least 1 tick can be told if >= 1
    forgets_after: int | None  # ticks until another past no longer shows (1e-3); None: not within the input
    advice: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)


def report(cell: Cell, u: Array, dt: float = 1.0, *, seed: int = 0, delays: int = 50) -> LiquidReport | SpikingReport:
    """Drive the cell with u (time, inputs) and say how it does: radius, activity, saturation, rank, memory, fading.

    A cell with a Spiking in it gets a `SpikingReport`, of rates, intervals, branching and what spikes can tell.

    The first fifth of u is washout, the next half fits the readouts of memory, the rest tests them. `memory` is that of
    the first input as it comes, so for a smooth input it says more about the input than `memory_capacity` does.
    Raises ValueError for fewer than 20 ticks.
    """
    u = np.asarray(u, dtype=np.float64)
    if u.ndim != 2 or len(u) < 20:
        raise ValueError(f"got u of shape {u.shape}; give (time, inputs), at least 20 ticks")
    if find(cell, Spiking):
        return spiking_report(cell, u, dt, seed=seed)
    states = np.asarray(run(cell, u, dt)[0], dtype=np.float64)[len(u) // 5 :]
    deviation = states.std(axis=0)
    fading = forgets(cell, u, dt, seed=seed, tolerance=1e-3)
    measured: dict[str, Any] = {
        "features": cell.outputs,
        "radius": _radius(cell),
        "activity": float(np.sqrt((states**2).mean())),
        "variation": float(np.median(deviation)),
        "saturated": _saturated(cell, states, dt),
        "still": float((deviation <= 1e-3 * deviation.max(initial=0.0)).mean()),
        "rank": effective_rank(states),
        "memory": float(told_of_the_past(states, u[:, :1], min(delays, len(u) // 10)).sum()),
        "forgets_after": fading.ticks,
    }
    return LiquidReport(**measured, advice=tuple(_advice(measured, len(u))))


def _radius(cell: Cell) -> float | None:
    wirings = find(cell, Wiring)
    return spectral_radius(wirings[0].topology, wirings[0].weights) if len(wirings) == 1 else None


def _saturated(cell: Cell, states: NDArray[np.float64], dt: float) -> float | None:
    liquids = find(cell, Leaky)
    if len(liquids) != 1 or liquids[0].activation not in ("tanh", "logistic"):
        return None
    x, keep = states[:, : liquids[0].outputs], np.exp(-dt / liquids[0].tau)  # what is beside the liquid comes after it
    if not np.all(keep < 1):
        return None
    f = (x[1:] - keep * x[:-1]) / (1 - keep)  # x' = f + (x - f) keep, solved for the activation f
    return float((np.abs(f if liquids[0].activation == "tanh" else 2 * f - 1) > EDGE).mean())


def _advice(measured: dict[str, Any], ticks: int) -> list[str]:
    advice = []
    if measured["activity"] == 0:
        return ["nothing moves: the input does not reach the liquid; check input_scaling and the input itself"]
    if (measured["saturated"] or 0) > 0.2:
        share = f"{100 * measured['saturated']:.0f} %"
        advice.append(
            f"{share} of the activations are saturated: lower input_scaling, or scale the input to deviation 1"
        )
    if measured["variation"] < 0.01:
        advice.append(f"the units hardly move (deviation {measured['variation']:.2g}): raise input_scaling")
    if measured["forgets_after"] is None:
        advice.append(f"another past still shows after {ticks} ticks: lower spectral_radius or tau, or give more ticks")
    if measured["still"] > 0.1:
        advice.append(f"{100 * measured['still']:.0f} % of the units stand still: they cost time and tell nothing")
    if measured["rank"] < 0.02 * measured["features"]:
        advice.append(
            f"{measured['features']} units span only {measured['rank']:.1f} directions: "
            "spread tau over the units, add a bias, or take fewer units"
        )
    if measured["memory"] < 1:
        advice.append("the input of one tick ago is not remembered: raise tau or spectral_radius")
    return advice or ["nothing stands out"]
