"""Slopes through composites, steps and whole trainings are torch's. Needs the extra; run by `make test-torch`."""

from math import cos, pi

import numpy as np
import pytest

pytestmark = pytest.mark.torch

from plashet import Beside, Chain, Live, Model, Readout, Squares, WithInput, tree  # noqa: E402
from plashet.cells import fold  # noqa: E402
from plashet.encode import Hold, Scale  # noqa: E402
from plashet.learn import Adam, Gradient  # noqa: E402
from plashet.learn.theta import packing  # noqa: E402
from plashet.liquids import Motors  # noqa: E402
from plashet.pull import pull  # noqa: E402
from plashet.trainable import parameters, trainable  # noqa: E402
from plashet.training import Training, train, windows  # noqa: E402
from zoo import LIQUIDS, TRAINABLE, N, U  # noqa: E402

SCALE = Scale(np.array([0.1, -0.2]), np.array([0.5, 2.0]), 1.5)
MOTORS = Motors(N, np.array([1.5, -0.5]), np.array([0.1, 0.2]))


def read(liquid, outputs=2):
    rng = np.random.default_rng(3)
    return Model(liquid, Readout(rng.normal(size=(liquid.outputs, outputs)) / 3, rng.normal(size=outputs)))


MODELS = {
    "LTC with motors": read(Chain((Hold(U), SCALE, TRAINABLE["LTC"], MOTORS))),
    "gated, input read": read(WithInput(Chain((SCALE, TRAINABLE["gated"])))),
    "two side by side": read(Beside((TRAINABLE["LTC, exponential"], Chain((TRAINABLE["gated, dense"], Squares(N)))))),
    "one above the other": read(Chain((TRAINABLE["LTC"], MOTORS, TRAINABLE["gated"]))),
    "tau of a leaky": read(trainable(LIQUIDS["bands, tau each"], "tau", "wiring.w_in")),
}
every = pytest.mark.parametrize("model", MODELS.values(), ids=MODELS.keys())


def tensors(model, leaves):
    import torch

    floats = lambda a: torch.as_tensor(np.array(a)) if np.asarray(a).dtype.kind == "f" else a
    return tree.replace(tree.map_arrays(lambda _, a: floats(a), model), leaves)


def guesses(model, leaves, u, dt):
    import torch

    held = tensors(model, leaves)
    return fold(held, held.init(torch.as_tensor(u[0])), torch.as_tensor(u), torch.as_tensor(dt))[1]


def given(time=7, batch=(3,), seed=0):
    rng = np.random.default_rng(seed)
    u = rng.normal(size=(time, *batch, U))
    return u, rng.uniform(0.1, 1.0, (time, *batch)), rng.normal(size=(time, *batch, 2))


@every
@pytest.mark.parametrize("batch", [(), (3,)])
def test_slopes_through_a_whole_model_are_those_of_autograd(model, batch):
    import torch

    u, dt, slope = given(batch=batch)
    u[2, ..., 0] = np.nan
    leaves = {p: torch.tensor(np.asarray(a), requires_grad=True) for p, a in parameters(model).items()}
    (guesses(model, leaves, u, dt) * torch.as_tensor(slope)).sum().backward()
    pulled = pull(model, model.init(u[0]), u, dt, None, slope)
    assert pulled.parameters.keys() == leaves.keys()
    for path, leaf in leaves.items():
        theirs = leaf.grad.numpy()
        np.testing.assert_allclose(pulled.parameters[path], theirs, rtol=1e-9, atol=1e-10 * max(abs(theirs).max(), 1))


def raw_leaves(model):
    import torch

    packed = packing(model)
    raw = {p: torch.tensor(a, requires_grad=True) for p, a in packed.named(packed.of(model)).items()}
    acts = lambda: {
        p: torch.nn.functional.softplus(r) if above else r
        for (p, r), above in zip(raw.items(), packed.positive, strict=True)
    }
    return packed, raw, acts


@every
def test_a_training_is_the_training_that_torch_would_do(model):
    import torch

    u, dt, y = given(40, batch=(), seed=2)
    lessons = windows((u, y, dt), length=8, dtype=np.float64)
    found = train(model, lessons, Training(epochs=2, batch=3, rate=1e-2, clip=0.5, validation=0.0, seed=5))
    packed, raw, acts = raw_leaves(model)
    optimiser, step = torch.optim.Adam(raw.values(), lr=1e-2), 0
    for epoch in range(2):
        parts = np.array_split(np.random.default_rng((5, epoch)).permutation(lessons.rows), 2)
        for part in parts:
            rows = np.sort(part)
            optimiser.param_groups[0]["lr"] = 1e-2 * 0.5 * (1 + cos(pi * step / 4))
            optimiser.zero_grad()
            error = guesses(model, acts(), lessons.u[:, rows], lessons.dt[:, rows]) - torch.as_tensor(
                lessons.y[:, rows]
            )
            (error**2 / 2).mean().backward()
            torch.nn.utils.clip_grad_norm_(raw.values(), 0.5)
            optimiser.step()
            step += 1
    theirs = packed.flat({p: r.detach().numpy() for p, r in raw.items()})
    np.testing.assert_allclose(found.theta, theirs, rtol=1e-4, atol=1e-6)  # its clipping divides by 1e-6 more


def test_an_optimiser_of_torch_takes_the_steps_that_ours_takes():
    import torch

    def theirs(parts):
        return torch.optim.Adam(parts, 1e-2)

    u, dt, y = given(25, batch=(2,), seed=4)
    lives = [Live(MODELS["LTC with motors"], Gradient(window=6, stride=2, optimizer=o)) for o in (Adam(1e-2), theirs)]
    for now, elapsed, target in zip(u, dt, y, strict=True):
        for live in lives:
            live.predict(now, elapsed)
            live.learn(target)
    for path, a in parameters(lives[0].model).items():
        np.testing.assert_allclose(a, parameters(lives[1].model)[path], rtol=1e-5, atol=1e-7)


def test_any_optimiser_of_torch_will_do_and_a_snapshot_goes_on_alike():
    import torch

    makes = [
        lambda p: torch.optim.SGD(p, 0.05, momentum=0.9),
        lambda p: torch.optim.RMSprop(p, 1e-3),
        lambda p: torch.optim.AdamW(p, 1e-3, weight_decay=0.1, amsgrad=True),
    ]
    u, dt, y = given(20, batch=(), seed=4)
    for make in makes:
        live, ends = Live(MODELS["gated, input read"], Gradient(window=6, optimizer=make)), []
        for k in range(10):
            live.predict(u[k], dt[k])
            live.learn(y[k])
        held = live.snapshot()
        for one in (live, Live.restore(held)):
            ends.append([])
            for k in range(10, 20):
                ends[-1].append(one.predict(u[k], dt[k]))
                one.learn(y[k])
        assert np.array_equal(*ends)


def test_a_live_with_an_optimiser_of_torch_says_that_it_cannot_be_saved(tmp_path):
    import torch

    live = Live(MODELS["gated, input read"], Gradient(optimizer=lambda p: torch.optim.Adam(p, 1e-3)))
    live.predict(np.zeros(U))
    with pytest.raises(TypeError, match="is a function, which plashet cannot save"):
        live.save(tmp_path / "a")
