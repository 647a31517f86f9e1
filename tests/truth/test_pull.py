"""Slopes pulled back through cells made of cells are those that finite differences find."""

from dataclasses import dataclass
from typing import ClassVar, NamedTuple

import numpy as np
import pytest

from plashet import (
    Beside,
    Chain,
    Model,
    Noisy,
    Products,
    Readout,
    Squares,
    WithInput,
    tree,
    unread,
)
from plashet.cells import Pass, fold
from plashet.encode import Hold, Mask, Poisson, Scale
from plashet.liquids import Motors
from plashet.pull import keep, pull
from plashet.trainable import Pulled, parameters, trainable
from zoo import MODELS, SPIKING

U, N = 2, 3


class OwnState(NamedTuple):
    x: np.ndarray


@dataclass(frozen=True, eq=False)
class Own:
    """A cell of one's own: x' = f + (x - f) exp(-dt/tau), f = tanh(u W + x V), with its slopes by hand."""

    parameters: ClassVar[tuple[str, ...]] = ("w", "tau")
    differentiable: ClassVar[tuple[str, ...]] = ("w", "v", "tau")
    positive: ClassVar[tuple[str, ...]] = ("tau",)
    w: np.ndarray
    v: np.ndarray
    tau: np.ndarray

    @property
    def inputs(self):
        return len(self.w)

    @property
    def outputs(self):
        return len(self.tau)

    def init(self, u):
        return OwnState(np.zeros((*u.shape[:-1], self.outputs), u.dtype))

    def step(self, state, u, dt):
        f = np.tanh(np.nan_to_num(u) @ self.w + state.x @ self.v)
        x = f + (state.x - f) * np.exp(-np.asarray(dt)[..., None] / self.tau)
        return OwnState(x.astype(u.dtype)), x.astype(u.dtype)

    def pull(self, state, u, dt, outputs, slope, slope_after=None):
        known = np.nan_to_num(u)
        dt = np.broadcast_to(dt.reshape(*dt.shape, *(1,) * (u.ndim - 1 - dt.ndim)), u.shape[:-1])
        named = {name: np.zeros_like(getattr(self, name)) for name in self.differentiable}
        back, time = np.zeros_like(u), np.zeros_like(dt)
        x = np.zeros_like(state.x) if slope_after is None else slope_after.x
        for t in reversed(range(len(u))):
            before = state.x if t == 0 else outputs[t - 1]
            f = np.tanh(known[t] @ self.w + before @ self.v)
            e = np.exp(-dt[t][..., None] / self.tau)
            x = x + slope[t]
            inside = x * (1 - e) * (1 - f * f)
            by_e = x * (before - f) * e
            time[t] = -(by_e / self.tau).sum(-1)
            rows = lambda a: a.reshape(-1, a.shape[-1])
            named["tau"] += rows(by_e * dt[t][..., None] / self.tau**2).sum(0)
            named["w"] += rows(known[t]).T @ rows(inside)
            named["v"] += rows(before).T @ rows(inside)
            back[t] = np.where(np.isnan(u[t]), 0, inside @ self.w.T)
            x = x * e + inside @ self.v.T
        return Pulled(named, back, time, OwnState(x))


def own(inputs=U, seed=0):
    rng = np.random.default_rng(seed)
    return Own(rng.normal(size=(inputs, N)), rng.normal(size=(N, N)), rng.uniform(0.3, 2, N))


def read(liquid, outputs=2, seed=1):
    rng = np.random.default_rng(seed)
    return Model(liquid, Readout(rng.normal(size=(liquid.outputs, outputs)), rng.normal(size=outputs)))


SCALE = Scale(np.array([0.1, -0.2]), np.array([0.5, 2.0]), 1.5)
CELLS = {
    "own": own(),
    "all of it": trainable(own(), "w", "v", "tau"),
    "one field of it": trainable(own(), "tau"),
    "chain": Chain((Hold(U), SCALE, own(), Squares(N), own(2 * N, seed=2))),
    "beside": Beside((own(), Pass(U), own(seed=3))),
    "nested": Chain((Beside((Chain((SCALE, own())), Mask(U))), Products(N + U))),
    "model": read(own()),
    "input read": read(WithInput(Chain((SCALE, own())))),
    "products": Products(U),
    "motors": Chain((own(), Motors(N, np.array([0.5, -2.0]), np.array([0.1, 0.2])))),
}
every = pytest.mark.parametrize("cell", CELLS.values(), ids=CELLS.keys())


def problem(cell, batch=(), seed=5, missing=True):
    """Inputs, some missing, a clock for each row, a state that is not at rest, and slopes of a linear loss."""
    rng = np.random.default_rng(seed)
    u, dt = rng.normal(size=(6, *batch, cell.inputs)), rng.uniform(0.05, 0.8, (6, *batch))
    if missing:
        u[2, ..., 0], u[0, ..., 1] = np.nan, np.nan
    state = tree.map_arrays(lambda _, a: rng.normal(size=a.shape), cell.init(u[0]))
    after, outputs = fold(cell, state, u, dt)
    slope = rng.normal(size=outputs.shape)
    slope_after = tree.map_arrays(lambda _, a: rng.normal(size=a.shape), after)
    return state, u, dt, slope, slope_after


def loss(cell, state, u, dt, slope, slope_after):
    after, outputs = fold(cell, state, u, dt)
    ends = zip(tree.arrays(after).values(), tree.arrays(slope_after).values(), strict=True)
    return np.nansum(outputs * slope) + sum(np.sum(a * b) for a, b in ends)


def differences(make, array):
    """The slope of make(array) by every entry, centrally."""
    found = np.zeros(array.shape)
    for place in np.ndindex(*array.shape):
        if np.isnan(array[place]):
            continue
        ends = []
        for sign in (1, -1):
            moved = array.copy()
            moved[place] += sign * 1e-6
            ends.append(make(moved))
        found[place] = (ends[0] - ends[1]) / 2e-6
    return found


@every
@pytest.mark.parametrize("batch", [(), (3,), (2, 2)])
def test_every_slope_is_that_of_finite_differences(cell, batch):
    missing = not any(isinstance(c, Squares | Products) for c in (cell, *getattr(cell, "cells", ())))
    state, u, dt, slope, slope_after = problem(cell, batch, missing=missing)
    pulled = pull(cell, state, u, dt, None, slope, slope_after)
    assert pulled.parameters.keys() == parameters(cell).keys()
    close = lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-6, atol=1e-7)
    for path, array in parameters(cell).items():
        make = lambda a, path=path: loss(tree.replace(cell, {path: a}), state, u, dt, slope, slope_after)
        close(pulled.parameters[path], differences(make, array))
    close(pulled.u, differences(lambda a: loss(cell, state, a, dt, slope, slope_after), u))
    close(pulled.dt, differences(lambda a: loss(cell, state, u, a, slope, slope_after), dt))
    for path, array in tree.arrays(state).items():
        make = lambda a, path=path: loss(cell, tree.replace(state, {path: a}), u, dt, slope, slope_after)
        close(tree.arrays(pulled.state)[path], differences(make, array))


@every
def test_what_was_kept_saves_the_second_run_and_changes_nothing(cell):
    state, u, dt, slope, slope_after = problem(cell, (2,), missing=False)
    after, kept = keep(cell, state, u, dt)
    expected, outputs = fold(cell, state, u, dt)
    np.testing.assert_allclose(kept.outputs, outputs, rtol=1e-13)
    for a, b in zip(tree.arrays(after).values(), tree.arrays(expected).values(), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-13)
    quick, slow = (pull(cell, state, u, dt, held, slope, slope_after) for held in (kept, None))
    for a, b in zip(tree.arrays(quick).values(), tree.arrays(slow).values(), strict=True):
        assert np.array_equal(a, b)


@every
def test_one_clock_for_all_rows_is_the_same_clock_for_each(cell):
    state, u, _, slope, _ = problem(cell, (3,), missing=False)
    dt = np.linspace(0.1, 0.6, 6)
    shared = pull(cell, state, u, dt, None, slope)
    each = pull(cell, state, u, np.repeat(dt[:, None], 3, axis=1), None, slope)
    assert shared.dt.shape == each.dt.shape == (6, 3)
    for a, b in zip(tree.arrays(shared).values(), tree.arrays(each).values(), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-12)


def test_slopes_come_in_the_numbers_of_the_input():
    cell = CELLS["input read"]
    state, u, dt, slope, _ = problem(cell, (2,), missing=False)
    state = tree.map_arrays(lambda _, a: a.astype(np.float32), state)
    narrow = pull(cell, state, u.astype(np.float32), dt.astype(np.float32), None, slope)
    assert narrow.u.dtype == narrow.dt.dtype == np.float32
    wide = pull(cell, state, u, dt, None, slope)
    np.testing.assert_allclose(narrow.u, wide.u, rtol=1e-3, atol=1e-4)


def test_slopes_are_cut_where_time_is():
    """Pulled through the second half, then with its state's slopes through the first, it is the whole."""
    cell = CELLS["chain"]
    state, u, dt, slope, slope_after = problem(cell, (2,), missing=False)
    whole = pull(cell, state, u, dt, None, slope, slope_after)
    middle, _ = fold(cell, state, u[:4], dt[:4])
    late = pull(cell, middle, u[4:], dt[4:], None, slope[4:], slope_after)
    early = pull(cell, state, u[:4], dt[:4], None, slope[:4], late.state)
    np.testing.assert_allclose(np.concatenate((early.u, late.u)), whole.u, rtol=1e-11)
    for path, total in whole.parameters.items():
        np.testing.assert_allclose(early.parameters[path] + late.parameters[path], total, rtol=1e-10, atol=1e-12)


def test_a_series_without_ticks_has_no_slopes():
    cell = CELLS["model"]
    state = cell.init(np.zeros(U))
    pulled = pull(cell, state, np.zeros((0, U)), np.zeros(0), None, np.zeros((0, 2)))
    assert pulled.u.shape == (0, U)
    assert not any(a.any() for a in pulled.parameters.values())


@pytest.mark.parametrize(
    ("cell", "says"),
    [
        (Chain((Poisson(U, seed=0), own())), "through Poisson at cells.0: give Poisson a method pull"),
        (Noisy(own(), 0.1, 0), "through Noisy: give Noisy a method pull"),
        (unread(Chain((Pass(U), SPIKING["LIF"]))), "through Spiking at liquid.cells.1: a spike has no slope"),
        (MODELS["looped"], "through Looped: learn with a Model that hears the target"),
    ],
    ids=["encoder", "noise", "spikes", "loop"],
)
def test_a_cell_without_slopes_is_named_with_a_way_out(cell, says):
    u = np.zeros((2, cell.inputs))
    with pytest.raises(TypeError, match=f"no slope can be pulled {says}"):
        pull(cell, cell.init(u[0]), u, np.ones(2), None, np.zeros((2, cell.outputs)))


def test_the_first_cell_in_front_of_a_liquid_needs_no_slope_of_its_own():
    """What is learnt behind a scale that clips everything gets its slope all the same."""
    cell = Chain((Scale(np.zeros(U), np.ones(U), 1e-3), own()))
    state, u, dt, slope, _ = problem(cell, (2,), missing=False)
    pulled = pull(cell, state, u, dt, None, slope)
    assert not pulled.u.any()
    assert all(a.any() for a in pulled.parameters.values())
