"""Promises of spiking liquids that rate liquids have no need to make: the grid, events, keys, rasters, own neurons."""

import copy
import pickle
import warnings
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plashet import LIF, RLS, Chain, Izhikevich, Live, Spiking, load, run, save, threads, tree, unread, wiring
from plashet.encode import Scale
from plashet.liquids import maass2002
from plashet.liquids.grid import whole_steps
from zoo import SPIKING, N, U

every = pytest.mark.parametrize("cell", SPIKING.values(), ids=SPIKING.keys())
liquids = {name: cell for name, cell in SPIKING.items() if isinstance(cell, Spiking)}
every_liquid = pytest.mark.parametrize("cell", liquids.values(), ids=liquids.keys())


def signal(time=30, batch=(), seed=7, dtype=np.float64):
    return np.random.default_rng(seed).normal(size=(time, *batch, U)).astype(dtype)


def same(a, b):
    a, b = tree.arrays(a), tree.arrays(b)
    return a.keys() == b.keys() and all(a[k].dtype == b[k].dtype and np.array_equal(a[k], b[k]) for k in a)


@every_liquid
def test_the_units_of_the_zoo_spike(cell):
    _, _, events = cell.record(cell.init(signal()[0]), signal(), np.full(30, 0.3))
    assert len(np.unique(events[:, 1])) > N // 2


@every_liquid
@pytest.mark.parametrize("batch", [(), (3,), (2, 2)])
def test_the_spikes_that_the_kernel_records_are_those_of_the_equation(cell, batch):
    u, dt = signal(8, batch), np.full(8, 0.21)
    state, outputs, events = cell.record(cell.init(u[0]), u, dt)
    slow, found = cell.init(u[0]), []
    for now in u:
        slow, rows = cell._rows(slow, now, 0.21)
        found += [(row, *event) if batch else tuple(event) for row, e in enumerate(rows) for event in e]
    assert sorted(map(tuple, events)) == sorted(found)
    np.testing.assert_allclose(outputs[-1], slow.trace, rtol=1e-12, atol=1e-12)
    assert same(run(cell, u, dt)[1], state)


@every_liquid
def test_pooled_outputs_are_the_sums_of_the_outputs(cell):
    u, dt, bins = signal(), np.full(30, 0.13), np.random.default_rng(0).integers(-1, 4, 30)
    outputs, end = run(cell, u, dt)
    out = np.zeros((4, N))
    assert same(cell.pool(cell.init(u[0]), u, dt, bins, out), end)
    np.testing.assert_allclose(out, [outputs[bins == k].sum(axis=0) for k in range(4)], rtol=1e-12, atol=1e-12)


def test_counts_sum_to_the_spikes():
    cell = SPIKING["LIF, counts"]
    _, outputs, events = cell.record(cell.init(signal()[0]), signal(), np.full(30, 0.3))
    assert np.array_equal(outputs.sum(axis=0), np.bincount(events[:, 1], minlength=N))


@every_liquid
def test_no_time_moves_nothing_but_what_waits_in_the_ring(cell):
    """Events that come in no time are not lost: they wait for the next grid step."""
    _, state = run(cell, signal(6), 0.3)
    held = np.zeros(U)
    held[: cell.circuit.inputs.currents] = 3.0
    again, _ = cell.tick(state, held, 0.0)
    if cell.tau_trace is None:  # the spikes of a tick without time: none
        again, state = again._replace(trace=state.trace), state
    assert same(again, state)


@every_liquid
def test_ticks_shorter_than_a_grid_step_add_up(cell):
    quiet = replace(cell, tau_trace=0.03)
    u = np.repeat(signal(6), 4, axis=0)
    u[:, quiet.circuit.inputs.currents :] = 0
    whole, _ = run(quiet, u[::4], 0.1)
    parts, _ = run(quiet, u, 0.025)
    np.testing.assert_allclose(parts[3::4], whole, rtol=1e-12, atol=1e-14)


@every_liquid
@pytest.mark.parametrize("row", [0, 4])
def test_a_row_alone_has_the_numbers_that_it_has_in_a_batch(cell, row):
    u = signal(10, (5,))
    together, _ = run(cell, u, 0.2)
    alone, _ = run(cell, u[:, row], 0.2, cell.init(u[0, row], keys=np.asarray(row)))
    assert np.array_equal(together[:, row], alone)
    other = np.array([4, 3, 2, 1, 0])
    turned, _ = run(cell, u[:, other], 0.2, cell.init(u[0, other], keys=other))
    assert np.array_equal(turned[:, other], together)


@every_liquid
def test_a_row_taken_out_of_the_state_of_a_batch_goes_on_alone(cell):
    """Its clock is a number then, no array."""
    u = signal(12, (3,))
    _, state = run(cell, u[:6], 0.2)
    together = cell.record(state, u[6:], 0.2)
    alone = tree.map_arrays(lambda _, a: a[1], state)
    for t in range(6, 12):
        ticked, y = cell.tick(alone, u[t, 1], 0.2)
        alone, again, _ = cell.record(alone, u[t : t + 1, 1], 0.2)
        assert same(ticked, alone)
        assert np.array_equal(y, again[0])
        assert np.array_equal(y, together[1][t - 6, 1])
    assert same(alone, tree.map_arrays(lambda _, a: a[1], together[0]))


@every_liquid
@pytest.mark.parametrize("dt", [0.2, np.full(4, 0.2), np.full((4, 0), 0.2)])
def test_a_batch_without_rows_is_a_batch(cell, dt):
    u = np.zeros((4, 0, U))
    state, outputs, events = cell.record(cell.init(u[0]), u, dt)
    assert outputs.shape == (4, 0, N)
    assert events.shape == (0, 3)
    assert state.clock.shape == (0,)


@pytest.mark.parametrize("name", ["LIF", "noise", "random beginning"])
def test_the_number_of_threads_changes_nothing(name, monkeypatch):
    cell, u, dt = liquids[name], signal(8, (11,)), np.full(8, 0.2)
    alone = cell.record(cell.init(u[0]), u, dt)
    monkeypatch.setattr(threads, "WORK", 0)
    for cores in (2, 3, 11, 64):
        monkeypatch.setattr(threads.os, "cpu_count", lambda cores=cores: cores)
        assert same(cell.record(cell.init(u[0]), u, dt), alone)


@given(
    dts=st.lists(st.floats(0, 0.3), max_size=30),
    h=st.sampled_from([1e-4, 1e-3, 0.0125]),
    narrow=st.booleans(),
)
def test_grid_steps_neither_run_ahead_of_time_nor_fall_behind(dts, h, narrow):
    done, rest, passed = 0, 0.0, 0.0
    for dt in dts:
        steps, rest = whole_steps(float(np.float32(dt)) if narrow else dt, h, rest)
        done, passed = done + steps, passed + dt
        assert 0 <= rest < 1 + 1e-6
        assert -1e-6 * (1 + passed / h) <= passed / h - done < 1 + 1e-6 * (1 + passed / h)


@pytest.mark.parametrize("dt", [np.float32(0.01), 0.01, np.float32(0.1), 0.3])
def test_a_tick_of_whole_steps_is_those_steps_in_either_precision(dt):
    rest = 0.0
    for _ in range(2000):
        steps, rest = whole_steps(float(dt), 1e-4, rest)
        assert steps == round(float(dt) / 1e-4)


@pytest.mark.parametrize("dt", [0.05, 0.15, 0.35, 0.45])
def test_a_tick_that_float32_cannot_write_is_its_whole_steps_in_the_kernel_too(dt):
    cell, u = liquids["LIF"], signal(50, dtype=np.float32)
    for moved in (run(cell, u, dt)[1], cell.record(cell.init(u[0]), u, np.full(50, np.float32(dt)))[0]):
        assert moved.clock == 50 * round(dt / cell.h)
        assert moved.rest == 0


@every
@settings(max_examples=15, deadline=None)
@given(level=st.sampled_from([1e300, -1e300, 1e38, -1e38, 0.0]), dtype=st.sampled_from([np.float32, np.float64]))
def test_no_finite_input_leads_to_anything_else(cell, level, dtype):
    u = np.full((6, U), np.clip(level, np.finfo(dtype).min, np.finfo(dtype).max), dtype)
    outputs, state = run(cell, u, 0.2)
    assert np.isfinite(outputs).all()
    assert all(np.isfinite(a).all() for a in tree.arrays(state).values())


def test_a_spiking_live_is_saved_while_learning_and_goes_on_bit_equal(tmp_path):
    u, y = signal(40), np.random.default_rng(1).normal(size=(40, 1))
    a = Live(unread(SPIKING["noise"], 1), RLS(penalty=1.0))
    for t in range(40):
        if t == 17:
            a.save(tmp_path / "f")
            b = Live.load(tmp_path / "f")
        guess = a.predict(u[t], 0.2)
        a.learn(y[t])
        if t >= 17:
            assert np.array_equal(b.predict(u[t], 0.2), guess)
            b.learn(y[t])


class DecayState(NamedTuple):
    x: Any


@dataclass(frozen=True, eq=False)
class Decay:
    """A user's own neuron: x' = (x + u dt) / (1 + dt), a spike and x = 0 above 1."""

    units: int

    @property
    def inputs(self):
        return self.units

    @property
    def outputs(self):
        return self.units

    def init(self, u):
        return DecayState(np.zeros_like(u))

    def step(self, state, u, dt):
        x = (state.x + u * dt) / (1 + dt)
        return DecayState(np.where(x > 1, 0.0, x)), (x > 1).astype(u.dtype)


def test_a_neuron_of_ones_own_has_everything_that_the_built_in_ones_have(tmp_path):
    cell = Spiking(liquids["LIF"].circuit, Decay(N), h=0.05)
    u, dt = 10 * signal(12), np.full(12, 0.2)
    state, outputs, events = cell.record(cell.init(u[0]), u, dt)
    assert len(events) > 10
    assert np.array_equal(run(cell, u, dt)[0], outputs)
    out = np.zeros((1, N))
    cell.pool(cell.init(u[0]), u, dt, np.zeros(12, int), out)
    np.testing.assert_allclose(out[0], outputs.sum(axis=0), rtol=1e-12)
    save(tmp_path / "f", (cell, state))
    back, there = load(tmp_path / "f", types=(Decay, DecayState))
    assert np.array_equal(run(back, u, dt, there)[0], run(cell, u, dt, state)[0])
    with pytest.raises(ValueError, match=r"Decay.*types="):
        load(tmp_path / "f")


def test_a_lif_written_by_a_user_is_the_built_in_one():
    @dataclass(frozen=True, eq=False)
    class Mine:
        lif: LIF
        inputs: int
        outputs: int

        def init(self, u):
            return self.lif.init(u)

        def weigh(self, tau, h):
            return self.lif.weigh(tau, h)

        def step(self, state, u, dt):
            return self.lif.step(state, u, dt)

    cell = liquids["LIF"]
    mine = replace(cell, neuron=Mine(cell.neuron, N, N))
    u = signal(10)
    np.testing.assert_allclose(run(mine, u, 0.2)[0], run(cell, u, 0.2)[0], rtol=1e-12, atol=1e-12)


def test_izhikevich_units_move_as_the_equation_says():
    cell = Spiking(liquids["LIF"].circuit, Izhikevich(N, a=np.linspace(0.02, 0.1, N)), h=1e-3)
    for dtype, tolerance in ((np.float64, 1e-12), (np.float32, 1e-4)):
        u = np.abs(5 * signal(400, dtype=dtype))
        state, spikes = cell.init(u[0]), 0
        for now in u:
            found, _ = cell.tick(state, now, 1e-3)
            state, _ = cell.step(state, now, 1e-3)
            spikes += (state.last == state.clock - 1).sum()
            for a, b in zip(tree.arrays(found).values(), tree.arrays(state).values(), strict=True):
                np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance)
        assert spikes > 20


@every_liquid
def test_a_liquid_that_has_run_is_copied_and_sent_away_without_what_was_laid_out_for_the_kernel(cell):
    u = signal(6)
    outputs, state = run(cell, u, 0.2)
    for other in (copy.deepcopy(cell), copy.copy(cell), pickle.loads(pickle.dumps(cell))):
        assert not [name for name in vars(other) if name.startswith("_")]
        again, there = run(other, u, 0.2)
        assert np.array_equal(again, outputs)
        assert same(there, state)


def test_reweighted_shares_the_plan_and_not_the_weights():
    cell, u = liquids["LIF"], signal()
    run(cell, u, 0.2)
    louder = cell.reweighted(3 * cell.circuit.weight)
    afresh = replace(cell, circuit=replace(cell.circuit, weight=3 * cell.circuit.weight))
    assert louder._plans is cell._plans
    assert np.array_equal(run(louder, u, 0.2)[0], run(afresh, u, 0.2)[0])
    assert not np.array_equal(run(louder, u, 0.2)[0], run(cell, u, 0.2)[0])


def test_a_liquid_says_what_it_is_in_a_line():
    assert repr(maass2002(seed=0)) == "<Spiking: 135 LIF units, 641 synapses, inputs: 1, h = 0.0001 s>"


def test_delays_off_the_grid_are_told():
    circuit = wiring.circuit([0], [1], 1.0, 1.5e-3, inhibitory=np.zeros(2, bool))
    with pytest.warns(UserWarning, match=r"1 of 1 delays .* 1.5 ms became 2 ms"):
        Spiking(circuit, LIF(2), h=1e-3)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        Spiking(circuit, LIF(2), h=1e-4)


def pooled(cell, bins, out):
    return cell.pool(cell.init(signal()[0]), signal(2), np.full(2, 0.1), np.array(bins), out)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (lambda c: replace(c, neuron=LIF(5)), "12 units"),
        (lambda c: replace(c, h=0.0), "positive"),
        (lambda c: replace(c, tau_synapse=(0.1,)), "two of them"),
        (lambda c: replace(c, h=np.inf), "positive and finite"),
        (lambda c: replace(c, tau_synapse=3e-3), "two of them"),
        (lambda c: replace(c, tau_synapse=(3e-3, np.nan)), "positive and finite"),
        (lambda c: replace(c, tau_trace=0.0), "tau_trace is in seconds, positive"),
        (lambda c: replace(c, tau_trace=np.nan), "tau_trace is in seconds, positive"),
        (lambda c: replace(c, noise=-1.0), "standard deviation"),
        (lambda c: replace(c, noise=np.inf), "standard deviation"),
        (lambda c: replace(c, seed=-3), "seed"),
        (lambda c: replace(c, h=1e-9), "raise h"),
        (lambda c: replace(c, circuit=wiring.circuit([0], [1], 1.0, 1e30, inhibitory=np.zeros(N, bool))), "raise h"),
        (lambda c: LIF(0), "at least 1"),
        (lambda c: LIF(2.5), "whole number"),
        (lambda c: LIF(3, start=(15.0, 13.5)), "low not above high"),
        (lambda c: LIF(3, start=(13.5, np.inf)), "low not above high"),
        (lambda c: LIF(3, tau=[1.0, 2.0]), "one for each unit"),
        (lambda c: LIF(3, tau=0.0), "positive"),
        (lambda c: LIF(3, reset=20.0), "below threshold"),
        (lambda c: LIF(3, refractory=-1.0), "at least 0"),
        (lambda c: replace(c.circuit, weight=-c.circuit.weight), "inhibitory"),
        (lambda c: replace(c.circuit, weight=np.inf * np.ones_like(c.circuit.weight)), "finite"),
        (lambda c: replace(c.circuit, places=np.zeros((N, 2))), "where each unit is"),
        (lambda c: replace(c.circuit.inputs, w_current=np.nan * c.circuit.inputs.w_current), "not finite"),
        (lambda c: replace(c.circuit, delay=c.circuit.delay[::-1]), "sorted"),
        (lambda c: replace(c.circuit, weight=c.circuit.weight[1:]), "one for each edge"),
        (lambda c: replace(c.circuit.dynamics, U=0 * c.circuit.dynamics.U), "share"),
        (lambda c: run(c, signal(2), 1e12), "raise h"),
        (lambda c: c.record(c.init(signal()[0]), signal(2), np.array([0.1, np.nan])), "time passes"),
        (lambda c: c.tick(c.init(signal()[0]), signal()[0], np.nan), "time passes"),
        (lambda c: c.tick(c.init(signal()[0]), signal()[0], -0.1), "time passes"),
        (lambda c: c.step(c.init(signal()[0]), signal()[0], -0.1), "time passes"),
        (lambda c: c.step(c.init(signal()[0]), signal()[0, :1], 0.1), "takes 2 inputs"),
        (lambda c: c.record(c.init(signal()[0]), np.ones((3, U), int), 0.1), "astype"),
        (lambda c: pooled(c, [0, 0], np.zeros((1, N), np.float32)), "out is float32"),
        (lambda c: pooled(c, [0, 0], np.zeros((N, 2)).T), "one after the other"),
        (lambda c: pooled(c, [0, 1], np.zeros((1, N))), "bins names a row"),
        (lambda c: pooled(c, [0], np.zeros((1, N))), "bins is"),
        (lambda c: pooled(c, [0, 0], np.zeros((1, N + 1))), "out"),
        (lambda c: run(c, signal(2), 0.1, c.init(signal(dtype=np.float32)[0])), "state is float32"),
        (lambda c: c.tick(c.init(signal(dtype=np.float32)[0]), signal()[0], 0.1), "state is float32"),
        (lambda c: run(c, signal(2, (3, 2)), 0.1, c.init(signal(1, (2, 3))[0])), r"of rows \(2, 3\)"),
        (lambda c: c.tick(c.init(signal(1, (1,))[0]), signal()[0], 0.1), r"of rows \(1,\)"),
        (lambda c: c.init(signal()[0], keys=np.array(-1)), "keys"),
        (lambda c: c.init(signal(1, (3,))[0], keys=np.array([1, 2])), "one for each row"),
        (lambda c: Chain((Scale(np.zeros(3), np.ones(3)), c)), "takes 2 inputs"),
        (lambda c: maass2002(5, seed=0, circuit=wiring.column(seed=0)), "1 event lines, not 5"),
        (lambda c: wiring.column((0, 1, 1), seed=0), "three sizes"),
        (lambda c: wiring.column(seed=0, length=-1), "at least 0"),
        (lambda c: wiring.column(seed=0, reach=1.5), "share"),
        (lambda c: wiring.columns((wiring.column(seed=0), wiring.column(inputs=2, seed=0))), "hear one input"),
        (lambda c: wiring.column(seed=0, inputs=-1), "event lines"),
        (lambda c: wiring.circuit([0], [5], 1.0, inhibitory=[True, False]), "post names units"),
        (lambda c: wiring.circuit([-1], [0], 1.0, inhibitory=[True, False]), "pre names units"),
        (lambda c: wiring.circuit([0.7], [0], 1.0, inhibitory=[True, False]), "whole numbers"),
        (lambda c: wiring.circuit([0, 1], [0], 1.0, inhibitory=[True, False]), "pair of units"),
    ],
)
def test_what_does_not_fit_is_told_at_the_door(wrong, said):
    with pytest.raises(ValueError, match=said):
        wrong(liquids["LIF"])


def test_the_papers_liquid_draws_its_beginning_anew_for_each_trial():
    liquid = maass2002(seed=3)
    starts = liquid.init(np.zeros((4, 1))).neuron.v
    assert len(np.unique(starts)) == starts.size
    assert ((starts >= 13.5) & (starts < 15)).all()
    assert np.array_equal(starts[2], liquid.init(np.zeros(1), keys=np.asarray(2)).neuron.v)
