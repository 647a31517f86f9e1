"""A neuron of your own: a cell in Python, which `Spiking` gives synapses, delays, plasticity, saving and rasters.

Quadratic integrate-and-fire units (Ermentrout & Kopell 1986), tau dV/dt = V^2 + I, and beside them the same circuit
with the built-in LIF units. The task: which of two lines had an event 40 ms before the end? Answered from the state at
the end, by ridge regression, on trials that training has not seen.
"""

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

import plashet as pl

UNITS, H = 60, 1e-3


class QIFState(NamedTuple):
    v: Any  # (*batch, units)


@dataclass(frozen=True, eq=False)
class QIF:
    """tau dV/dt = V^2 + (I - 15) / 10, Euler; above 5: a spike, V = -1. Currents in mV, as LIF units have them."""

    units: int
    tau: float = 0.01  # [s]

    @property
    def inputs(self) -> int:
        return self.units

    @property
    def outputs(self) -> int:
        return self.units

    def init(self, u: Any) -> QIFState:
        return QIFState(np.full_like(u, -0.3))

    def step(self, state: QIFState, u: Any, dt: float) -> tuple[QIFState, Any]:
        v = state.v + (state.v**2 + (u + 13.5 - 15.0) / 10.0) * (dt / self.tau)
        spikes = v > 5.0
        return QIFState(np.where(spikes, -1.0, v)), spikes.astype(u.dtype)


def circuit(seed: int) -> pl.wiring.Circuit:
    """A column of 60 units that two event lines reach."""
    recipe = pl.wiring.ColumnRecipe(delay=pl.wiring.Kinds(2e-3, 1e-3, 1e-3, 1e-3))  # whole milliseconds
    return pl.wiring.column((5, 4, 3), inputs=2, seed=seed, recipe=recipe)


def trials(n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Trains (n, 60, 2) on a grid of 1 ms, and which line had the event; both have a few events more, later."""
    rng = np.random.default_rng(seed)
    lines, trains = rng.integers(2, size=n), np.zeros((n, 60, 2))
    trains[np.arange(n), 20, lines] = 1
    trains[:, 40:] = rng.random((n, 20, 2)) < 0.02
    return trains, lines


def score(liquid: Any) -> float:
    """Share of unseen trials told right."""
    classifier = pl.SequenceClassifier(liquid, pooling=pl.sequences.Last(), dt=1e-3, scale=False)
    return float(classifier.fit(*trials(150, seed=1)).score(*trials(100, seed=2)))


def main() -> None:
    mine = pl.Spiking(circuit(seed=3), QIF(UNITS), H)
    built_in = pl.Spiking(circuit(seed=3), pl.LIF(UNITS, start=(13.0, 14.0)), H)
    found = {"quadratic units, in Python": score(mine), "LIF units, compiled": score(built_in)}
    for who, right in found.items():
        print(f"{who:<28}{right:.2f} of unseen trials (chance 0.50)")

    train = trials(1, seed=5)[0][0]
    state, _, events = mine.record(mine.init(train[0]), train, np.full(60, H))
    print(f"\n{len(events)} spikes in 60 ms, the first by unit {events[0, 1]} at {1e3 * H * events[0, 0]:.0f} ms")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "mine.plashet"
        pl.save(path, (mine, state))
        back, there = pl.load(path, types=(QIF, QIFState))  # a file never imports your class by itself
    assert np.array_equal(pl.run(back, train, H, there)[0], pl.run(mine, train, H, state)[0])
    assert min(found.values()) > 0.8


if __name__ == "__main__":
    main()
