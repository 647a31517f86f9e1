"""A first liquid that is trained, twice: the simplest step that tutorials show, with its faults, and with plashet.

As tutorials show it: h <- h + (tanh(W x + U h) - h) / tau, with tau a number like any other. With plashet: the same
unit, exact over the time that really passed, its tau positive by construction; trained on the intensity of a laser of
which three ticks in ten were lost, and tested on what comes after, beside naive answers.
"""

import numpy as np

import plashet as pl
from plashet.trainable import parameters, trainable

SPLIT = 7000  # ticks of the laser to learn from; those after are unseen


def the_step_of_tutorials(h: np.ndarray, x: np.ndarray, w: np.ndarray, u: np.ndarray, tau: float) -> np.ndarray:
    return h + (np.tanh(w @ x + u @ h) - h) / tau


def its_states(tau: float, inputs: np.ndarray, u: float = 0.0) -> np.ndarray:
    """One unit, all of time, from rest."""
    h, states = np.zeros(1), []
    for x in inputs:
        h = the_step_of_tutorials(h, x, np.ones((1, 1)), np.full((1, 1), u), tau)
        states.append(h)
    return np.array(states)


def lost_ticks(seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, int]:
    """Of the laser: inputs, the value a tick later, the time since the input before, and how many are to learn from."""
    laser = pl.data.santa_fe_laser()
    laser = (laser - laser[:SPLIT].mean()) / laser[:SPLIT].std()
    kept = np.flatnonzero(np.random.default_rng(seed).random(len(laser) - 1) > 0.3)
    dt = np.diff(kept, prepend=-1).astype(float)
    return laser[kept, None], laser[kept + 1, None], dt, int(np.searchsorted(kept, SPLIT))


def with_plashet(seed: int) -> tuple[dict[str, float], pl.Model, pl.Model]:
    # 1. A real series, irregular: 32 units hear a value and know how long ago the one before was.
    u, y, dt, n = lost_ticks(seed)
    net = pl.wiring.random(32, inputs=1, seed=seed, degree=32)
    liquid = pl.Leaky(net, tau=np.geomspace(0.7, 20, 32))

    # 2. What is to be learnt: all of the liquid, and a readout of its state and of the input.
    model = pl.unread(trainable(liquid, "tau", "wiring.weights", "wiring.w_in", "wiring.bias"), with_input=True)

    # 3. Train on stretches of 80 ticks; the last fifth of them says which epoch was the best.
    lessons = pl.training.windows((u[:n], y[:n], dt[:n]), length=80, stride=16, washout=10)
    trained = pl.train(model, lessons, pl.Training(epochs=40, rate=1e-2, seed=seed)).model

    # 4. Test on what comes after; beside it the same liquid untrained, with the best readout.
    drawn = pl.fit(model, pl.Ridge(penalty=1e-3), (u[:n], y[:n], dt[:n]), washout=50)
    error = {name: rms(pl.run(m, u, dt)[0][n:] - y[n:]) for name, m in (("trained", trained), ("untrained", drawn))}
    return error, model, trained


def rms(error: np.ndarray) -> float:
    return float(np.sqrt(np.mean(error**2)))


def naive_answers(seed: int) -> dict[str, float]:
    """The training mean, the value just heard, and a regression on the last sixteen values."""
    u, y, _, n = lost_ticks(seed)
    rows = np.column_stack([np.ones(len(u)), *(np.roll(u[:, 0], k) for k in range(16))])
    weights = np.linalg.lstsq(rows[16:n], y[16:n], rcond=None)[0]
    return {
        "saying the mean": rms(y[n:] - y[:n].mean()),
        "saying the last value again": rms(y[n:] - u[n:]),
        "regression on 16 values": rms(y[n:] - rows[n:] @ weights),
    }


def main() -> None:
    rng = np.random.default_rng(0)
    noise = rng.normal(size=(200, 1))

    # Its faults. A tau of 0.5 or less, which nothing keeps a gradient from reaching: the state leaves all bounds.
    wild, edge = its_states(0.45, noise), its_states(0.5, noise)
    print(f"largest state, of units that cannot mean more than 1:  tau 0.45: {abs(wild).max():.1e}, ", end="")
    print(f"tau 0.5: {abs(edge).max():.1f}, tau 2: {abs(its_states(2.0, noise)).max():.2f}")
    assert abs(wild).max() > 1e12
    assert abs(edge).max() > 3
    # A tau of 1: the old state has no part in the new one, the unit has no leak and no memory of its own.
    assert np.allclose(its_states(1.0, noise), np.tanh(noise), rtol=1e-12)
    # No dt: a pause is no pause, whatever its length; and to step more often is another unit.
    finer = its_states(2.0, np.repeat(noise, 10, axis=0))[9::10]
    apart = abs(finer - its_states(2.0, noise)).max()
    print(f"the same input in steps ten times as fine moves its state by up to {apart:.2f}")
    assert apart > 0.5

    # With plashet the same unit cannot leave its bounds, and steps of any length are the same unit.
    unit = pl.Leaky(pl.wiring.random(1, inputs=1, seed=0, degree=1), tau=0.45)
    unit = pl.tree.replace(
        unit, {"wiring.weights": np.zeros(1), "wiring.w_in": np.ones((1, 1)), "wiring.bias": np.zeros(1)}
    )
    coarse, _ = pl.run(unit, noise, dt=1.0)
    fine, _ = pl.run(unit, np.repeat(noise, 10, axis=0), dt=0.1)
    assert abs(coarse).max() <= 1
    assert np.allclose(fine[9::10], coarse)

    found = [(*with_plashet(seed), naive_answers(seed)) for seed in range(2)]
    print("\nthe laser, 3 ticks in 10 lost: root mean square error of the value a tick later, unseen part, two seeds")
    for name in ("trained", "untrained"):
        print(f"{f'32 leaky units, {name}':<32}" + "".join(f"{error[name]:>8.3f}" for error, *_ in found))
    for name in found[0][3]:
        print(f"{name:<32}" + "".join(f"{naive[name]:>8.3f}" for *_, naive in found))
    for error, model, trained, naive in found:
        assert error["trained"] < 0.75 * error["untrained"] < error["untrained"] < min(naive.values())
        before, after = (parameters(m)["liquid.cells.0.cell.tau"] for m in (model, trained))
        assert (after > 0).all()
        assert not np.allclose(before, after)


if __name__ == "__main__":
    main()
