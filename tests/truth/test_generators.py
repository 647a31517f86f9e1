"""The generators follow the formulas of their docstrings, by slow loops and by solvers that are not ours."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from plashet import data
from plashet.data.maps import narma_response


def test_narma10_follows_its_formula():
    u, y = (series[:, 0] for series in data.narma(300, seed=1))
    past_u, past_y = np.append(np.zeros(9), u), np.zeros(10)  # nothing came in before the first row
    for t in range(300):
        new = 0.3 * past_y[-1] + 0.05 * past_y[-1] * past_y[-10:].sum() + 1.5 * past_u[t] * u[t] + 0.1
        assert y[t] == pytest.approx(new, abs=1e-14)
        past_y = np.append(past_y, new)


def test_narma30_follows_its_formula():
    u, y = (series[:, 0] for series in data.narma(300, rule=data.NARMA30, seed=1))
    past_u, past_y = np.append(np.zeros(29), u), np.zeros(30)
    for t in range(300):
        new = 0.2 * past_y[-1] + 0.004 * past_y[-1] * past_y[-30:].sum() + 1.5 * past_u[t] * u[t] + 0.201
        assert y[t] == pytest.approx(new, abs=1e-14)
        past_y = np.append(past_y, new)


def test_narma_inputs_are_uniform_between_0_and_a_half():
    u, y = data.narma(5000)
    assert 0 <= u.min() < 0.001
    assert 0.499 < u.max() < 0.5
    assert u.mean() == pytest.approx(0.25, abs=5 * 0.5 / np.sqrt(12 * 5000))
    assert y.max() < 1.5


def test_a_narma_series_that_diverges_is_drawn_again():
    """Of NARMA10 series of 5,000 ticks about one in fifty diverges: seeds 75 and 83 draw such a one first."""
    for seed in (75, 83):
        first = np.random.default_rng(seed).uniform(0, 0.5, 5000)
        assert np.isinf(narma_response(first, [data.NARMA10] * 5000)[-1])
        u, y = data.narma(5000, seed=seed)
        assert np.abs(y).max() < 2.0
        assert not np.array_equal(u[:, 0], first)


def test_a_rule_that_always_diverges_is_refused_with_the_way_out():
    with pytest.raises(ValueError, match="diverged in each of 3 draws of 500 inputs; give"):
        data.narma(500, rule=data.NARMA10._replace(total=0.2), attempts=3)


@pytest.mark.parametrize("tau", [17, 30])
def test_mackey_glass_is_eulers_method_with_a_step_of_a_tenth(tau):
    found = data.mackey_glass(200, tau=tau, discard=0, seed=3)[:, 0]
    delay = tau * 10
    y = np.random.default_rng(3).uniform(1.1, 1.3, delay + 1).tolist()
    for _ in range(2000):
        late = y[-1 - delay]
        y.append(y[-1] + 0.1 * (0.2 * late / (1 + late**10) - 0.1 * y[-1]))
    np.testing.assert_allclose(found, y[delay + 10 :: 10], rtol=1e-11)  # the same sums, other roundings


@pytest.mark.parametrize(("tau", "variance", "squashed"), [(17, 0.051, 0.047), (30, 0.079, 0.067)])
def test_mackey_glass_has_the_variance_that_is_known(tau, variance, squashed):
    y = np.concatenate([data.mackey_glass(20_000, tau=tau, seed=seed) for seed in range(3)])
    assert y.var() == pytest.approx(variance, rel=0.02)
    assert np.tanh(y - 1).var() == pytest.approx(squashed, rel=0.02)


def test_mackey_glass_takes_only_delays_on_its_grid():
    with pytest.raises(ValueError, match=r"tau=17.03; give a positive multiple of the integration step 0.1"):
        data.mackey_glass(10, tau=17.03)


def test_mackey_glass_that_never_changes_its_delay_is_mackey_glass():
    path = data.mackey_glass_path([17, 17, 17], [100, 37, 63], seed=2)
    np.testing.assert_array_equal(path, data.mackey_glass(200, discard=0, seed=2))


FLOWS = {
    "lorenz63": (data.lorenz63, lambda t, s: np.array(data.lorenz63_field()(tuple(s))), 0.02, 3),
    "roessler": (data.roessler, lambda t, s: np.array(data.roessler_field(tuple(s))), 0.1, 3),
    "lorenz96": (data.lorenz96, lambda t, s: data.lorenz96_field()((s,))[0], 0.05, 40),
}


@pytest.mark.parametrize("name", FLOWS)
def test_a_flow_agrees_with_scipys_solver_over_a_short_time(name):
    generate, field, dt, size = FLOWS[name]
    path = generate(26, seed=1)  # on the attractor
    times = dt * np.arange(26)
    exact = solve_ivp(field, (0, times[-1]), path[0], method="DOP853", t_eval=times, rtol=1e-12, atol=1e-12).y.T
    assert path.shape == (26, size)
    np.testing.assert_allclose(path, exact, atol=2e-4 * np.abs(exact).max())


FORMULAS = {
    "lorenz63": (data.lorenz63_field(28.0), lambda x, y, z: (10 * (y - x), x * (28 - z) - y, x * y - 8 / 3 * z)),
    "roessler": (data.roessler_field, lambda x, y, z: (-y - z, x + 0.2 * y, 0.2 + z * (x - 5.7))),
}


@pytest.mark.parametrize("name", FORMULAS)
def test_a_flow_of_three_has_the_right_hand_side_of_its_paper(name):
    field, formula = FORMULAS[name]
    for point in np.random.default_rng(0).normal(0, 10, (20, 3)):
        np.testing.assert_allclose(field(tuple(point)), formula(*point), rtol=1e-14)


def test_lorenz96_is_its_sum_over_neighbours_on_a_ring():
    x = np.random.default_rng(0).normal(0, 5, 7)
    slow = [(x[(i + 1) % 7] - x[i - 2]) * x[i - 1] - x[i] + 8.0 for i in range(7)]
    np.testing.assert_allclose(data.lorenz96_field(8.0)((x,))[0], slow, rtol=1e-14)


def test_the_integrator_converges_with_order_four():
    """x' = y, y' = -x from (1, 0): the exact flow is a turn, so the error after t = 3 is known."""

    def turn(state):
        x, y = state
        return y, -x

    errors = []
    for substeps in (10, 20, 40, 80):
        x, y = data.rk4(turn, (1.0, 0.0), 1, dt=3.0, substeps=substeps)[0]
        errors.append(np.hypot(x - np.cos(3.0), y + np.sin(3.0)))
    orders = np.diff(np.log2(errors)) * -1
    np.testing.assert_allclose(orders, 4.0, atol=0.1)


def test_a_flow_starts_where_it_is_told_and_a_wrong_start_is_refused():
    path = data.lorenz63(3, start=(1, 2, 3), discard=0)
    state = data.rk4(data.lorenz63_field(), (1.0, 2.0, 3.0), 3, dt=0.02, substeps=4)
    np.testing.assert_array_equal(path, state)
    with pytest.raises(ValueError, match="give 3 finite numbers"):
        data.lorenz63(3, start=(1, 2))


def test_the_oscillators_are_the_sum_of_their_sines():
    y = data.multiple_sines(50, first=7)
    slow = [sum(np.sin(f * n) for f in (0.2, 0.311, 0.42, 0.51, 0.63, 0.74, 0.85, 0.97)) for n in range(7, 57)]
    np.testing.assert_allclose(y[:, 0], slow, atol=1e-12)


@pytest.mark.parametrize("correlation", [0.0, 0.9, -0.5])
def test_noise_has_the_deviation_and_correlation_that_are_asked(correlation):
    x = data.noise(200_000, features=2, sd=3.0, correlation=correlation, seed=1)
    error = 3.0 * np.sqrt((1 + correlation) / (1 - correlation) / 200_000)  # of the mean
    np.testing.assert_allclose(x.mean(axis=0), 0.0, atol=4 * error)
    np.testing.assert_allclose(x.std(axis=0), 3.0, rtol=0.03)
    for series in x.T:
        assert np.corrcoef(series[1:], series[:-1])[0, 1] == pytest.approx(correlation, abs=0.01)
    assert np.corrcoef(x.T)[0, 1] == pytest.approx(0.0, abs=0.05)


def test_noise_is_stationary_from_its_first_row():
    first = [data.noise(1, correlation=0.99, seed=seed)[0, 0] for seed in range(2000)]
    assert np.std(first) == pytest.approx(1.0, abs=5 / np.sqrt(2 * 2000))


SEEDED = {
    "narma": lambda seed: np.hstack(data.narma(60, seed=seed)),
    "mackey_glass": lambda seed: data.mackey_glass(60, seed=seed),
    "lorenz63": lambda seed: data.lorenz63(60, seed=seed),
    "lorenz96": lambda seed: data.lorenz96(60, size=5, seed=seed),
    "roessler": lambda seed: data.roessler(60, seed=seed),
    "noise": lambda seed: data.noise(60, seed=seed),
    "schedule": lambda seed: data.schedule(60, laws=3, stay=5, seed=seed),
    "switching_sines": lambda seed: data.switching_sines(np.repeat([0, 1], 30), seed=seed).u,
    "switching_narma": lambda seed: data.switching_narma(np.repeat([0, 1], 30), seed=seed).y,
    "switching_mackey_glass": lambda seed: data.switching_mackey_glass(np.repeat([0, 1], 30), seed=seed).u,
    "switching_lorenz": lambda seed: data.switching_lorenz(np.repeat([0, 1], 30), seed=seed).u,
}


@pytest.mark.parametrize("name", SEEDED)
def test_the_same_seed_gives_the_same_stream_and_another_seed_another(name):
    draw = SEEDED[name]
    np.testing.assert_array_equal(draw(5), draw(5))
    assert not np.array_equal(draw(5), draw(6))


def test_a_longer_series_goes_on_where_the_shorter_one_ended():
    for draw in (data.mackey_glass, data.lorenz63, data.roessler):
        np.testing.assert_array_equal(draw(80, seed=4)[:50], draw(50, seed=4))


def test_a_schedule_stays_as_long_as_asked_and_visits_every_law():
    regime = data.schedule(200_000, laws=3, stay=100.0, seed=0)
    changes = np.count_nonzero(np.diff(regime))
    assert changes == pytest.approx(2000, abs=4 * np.sqrt(2000))
    np.testing.assert_allclose(np.bincount(regime) / 200_000, 1 / 3, atol=0.05)
    assert regime[0] == 0
    assert not data.schedule(100, laws=1).any()


def test_switches_are_the_first_ticks_of_new_regimes():
    stream = data.switching_sines(np.repeat([0, 1, 0], 40))
    assert stream.switches.tolist() == [40, 80]


def test_a_sine_mixture_holds_the_law_of_its_regime():
    """One sine obeys y(n+1) = 2 cos f y(n) - y(n-1): the pair (u[t], y[t]) follows the law of regime[t]."""
    mixtures = ([0.2], [0.9])
    u, y, regime = data.switching_sines(np.repeat([0, 1, 0], 100), mixtures=mixtures, seed=3)
    for t in range(2, 300):
        if regime[t] == regime[t - 1] == regime[t - 2]:
            law = 2 * np.cos(mixtures[regime[t]][0]) * u[t] - u[t - 1]
            assert y[t, 0] == pytest.approx(law[0], abs=1e-12)
    np.testing.assert_array_equal(u[1:], y[:-1])


def test_switching_narma_follows_the_rule_of_each_tick_and_keeps_the_mean():
    regime = np.repeat([0, 1, 0], 1500)
    stream = data.switching_narma(regime, seed=0)
    u, y = stream.u[:, 0], stream.y[:, 0]
    for t in range(20, 4500, 7):
        product, constant = ((1.5, 0.1), (-1.5, 0.2875))[regime[t]]
        law = 0.3 * y[t - 1] + 0.05 * y[t - 1] * y[t - 10 : t].sum() + product * u[t - 9] * u[t] + constant
        assert y[t] == pytest.approx(law, abs=1e-12)
    assert y[regime == 0].mean() == pytest.approx(y[regime == 1].mean(), rel=0.06)


def test_switching_lorenz_follows_the_law_of_each_tick():
    regime = np.repeat([0, 1, 0], 20)
    u, y, _ = data.switching_lorenz(regime, rhos=(28.0, 35.0), seed=0)
    for t, law in enumerate(regime):
        step = data.rk4(data.lorenz63_field((28.0, 35.0)[law]), tuple(u[t]), 1, dt=0.02, substeps=4)[0]
        np.testing.assert_allclose(y[t], step, rtol=1e-12)
    plain = data.lorenz63(61, seed=0)
    np.testing.assert_array_equal(u[:20], plain[:20])


def test_switching_mackey_glass_starts_as_the_series_of_its_first_delay_and_then_leaves_it():
    u, y, _ = data.switching_mackey_glass(np.repeat([0, 1], 50), seed=0)
    # the longer delay needs a longer history, so the comparison is with the path over the same two delays
    path = data.mackey_glass_path([17.0, 30.0], [1051, 50], seed=0)
    np.testing.assert_array_equal(u, path[1000:-1])
    np.testing.assert_array_equal(y, path[1001:])
    stays = data.mackey_glass_path([17.0, 17.0, 30.0], [1051, 50, 0], seed=0)
    np.testing.assert_array_equal(path[:1051], stays[:1051])
    assert np.abs(path[1060:] - stays[1060:]).max() > 0.01


def test_a_regime_that_has_no_law_is_refused():
    for wrong in ([0, 2], [-1, 0], [0.5], []):
        with pytest.raises(ValueError, match="whole numbers from 0 to 1"):
            data.switching_sines(wrong)
