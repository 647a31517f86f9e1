"""Neurons against closed forms: rates, potentials, refractory times, adaptation, noise."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.special import erfcx

from plashet import ALIF, LIF, Izhikevich, Spiking, run, wiring
from plashet.liquids.neurons import mean_current

PAPER = {"E": (LIF(1), 0.003), "I": (LIF(1, refractory=0.002), 0.002)}


def alone(neuron, h, **settings):
    """Units without synapses, each fed its own current."""
    inputs = wiring.Inputs(np.eye(neuron.units), np.zeros((neuron.units, 0)))
    return Spiking(
        wiring.circuit([], [], [], [], inhibitory=np.zeros(neuron.units, bool), inputs=inputs), neuron, h, **settings
    )


def intervals(neuron, current, h, spikes=12):
    """Intervals between the spikes of one unit under a constant current, in seconds."""
    cell = alone(neuron, h)
    _, _, events = cell.record(cell.init(np.zeros(1)), np.array([[current]]), np.array([spikes / 5]))
    return np.diff(events[:, 0]) * h


def rate(current, refractory):
    """I and the voltages from rest, tau 30 ms: the closed form."""
    return 1 / (refractory + 0.03 * np.log((current - 13.5) / (current - 15)))


@pytest.mark.parametrize(
    ("kind", "current", "hertz"),
    [("E", 16, 32.80), ("E", 20, 91.99), ("E", 25, 139.0), ("I", 16, 33.91), ("I", 20, 101.31), ("I", 25, 161.5)],
)
def test_the_f_i_curve_is_the_papers(kind, current, hertz):
    neuron, refractory = PAPER[kind]
    assert rate(current, refractory) == pytest.approx(hertz, rel=5e-4)
    h = 1e-4
    apart = intervals(neuron, current - 13.5, h)
    assert 0 <= apart.mean() - 1 / rate(current, refractory) <= h  # the threshold is looked at once a step


def test_below_threshold_there_is_no_spike():
    cell = alone(LIF(3), 1e-4)
    _, _, events = cell.record(cell.init(np.zeros(3)), np.array([[-20.0, 0.0, 1.49999]]), np.array([5.0]))
    assert len(events) == 0


@pytest.mark.parametrize("wrap", [lambda lif: lif, lambda lif: ALIF(lif, 0.1, 0.0)])
def test_a_unit_that_is_just_at_its_threshold_spikes(wrap):
    cell = alone(wrap(LIF(1, threshold=1.0, reset=0.0, background=1.0, start=(1.0, 1.0))), 1e-3)
    state = cell.init(np.zeros(1))
    assert cell.step(state, np.zeros(1), 1e-3)[0].last == 0
    assert cell.tick(state, np.zeros(1), 1e-3)[0].last == 0


def test_a_refractory_time_off_the_grid_is_the_nearest_steps():
    assert np.allclose(intervals(LIF(1, refractory=2.6e-3), 1e6, 1e-3), 4e-3)
    assert np.allclose(intervals(LIF(1, refractory=2.4e-3), 1e6, 1e-3), 3e-3)


def test_a_beginning_reaches_from_low_to_high():
    lif = LIF(3, start=(13.5, 15.0))
    drawn = lif.scatter(lif.init(np.zeros(3)), np.array([0.0, 0.5, 1 - 1e-9])).v
    np.testing.assert_allclose(drawn, [13.5, 14.25, 15.0], atol=1e-8)


def test_a_neuron_without_weights_of_its_own_feels_the_mean_current():
    t = np.linspace(0, 1e-3, 10_001)
    assert mean_current(6e-3, 1e-3) == pytest.approx(np.trapezoid(np.exp(-t / 6e-3), t) / 1e-3, rel=1e-8)


def test_the_error_of_the_rate_falls_with_the_step():
    errors = [intervals(LIF(1), 6.5, h, spikes=200).mean() - 1 / rate(20, 0.003) for h in (1e-3, 1e-4, 1e-5)]
    assert all(0 <= e <= h for e, h in zip(errors, (1e-3, 1e-4, 1e-5), strict=True))
    assert errors[2] < errors[0] / 10


@pytest.mark.parametrize("h", [1e-5, 1e-4, 1e-3, 7e-3])
def test_a_membrane_charges_exactly_at_any_step(h):
    cell = alone(LIF(1, tau=0.02, threshold=1e9, reset=0, rest=-3.0, background=5.0), h)
    steps = int(0.05 / h)
    state = run(cell, np.full((1, 1), 7.0), steps * h)[1]
    expected = 9.0 - 12.0 * np.exp(-steps * h / 0.02)
    assert state.neuron.v[0] == pytest.approx(expected, rel=1e-12)


def test_the_first_spike_comes_when_the_closed_form_says():
    cell = alone(LIF(1, tau=0.02, threshold=1.0, reset=0.0, background=0.0), 1e-4)
    _, _, events = cell.record(cell.init(np.zeros(1)), np.array([[1.5]]), np.array([0.03]))
    assert events[0, 0] + 1 == np.ceil(-0.02 * np.log(1 - 1 / 1.5) / 1e-4)


@pytest.mark.parametrize("steps", [0, 1, 7, 30])
def test_a_refractory_unit_is_held_for_its_steps(steps):
    """Driven so hard that one free step makes it spike: an interval is the refractory steps and that one."""
    h = 1e-3
    assert np.allclose(intervals(LIF(1, refractory=steps * h), 1e6, h), (steps + 1) * h)
    cell = alone(LIF(1, refractory=steps * h), h)
    state, held = cell.init(np.zeros(1)), []
    for _ in range(steps + 1):
        state, _ = cell.step(state, np.array([1e6]), h)
        held.append(state.neuron.v[0])
    assert held == [13.5] * (steps + 1)


def test_a_user_of_one_lif_alone_sees_the_same():
    """The neuron is a cell by itself: currents in, spikes out."""
    spikes, _ = run(LIF(1), np.full((1000, 1), 6.5), 1e-4)
    cell = alone(LIF(1), 1e-4)
    _, _, events = cell.record(cell.init(np.zeros(1)), np.full((1000, 1), 6.5), np.full(1000, 1e-4))
    assert np.array_equal(np.flatnonzero(spikes), events[:, 0])


def test_no_current_no_spike():
    spikes, _ = run(LIF(100), np.zeros((1000, 100)), 1e-3)
    assert not spikes.any()


@pytest.mark.parametrize("jumps", [(0.4, 0.0), (0.0, 0.3)])
def test_adaptation_settles_where_its_fixed_point_is(jumps):
    """At a steady interval T, a just after a spike is 1 / (1 - exp(-T/tau)): the threshold, or the current, follows."""
    threshold_jump, current_jump = jumps
    tau_a, h, tau = 0.1, 2e-5, 0.03
    neuron = ALIF(LIF(1, refractory=0.0), tau_a, threshold_jump, current_jump)
    cell = alone(neuron, h)
    _, _, events = cell.record(cell.init(np.zeros(1)), np.array([[8.0]]), np.array([3.0]))
    T = np.diff(events[:, 0])[-5:].mean() * h
    a = 1 / (1 - np.exp(-T / tau_a))  # just after a spike
    if threshold_jump:
        aim = 21.5
        v = aim + (13.5 - aim) * np.exp(-T / tau)
        assert v == pytest.approx(15 + threshold_jump * a * np.exp(-T / tau_a), abs=0.01)
    else:
        t = np.linspace(0, T, 20001)
        pull = current_jump * a * np.exp(-t / tau_a)
        v = 13.5 * np.exp(-T / tau) + np.trapezoid((21.5 - pull) * np.exp(-(T - t) / tau), t) / tau
        assert v == pytest.approx(15, abs=0.01)
    first = np.diff(events[:, 0])[0] * h
    assert 1.5 * first < T  # it tires


def test_alif_without_jumps_is_lif():
    u = np.random.default_rng(0).normal(4, 4, (200, 3))
    plain, tired = (alone(n, 1e-3) for n in (LIF(3), ALIF(LIF(3), 0.1, 0.0, 0.0)))
    assert np.array_equal(run(plain, u, 0.01)[0], run(tired, u, 0.01)[0])


def test_izhikevichs_regular_spiking_cell_does_as_its_paper_shows():
    """Figure 2 of the paper, RS under I = 10: a first short interval, then slower and regular; 1 ms steps."""
    cell = alone(Izhikevich(1), 1e-3)
    _, _, events = cell.record(cell.init(np.zeros(1)), np.array([[10.0]]), np.array([1.0]))
    apart = np.diff(events[:, 0])
    assert apart[0] < apart[-1]
    assert np.ptp(apart[4:]) <= 2
    slow = izhikevich_by_hand(10.0, 1000)
    assert np.array_equal(events[:, 0], slow)


def izhikevich_by_hand(current, steps, a=0.02, b=0.2, c=-65.0, d=8.0):
    v, w, spikes = -65.0, -13.0, []
    for n in range(steps):
        for _ in range(2):
            v = min(v + 0.5 * (0.04 * v * v + 5 * v + 140 - w + current), 30.0)
        w += a * (b * v - w)
        if v >= 30:
            spikes.append(n)
            v, w = c, w + d
    return spikes


def siegert(mu, sigma, tau, threshold, reset, refractory):
    """Rate of a LIF unit under white noise: Siegert 1951; tau dV/dt = mu - V + sigma sqrt(tau) xi."""
    x = np.linspace((reset - mu) / sigma, (threshold - mu) / sigma, 20001)
    return 1 / (refractory + tau * np.sqrt(np.pi) * np.trapezoid(erfcx(-x), x))


def test_under_white_noise_units_fire_at_siegerts_rate():
    mu, sigma, tau, h = 14.0, 1.5, 0.03, 2.5e-5
    expected = siegert(mu, sigma, tau, 15, 13.5, 0.003)
    assert expected == pytest.approx(13.33, abs=0.01)
    units = 200
    noise = sigma * np.sqrt(tau / h)  # a current held over h with this spread is sigma sqrt(tau) xi
    cell = alone(replace(LIF(units), background=mu), h, noise=noise, seed=2)
    _, _, events = cell.record(cell.init(np.zeros(units)), np.zeros((1, units)), np.array([2.5]))
    found = (events[:, 0] * h > 0.5).sum() / (2.0 * units)  # once they have left their rest
    # Looked at every h only, a crossing is seen as if the threshold were 0.5826 sigma sqrt(h/tau) higher (Broadie,
    # Glasserman & Kou 1997, for a barrier); the rest is 5,000 spikes.
    seen = siegert(mu, sigma, tau, 15 + 0.5826 * sigma * np.sqrt(h / tau), 13.5, 0.003)
    assert found == pytest.approx(seen, rel=0.05)
    assert found == pytest.approx(expected, rel=0.1)


def test_the_noise_is_gaussian_white_and_its_own_for_each_unit_and_step():
    from plashet.chance import normals, uniforms

    x = np.stack([normals(7, np.asarray(3), step, 101) for step in range(400)])
    assert abs(x.mean()) < 4 / np.sqrt(x.size)
    assert abs(x.std() - 1) < 4 / np.sqrt(2 * x.size)
    assert abs(np.corrcoef(x[:-1].ravel(), x[1:].ravel())[0, 1]) < 4 / np.sqrt(x.size)
    assert abs((x**4).mean() - 3) < 4 * np.sqrt(96 / x.size)
    u = uniforms(7, np.arange(1000), 5, 8)
    assert u.min() >= 0
    assert u.max() < 1
    assert abs(u.mean() - 0.5) < 4 / np.sqrt(12 * u.size)
    assert len(np.unique(u)) == u.size
    assert np.array_equal(u[17], uniforms(7, np.asarray(17), 5, 8))


@pytest.mark.parametrize(
    ("counter", "seed", "expected"),
    [
        ([0, 0, 0, 0], 0, [0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8]),
        ([0xFFFFFFFF] * 4, 0xFFFFFFFFFFFFFFFF, [0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD]),
        (
            [0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344],
            0x299F31D0A4093822,
            [0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1],
        ),
    ],
)
def test_the_random_numbers_are_philox(counter, seed, expected):
    """Known answers of the Random123 distribution, for ten rounds of 4 x 32 bits."""
    from plashet import _kernels

    out = np.empty(4, np.uint32)
    _kernels.philox(np.array(counter, np.uint32), seed, out)
    assert out.tolist() == expected
