"""The same network in Brian2: the same spikes, to the step. `make test-brian2` runs these where Brian2 imports."""

import numpy as np
import pytest

import plashet as pl
from plashet.bridges import brian2
from plashet.wiring import Dynamics, Inputs, circuit


def both(cell, u, dt, key=0):
    """The spikes of plashet, compiled in float64, and of Brian2."""
    dts = np.broadcast_to(np.asarray(dt, np.float64), len(u)).copy()
    _, _, ours = cell.record(cell.init(u[0], keys=np.asarray(key)), u, dts)
    return ours, brian2.record(cell, u, dt, key)


def single(neuron, h=1e-4, currents=1):
    nothing = circuit([], [], 0.0, inhibitory=[False], inputs=Inputs(np.ones((1, currents)), np.zeros((1, 0))))
    return pl.Spiking(nothing, neuron, h)


def net(units=60, seed=0, dynamics=False, h=1e-4, spread=1.0):
    """A small net with E and I units, delays of its own for every synapse, currents and two event lines."""
    rng = np.random.default_rng(seed)
    pre, post = np.nonzero(rng.random((units, units)) < 0.1)
    n = len(pre)
    plastic = Dynamics(rng.uniform(0.05, 0.6, n), rng.uniform(0.1, 1.0, n), rng.uniform(0.02, 1.0, n))
    wired = circuit(
        pre,
        post,
        rng.gamma(2.0, 6.0, n),
        rng.integers(0, 40, n) * h,
        inhibitory=np.arange(units) % 5 == 0,
        inputs=Inputs(rng.normal(0, 1, (units, 1)), rng.normal(0, 20, (units, 2)) * (rng.random((units, 2)) < 0.4)),
        dynamics=plastic if dynamics else None,
    )
    tau, refractory = 0.02 + spread * rng.uniform(0, 0.02, units), rng.integers(0, 30, units) * h
    return wired, pl.LIF(units, tau=tau, refractory=refractory, background=14.2, start=(10.0, 15.0))


def poisson(time, seed=0):
    rng = np.random.default_rng(seed)
    return np.concatenate([rng.normal(0, 1, (time, 1)), rng.poisson(0.3, (time, 2))], axis=1)


@pytest.mark.brian2
def test_a_single_neuron_fires_at_the_same_steps():
    u = np.repeat([[0.5], [3.0], [8.0], [0.0], [30.0]], 40, axis=0)
    ours, theirs = both(single(pl.LIF(1)), u, 1e-3)
    assert len(ours) > 8
    np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize("refractory", [0.0, 1e-4, 2.5e-3])
@pytest.mark.brian2
def test_a_refractory_time_is_as_long_there(refractory):
    ours, theirs = both(single(pl.LIF(1, refractory=refractory)), np.full((20, 1), 40.0), 1e-3)
    np.testing.assert_array_equal(ours, theirs)


@pytest.mark.brian2
def test_the_column_of_2002_spikes_at_the_same_steps():
    cell = pl.liquids.maass2002(2, seed=1)
    u = np.zeros((1500, 2))
    u[np.random.default_rng(1).choice(1500, 8, replace=False), 0] = 1.0
    u[[200, 900], 1] = 1.0
    ours, theirs = both(cell, u, 1e-4, key=5)
    assert len(ours) > 100
    np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize("dynamics", [False, True])
@pytest.mark.brian2
def test_a_net_with_delays_currents_and_events_spikes_at_the_same_steps(dynamics):
    wired, neuron = net(dynamics=dynamics)
    cell = pl.Spiking(wired, neuron, h=1e-4, tau_synapse=(3e-3, 6e-3))
    ours, theirs = both(cell, poisson(60), 2.5e-3)
    assert len(ours) > 300
    np.testing.assert_array_equal(ours, theirs)


@pytest.mark.brian2
def test_ticks_that_are_no_whole_steps_bring_their_events_to_the_same_steps():
    wired, neuron = net(30, seed=2)
    dt = np.random.default_rng(2).uniform(0.3e-4, 25e-4, 60)
    ours, theirs = both(pl.Spiking(wired, neuron, h=1e-4), poisson(60, 2), dt)
    assert len(ours) > 30
    np.testing.assert_array_equal(ours, theirs)


@pytest.mark.brian2
def test_units_that_tire_spike_at_the_same_steps():
    wired, lif = net(40, seed=3)
    neuron = pl.ALIF(lif, tau_adapt=0.15, threshold_jump=0.4, current_jump=0.3)
    ours, theirs = both(pl.Spiking(wired, neuron, h=1e-4), poisson(40, 3), 2.5e-3)
    assert len(ours) > 50
    np.testing.assert_array_equal(ours, theirs)


@pytest.mark.brian2
def test_a_small_cuba_net_spikes_at_the_same_steps():
    rng = np.random.default_rng(4)
    pre, post = np.nonzero(rng.random((400, 400)) < 0.1)
    inhibitory = np.arange(400) >= 320
    wired = circuit(pre, post, np.where(inhibitory, 9.0, 1.62)[pre] * 2, inhibitory=inhibitory)
    neuron = pl.LIF(400, tau=0.02, threshold=-50, reset=-60, refractory=5e-3, rest=-49, background=0, start=(-60, -50))
    cell = pl.Spiking(wired, neuron, h=1e-4, tau_synapse=(5e-3, 10e-3))
    ours, theirs = both(cell, np.zeros((20, 0)), 0.01)
    assert len(ours) > 300
    np.testing.assert_array_equal(ours, theirs)


@pytest.mark.brian2
def test_events_that_are_no_counts_are_refused_and_the_target_is_put_back():
    module = brian2.brian2()
    before = module.prefs.codegen.target
    cell = pl.liquids.maass2002(seed=0)
    with pytest.raises(ValueError, match="whole numbers of events"):
        brian2.record(cell, np.full((2, 1), 0.5), 1e-4)
    assert len(brian2.record(cell, np.zeros((2, 1)), 1e-4)) == 0
    assert module.prefs.codegen.target == before


def test_what_brian2_cannot_be_given_is_refused_before_it_is_asked():
    u = np.zeros((2, 1))
    with pytest.raises(ValueError, match="other random numbers"):
        brian2.record(pl.Spiking(*net(4), h=1e-4, noise=0.1), u, 1e-3)
    with pytest.raises(ValueError, match="Izhikevich, wanted LIF or ALIF"):
        brian2.record(single(pl.Izhikevich(1)), u, 1e-3)
    with pytest.raises(ValueError, match="divide by zero"):
        brian2.record(single(pl.LIF(1, tau=3e-3)), u, 1e-3)
    with pytest.raises(ValueError, match="divide by zero"):
        brian2.record(single(pl.ALIF(pl.LIF(1), tau_adapt=0.03)), u, 1e-3)
