"""Measures of a liquid against liquids whose memory, exponents and ranks are known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import plashet as pl
from plashet import measure
from plashet.cells import Pass
from plashet.wiring import Synapses, Wiring, bands, random, ring, spectral_radius


def delay_line(length):
    """Unit 0 holds the input, unit k that of k ticks ago."""
    topology = Synapses(np.arange(length - 1), np.arange(1, length), length, length)
    w_in = np.eye(length)[:, :1]
    wiring = Wiring(topology, np.ones(length - 1), w_in, np.zeros(length))
    return pl.Leaky.from_leak_rate(wiring, 1.0, activation="identity")


def linear(wiring, alpha=1.0, dt=1.0):
    return pl.Leaky.from_leak_rate(replace(wiring, bias=np.zeros(wiring.units)), alpha, dt=dt, activation="identity")


@pytest.mark.parametrize("length", [2, 7, 20])
def test_a_delay_line_remembers_as_many_ticks_as_it_is_long(length):
    """One unit holds the present, the others one past tick each; no more is told."""
    found = measure.memory_capacity(delay_line(length), seed=0, train=2000, test=2000)
    np.testing.assert_allclose(found.profile[: length - 1], 1.0, rtol=1e-12)
    assert found.profile[length - 1 :].max() < 0.01
    assert found.horizon == length - 1
    assert found.total == pytest.approx(length - 1, abs=0.02)


def test_a_cell_without_memory_has_none_once_chance_is_taken_off():
    totals = [measure.memory_capacity(Pass(1), seed=seed, delays=200).total for seed in range(10)]
    assert np.mean(totals) == pytest.approx(0.0, abs=0.05)  # without that, 0.2 would be reported
    assert measure.memory_capacity(Pass(1), seed=0, delays=200).chance == pytest.approx(200 / 999)


def test_memory_stays_below_the_number_of_units_and_a_ring_comes_near():
    drawn = ring(30, 1, seed=0, spectral_radius=0.95, input_scaling=0.1)
    cell = pl.Leaky.from_leak_rate(replace(drawn, w_in=0.1 * np.eye(30)[:, :1]), 1.0)
    assert 28 < measure.memory_capacity(cell, seed=1).total < 30


def test_a_leaky_integrator_remembers_what_geometry_says():
    """One linear unit x = Σ (1-α)^k α u(t-k) is one direction: r² of u(t-k) with it is (1-q) q^k, q = (1-α)²."""
    wiring = Wiring(Synapses(np.array([], int), np.array([], int), 1, 1), np.zeros(0), np.ones((1, 1)), np.zeros(1))
    cell = pl.Leaky.from_leak_rate(wiring, 0.3, activation="identity")
    found = measure.memory_capacity(cell, seed=0, delays=20, train=5000, test=100_000)
    q = 0.7**2
    np.testing.assert_allclose(found.profile, (1 - q) * q ** np.arange(1, 21), atol=0.01)  # 3 deviations of r²


def test_memory_refuses_what_it_cannot_measure():
    with pytest.raises(ValueError, match="one input and the cell takes 2"):
        measure.memory_capacity(Pass(2), seed=0)
    with pytest.raises(ValueError, match="delays=50 and test=10"):
        measure.memory_capacity(Pass(1), seed=0, delays=50, test=10)


def test_a_liquid_with_fading_memory_forgets_and_a_chaotic_one_does_not():
    u = 0.1 * np.random.default_rng(0).normal(size=(600, 1))
    calm = pl.Leaky.from_leak_rate(random(60, 1, seed=0, spectral_radius=0.8, bias_scaling=0.0), 1.0)
    wild = pl.Leaky.from_leak_rate(random(60, 1, seed=0, spectral_radius=2.5, bias_scaling=0.0), 1.0)
    assert measure.forgets(calm, u, seed=1).forgot
    assert not measure.forgets(wild, u, seed=1).forgot
    assert measure.forgets(wild, u, seed=1).ticks is None


def test_a_linear_unit_forgets_at_its_own_rate():
    wiring = Wiring(Synapses(np.array([], int), np.array([], int), 1, 1), np.zeros(0), np.ones((1, 1)), np.zeros(1))
    cell = pl.Leaky(wiring, 4.0, activation="identity")
    fading = measure.forgets(cell, np.random.default_rng(0).normal(size=(80, 1)), dt=0.5, seed=1)
    np.testing.assert_allclose(fading.distances, np.exp(-0.5 / 4.0 * np.arange(1, 81)), rtol=1e-9)
    assert fading.ticks is None
    loose = fading._replace(tolerance=1e-3)
    assert loose.ticks == int(np.ceil(np.log(1e3) * 8))


@pytest.mark.parametrize(("alpha", "dt"), [(1.0, 1.0), (0.3, 0.1)])
def test_the_exponent_of_a_linear_map_is_the_logarithm_of_its_radius(alpha, dt):
    """Of (1 - α) 1 + α W, whatever drives it."""
    wiring = random(12, 1, seed=3, degree=6, spectral_radius=0.9)
    u = np.random.default_rng(0).normal(size=(4000, 1))
    found = measure.lyapunov(linear(wiring, alpha, dt), u, dt, seed=0)
    step = (1 - alpha) * np.eye(12) + alpha * wiring.matrix
    exact = np.log(np.abs(np.linalg.eigvals(step)).max()) / dt
    assert found == pytest.approx(exact, abs=2e-3 / dt)


def test_the_exponent_of_a_lone_leaky_unit_is_that_of_its_time_constant():
    wiring = Wiring(Synapses(np.array([], int), np.array([], int), 1, 1), np.zeros(0), np.ones((1, 1)), np.zeros(1))
    found = measure.lyapunov(pl.Leaky(wiring, 4.0), np.ones((300, 1)), 0.5, seed=0)
    assert found == pytest.approx(-1 / 4.0, rel=1e-6)


def test_the_exponent_is_negative_where_a_liquid_forgets_and_positive_where_it_is_chaotic():
    u = 0.1 * np.random.default_rng(0).normal(size=(600, 1))
    signs = []
    for radius in (0.8, 2.5):
        wiring = random(60, 1, seed=0, spectral_radius=radius, bias_scaling=0.0)
        signs.append(measure.lyapunov(pl.Leaky.from_leak_rate(wiring, 1.0), u, seed=0))
    assert signs[0] < -0.05
    assert signs[1] > 0.05


def test_a_cell_that_forgets_all_in_one_tick_has_the_exponent_minus_infinity():
    assert measure.lyapunov(delay_line(3), np.ones((300, 1)), seed=0) == -np.inf


def test_an_exponent_needs_float64():
    with pytest.raises(ValueError, match="give float64"):
        measure.lyapunov(delay_line(3), np.ones((300, 1), np.float32), seed=0)


def test_the_effective_rank_counts_directions_of_equal_strength():
    rng = np.random.default_rng(0)
    q = np.linalg.qr(rng.normal(size=(200, 7)) - rng.normal(size=(1, 7)))[0]
    q -= q.mean(axis=0)
    q = np.linalg.svd(q, full_matrices=False)[0]  # seven orthonormal, centred columns
    assert measure.effective_rank(q @ rng.normal(size=(7, 7)) * 0 + 5.0) == 0.0
    assert measure.effective_rank(q @ np.linalg.qr(rng.normal(size=(30, 7)))[0].T) == pytest.approx(7.0)
    p = np.array([0.5, 0.3, 0.2])
    assert measure.effective_rank(q[:, :3] * p) == pytest.approx(np.exp(-(p * np.log(p)).sum()))


def test_the_numerical_rank_is_that_of_the_product_of_its_factors():
    rng = np.random.default_rng(0)
    assert measure.numerical_rank(rng.normal(size=(100, 4)) @ rng.normal(size=(4, 30))) == 4
    assert measure.numerical_rank(np.ones((10, 3))) == 0


def test_a_delay_line_parts_as_many_streams_as_it_has_units():
    streams = np.random.default_rng(0).normal(size=(40, 25, 1))
    assert measure.kernel_rank(delay_line(8), streams) == 8
    same_present = streams.copy()
    same_present[-8:] = streams[-8:, :1]  # what differs is older than the line is long
    assert measure.kernel_rank(delay_line(8), same_present) == 0


def test_saturation_is_seen_behind_a_slow_leak():
    """A unit pushed to ±1 in turn is saturated though its state never gets far from zero."""
    wiring = Wiring(Synapses(np.array([], int), np.array([], int), 1, 1), np.zeros(0), np.ones((1, 1)), np.zeros(1))
    u = np.where(np.arange(400) % 4 < 2, 9.0, -9.0)[:, None]
    u[::4] = 0.1  # one tick in four is not
    found = measure.report(pl.Leaky(wiring, 20.0), u, 0.5)
    assert found.saturated == pytest.approx(0.75, abs=0.01)
    assert found.activity < 0.25


U = np.random.default_rng(5).normal(size=(800, 1))


def test_the_report_of_a_sound_liquid_finds_nothing_wrong():
    wiring = bands(80, 1, seed=0, spectral_radius=0.9, input_scaling=0.5)
    found = measure.report(pl.Leaky(wiring, 2.0), U)
    assert found.radius == pytest.approx(spectral_radius(wiring.topology, wiring.weights)) == pytest.approx(0.9)
    states = pl.run(pl.Leaky(wiring, 2.0), U)[0][160:]
    assert found.activity == pytest.approx(np.sqrt((states**2).mean()))
    assert found.rank == pytest.approx(measure.effective_rank(states))
    assert found.advice == ("nothing stands out",)
    assert found.as_dict()["features"] == 80


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"input_scaling": 50.0}, "are saturated: lower input_scaling"),
        ({"input_scaling": 1e-4, "bias_scaling": 0.0}, "hardly move .* raise input_scaling"),
        ({"spectral_radius": 4.0}, "another past still shows after 800 ticks: lower spectral_radius"),
        ({"input_scaling": 0.0, "bias_scaling": 0.0}, "nothing moves"),
    ],
)
def test_the_report_says_what_is_wrong_and_what_to_do(change, words):
    settings = {"spectral_radius": 0.9, "input_scaling": 0.5, "bias_scaling": 0.2} | change
    found = measure.report(pl.Leaky(bands(80, 1, seed=0, **settings), 2.0), U)
    with pytest.raises(AssertionError, match=words):
        raise AssertionError(" / ".join(found.advice))


def test_the_report_counts_the_ticks_that_a_delay_line_tells():
    found = measure.report(delay_line(6), U, delays=20)
    assert found.memory == pytest.approx(5.0, abs=0.05)
    assert found.saturated is None
    assert found.forgets_after == 6


def test_the_report_takes_missing_inputs_and_liquids_within_models():
    u = U.copy()
    u[::9] = np.nan
    found = measure.report(pl.unread(pl.Leaky(bands(40, 1, seed=0), 2.0), with_input=True).liquid, u)
    assert found.features == 41
    assert np.isfinite(found.memory)
