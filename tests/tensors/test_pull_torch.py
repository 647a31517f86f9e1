"""The compiled slopes of every trainable cell are those of autograd through its formula."""

import numpy as np
import pytest

pytestmark = pytest.mark.torch

from plashet import tree  # noqa: E402
from plashet.cells import fold  # noqa: E402
from zoo import TRAINABLE, U  # noqa: E402

every = pytest.mark.parametrize("cell", TRAINABLE.values(), ids=TRAINABLE.keys())
IDENTITY = {name for name in TRAINABLE if "CfC" not in name}


def given(time, batch, seed, missing=True):
    """Inputs with gaps, clocks with steps of no time, and what the outputs are weighted by."""
    rng = np.random.default_rng(seed)
    u = rng.normal(size=(time, *batch, U))
    if missing:
        u[rng.random(u.shape) < 0.1] = np.nan
    dt = rng.exponential(1.0, size=(time, *batch)) * (rng.random((time, *batch)) > 0.1)
    return u, dt


def differentiable(cell):
    return getattr(cell, "differentiable", cell.parameters)


def by_autograd(cell, state, u, dt, weights, last):
    """The slopes of sum(weights outputs) + sum(last state) by torch."""
    import torch

    arrays = tree.arrays(cell)
    leaves = {path: torch.tensor(np.asarray(arrays[path], float), requires_grad=True) for path in differentiable(cell)}
    tensors = tree.replace(cell, leaves)
    held = lambda a: torch.tensor(np.array(a), requires_grad=True)
    state, u, dt = tree.map_arrays(lambda _, a: held(a), state), held(u), held(dt)
    after, outputs = fold(tensors, state, u, dt)
    loss = (outputs * torch.tensor(weights)).sum()
    for path, a in tree.arrays(after).items():
        loss = loss + (a * torch.tensor(tree.arrays(last)[path])).sum()
    loss.backward()
    slope = lambda a: np.zeros(a.shape) if a.grad is None else a.grad.numpy()
    return {p: slope(a) for p, a in leaves.items()}, slope(u), slope(dt), tree.map_arrays(lambda _, a: slope(a), state)


@every
@pytest.mark.parametrize(("batch", "seed"), [((), 0), ((1,), 1), ((3,), 2), ((21,), 3), ((2, 9), 4)])
def test_slopes_are_those_of_autograd(cell, batch, seed):
    u, dt = given(7, batch, seed)
    rng = np.random.default_rng(seed)
    state = tree.map_arrays(lambda _, a: rng.uniform(-0.9, 0.9, a.shape), cell.init(u[0]))
    after, outputs = cell.run(state, u, dt)
    weights = rng.normal(size=outputs.shape)
    last = tree.map_arrays(lambda _, a: rng.normal(size=a.shape), after)
    pulled = cell.pull(state, u, dt, outputs, weights, last)
    parameters, du, ddt, dstate = by_autograd(cell, state, u, dt, weights, last)
    assert set(pulled.parameters) == set(parameters)
    for path, slope in parameters.items():
        close(pulled.parameters[path], slope, path)
    close(pulled.u, du, "u")
    close(pulled.dt, ddt, "dt")
    for path, slope in tree.arrays(dstate).items():
        close(tree.arrays(pulled.state)[path], slope, path)


def close(ours, theirs, what):
    """Within 1e-9 of the largest slope of the same kind."""
    assert np.shape(ours) == np.shape(theirs), what
    if np.size(theirs):
        np.testing.assert_allclose(ours, theirs, rtol=1e-9, atol=1e-9 * max(np.abs(theirs).max(), 1e-3), err_msg=what)


@every
def test_slopes_do_not_depend_on_company_or_on_one_clock_for_all(cell):
    u, dt = given(6, (40,), 5)
    dt[:] = dt[:, :1]
    state = cell.init(u[0])
    _, outputs = cell.run(state, u, dt)
    weights = np.random.default_rng(6).normal(size=outputs.shape)
    whole = cell.pull(state, u, dt, outputs, weights)
    one_clock = cell.pull(state, u, dt[:, 0], outputs, weights)
    for a, b in zip(tree.arrays(whole).values(), tree.arrays(one_clock).values(), strict=True):
        np.testing.assert_array_equal(a, b)
    rows = [cell.pull(cell.init(u[0, k]), u[:, k], dt[:, k], outputs[:, k], weights[:, k]) for k in range(40)]
    np.testing.assert_allclose(np.stack([row.u for row in rows], 1), whole.u, rtol=1e-12, atol=1e-14)
    for path, slope in whole.parameters.items():
        close(sum(row.parameters[path] for row in rows), slope, path)


@every
def test_single_precision_slopes_are_near_those_in_double(cell):
    u, dt = given(10, (18,), 7)
    found = []
    for dtype in (np.float64, np.float32):
        cast = [a.astype(dtype) for a in (u, dt)]
        state = cell.init(cast[0][0])
        _, outputs = cell.run(state, *cast)
        pulled = cell.pull(state, *cast, outputs, np.ones_like(outputs))
        assert all(a.dtype == dtype for a in tree.arrays(pulled).values())
        found.append(tree.arrays(pulled))
    for path, exact in found[0].items():
        np.testing.assert_allclose(found[1][path], exact, rtol=1e-3, atol=2e-4 * max(np.abs(exact).max(), 1e-3))
