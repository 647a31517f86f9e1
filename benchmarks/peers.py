"""The other parties: three libraries and a textbook's loop, each doing what plashet is asked to do.

A library that is not installed is named as absent in every table; nothing is skipped in silence.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

import numpy as np

Array = Any
LEAK = 0.9
RADIUS = 0.9


def sparse(liquid: Any) -> Any:
    """A liquid's recurrent weights as a SciPy matrix in compressed rows."""
    from scipy.sparse import csr_array

    edges = liquid.wiring.topology.synapses()
    weights = np.asarray(liquid.wiring.weights).ravel()
    return csr_array((weights, (edges.post, edges.pre)), shape=(edges.units, edges.sources))


# --------------------------------------------------------------------------------------------------- a textbook's loop


def textbook_run(liquid: Any, u: Array) -> Callable[[], Array]:
    """The loop of the tutorials: a dense product per tick, all states kept."""
    w, w_in, bias = liquid.wiring.matrix, np.asarray(liquid.wiring.w_in), np.asarray(liquid.wiring.bias)
    states = np.empty((len(u), len(bias)))

    def run() -> Array:
        x = np.zeros(len(bias))
        for t in range(len(u)):
            x = (1 - LEAK) * x + LEAK * np.tanh(np.dot(w, x) + np.dot(w_in, u[t]) + bias)
            states[t] = x
        return states

    return run


class TextbookRLS:
    """Recursive least squares as the textbooks print it; lam below 1 forgets."""

    def __init__(self, features: int, lam: float, delta: float = 1e-3):
        self.lam, self.p, self.w = lam, np.eye(features) / delta, np.zeros(features)

    def learn(self, x: Array, y: float) -> float:
        guess = x @ self.w
        gain = self.p @ x / (self.lam + x @ self.p @ x)
        self.w = self.w + gain * (y - guess)
        self.p = (self.p - np.outer(gain, x @ self.p)) / self.lam
        return float(guess)


def textbook_tick(liquid: Any, lam: float) -> Callable[[Array, Array], float]:
    """Dense step and textbook RLS: guess, then learn."""
    w, w_in, bias = liquid.wiring.matrix, np.asarray(liquid.wiring.w_in), np.asarray(liquid.wiring.bias)
    x, rls = np.zeros(len(bias)), TextbookRLS(len(bias) + 1, lam)

    def tick(u: Array, y: Array) -> float:
        nonlocal x
        x = (1 - LEAK) * x + LEAK * np.tanh(np.dot(w, x) + np.dot(w_in, u) + bias)
        return rls.learn(np.append(x, 1.0), y[0])

    return tick


# --------------------------------------------------------------------------------------------------------- reservoirpy


def reservoirpy_reservoir(units: int, seed: int, degree: int = 10, *, like: Any = None, leak: float = LEAK) -> Any:
    """As its constructor draws it; like: with a plashet liquid's arrays instead, input weights dense."""
    nodes = importlib.import_module("reservoirpy.nodes")
    if like is None:
        return nodes.Reservoir(units, lr=leak, sr=RADIUS, rc_connectivity=degree / units, seed=seed)
    wiring = like.wiring
    return nodes.Reservoir(W=sparse(like), Win=np.asarray(wiring.w_in), bias=np.asarray(wiring.bias), lr=leak)


def reservoirpy_ridge(penalty: float) -> Any:
    return importlib.import_module("reservoirpy.nodes").Ridge(ridge=penalty)


def reservoirpy_esn(reservoir: Any, penalty: float) -> Any:
    return reservoir >> reservoirpy_ridge(penalty)


def reservoirpy_rls(lam: float, delta: float = 1e-3) -> Any:
    return importlib.import_module("reservoirpy.nodes").RLS(forgetting=lam, alpha=delta)


def reservoirpy_tick(units: int, seed: int, lam: float) -> Callable[[Array, Array], float]:
    """Its reservoir's step, its RLS node's answer and its partial_fit."""
    reservoir = reservoirpy_reservoir(units, seed)
    rls = reservoirpy_rls(lam)
    rls.partial_fit(reservoir.run(np.zeros((2, 1))), np.zeros((2, 1)))

    def tick(u: Array, y: Array) -> float:
        x = reservoir.step(u)
        guess = rls.step(x)
        rls.partial_fit(x[None], y[None])
        return float(guess[0])

    return tick


# --------------------------------------------------------------------------------------------------------------- rclib


def rclib_reservoir(units: int, seed: int, degree: int = 10) -> Any:
    """Its own random sparse reservoir of about `degree` connections a unit, with a bias."""
    return importlib.import_module("rclib.reservoirs").RandomSparse(
        units, RADIUS, min(1.0, degree / units), LEAK, include_bias=True, seed=seed
    )


def rclib_advance(units: int, seed: int, u: Array) -> Callable[[], None]:
    """Its compiled step, called once a tick from Python: the only way to its states."""
    r = rclib_reservoir(units, seed)
    kind = importlib.import_module("rclib._rclib").RandomSparseReservoir
    compiled = kind(units, r.spectral_radius, r.sparsity, r.leak_rate, r.input_scaling, r.include_bias, seed)
    states = np.empty((len(u), units))
    rows = u[:, None, :]

    def run() -> None:
        compiled.resetState()
        for t in range(len(u)):
            states[t] = compiled.advance(rows[t])

    return run


def rclib_model(units: int, seed: int, readout: Any) -> Any:
    model = importlib.import_module("rclib").ESN()
    model.add_reservoir(rclib_reservoir(units, seed))
    model.set_readout(readout)
    return model


def rclib_ridge(penalty: float) -> Any:
    return importlib.import_module("rclib.readouts").Ridge(penalty, include_bias=True)


def rclib_tick(units: int, seed: int, lam: float) -> Callable[[Array, Array], float]:
    """Its online prediction and its RLS readout's update."""
    rls = importlib.import_module("rclib.readouts").Rls(lam, 1e3, include_bias=True)
    model = rclib_model(units, seed, rls)
    model.partial_fit(np.zeros((1, 1)), np.zeros((1, 1)))

    def tick(u: Array, y: Array) -> float:
        guess = model.predict_online(u[None])
        model.partial_fit(None, y[None])
        return float(guess[0, 0])

    return tick


# -------------------------------------------------------------------------------------------------------------- resdag


def resdag_layer(units: int, seed: int, degree: int = 10) -> Any:
    """Its reservoir layer in float64, dense: on a CPU its sparse product is slower."""
    torch = importlib.import_module("torch")
    torch.set_num_threads(1)
    torch.set_grad_enabled(False)
    topology = ("erdos_renyi", {"p": min(1.0, degree / units)})
    return importlib.import_module("resdag.layers").ESNLayer(
        units, 1, spectral_radius=RADIUS, leak_rate=LEAK, topology=topology, seed=seed, dtype=torch.float64
    )


def resdag_run(layer: Any, u: Array) -> Callable[[], Any]:
    series = importlib.import_module("torch").from_numpy(np.asarray(u, np.float64)[None])

    def run() -> Any:
        layer.reset_state()
        return layer(series)

    return run


def resdag_fit(units: int, seed: int, penalty: float, u: Array, y: Array, washout: int) -> tuple[Any, Any]:
    """Its layer over the first len(y) ticks, then its Cholesky readout; and its answers to all of u, from rest."""
    torch = importlib.import_module("torch")
    layer, targets = resdag_layer(units, seed), torch.from_numpy(y[washout:])
    learn, everything = resdag_run(layer, u[: len(y)]), resdag_run(layer, u)
    kind = importlib.import_module("resdag.layers.readouts").CholeskyReadoutLayer
    readout = kind(units, y.shape[1], alpha=penalty).double()
    return lambda: readout.fit(learn()[0, washout:], targets), lambda: readout(everything()[0]).numpy()


def resdag_tick(units: int, seed: int, lam: float) -> Callable[[Array, Array], float]:
    """Its layer's step, its RLS readout's answer and its partial_fit."""
    torch = importlib.import_module("torch")
    layer = resdag_layer(units, seed)
    readouts = importlib.import_module("resdag.layers.readouts")
    rls = readouts.RLSReadout(units, 1, forgetting=lam, alpha=1e-3, dtype=torch.float64)

    def tick(u: Array, y: Array) -> float:
        x = layer(torch.from_numpy(u)[None, None])[0]
        guess = rls(x)
        rls.partial_fit(x, torch.from_numpy(y)[None])
        return float(guess[0, 0])

    return tick
