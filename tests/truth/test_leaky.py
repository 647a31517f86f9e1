"""The leaky liquid against closed forms."""

import numpy as np
import pytest
from scipy.integrate import solve_ivp

import plashet as pl
from plashet.wiring import Bands, Synapses, Wiring


def alone(units):
    """Units that hear one input and nothing else."""
    return Wiring(
        Synapses(np.zeros(0, int), np.zeros(0, int), units, units), np.zeros(0), np.ones((units, 1)), np.zeros(units)
    )


@pytest.mark.parametrize("dt", [0.01, 0.1, 0.7, 30.0])
def test_unconnected_units_charge_exponentially_at_any_step(dt):
    tau = np.array([0.2, 0.5, 3.0])
    x, _ = pl.run(pl.Leaky(alone(3), tau), np.full((30, 1), 0.3), dt)
    t = dt * np.arange(1, 31)[:, None]
    np.testing.assert_allclose(x, np.tanh(0.3) * (1 - np.exp(-t / tau)), rtol=1e-12)


@pytest.mark.parametrize("dt", [0.05, 1.0])
def test_two_half_steps_are_one_where_the_drive_does_not_move(dt):
    cell = pl.Leaky(alone(4), 0.8)
    whole, _ = pl.run(cell, np.full((20, 1), 0.6), dt)
    half, _ = pl.run(cell, np.full((40, 1), 0.6), dt / 2)
    np.testing.assert_allclose(half[1::2], whole, rtol=1e-12)


def test_it_converges_to_the_differential_equation_with_order_one():
    wiring = pl.wiring.random(8, 1, seed=3, degree=4)
    tau = np.linspace(0.4, 1.2, 8)
    slope = lambda t, x: (np.tanh(wiring.drive(np.array([0.5]), x)) - x) / tau
    true = solve_ivp(slope, (0, 1), np.zeros(8), rtol=1e-11, atol=1e-13).y[:, -1]
    errors = [
        np.abs(pl.run(pl.Leaky(wiring, tau), np.full((n, 1), 0.5), 1 / n)[0][-1] - true).max()
        for n in (32, 64, 128, 256)
    ]
    order = np.log2(np.array(errors[:-1]) / errors[1:])
    np.testing.assert_allclose(order, 1.0, atol=0.06)


def test_a_leak_rate_is_the_share_that_is_renewed():
    wiring = pl.wiring.bands(20, 1, seed=0)
    cell = pl.Leaky.from_leak_rate(wiring, alpha=0.3, dt=0.5)
    u, x = np.array([0.4]), np.random.default_rng(0).uniform(-1, 1, 20)
    state, _ = cell.step(pl.liquids.LeakyState(x), u, 0.5)
    np.testing.assert_allclose(state.x, 0.7 * x + 0.3 * np.tanh(wiring.drive(u, x)), rtol=1e-13)


def test_a_leak_rate_of_one_keeps_nothing():
    wiring = pl.wiring.bands(20, 1, seed=0)
    u, x = np.array([0.4]), np.random.default_rng(0).uniform(-1, 1, 20)
    for dtype in (np.float64, np.float32):
        cell = pl.Leaky.from_leak_rate(wiring, 1.0)
        (after,), _ = cell.step(pl.liquids.LeakyState(x.astype(dtype)), u.astype(dtype), 1.0)
        np.testing.assert_allclose(after, np.tanh(wiring.drive(u, x)), atol=1e-6 if dtype == np.float32 else 1e-14)


def test_a_ring_hands_its_input_around():
    """Linear units without leak on a ring are a delay line: what went in comes by again `units` ticks later."""
    units = 7
    ring = Wiring(Bands(np.array([units - 1]), units), np.full((1, units), 0.9), np.eye(units)[:, :1], np.zeros(units))
    impulse = np.zeros((20, 1))
    impulse[0] = 1.0
    x, _ = pl.run(pl.Leaky.from_leak_rate(ring, 1.0, activation="identity"), impulse)
    for t in range(20):
        assert x[t, t % units] == pytest.approx(0.9**t, rel=1e-12)
        assert np.count_nonzero(np.abs(x[t]) > 1e-15) == 1


def test_a_missing_input_adds_nothing():
    cell = pl.Leaky(pl.wiring.bands(20, 2, seed=0), 0.5)
    u = np.random.default_rng(0).normal(size=(10, 2))
    holes = u.copy()
    holes[4, 0], u[4, 0] = np.nan, 0.0
    assert np.array_equal(pl.run(cell, holes)[0], pl.run(cell, u)[0])
