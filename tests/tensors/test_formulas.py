"""The readable formula runs on torch tensors as on NumPy arrays. Needs the extra; run by `make test-torch`."""

import numpy as np
import pytest

pytestmark = pytest.mark.torch

from plashet import generate, run, tree, unread  # noqa: E402
from plashet.cells import fold  # noqa: E402
from zoo import CELLS, EARS, ENCODERS, SPIKING, U  # noqa: E402

# Random numbers are NumPy's, no gradient goes through a spike, and sound comes as NumPy arrays.
NUMPY_ONLY = {"noisy", *EARS, *ENCODERS, *SPIKING} - {"population"}
cells = {name: cell for name, cell in CELLS.items() if name not in NUMPY_ONLY}
every = pytest.mark.parametrize("cell", cells.values(), ids=cells.keys())


def to_torch(value):
    import torch

    integers = lambda a: np.asarray(a).dtype.kind in "iu"
    return tree.map_arrays(lambda _, a: a if integers(a) else torch.from_numpy(np.array(a)), value)


def signal(time=25, batch=()):
    return np.random.default_rng(7).normal(size=(time, *batch, U))


@every
@pytest.mark.parametrize("batch", [(), (3,)])
def test_torch_and_numpy_agree(cell, batch):
    import torch

    u = signal(25, batch)
    u[3, ..., 0] = np.nan
    ours, end = run(cell, u, 0.1)
    theirs, last = run(to_torch(cell), torch.from_numpy(u), 0.1)
    np.testing.assert_allclose(theirs.numpy(), ours, rtol=1e-10, atol=1e-12)
    for a, b in zip(tree.arrays(last).values(), tree.arrays(end).values(), strict=True):
        np.testing.assert_allclose(a.numpy(), b, rtol=1e-10, atol=1e-12)


@every
def test_the_gradient_is_the_slope(cell):
    """Autograd through the formula, against finite differences, in the direction of the input."""
    import torch

    if "Mask" in type(cell).__name__:
        return  # what was seen has no slope
    u = torch.from_numpy(signal(4)).requires_grad_()
    cell = to_torch(cell)
    loss = lambda u: (fold(cell, cell.init(u[0]), u, torch.full((4,), 0.1, dtype=u.dtype))[1] ** 2).sum()
    (slope,) = torch.autograd.grad(loss(u), u)
    direction = torch.from_numpy(np.random.default_rng(1).normal(size=u.shape))
    eps = 1e-6
    with torch.no_grad():
        numeric = float(loss(u + eps * direction) - loss(u - eps * direction)) / (2 * eps)
    assert abs(float((slope * direction).sum()) - numeric) < 1e-6 * max(1.0, abs(numeric))


def test_a_closed_loop_runs_on_tensors():
    import torch

    model = tree.replace(unread(CELLS["bands"], 2), {"readout.weights": np.full((12, 2), 0.1)})
    ours, _ = generate(model, model.init(np.zeros(2)), np.full(2, 0.3), 8, 0.1)
    model = to_torch(model)
    theirs, _ = generate(
        model, model.init(torch.zeros(2, dtype=torch.float64)), torch.full((2,), 0.3, dtype=torch.float64), 8, 0.1
    )
    np.testing.assert_allclose(theirs.numpy(), ours, rtol=1e-10)
