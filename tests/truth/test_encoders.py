"""Spike encoders against closed forms, plain loops from the papers, and the statistics that they promise."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import stats

from plashet import Chain, _kernels, run, tree
from plashet.cells import fold
from plashet.chance import uniforms
from plashet.encode import (
    BSA,
    TBR,
    Centres,
    Convolve,
    Delta,
    FirstSpikes,
    Latency,
    Levels,
    Poisson,
    Population,
    Rates,
    StepForward,
    lowpass,
)
from plashet.encode.poisson import poisson_inverse
from zoo import ENCODERS, U

DT = 1e-3


def sines(seed=0, time=3000):
    """A signal below 8 Hz in 0 .. 1, (time, 1), a tick a millisecond."""
    t, phases = np.arange(time) * DT, np.random.default_rng(seed).uniform(0, 6, 4)
    x = sum(np.sin(2 * np.pi * f * t + p) for f, p in zip((1.0, 2.3, 4.1, 7.7), phases, strict=True))
    return ((x - x.min()) / (x.max() - x.min()))[:, None]


def decibels(signal, again):
    """The ratio of the signal's variance to the mean square of what was lost."""
    return 10 * np.log10(np.var(signal) / np.mean((signal - again) ** 2))


# --- Poisson


def test_poisson_spikes_have_their_rate_within_the_statistical_error():
    rates = np.array([2.0, 10.0, 50.0, 200.0])
    counts, _ = run(Poisson(4, gain=1.0, seed=1), np.tile(rates, (100_000, 1)), DT)
    seconds = 100_000 * DT
    assert (np.abs(counts.sum(axis=0) / seconds - rates) < 3.5 * np.sqrt(rates / seconds)).all()


@pytest.mark.parametrize("dt", [1e-3, 0.02, 1.0])
def test_the_fano_factor_of_poisson_spikes_is_one(dt):
    """Of n windows the variance over the mean has standard error sqrt(2 / n)."""
    counts, _ = run(Poisson(1, gain=40.0, seed=2), np.ones((40_000, 1)), dt)
    windows = counts.reshape(-1, 10).sum(axis=1)
    assert abs(windows.var() / windows.mean() - 1) < 3.5 * np.sqrt(2 / len(windows))


def test_the_intervals_of_poisson_spikes_have_a_coefficient_of_variation_of_one():
    """Ticks of 1/1000 of the interval widen it by less than 1/1000; of n intervals the standard error is 1/sqrt(n)."""
    counts, _ = run(Poisson(200, gain=10.0, seed=3), np.ones((5000, 200)), 1e-4)
    ticks = np.flatnonzero(counts.T.ravel())
    gaps = np.diff(ticks) * 1e-4  # inputs end to end: gaps of independent Poisson processes are those of one
    assert abs(gaps.std() / gaps.mean() - 1) < 3.5 / np.sqrt(len(gaps)) + 1e-3


def test_a_count_is_the_inverse_of_its_distribution():
    uniform = np.random.default_rng(0).uniform(size=40_000)
    uniform[:3] = 0.0, 1 - 2.0**-53, 0.5
    means = np.random.default_rng(1).choice([0.0, 1e-6, 0.03, 0.7, 4.0, 29.9, 99.0], 40_000)
    assert np.array_equal(poisson_inverse(uniform, means)[1:], np.maximum(stats.poisson.ppf(uniform, means), 0)[1:])


@pytest.mark.parametrize("mean", [100.1, 300.0, 1e4])
def test_a_large_count_is_within_one_of_the_inverse(mean):
    """And seldom off: the expansion's error in the distribution is of the order of 0.1 / mean."""
    uniform = np.random.default_rng(0).uniform(size=20_000)
    found, expected = poisson_inverse(uniform, np.full(20_000, mean)), stats.poisson.ppf(uniform, mean)
    assert np.abs(found - expected).max() <= 1
    assert (found != expected).mean() < 0.005


def _philox(counter, seed):
    """Philox4x32-10 in Python's own integers."""
    c0, c1, c2, c3 = counter
    k0, k1 = seed & 0xFFFFFFFF, seed >> 32
    for _ in range(10):
        a, b = 0xD2511F53 * c0, 0xCD9E8D57 * c2
        c0, c1, c2, c3 = (b >> 32) ^ c1 ^ k0, b & 0xFFFFFFFF, (a >> 32) ^ c3 ^ k1, a & 0xFFFFFFFF
        k0, k1 = (k0 + 0x9E3779B9) & 0xFFFFFFFF, (k1 + 0xBB67AE85) & 0xFFFFFFFF
    return c0, c1, c2, c3


def test_the_random_numbers_are_philox_of_their_place():
    """Known answers of Random123 for the plain function, and the numbers drawn from it."""
    assert _philox((0, 0, 0, 0), 0) == (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8)
    pi = (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344)
    assert _philox(pi, 0x299F31D0A4093822) == (0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1)
    seed, key, step = 12345678901234567890, 77, 2**33 + 5
    found = uniforms(seed, np.array([3, key]), np.array([1, step]), 5)[1]
    for i, number in enumerate(found):
        words = _philox((i // 2, step & 0xFFFFFFFF, step >> 32, key), seed)[2 * (i % 2) :]
        assert number == ((words[0] << 21) ^ (words[1] >> 11)) / 2**53


def test_a_row_alone_has_the_spikes_it_has_in_a_batch():
    cell, u = Poisson(U, gain=30.0, seed=5), np.random.default_rng(0).uniform(size=(50, 3, U))
    keys = np.array([4, 2**32 - 1, 0])
    dt = np.random.default_rng(1).uniform(0, 0.05, (50, 3))
    together, _ = run(cell, u, dt, cell.init(u[0], keys))
    for row, key in enumerate(keys):
        alone, _ = run(cell, u[:, row], dt[:, row], cell.init(u[0, row], key))
        assert np.array_equal(together[:, row], alone)
    by_place, _ = run(cell, u, dt)
    named, _ = run(cell, u, dt, cell.init(u[0], np.arange(3)))
    assert np.array_equal(by_place, named)


def test_spikes_of_inputs_rows_ticks_and_seeds_do_not_go_together():
    counts, _ = run(Poisson(20, gain=20.0, seed=6), np.ones((4000, 2, 20)), 0.05)
    other, _ = run(Poisson(20, gain=20.0, seed=7), np.ones((4000, 2, 20)), 0.05)
    lines = np.concatenate((counts.reshape(4000, -1), other.reshape(4000, -1)), axis=1)
    with_itself_later = np.corrcoef(np.concatenate((lines[:-1], lines[1:]), axis=1).T) - np.eye(160)
    assert np.abs(with_itself_later).max() < 5.5 / np.sqrt(4000)


def test_a_missing_value_is_silent_and_an_outlier_no_faster_than_the_limit():
    u = np.tile([np.nan, 1e308, -1e308], (2000, 1))
    counts, _ = run(Poisson(3, gain=1e5, limit=50.0), u, 0.01)
    assert not counts[:, [0, 2]].any()
    assert abs(counts[:, 1].mean() / 0.5 - 1) < 3.5 / np.sqrt(1000)


def test_a_range_of_values_is_a_range_of_rates():
    cell = Poisson.between(2, [-1.0, 10.0], [1.0, 30.0], (5.0, 45.0))
    state = cell.init(np.zeros(2))
    means = [cell._means(np.array(u), 1.0) for u in ([-1.0, 10.0], [0.0, 20.0], [1.0, 30.0], [9.0, 99.0])]
    np.testing.assert_allclose(means, [[5, 5], [25, 25], [45, 45], [45, 45]], rtol=1e-12)
    assert state.key == 0


def test_rates_are_read_from_spikes_with_the_error_of_campbells_theorem():
    """Mean rate, variance rate / (2 tau); values more than a few tau apart are independent."""
    tau, rate, cell = 0.05, 60.0, Poisson(50, gain=60.0, base=0.0, seed=8)
    again, _ = run(Chain((cell, cell.decoder(tau))), np.ones((4000, 50)), DT)
    settled = again[500:] * rate
    n = settled.size * DT / (2 * tau)  # independent values
    assert abs(settled.mean() - rate) < 3.5 * np.sqrt(rate / (2 * tau) / n)
    assert abs(settled.var() / (rate / (2 * tau)) - 1) < 0.1


def test_an_even_train_is_read_as_its_rate_whatever_the_ticks():
    dt = np.random.default_rng(0).uniform(0.001, 0.5, 400)
    again, _ = run(Rates(1, 0.2), (7.0 * dt)[:, None], dt)
    expected = 7.0 * (1 - np.exp(-np.cumsum(dt) / 0.2))
    np.testing.assert_allclose(again[:, 0], expected, rtol=1e-9)


def test_a_spike_in_a_tick_of_no_length_counts_as_much_as_any():
    again, _ = run(Rates(1, 0.2), np.array([[0.0], [1.0], [0.0]]), np.array([0.1, 0.0, 0.1]))
    np.testing.assert_allclose(again[:, 0], [0, 1 / 0.2, np.exp(-0.1 / 0.2) / 0.2], rtol=1e-12)


# --- Latency


def test_the_larger_a_value_the_earlier_its_spike():
    u = np.random.default_rng(0).uniform(size=(1, 12)).repeat(100, axis=0)
    spikes, _ = run(Latency(12, window=0.1), u, DT)
    assert (spikes.sum(axis=0) == 1).all()
    assert np.array_equal(spikes.argmax(axis=0), np.floor((1 - u[0]) * 100).astype(int))


def latency_by_hand(u, dt, window, low, high):
    """Each input on its own, tick by tick."""
    spikes = np.zeros(u.shape)
    for i in range(u.shape[1]):
        clock, due = 0.0, None
        for t in range(len(u)):
            if clock == 0.0:
                due = None if np.isnan(u[t, i]) else (high - min(max(u[t, i], low), high)) / (high - low) * window
            clock += dt[t]
            over = clock >= window * (1 - 1e-6)
            if due is not None and (due < clock or over):
                spikes[t, i], due = 1, None
            clock = 0.0 if over else clock
    return spikes


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10_000), window=st.floats(0.01, 2.0))
def test_latency_is_the_loop_over_inputs_and_ticks(seed, window):
    rng = np.random.default_rng(seed)
    u, dt = rng.normal(size=(60, 3)), rng.choice([0.0, 0.01, 0.1, 0.5], 60)
    u[rng.random(u.shape) < 0.1] = np.nan
    spikes, _ = run(Latency(3, window, -1.0, 1.5), u, dt)
    assert np.array_equal(spikes, latency_by_hand(u, dt, window, -1.0, 1.5))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_every_window_has_one_spike_of_each_input_although_its_ticks_are_rounded(dtype):
    u = np.random.default_rng(0).uniform(size=(1000, 3)).astype(dtype)
    spikes, _ = run(Latency(3, window=0.1), u, 0.01)
    assert (spikes.reshape(100, 10, 3).sum(axis=1) == 1).all()


def test_values_come_back_from_latencies_within_half_a_tick():
    held = np.random.default_rng(0).uniform(-2, 3, (20, 2)).repeat(50, axis=0)
    cell = Latency(2, window=0.05, low=-2.0, high=3.0)
    again, _ = run(Chain((cell, cell.decoder())), held, DT)
    ends = slice(49, None, 50)  # by then every spike of the window has come
    assert np.abs(again[ends] - held[ends]).max() <= 5.0 * DT / 0.05 / 2 + 1e-12


# --- Delta, step forward, threshold-based


def delta_by_hand(u, size, limit):
    """(ups, downs) of one input; the first value is the start."""
    events, start, level = [], None, 0
    for value in u:
        if np.isnan(value):
            events.append((0, 0))
            continue
        start = value if start is None else start
        n = int((value - start) / size - level)
        n = max(-limit, min(limit, n))
        level += n
        events.append((max(n, 0), max(-n, 0)))
    return np.array(events)


@settings(max_examples=60, deadline=None)
@given(
    u=arrays(float, st.integers(1, 40), elements=st.floats(-50, 50) | st.just(np.nan)),
    size=st.floats(0.01, 9),
    limit=st.sampled_from([1, 3, 10**6]),
)
def test_delta_is_the_loop_over_ticks(u, size, limit):
    events, _ = run(Delta(1, size, limit=limit), u[:, None])
    assert np.array_equal(events, delta_by_hand(u, size, limit))


@settings(max_examples=60, deadline=None)
@given(u=arrays(float, (30, 2), elements=st.floats(-1e6, 1e6)), size=st.floats(0.001, 10), own_start=st.booleans())
def test_what_delta_tells_is_within_one_size(u, size, own_start):
    cell = Delta(2, size, start=None if own_start else 3.0)
    again, _ = run(Chain((cell, cell.decoder(u[0]))), u)
    assert np.abs(again - u).max() <= size * (1 + 1e-9) + 1e-9


def test_delta_sends_a_count_where_several_levels_are_passed_at_once():
    events, _ = run(Delta(1, 1.0), np.array([[0.5], [3.7], [3.2], [-1.6], [-1.6]]))
    assert events.tolist() == [[0, 0], [3, 0], [0, 0], [0, 5], [0, 0]]


def test_delta_keeps_quiet_on_noise_within_its_size():
    events, _ = run(Delta(1, 1.0), np.random.default_rng(0).uniform(2.6, 3.4, (1000, 1)))
    assert not events.any()


def test_the_lines_of_going_up_come_first():
    events, _ = run(Delta(2, np.array([1.0, 2.0])), np.array([[0.0, 0.0], [2.1, -4.1]]))
    assert events[1].tolist() == [2, 0, 0, 2]


def step_forward_by_hand(s, threshold):
    """The pseudo-code of Petro, Kasabov & Kiss 2020."""
    base, spikes = s[0], np.zeros(len(s))
    for t in range(1, len(s)):
        if s[t] > base + threshold:
            spikes[t], base = 1, base + threshold
        elif s[t] < base - threshold:
            spikes[t], base = -1, base - threshold
    return spikes


def test_step_forward_is_the_loop_of_the_paper():
    for seed in range(5):
        s = np.random.default_rng(seed).normal(size=300).cumsum() + 20
        events, _ = run(StepForward(1, 0.7), s[:, None])
        assert np.array_equal(events[:, 0] - events[:, 1], step_forward_by_hand(s, 0.7))


def test_step_forward_catches_up_with_a_jump_one_threshold_a_tick():
    cell = StepForward(1, 0.5)
    again, _ = run(Chain((cell, cell.decoder())), np.array([0.0, 1.6, 1.6, 1.6, 1.6])[:, None])
    assert again[:, 0].tolist() == [0, 0.5, 1.0, 1.5, 1.5]


def test_tbr_marks_the_jumps_beyond_its_fitted_threshold():
    rng = np.random.default_rng(0)
    u = rng.normal(size=(400, 2)) + (rng.random((400, 2)) < 0.05).cumsum(axis=0) * 8
    cell = TBR.fitted(u, gamma=1.5)
    moves = np.diff(u, axis=0)
    expected = np.abs(moves).mean(axis=0) + 1.5 * np.abs(moves).std(axis=0)
    np.testing.assert_allclose(cell.threshold, expected, rtol=1e-12)
    events, _ = run(cell, u)
    assert not events[0].any()
    assert np.array_equal(events[1:, :2], moves > expected)
    assert np.array_equal(events[1:, 2:], moves < -expected)


def test_a_change_is_taken_from_the_last_value_seen():
    events, _ = run(TBR(1, 1.0), np.array([np.nan, 0.0, np.nan, np.nan, 2.0, np.nan, 2.5])[:, None])
    assert events.tolist() == [[0, 0], [0, 0], [0, 0], [0, 0], [1, 0], [0, 0], [0, 0]]


@pytest.mark.parametrize(("size", "least"), [(0.02, 24.0), (0.05, 16.0), (0.1, 10.0)])
@pytest.mark.parametrize("code", [Delta, StepForward])
def test_changes_decode_to_the_signal(code, size, least):
    """At worst the error is one size: var / size^2, here about 20, 12 and 6 dB; spread evenly it is 5 dB better."""
    u = sines()
    cell = code(1, size)
    again, _ = run(Chain((cell, cell.decoder(u[0]))), u)
    assert decibels(u, again) > least


def test_jumps_of_one_height_decode_and_slow_signals_do_not():
    """TBR gives every jump its threshold: right for a telegraph signal, and nothing is known of the trend."""
    rng = np.random.default_rng(1)
    telegraph = (rng.random((2000, 1)) < 0.02).cumsum(axis=0) % 2 * 1.0
    cell = TBR(1, 0.999)
    again, _ = run(Chain((cell, cell.decoder(telegraph[0]))), telegraph)
    assert decibels(telegraph, again) > 50
    cell = TBR.fitted(sines(), gamma=0.0)
    again, _ = run(Chain((cell, cell.decoder(sines()[0]))), sines())
    assert decibels(sines(), again) < 10


# --- BSA


def bsa_by_hand(s, h, threshold):
    """The pseudo-code of Schrauwen & Van Campenhout 2003, on a copy; zeros after the end."""
    s = np.concatenate((s, np.zeros(len(h) - 1)))
    spikes = np.zeros(len(s) - len(h) + 1)
    for t in range(len(spikes)):
        error1 = error2 = 0.0
        for k in range(len(h)):
            error1 += abs(s[t + k] - h[k])
            error2 += abs(s[t + k])
        if error1 <= error2 - threshold:
            spikes[t] = 1
            for k in range(len(h)):
                s[t + k] -= h[k]
    return spikes


@pytest.mark.parametrize("length", [2, 7, 24, 65])
def test_bsa_is_the_triple_loop_of_the_paper(length):
    """Equal but where a decision hangs on rounding, which these seeds have none of."""
    h = lowpass(20.0, DT, length)
    u = np.concatenate([sines(seed, 400) for seed in range(3)], axis=1) * [1.0, 5.0, 2.0] + [0.0, -3.0, 1.0]
    cell = BSA(3, h, 0.9, low=[0.0, -3.0, 1.0], high=[1.0, 2.0, 3.0])
    spikes = cell.encode(u)
    assert 0.2 < spikes.mean() < 0.8
    for i, (low, span) in enumerate(zip((0.0, -3.0, 1.0), (1.0, 5.0, 2.0), strict=True)):
        expected = bsa_by_hand((u[:, i] - low) / span * h.sum(), h, 0.9 * np.abs(h).sum())
        assert np.array_equal(spikes[:, i], expected)


def test_bsa_as_a_cell_is_the_whole_series_later_by_its_delay():
    u = np.concatenate([sines(seed, 300) for seed in range(4)], axis=1).reshape(300, 2, 2)
    cell = BSA(2, lowpass(20.0, DT, 24))
    whole = cell.encode(u)
    out, _ = run(cell, u)
    assert cell.delay == 23
    assert not out[:23].any()
    assert np.array_equal(out[23:], whole[:-23])


def test_neither_the_series_nor_the_filter_is_changed():
    u, h = sines(), lowpass(20.0, DT)
    before = u.copy(), h.copy()
    cell = BSA(1, h)
    run(cell.decoder(), cell.encode(u))
    assert np.array_equal(u, before[0])
    assert np.array_equal(h, before[1])


def test_spikes_that_the_filter_has_spread_are_found_again():
    spikes = np.zeros((400, 1))
    spikes[[20, 90, 160, 300]] = 1
    h = np.hanning(26)[1:-1]
    u, _ = run(Convolve(1, h / h.max()), spikes)
    assert np.array_equal(BSA(1, h / h.max(), 0.99, 0.0, np.sum(h / h.max())).encode(u), spikes)


@pytest.mark.parametrize("seed", range(3))
def test_bsa_decodes_to_the_signal(seed):
    u = sines(seed)
    for length, least in ((24, 21.0), (40, 23.0), (100, 28.0)):
        cell = BSA.fitted(u, lowpass(20.0, DT, length))
        again, _ = run(cell.decoder(), cell.encode(u))
        assert decibels(u[length:-length], again[length:-length]) > least


def test_the_fitted_threshold_is_the_best_of_those_tried():
    u = sines(4) * 7 - 2
    best = BSA.fitted(u, lowpass(20.0, DT, 24))
    assert (best.low, best.high) == (u.min(), u.max())
    errors = {t: BSA(1, best.filter, t, best.low, best.high).error(u) for t in (0.8, 0.9, 0.95, 0.99)}
    assert best.error(u) <= min(errors.values())


def test_a_missing_value_is_the_one_before_to_bsa():
    u = sines(0, 300)
    u[100:110] = np.nan
    filled = u.copy()
    filled[100:110] = u[99]
    cell = BSA(1, lowpass(20.0, DT))
    assert np.array_equal(cell.encode(u), cell.encode(filled))


def test_the_lowpass_passes_low_and_stops_high():
    taps = lowpass(20.0, DT, 101)
    assert taps.sum() == pytest.approx(1)
    gain = lambda f: abs(np.sum(taps * np.exp(-2j * np.pi * f * DT * np.arange(101))))
    assert gain(5.0) == pytest.approx(1, abs=0.02)
    assert gain(20.0) == pytest.approx(0.5, abs=0.05)
    assert gain(60.0) < 0.01


def test_convolve_is_numpys_convolution():
    h, u = np.array([0.5, 0.3, -0.1]), np.random.default_rng(0).poisson(1.0, (50, 1)).astype(float)
    out, _ = run(Convolve(1, h, 2.0, 0.25), u)
    np.testing.assert_allclose(out[:, 0], 0.25 + 2 * np.convolve(u[:, 0], h)[:50], rtol=1e-12)


# --- Population


def test_the_field_nearest_to_a_value_answers_most():
    cell = Population(2, 9, low=[-1.0, 0.0], high=[1.0, 100.0], peak=30.0)
    u = np.random.default_rng(0).uniform([-1, 0], [1, 100], (200, 2))
    activity = run(cell, u)[0].reshape(200, 2, 9)
    nearest = np.abs(u[..., None] - cell.centres).argmin(axis=-1)
    assert np.array_equal(activity.argmax(axis=-1), nearest)
    on_centre, _ = run(cell, cell.centres.T)
    assert on_centre.reshape(9, 2, 9)[np.arange(9), :, np.arange(9)] == pytest.approx(30.0)


def test_centres_and_widths_are_those_of_bohte():
    """c_i = low + (2i - 3) / 2 (high - low) / (m - 2), width (high - low) / (beta (m - 2)); the activity a Gaussian."""
    cell = Population(1, 7, low=2.0, high=12.0, beta=1.5)
    centres = [2.0 + (2 * i - 3) / 2 * 10 / 5 for i in range(1, 8)]
    np.testing.assert_allclose(cell.centres[0], centres, rtol=1e-12)
    np.testing.assert_allclose(cell.widths, 10 / (1.5 * 5), rtol=1e-12)
    activity, _ = run(cell, np.array([[4.4]]))
    expected = [stats.norm.pdf(4.4, c, 4 / 3) / stats.norm.pdf(0, 0, 4 / 3) for c in centres]
    np.testing.assert_allclose(activity[0], expected, rtol=1e-12)


def test_values_come_back_from_their_population():
    """To a fiftieth of a spacing (here 1) away from the ends of the range; nowhere off by more than 0.4 of one."""
    cell = Population(1, 12, low=0.0, high=10.0)
    u = np.linspace(0, 10, 501)[:, None]
    again, _ = run(Chain((cell, cell.decoder())), u)
    inner = (u >= 1.5) & (u <= 8.5)
    assert np.abs(again - u)[inner].max() < 2e-2
    assert np.abs(again - u).max() < 0.4


def test_a_silent_population_still_tells_its_last_value():
    cell = Population(1, 6)
    again, _ = run(Chain((cell, cell.decoder())), np.array([np.nan, 0.4, np.nan, 1e300])[:, None])
    assert again[0] == pytest.approx(0.5)
    assert again[1] == again[2] == again[3]


def test_a_population_drives_spikes():
    chain = Chain((Population(1, 8), Poisson(8, gain=100.0)))
    counts, _ = run(chain, np.full((2000, 1), 0.5), DT)
    assert set(np.argsort(counts.sum(axis=0))[-2:]) == {3, 4}


# --- All of them


@pytest.mark.parametrize(
    ("kernel", "given"),
    [
        ("levels", (np.zeros((5, 2)), 1.0, np.zeros(3), np.zeros((5, 2)))),
        ("levels", (np.zeros((5, 2)), 1.0, np.zeros(2), np.zeros((4, 2)))),
        ("first_spikes", (np.zeros((5, 2, 1)), np.zeros((5, 3)), 1.0, *map(np.zeros, (2, (2, 1), (5, 2, 1))))),
        ("first_spikes", (np.zeros((5, 2, 1)), np.zeros((5, 1)), 1.0, *map(np.zeros, (2, (1, 1), (5, 2, 1))))),
        ("bsa", (np.zeros((5, 2)), np.ones(3), 1.0, np.zeros((2, 2)), np.zeros(2, np.int64), np.zeros((5, 2)))),
        ("bsa", (np.zeros((5, 2)), np.ones(3), 1.0, np.zeros((2, 3)), np.zeros(1, np.int64), np.zeros((5, 2)))),
    ],
)
def test_a_kernel_never_writes_where_it_was_given_no_room(kernel, given):
    with pytest.raises(ValueError, match="is \\("):
        getattr(_kernels, kernel)(*given)


HOSTILE = st.floats(-1e308, 1e308) | st.just(np.nan) | st.sampled_from([0.0, -0.0, 5e-324, 1e308, -1e308])


@pytest.mark.parametrize("name", ENCODERS)
@settings(max_examples=25, deadline=None)
@given(u=arrays(float, st.tuples(st.integers(0, 9), st.just(U)), elements=HOSTILE), dt=st.floats(0, 1e12))
def test_no_finite_or_missing_value_makes_an_output_that_is_not_finite(name, u, dt):
    if name == "convolved":
        u = np.clip(u, 0, 2.0**54)  # it takes counts
    for values in (u, u.astype(np.float32) if np.abs(np.nan_to_num(u)).max(initial=0) < 3e38 else u):
        out, _ = run(ENCODERS[name], values, dt)
        assert out.dtype == values.dtype
        assert np.isfinite(out).all()


@pytest.mark.parametrize("name", ENCODERS)
@settings(max_examples=25, deadline=None)
@given(cut=st.integers(0, 30), seed=st.integers(0, 1000))
def test_gaps_in_values_and_ticks_of_no_length_can_be_cut_and_stepped_through(name, cut, seed):
    rng, cell = np.random.default_rng(seed), ENCODERS[name]
    u, dt = rng.normal(size=(30, 2, U)), rng.choice([0.0, 0.05, 0.2], (30, 2))
    u[rng.random(u.shape) < 0.4] = np.nan
    whole, last = run(cell, u, dt)
    left, middle = run(cell, u[:cut], dt[:cut], cell.init(u[0]))
    right, end = run(cell, u[cut:], dt[cut:], middle)
    assert np.array_equal(np.concatenate((left, right)), whole)
    stepped_end, stepped = fold(cell, cell.init(u[0]), u, dt)
    np.testing.assert_allclose(stepped, whole, rtol=1e-12, atol=1e-12)
    for other in (end, stepped_end):
        for a, b in zip(tree.arrays(other).values(), tree.arrays(last).values(), strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("name", ENCODERS)
def test_an_infinite_value_is_refused_by_row_and_column(name):
    with pytest.raises(ValueError, match="infinite in row 3, column 1"):
        run(ENCODERS[name], np.array([[0.0, 0.0]] * 3 + [[0.0, np.inf]]))


@pytest.mark.parametrize("name", ["delta", "step forward", "TBR"])
def test_a_constant_sends_nothing_where_changes_are_sent(name):
    assert not run(ENCODERS[name], np.full((50, U), 123.4))[0].any()


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: Poisson(0), "inputs is how many"),
        (lambda: Poisson(2, gain=np.ones(3)), r"gain is one number or one per input \(2\)"),
        (lambda: Poisson(2, gain=np.inf), "gain must be finite"),
        (lambda: Poisson(2, limit=0.0), "limit is the highest rate"),
        (lambda: Poisson(2, seed=-1), "seed"),
        (lambda: Poisson.between(1, 2.0, 2.0, (0, 1)), "two different values"),
        (lambda: Poisson(2).init(np.zeros((3, 2)), np.arange(2)), "one per row"),
        (lambda: Poisson(2).init(np.zeros((3, 2)), np.zeros(3)), "whole numbers"),
        (lambda: Rates(2, gain=0.0), "gain of zero"),
        (lambda: Rates(2, tau=0.0), "tau must be finite and positive"),
        (lambda: Latency(2, window=-1.0), "window must be finite and positive"),
        (lambda: Latency(2, low=1.0, high=1.0), "low < high"),
        (lambda: Latency(2, low=-1e308, high=1e308), "low < high"),
        (lambda: FirstSpikes(2, low=np.nan), "low must be finite"),
        (lambda: Delta(1, 0.0), "size must be finite and positive"),
        (lambda: Delta(1, 1.0, start=np.inf), "start must be finite"),
        (lambda: Delta(1, 1.0, limit=0.5), "limit is a whole number"),
        (lambda: Levels(2, -1.0), "size must be finite and positive"),
        (lambda: TBR(1, np.nan), "threshold must be finite and positive"),
        (lambda: TBR.fitted(np.ones((9, 2))), "input 0 has threshold 0.0: it never moves"),
        (lambda: TBR.fitted(np.array([[1.0], [np.nan], [2.0]])), "no two values in a row"),
        (lambda: BSA(1, np.array([1, 2])), "filter is"),
        (lambda: BSA(1, np.array([1.0, -1.0])), "positive sum"),
        (lambda: BSA(1, lowpass(20.0, DT), threshold=1.5), "threshold is a share"),
        (lambda: BSA.fitted(np.ones((50, 1)), lowpass(20.0, DT)), "low < high"),
        (lambda: lowpass(600.0, DT), "cutoff"),
        (lambda: Convolve(1, np.array([np.nan])), "filter is"),
        (lambda: Population(1, 2), "at least 3"),
        (lambda: Population(1, 5, beta=0.0), "beta and peak"),
        (lambda: Centres(np.zeros(3)), "centres is"),
    ],
)
def test_what_cannot_work_is_refused_at_the_door(make, said):
    with pytest.raises(ValueError, match=said):
        make()
