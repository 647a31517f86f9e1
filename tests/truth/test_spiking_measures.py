"""Measures of spikes and of spiking liquids, against processes whose answers are known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import plashet as pl
from plashet import measure
from plashet.liquids import LIF, Spiking, maass2002
from plashet.measure import branching, tune
from plashet.measure.driven import heard, jittered, other_pasts
from plashet.wiring import Inputs, circuit

H = 1e-4


def clockwork(periods, steps):
    """Units that spike every so many steps."""
    return np.concatenate([[(s, i) for s in range(0, steps, p)] for i, p in enumerate(periods)])


def poisson_events(units, rate, seconds, h, seed):
    rng = np.random.default_rng(seed)
    return np.argwhere(rng.random((round(seconds / h), units)) < rate * h)


def alone(units, **settings):
    """Units without synapses, a current into each."""
    inputs = Inputs(np.ones((units, 1)), np.zeros((units, 0)))
    nobody = np.array([], np.int64)
    return Spiking(
        circuit(nobody, nobody, 1.0, inhibitory=np.zeros(units, bool), inputs=inputs), LIF(units, **settings), H
    )


# Rates and intervals


def test_rates_are_spikes_over_time():
    events = clockwork([10, 20, 1000], 1000)
    np.testing.assert_allclose(measure.firing_rates(events, 4, 1e-3, 1000), [100, 50, 1, 0])
    assert measure.silent_share(events, 4) == 0.25


def test_a_recorded_liquid_has_the_rates_that_its_counts_say():
    liquid = maass2002(2, seed=0)
    u = np.random.default_rng(0).poisson(0.05, (300, 2)).astype(float)
    events = liquid.record(liquid.init(u[0]), u, np.full(300, 1e-3))[2]
    counts, _ = pl.run(replace(liquid, tau_trace=None), u, 1e-3)
    np.testing.assert_allclose(measure.firing_rates(events, 135, H, 3000), counts.sum(axis=0) / 0.3)


def test_intervals_of_a_clock_do_not_vary_and_those_of_poisson_spikes_do_by_their_mean():
    cv = measure.interval_cv(clockwork([7, 13, 600], 1000), 4)
    np.testing.assert_allclose(cv[:2], 0.0)
    assert np.isnan(cv[2:]).all()  # two spikes and none
    cv = measure.interval_cv(poisson_events(40, 20.0, 100.0, H, 0), 40)
    assert cv.mean() == pytest.approx(1.0, abs=0.015)  # 2000 intervals each: four errors of 0.022 / sqrt(40)


def test_intervals_vary_as_a_slow_loop_says():
    events = poisson_events(5, 30.0, 3.0, 1e-3, 1)
    shuffled = events[np.random.default_rng(0).permutation(len(events))]
    gaps = [np.diff(events[events[:, 1] == i, 0]) for i in range(5)]
    np.testing.assert_allclose(measure.interval_cv(shuffled, 5), [g.std() / g.mean() for g in gaps])


def test_synchrony_is_one_for_equal_units_and_the_inverse_root_of_their_number_for_independent_ones():
    one = poisson_events(1, 40.0, 20.0, 1e-3, 0)[:, 0]
    equal = np.column_stack([np.repeat(one, 30), np.tile(np.arange(30), len(one))])
    assert measure.synchrony(equal, 30, 1e-3, 20_000) == pytest.approx(1.0)
    free = poisson_events(100, 40.0, 20.0, 1e-3, 1)
    assert measure.synchrony(free, 100, 1e-3, 20_000) == pytest.approx(0.1, rel=0.05)
    dense = np.zeros((4000, 100))
    np.add.at(dense, (free[:, 0] // 5, free[:, 1]), 1)
    slow = np.sqrt(dense.mean(axis=1).var() / dense.var(axis=0).mean())
    assert measure.synchrony(free, 100, 1e-3, 20_000) == pytest.approx(slow)


def test_the_fano_factor_is_one_for_independent_units_and_their_number_for_equal_ones():
    free = poisson_events(50, 10.0, 40.0, 1e-3, 2)
    assert measure.fano(free, 50, 1e-3, 40_000) == pytest.approx(1.0, abs=0.05)  # three errors of sqrt(2 / 8000)
    one = poisson_events(1, 10.0, 100.0, H, 3)[:, 0]
    equal = np.column_stack([np.repeat(one, 20), np.tile(np.arange(20), len(one))])
    assert measure.fano(equal, 20, H, 1_000_000, width=1e-3) == pytest.approx(20.0, rel=0.06)


def test_the_population_rate_counts_every_spike_once():
    events = poisson_events(10, 50.0, 1.0, 1e-3, 4)
    rate = measure.population_rate(events, 10, 1e-3, 1000, width=0.02)
    assert rate.shape == (50,)
    assert rate.sum() * 0.02 * 10 == pytest.approx(len(events))


@pytest.mark.parametrize(
    ("events", "words"),
    [
        (np.zeros((3, 3), int), "one series of a batch at a time"),
        (np.zeros((3, 2)), "whole numbers"),
        (np.array([[0, 9]]), r"units 9\.\.9, but there are 0\.\.4"),
        (np.array([[12, 0]]), "subtract the clock"),
        (np.array([[-1, 0]]), "subtract the clock"),
    ],
)
def test_what_is_no_list_of_spikes_is_refused(events, words):
    with pytest.raises(ValueError, match=words):
        measure.firing_rates(events, 5, 1e-3, 10)


def test_no_spikes_are_an_answer():
    none = np.empty((0, 2), np.int64)
    assert measure.firing_rates(none, 3, H, 10).sum() == 0
    assert measure.silent_share(none, 3) == 1
    assert np.isnan(measure.interval_cv(none, 3)).all()
    assert np.isnan([measure.synchrony(none, 3, H, 1000), measure.fano(none, 3, H, 1000)]).all()


# Branching


def family(sigma, units, generations, seed):
    """Spikes of which each starts others along its own edges: a branching process of known σ with immigrants."""
    rng = np.random.default_rng(seed)
    fan = 8
    pre, post = (
        np.repeat(np.arange(units), fan),
        np.concatenate([(i + 1 + np.arange(fan)) % units for i in range(units)]),
    )
    net = circuit(pre, post, 1.0, 2e-3, inhibitory=np.zeros(units, bool))
    alive, spikes = [], []
    for g in range(generations):
        born = {int(i) for i in rng.integers(0, units, rng.poisson(0.4))}
        for i in alive:
            born |= {int((i + 1 + k) % units) for k in np.flatnonzero(rng.random(fan) < sigma / fan)}
        alive = sorted(born)
        spikes += [(g * 30, i) for i in alive]  # 3 ms a generation: 2 ms of delay and a millisecond to spike
    return np.array(spikes), net


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda e, c: measure.firing_rates(e, 2, 0.0, 9), "h is the grid step"),
        (lambda e, c: measure.fano(e, 2, -1e-3, 9), "h is the grid step"),
        (lambda e, c: measure.synchrony(e, 2, 1e-3, 9, width=np.nan), "width is of a bin"),
        (lambda e, c: measure.branching_factor(e, c.circuit, np.nan), "h is the grid step"),
        (lambda e, c: measure.branching_factor(e, c.circuit, 1e-3, window=0.0), "window and margin"),
        (lambda e, c: measure.counts_of([0.1, 2.0], 1.0, 0.1), r"0\.1 to 2\.0 s"),
        (lambda e, c: measure.counts_of([np.nan], 1.0, 0.1), "wanted 0 to"),
        (lambda e, c: measure.separation(c, np.zeros((0, 2, 1)), np.zeros((0, 2, 1)), 1e-3), "at least a tick"),
        (lambda e, c: measure.separation(c, np.zeros((3, 0, 1)), np.zeros((3, 0, 1)), 1e-3), "of a pair"),
        (lambda e, c: measure.kernel_rank(c, np.zeros((0, 2, 1)), 1e-3), "at least one tick"),
    ],
)
def test_what_cannot_be_measured_is_refused(call, words):
    with pytest.raises(ValueError, match=words):
        call(np.array([[1, 0], [4, 1]]), maass2002(seed=0))


@pytest.mark.parametrize("sigma", [0.3, 0.6, 0.9])
def test_the_branching_factor_of_a_branching_process_is_its_own(sigma):
    events, net = family(sigma, 4000, 4000, 0)
    found = measure.branching_factor(events, net, H, window=2e-3)
    assert found == pytest.approx(sigma, abs=0.04)  # 1300 spikes or more


def test_descendants_are_counted_as_a_slow_loop_counts_them(monkeypatch):
    rng = np.random.default_rng(0)
    is_i = np.arange(12) >= 9
    net = circuit(rng.integers(0, 12, 60), rng.integers(0, 12, 60), 1.0, rng.integers(1, 30, 60) * H, inhibitory=is_i)
    events = np.unique(np.column_stack([rng.integers(0, 6000, 400), rng.integers(0, 12, 400)]), axis=0)
    delay, window = np.rint(net.delay / H).astype(int), 40
    ancestors = [
        [
            (k, e)
            for k, (s, i) in enumerate(events)
            for e in np.flatnonzero((net.topology.pre == i) & (net.topology.post == j))
            if not is_i[i] and s + delay[e] < n <= s + delay[e] + window
        ]
        for n, j in events
    ]
    descendants = np.zeros(len(events))
    for found in ancestors:
        for k, _ in found:
            descendants[k] += 1 / len(found)
    inner = (events[:, 0] >= events[0, 0] + 250) & (events[:, 0] <= events[-1, 0] - 250)
    got = measure.branching_factor(events, net, H, window=window * H)
    assert got == pytest.approx(descendants[inner].mean())
    assert got > 0.3
    monkeypatch.setattr(branching, "PART", 7)  # a few deliveries at a time
    assert measure.branching_factor(events, net, H, window=window * H) == pytest.approx(got)


def test_spikes_without_synapses_have_no_descendants():
    nobody = np.array([], np.int64)
    net = circuit(nobody, nobody, 1.0, inhibitory=np.zeros(5, bool))
    assert measure.branching_factor(poisson_events(5, 50.0, 1.0, H, 0), net, H) == 0.0
    assert np.isnan(measure.branching_factor(np.empty((0, 2), int), net, H))


def activity(m, bins, seed, share=1.0):
    """A(t+1) ~ Poisson(m A(t) + 20), of which a share is seen."""
    rng = np.random.default_rng(seed)
    a = np.empty(bins, int)
    a[0] = 20 / (1 - m)
    for t in range(1, bins):
        a[t] = rng.poisson(m * a[t - 1] + 20)
    return rng.binomial(a, share)


def test_the_slope_of_activity_is_its_branching_factor_and_too_low_where_units_are_missing():
    assert measure.activity_slope(activity(0.9, 30_000, 0)) == pytest.approx(0.9, abs=0.01)
    assert measure.activity_slope(activity(0.9, 30_000, 0, share=0.05)) < 0.5


def test_several_steps_tell_the_factor_of_activity_that_is_seen_in_part():
    found = measure.multistep(activity(0.95, 60_000, 1, share=0.05))
    assert found.factor == pytest.approx(0.95, abs=0.015)
    assert found.share < 0.5
    whole = measure.multistep(activity(0.8, 30_000, 2))
    assert whole.factor == pytest.approx(0.8, abs=0.01)
    assert whole.share == pytest.approx(1.0, abs=0.02)
    assert np.isnan(measure.multistep(np.ones(300)).factor)
    with pytest.raises(ValueError, match="at least 202"):
        measure.multistep(np.ones(30))


# Separation


def test_the_distance_of_trains_is_the_integral_it_stands_for():
    a, b, tau = [0.1, 0.2, 0.35], [0.103, 0.21], 5e-3
    t = np.arange(-0.1, 0.6, 1e-5)

    def smooth(times):
        return sum(np.exp(-(((t - s) / tau) ** 2)) for s in times)

    integral = np.sqrt(((smooth(a) - smooth(b)) ** 2).sum() * 1e-5) / 0.5
    assert measure.train_distance(a, b, 0.5) == pytest.approx(integral, rel=1e-9)
    assert measure.train_distance(a, a, 0.5) == pytest.approx(0.0, abs=1e-12)
    assert measure.train_distance([0.3], [], 0.5) == pytest.approx(np.sqrt(tau * np.sqrt(np.pi / 2)) / 0.5)


@pytest.mark.parametrize("distance", [0.0, 0.1, 0.4])
def test_pairs_are_as_far_apart_as_asked_and_both_are_poisson(distance):
    pairs = [measure.poisson_pair(20.0, 0.5, distance, seed=s) for s in range(100)]
    assert max(abs(measure.train_distance(p.a, p.b, 0.5) - distance) for p in pairs) <= 0.01
    for trains in ([p.a for p in pairs], [p.b for p in pairs]):
        counts = np.array([len(t) for t in trains])
        assert counts.mean() == pytest.approx(10.0, abs=1.0)  # three errors of the mean
        assert counts.var() / counts.mean() == pytest.approx(1.0, abs=0.45)
        pooled = np.concatenate(trains)
        assert pooled.min() >= 0
        assert pooled.max() <= 0.5
        assert len(np.unique(pooled)) == len(pooled)  # none was stopped at the end of the window
        assert pooled.mean() == pytest.approx(0.25, abs=0.014)


def test_a_distance_out_of_reach_is_refused_with_the_furthest():
    with pytest.raises(ValueError, match=r"was 9\.0 apart, the furthest"):
        measure.poisson_pair(20.0, 0.5, 9.0, seed=0)


def test_a_column_parts_trains_the_more_the_further_they_are_apart():
    """Figure 2 of the paper, small."""
    liquid, apart = maass2002(1, seed=0), []
    for distance in (0.0, 0.1, 0.4):
        pairs = [measure.poisson_pair(20.0, 0.5, distance, seed=s) for s in range(40)]
        a, b = (
            np.stack([measure.counts_of(t, 0.5, 1e-3) for t in side], axis=1)[..., None]
            for side in zip(*[p[:2] for p in pairs], strict=True)
        )
        found = measure.separation(liquid, a, b, 1e-3)
        assert found.squared.shape == (500,)
        apart.append(found.apart[100:].mean())
        assert found.norm_same.mean() > 0
    assert apart[0] == 0.0
    assert apart[0] < apart[1] < apart[2]


def test_separation_of_units_without_memory_is_that_of_their_inputs():
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(2, 30, 7, 3))
    found = measure.separation(pl.encode.Hold(3), a, b)
    np.testing.assert_allclose(found.apart, ((a - b) ** 2).mean(axis=(1, 2)))
    np.testing.assert_allclose(found.norm, np.linalg.norm(a - b, axis=-1).mean(axis=1))
    with pytest.raises(ValueError, match="pairs, inputs"):
        measure.separation(pl.encode.Hold(3), a[:, 0], b[:, 0])


# Divergence


def test_a_push_below_threshold_dies_out_with_the_membrane():
    found = measure.divergence(alone(20, background=10.0), np.zeros((400, 1)), 1e-3, seed=0)
    assert found.exponent == pytest.approx(-1 / 0.03, rel=1e-6)
    np.testing.assert_allclose(found.curve, np.exp(-np.arange(100) / 30), rtol=1e-6)
    assert found.healed == 0.0


def test_one_spike_too_many_of_a_lone_unit_dies_out_with_the_membrane():
    found = measure.divergence(alone(20, background=10.0), np.zeros((400, 1)), 1e-3, seed=0, disturb=measure.one_spike)
    np.testing.assert_allclose(found.curve[5:], found.curve[5] * np.exp(-np.arange(95) / 30), rtol=1e-6)


def network(weight, units=200, degree=30):
    """Strongly driven units, a fifth of them inhibitory and six times as strong, delays of 1 to 3 ms."""
    rng = np.random.default_rng(0)
    is_i = np.arange(units) >= units * 4 // 5
    pre = np.repeat(np.arange(units), degree)
    strength = np.where(is_i[pre], 6.0, 1.0) * weight
    delay = rng.integers(5, 16, len(pre)) * 2e-4
    net = circuit(pre, rng.integers(0, units, len(pre)), strength, delay, inhibitory=is_i)
    return Spiking(net, LIF(units, background=17.0, start=(13.5, 15.0)), 2e-4, seed=1)


def test_strong_balanced_synapses_are_chaotic_and_a_strong_common_input_is_not():
    wild = measure.divergence(network(2.0), np.zeros((800, 0)), 1e-3, seed=0)
    assert wild.exponent > 10
    assert wild.curve[-1] > 3
    u = np.where(np.arange(800) % 20 < 10, 6.0, -8.0)[:, None]  # every unit is driven up and pulled down, all alike
    calm = measure.divergence(alone(100, background=13.5), u, 1e-3, seed=0)
    assert calm.exponent < -10


def test_noise_is_the_same_for_all_copies():
    quiet = alone(20, background=10.0)
    chain = pl.Chain((pl.encode.Hold(1), replace(quiet, noise=3.0)))
    noisy = measure.divergence(chain, np.zeros((400, 1)), 1e-3, seed=0)
    assert noisy.exponent == pytest.approx(-1 / 0.03, rel=1e-6)


def test_a_divergence_needs_a_round():
    with pytest.raises(ValueError, match=r"at least 0\.3 s"):
        measure.divergence(alone(3), np.zeros((100, 1)), 1e-3, seed=0)


# Memory, fading, ranks


def test_a_spiking_liquid_forgets_another_past_and_hears_counts_only():
    u = np.random.default_rng(0).poisson(0.03, (1500, 3)).astype(float)
    past = other_pasts(u, (50, 4), np.random.default_rng(0))
    assert set(np.unique(past)) <= set(np.unique(u))
    fading = measure.forgets(maass2002(3, seed=0), u, 1e-3, seed=1, tolerance=0.1)
    assert fading.distances[:100].mean() > 5 * fading.distances[-100:].mean()


def test_lone_units_forget_with_their_trace():
    """Of the past a few spikes are left in the trace; then nobody spikes, and the trace fades with tau_trace."""
    u = np.concatenate([np.random.default_rng(0).normal(0, 20.0, (100, 1)), np.full((200, 1), -50.0)])
    fading = measure.forgets(alone(8), u, 1e-3, seed=0, pasts=3)
    left = fading.distances[-150:]
    np.testing.assert_allclose(left, left[0] * np.exp(-np.arange(150) / 30), rtol=1e-9)


def test_a_delay_line_knows_its_bits_but_no_linear_readout_their_xor():
    from test_liquid_measures import delay_line

    line = delay_line(5)
    found = measure.bit_memory(line, [[0.0]], [[1.0]], seed=0, delays=8)
    np.testing.assert_array_equal(found.bits[:5], 1.0)
    np.testing.assert_allclose(found.bits[5:], 0.5, atol=0.08)
    np.testing.assert_allclose(found.xor, 0.5, atol=0.08)
    assert found.reach() == 5
    products = pl.Chain((line, pl.Products(5)))
    bent = measure.bit_memory(products, [[0.0]], [[1.0]], seed=0, delays=8)
    np.testing.assert_array_equal(bent.xor[:4], 1.0)
    np.testing.assert_allclose(bent.xor[4:], 0.5, atol=0.08)


def test_a_column_knows_the_bits_that_it_just_heard():
    rng = np.random.default_rng(0)
    zero, one = rng.poisson(0.06, (2, 30, 4))
    found = measure.bit_memory(maass2002(4, seed=0), zero, one, 1e-3, seed=0, delays=6, train=400, test=200)
    assert found.bits[0] > 0.98
    assert found.bits[1] > 0.8
    with pytest.raises(ValueError, match="the cell takes 4 inputs"):
        measure.bit_memory(maass2002(4, seed=0), zero[:, :2], one[:, :2], 1e-3, seed=0)


def test_the_participation_ratio_counts_directions_of_equal_variance():
    q = np.linalg.qr(np.random.default_rng(0).normal(size=(300, 6)))[0]
    q = np.linalg.svd(q - q.mean(axis=0), full_matrices=False)[0]
    assert measure.participation_ratio(q) == pytest.approx(6.0)
    variance = np.array([4.0, 2.0, 1.0])
    assert measure.participation_ratio(q[:, :3] * np.sqrt(variance)) == pytest.approx(49 / 21)
    assert measure.participation_ratio(np.ones((5, 3))) == 0.0


def test_both_ranks_go_by_the_yardstick_of_the_different_inputs():
    rng = np.random.default_rng(0)
    different, versions = rng.normal(size=(3, 20, 6)), 1e-4 * rng.normal(size=(3, 20, 6))
    found = measure.kernel_quality(pl.encode.Hold(6), different, versions)
    assert (found.kernel, found.generalisation, found.useful) == (6, 0, 6)
    assert found.generalisation_directions > 4  # of itself the noise has every direction
    assert measure.kernel_quality(pl.encode.Hold(6), different, versions, tolerance=1e-9).generalisation == 6
    assert found.tolerance == 0.1


def test_a_column_parts_different_inputs_better_than_versions_of_one():
    rng = np.random.default_rng(0)
    different = rng.poisson(0.01, (300, 40, 4)).astype(float)
    versions = jittered(different[:, 0], 1e-3, 4e-3, 40, rng)
    np.testing.assert_array_equal(versions.sum(axis=0), np.broadcast_to(different[:, 0].sum(axis=0), (40, 4)))
    found = measure.kernel_quality(maass2002(4, seed=0), different, versions, 1e-3)
    assert found.useful > 10


# The report, and tuning


@pytest.fixture(scope="module")
def heard_by_column():
    return np.random.default_rng(0).poisson(0.02, (6000, 4)).astype(float)


def test_the_report_of_a_column_says_what_the_parts_say(heard_by_column):
    liquid, u = maass2002(4, seed=0), heard_by_column
    found = measure.report(liquid, u, 1e-3)
    events = liquid.record(liquid.init(u[0]), u, np.full(len(u), 1e-3))[2]
    rates = measure.firing_rates(events, 135, H, 60_000)
    assert found.rate == pytest.approx(rates.mean())
    assert found.rate_inhibitory == pytest.approx(rates[liquid.circuit.inhibitory].mean())
    assert found.branching == pytest.approx(measure.branching_factor(events, liquid.circuit, H))
    assert found.interval_cv == pytest.approx(np.nanmedian(measure.interval_cv(events, 135)))
    assert found.silent == measure.silent_share(events, 135)
    assert found.kernel > found.generalisation
    assert found.current_ratio > 1
    assert found.advice == ("nothing stands out",)
    assert found.as_dict()["units"] == 135


def test_a_chain_is_reported_by_what_reaches_its_liquid(heard_by_column):
    liquid, u = maass2002(4, seed=0), heard_by_column[:2000]
    twice = pl.encode.Scale(np.zeros(4), np.full(4, 0.5))  # everything comes twice
    chain = pl.WithInput(pl.Chain((twice, liquid)))
    assert heard(chain, u, 1e-3)[0] is liquid
    np.testing.assert_array_equal(heard(chain, u, 1e-3)[1], 2 * u)
    assert measure.report(chain, u, 1e-3) == measure.report(liquid, 2 * u, 1e-3)


@pytest.mark.parametrize(
    ("factor", "rate", "words"),
    [
        (0.01, 0.02, "no unit spikes: raise"),
        (0.25, 0.02, "of the units are silent: raise weights"),
        (60.0, 0.3, "spike as fast as they can: lower weights"),
    ],
)
def test_the_report_says_what_is_wrong_and_what_to_do(factor, rate, words):
    u = np.random.default_rng(1).poisson(rate, (2500, 4)).astype(float)
    found = measure.report(tune.weights.turn(maass2002(4, seed=0), factor), u, 1e-3)
    with pytest.raises(AssertionError, match=words):
        raise AssertionError(" / ".join(found.advice))


def test_a_liquid_without_memory_is_told_to_have_longer_constants():
    liquid = alone(60, tau=1e-3, refractory=0.0)
    short = replace(liquid, tau_trace=1e-3, noise=30.0)
    found = measure.report(short, np.random.default_rng(0).normal(0, 1.0, (3000, 1)), 1e-3)
    assert found.memory == 0.0
    assert any("hardly remembered: raise tau_trace" in said for said in found.advice)


def test_a_report_needs_a_tenth_of_a_second_and_one_liquid():
    liquid = maass2002(1, seed=0)
    with pytest.raises(ValueError, match=r"at least 0\.1 s"):
        measure.report(liquid, np.zeros((30, 1)), 1e-3)
    with pytest.raises(TypeError, match="2 cells that spike"):
        measure.report(pl.Beside((liquid, liquid)), np.zeros((300, 1)), 1e-3)
    found = measure.report(liquid, np.zeros((300, 1)), 1e-3)
    assert found.rate == 0
    assert np.isnan(found.interval_cv)


@pytest.mark.parametrize("knob", [tune.weights, tune.input_weights, tune.background])
def test_a_liquid_is_tuned_to_the_rate_it_should_have(knob, heard_by_column):
    u = heard_by_column[:2000]
    found = measure.tune_rates(maass2002(4, seed=0), u, 8.0, knob=knob)
    events = found.cell.record(found.cell.init(u[0]), u, np.full(len(u), 1e-3))[2]
    assert measure.firing_rates(events, 135, H, 20_000).mean() == pytest.approx(8.0, rel=0.06)
    assert found.rate == pytest.approx(measure.firing_rates(events, 135, H, 20_000).mean())
    again = measure.tune_rates(maass2002(4, seed=0), u, 8.0, knob=knob)
    assert again[1:] == found[1:]


def test_recurrent_weights_are_tuned_by_themselves(heard_by_column):
    u = heard_by_column[:2000]
    found = measure.tune_rates(maass2002(4, seed=0), u, 12.0, knob=tune.synapses)
    before = maass2002(4, seed=0).circuit
    np.testing.assert_array_equal(found.cell.circuit.inputs.w_events, before.inputs.w_events)
    np.testing.assert_allclose(found.cell.circuit.weight, found.factor * before.weight)


def test_the_background_gives_the_idle_rate_and_the_knob_the_driven_one():
    liquid = replace(alone(100), noise=20.0, h=5e-4)
    u = np.repeat(np.random.default_rng(0).normal(2.0, 1.0, (200, 1)), 10, axis=0)
    found = measure.tune_rates(liquid, u, 40.0, knob=tune.input_weights, idle=4.0)
    assert found.idle == pytest.approx(4.0, rel=0.12)
    assert found.rate == pytest.approx(40.0, rel=0.06)
    assert found.cell.neuron.background == pytest.approx(13.5 + found.background)


def test_the_liquid_within_a_chain_is_tuned_where_it_stands(heard_by_column):
    chain = pl.Chain((pl.encode.Scale(np.zeros(4), np.ones(4)), maass2002(4, seed=0), pl.Squares(135)))
    found = measure.tune_rates(chain, heard_by_column[:1000, None], 8.0)
    assert isinstance(found.cell, pl.Chain)
    assert found.cell.cells[0] is chain.cells[0]
    np.testing.assert_allclose(found.cell.cells[1].circuit.weight, found.factor * chain.cells[1].circuit.weight)


def test_a_rate_out_of_reach_is_refused_with_what_was_reached(heard_by_column):
    with pytest.raises(ValueError, match=r"500 Hz is out of reach: .* spike at 0 to 1\d\d Hz"):
        measure.tune_rates(maass2002(4, seed=0), heard_by_column[:500], 500.0)
    with pytest.raises(ValueError, match="the rate jumps from 0 to"):
        measure.tune_rates(alone(50), np.zeros((2000, 1)), 0.5, knob=tune.background)
    with pytest.raises(ValueError, match="rates are in Hz and positive"):
        measure.tune_rates(maass2002(4, seed=0), heard_by_column, 0.0)
    with pytest.raises(ValueError, match="of 4 inputs"):
        measure.tune_rates(maass2002(4, seed=0), heard_by_column[:, :2], 5.0)


# Potentials


def test_potentials_are_those_of_the_closed_form_at_every_step():
    seen = measure.potentials(alone(3, background=10.0), np.full((20, 1), 2.0), 1e-3, [0, 2])
    t = np.arange(1, 201) * H
    np.testing.assert_allclose(seen.v, np.repeat(12 * (1 - np.exp(-t / 0.03))[:, None], 2, axis=1), rtol=1e-12)


def test_potentials_watched_step_by_step_spike_as_the_run_does():
    liquid = maass2002(2, seed=0)
    u = np.random.default_rng(0).poisson(0.06, (120, 2)).astype(float)
    seen = measure.potentials(liquid, u, 1e-3, np.arange(135))
    events = liquid.record(liquid.init(u[0]), u, np.full(120, 1e-3))[2]
    np.testing.assert_array_equal(seen.events, events)
    assert len(events) > 50
    assert (seen.v[events[:, 0], events[:, 1]] == 13.5).all()
    with pytest.raises(ValueError, match="not whole grid steps"):
        measure.potentials(liquid, u, 1.5e-4, [0])
    with pytest.raises(ValueError, match=r"units are some of 0\.\.134"):
        measure.potentials(liquid, u, 1e-3, [135])
