"""Plasticity inside a liquid: windows in closed form, replays in plain Python, and learning that stops anywhere."""

import pickle
import sys
from copy import deepcopy
from dataclasses import dataclass, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plashet import (
    ALIF,
    FORCE,
    LIF,
    RLS,
    Beside,
    Chain,
    Izhikevich,
    Leaky,
    Live,
    Noisy,
    Ridge,
    Spiking,
    Squares,
    WithInput,
    fit,
    liquids,
    run,
    study,
    tree,
    unread,
    wiring,
)
from plashet.encode import Poisson
from plashet.learn import STDP, Bounds, Homeostatic, Normalised, Plastic, Scaling, Triplet
from plashet.learn.plasticity import HARD, SOFT, Spikes
from plashet.within import member, spiking_path

H = 1e-3
TICKS = {"a grid step": H, "10 ms": 0.01}
each_tick = pytest.mark.parametrize("dt", TICKS.values(), ids=TICKS.keys())


def faint(units=12, seed=0, largest=1e-6, delays=(1e-3, 7e-3), **given):
    """All units to all others with weights too small to move a spike, delays of many lengths, and one event line."""
    rng = np.random.default_rng(seed)
    pre, post = np.nonzero(~np.eye(units, dtype=bool))
    delay = rng.choice(np.linspace(*delays, 7), len(pre)).round(3)
    inputs = wiring.Inputs(np.zeros((units, 0)), np.geomspace(1.2, 60, units)[:, None])
    circuit = wiring.circuit(
        pre, post, largest * rng.uniform(0.2, 0.8, len(pre)), delay, inhibitory=np.zeros(units, bool), inputs=inputs
    )
    return Spiking(circuit, LIF(units, **given), H)


def weights_of(model):
    liquid = member(model.liquid, spiking_path(model.liquid))
    return np.array(liquid.circuit.weight)


def by_ticks(liquid, learner, events, dts, end):
    """Final weights of a rule that is shown given spikes in ticks of dts grid steps; none is simulated."""
    model = unread(liquid)
    plan, rule = learner.prepare(liquid), learner
    parts = Plastic((rule,)).init(model).parts
    memory, first = rule.init(plan), 0
    for k, steps in enumerate(dts):
        if first >= end:
            break
        last = min(first + steps, end)
        now = events[(events[:, 0] >= first) & (events[:, 0] < last)]
        memory, parts = rule.move(plan, memory, parts, Spikes(now, first, last, k == 0))
        first = last
    assert first == end
    return parts.weight


def slowly(liquid, rule, events, end):
    """The rule in plain Python: every spike of every synapse, sums over all spikes before, weights one by one."""
    circuit, h = liquid.circuit, liquid.h
    triplet = isinstance(rule, Triplet)
    plus, minus = (rule.plus, rule.minus) if triplet else ((rule.plus, 0.0), (rule.minus, 0.0))
    tau_pre = rule.tau_pre if triplet else (rule.tau_plus, 1.0)
    tau_post = rule.tau_post if triplet else (rule.tau_minus, 1.0)
    inhibitory, final = np.asarray(circuit.inhibitory), np.array(circuit.weight, float)
    movable = ~inhibitory[circuit.topology.pre] & ~inhibitory[circuit.topology.post]
    movable = movable if rule.plastic is None else rule.plastic
    largest = np.broadcast_to(rule.bounds.of(np.asarray(circuit.weight), movable), final.shape)

    def trace(times, now, tau):
        return sum(np.exp(-(now - t) * h / tau) for t in times if t < now)

    for e in np.flatnonzero(movable):
        i, j, most, w = circuit.topology.pre[e], circuit.topology.post[e], largest[e], final[e]
        came = sorted(t + liquid.delays[e] for t in events[events[:, 1] == i, 0])
        own = sorted(events[events[:, 1] == j, 0])
        for now in sorted(set(came) | set(own)):
            if now >= end:
                continue
            if now in came:
                step = most * trace(own, now, tau_post[0]) * (minus[0] + minus[1] * trace(came, now, tau_pre[1]))
                w = max(0.0, w - step * (w / most) ** rule.bounds.power)
            if now in own and w < most:
                step = most * trace(came, now, tau_pre[0]) * (plus[0] + plus[1] * trace(own, now, tau_post[1]))
                w = min(most, w + step * (1 - w / most) ** rule.bounds.power)
        final[e] = w
    return final


def trains(units, seed, end=400, share=0.03):
    """Spikes drawn at random: (n, 2) of (step, unit)."""
    return np.argwhere(np.random.default_rng(seed).random((end, units)) < share).astype(np.int64)


class Looks:
    """A learner that only looks: the evidence of every tick."""

    wants_events = True

    def init(self, model):
        return (model, [])

    def watch(self, knowledge, seen):
        knowledge[1].append(seen)
        return knowledge, ()

    def credit(self, knowledge, trace, y):
        return knowledge, trace

    def model(self, knowledge):
        return knowledge[0]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_evidence_holds_the_spikes_of_each_tick_in_a_fit_and_in_a_live(dtype):
    cell, (u, y) = column(), series()
    u, dts = u.astype(dtype), np.full(60, 0.01)
    _, outputs, spikes = cell.record(cell.init(u[0]), u, dts)
    assert np.array_equal(outputs, run(cell, u, 0.01)[0])
    assert len(spikes) > 100
    _, seen = study(unread(cell, 2), Looks(), (u, y, 0.01))
    live = Live(unread(cell, 2), Looks())
    follow(live, u, y)
    for ticks in (seen, live._knowledge[1]):
        assert np.array_equal(np.concatenate([tick.events for tick in ticks]), spikes)
        for k, tick in enumerate(ticks):
            assert ((tick.events[:, 0] >= 100 * k) & (tick.events[:, 0] < 100 * k + 100)).all()
            assert np.array_equal(tick.after.features, outputs[k])


@each_tick
def test_isolated_pairs_move_each_synapse_by_the_window_in_closed_form(dt):
    """Units spike once, at steps of their own; 132 synapses with 7 delays see differences of both signs and none."""
    rule = STDP(0.013, 0.009, 0.017, 0.031, bounds=Bounds(0.0, 1e-6))
    liquid = faint(background=np.linspace(15.2, 60.0, 12), refractory=0.5)
    u = np.zeros((round(0.2 / dt), 1))
    _, _, spikes = liquid.record(liquid.init(u[0]), u, np.full(len(u), dt))
    assert len(spikes) == liquid.outputs
    at = np.empty(liquid.outputs)
    at[spikes[:, 1]] = spikes[:, 0]
    taught = fit(unread(liquid), Plastic((rule,)), (u, np.full((len(u), 1), np.nan), dt))
    edges = liquid.circuit.topology
    d = (at[edges.post] - at[edges.pre] - liquid.delays) * H
    assert (d == 0).any()
    assert (d > 0).any()
    assert (d < 0).any()
    window = np.where(d > 0, 0.013 * np.exp(-d / 0.017), np.where(d < 0, -0.009 * np.exp(d / 0.031), 0.0))
    np.testing.assert_allclose((weights_of(taught) - liquid.circuit.weight) / 1e-6, window, rtol=1e-9, atol=1e-12)


RULES = {
    "pairs, hard": STDP(0.05, 0.06, 0.01, 0.02, bounds=HARD),
    "pairs, soft": STDP(0.05, 0.06, 0.01, 0.02, bounds=SOFT),
    "pairs, between": STDP(0.05, 0.06, bounds=Bounds(0.4, 1.5e-6)),
    "triplets, hard": Triplet((0.01, 0.05), (0.02, 0.01), bounds=HARD),
    "triplets, soft": Triplet((0.01, 0.05), (0.02, 0.01)),
    "some synapses": STDP(0.1, 0.1, plastic=np.arange(30) % 3 == 0),
}


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES.keys())
def test_a_replay_in_plain_python_gives_the_same_weights(rule):
    liquid = faint(6, seed=1)
    events = trains(6, seed=2)
    expected = slowly(liquid, rule, events, 400)
    assert np.abs(expected / liquid.circuit.weight - 1).max() > 0.2
    for steps in (1, 10, 400):
        found = by_ticks(liquid, rule, events, [steps] * 400, 400)
        np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-18)


@pytest.mark.parametrize("rule", [RULES["pairs, soft"], RULES["triplets, hard"]], ids=["pairs", "triplets"])
@settings(max_examples=25, deadline=None)
@given(cuts=st.lists(st.integers(0, 60), min_size=1, max_size=30), seed=st.integers(0, 99))
def test_ticks_of_any_length_give_the_same_bits(rule, cuts, seed):
    liquid, events = faint(6, seed=1), trains(6, seed)
    whole = by_ticks(liquid, rule, events, [400], 400)
    assert np.array_equal(by_ticks(liquid, rule, events, [*cuts, 400], 400), whole)


def test_the_spikes_of_a_strong_liquid_that_is_moved_by_them_replay_to_the_same_weights():
    """Everything at once: the column's synapses, its delays, a learner that changes what will spike."""
    liquid = liquids.maass2002(4, seed=3)
    learner, model = Plastic((STDP(0.02, 0.02),)), unread(liquid)
    u = (np.random.default_rng(4).random((40, 4)) < 0.4).astype(float)
    live, found = Live(model, learner), []
    for now in u:
        seen = live.model.witness(live.state or live.model.init(now), now, 0.01)
        live.predict(now, 0.01)
        found.append(seen[2])
    events = np.concatenate(found)
    assert len(events) > 150
    assert not np.array_equal(events, liquid.record(liquid.init(u[0]), u, np.full(40, 0.01))[2])
    expected = slowly(liquid, learner.rules[0], events, 4000)
    assert (expected != liquid.circuit.weight).sum() > 100
    np.testing.assert_allclose(weights_of(live.model), expected, rtol=1e-10)
    assert np.array_equal(weights_of(live.model), by_ticks(liquid, learner.rules[0], events, [4000], 4000))


def paired_at(rate, lag, rule, pairs=60):
    """The relative change of a weight by pairs of spikes `lag` steps apart at a rate: the protocol of the paper."""
    circuit = wiring.circuit([0], [1], 0.5, H, inhibitory=np.zeros(2, bool))
    liquid = Spiking(circuit, LIF(2), H)
    start = 100 + np.arange(pairs) * round(1 / rate / H)
    events = np.concatenate([np.stack([start - 1, 0 * start], 1), np.stack([start + lag, 0 * start + 1], 1)])
    events = events[np.lexsort((events[:, 1], events[:, 0]))]
    end = int(events[:, 0].max()) + 2
    return by_ticks(liquid, rule, events, [end], end)[0] - 0.5, slowly(liquid, rule, events, end)[0] - 0.5


def test_triplets_strengthen_at_high_rates_what_pairs_weaken_at_low_ones():
    rule = Triplet(bounds=Bounds(0.0, 1.0))
    after = {rate: paired_at(rate, 10, rule)[0] for rate in (1, 10, 20, 40)}
    before = {rate: paired_at(rate, -10, rule)[0] for rate in (1, 10, 20, 40)}
    assert abs(after[1]) < 0.05  # next to nothing, as measured by Sjöström et al. 2001
    assert before[1] < -0.2
    assert after[1] < after[10] < after[20] < after[40]
    assert after[40] > 0.4
    assert before[40] > 0  # the sign has turned
    pair = STDP(0.005, 0.005, bounds=Bounds(0.0, 1.0))
    assert paired_at(40, -10, pair)[0] < 0.6 * abs(paired_at(1, -10, pair)[0])


@pytest.mark.parametrize("lag", [10, -10])
def test_pairs_at_a_rate_are_the_twin_s(lag):
    for rate in (5, 40):
        found, twin = paired_at(rate, lag, Triplet(bounds=Bounds(0.0, 1.0)))
        np.testing.assert_allclose(found, twin, rtol=1e-10)


def test_a_silent_past_of_another_series_is_not_paired():
    liquid, rule = faint(6, seed=1, refractory=0.01), STDP(0.05, 0.05)
    u = np.zeros((5, 1))
    u[0] = 100.0
    y = np.full((5, 1), np.nan)
    twice = study(unread(liquid), Plastic((rule,)), [(u, y, 0.01), (u, y, 0.01)])
    once = study(unread(liquid), Plastic((rule,)), [(u, y, 0.01)])
    again = study(
        Plastic((rule,)).model(once), Plastic((STDP(0.05, 0.05, bounds=Bounds(1.0, 0.8e-6)),)), [(u, y, 0.01)]
    )
    same = rule.bounds.of(np.asarray(liquid.circuit.weight), np.ones(30, bool))[0]
    bounds = Bounds(1.0, same)
    again = study(Plastic((rule,)).model(once), Plastic((STDP(0.05, 0.05, bounds=bounds),)), [(u, y, 0.01)])
    assert np.array_equal(twice.parts.weight, again.parts.weight)


def test_units_come_to_their_target_rate_whatever_drives_them():
    units, rate = 20, 12.0
    current = np.linspace(14.0, 22.0, units)[:, None] - 13.5
    circuit = wiring.circuit(
        [], [], 0.0, inhibitory=np.zeros(units, bool), inputs=wiring.Inputs(current, np.zeros((units, 0)))
    )
    liquid = Spiking(circuit, LIF(units), H, tau_trace=None)
    u, y = np.ones((600, 1)), np.full((600, 1), np.nan)
    before = run(liquid, u[:50], 0.1)[0].sum(0) / 5
    assert before[0] == 0
    assert before[-1] > 90
    model = fit(unread(liquid), Plastic((Homeostatic(rate, gain=0.02, limit=12.0),)), (u, y, 0.1))
    after = run(model.liquid, u[:100], 0.1)[0].sum(0) / 10
    np.testing.assert_allclose(after, rate, atol=0.6)
    held = fit(unread(liquid), Plastic((Homeostatic(rate, gain=0.02, limit=0.25),)), (u, y, 0.1))
    moved = held.liquid.neuron.background - 13.5
    assert np.abs(moved).max() <= 0.25 + 1e-12
    assert moved[0] == pytest.approx(0.25)
    assert moved[-1] == pytest.approx(-0.25)


def test_homeostasis_moves_adaptive_units_too():
    circuit = wiring.circuit([], [], 0.0, inhibitory=np.zeros(3, bool))
    liquid = Spiking(circuit, ALIF(LIF(3)), H)
    model = fit(
        unread(liquid), Plastic((Homeostatic(5.0, limit=0.5),)), (np.zeros((100, 0)), np.full((100, 1), np.nan), 0.1)
    )
    np.testing.assert_allclose(model.liquid.neuron.lif.background, 14.0)


def test_scaling_keeps_ratios_and_stops_at_its_factor():
    liquid, events = faint(6, seed=1), trains(6, 3, share=0.02)
    rule = Scaling(rate=10.0, tau=0.5, every=0.05, limit=1.6)
    found = by_ticks(liquid, rule, events, [10] * 40, 400)
    post, start = liquid.circuit.topology.post, np.asarray(liquid.circuit.weight)
    counts = np.bincount(events[:, 1], minlength=6)
    factor = np.exp(np.clip((0.4 - counts / 10.0) / 0.5, -np.log(1.6), np.log(1.6)))
    assert np.ptp(factor) > 0.2
    free = by_ticks(liquid, Scaling(rate=10.0, tau=0.5, every=0.05, limit=1e9), events, [10] * 40, 400)
    np.testing.assert_allclose(free / start, np.exp((0.4 - counts / 10.0) / 0.5)[post], rtol=1e-12)
    for j in range(6):
        np.testing.assert_allclose(np.ptp((found / start)[post == j]), 0, atol=1e-12)
    assert (found / start <= 1.6 + 1e-12).all()
    assert (found / start >= 1 / 1.6 - 1e-12).all()


@each_tick
def test_scaling_does_not_depend_on_how_time_is_cut(dt):
    liquid, events = faint(6, seed=1), trains(6, 3)
    steps = round(dt / H)
    for rule in (Scaling(10.0, 0.5), Scaling(10.0, 0.5, limit=1e9, every=0.0)):
        whole = by_ticks(liquid, rule, events, [100] * 4, 400)
        np.testing.assert_allclose(by_ticks(liquid, rule, events, [steps] * 400, 400), whole, rtol=1e-12)


def test_scaling_brings_driven_units_to_their_rate():
    """Ten units that spike by themselves drive one through weights far too small, and another far too large."""
    drivers = np.arange(10)
    pre, post = np.concatenate([drivers, drivers]), np.repeat([10, 11], 10)
    weight = np.repeat([0.3, 30.0], 10)
    inputs = wiring.Inputs(np.r_[np.linspace(3.0, 6.0, 10), 0, 0][:, None], np.zeros((12, 0)))
    liquid = Spiking(
        wiring.circuit(pre, post, weight, H, inhibitory=np.zeros(12, bool), inputs=inputs), LIF(12), H, tau_trace=None
    )
    u, y = np.ones((600, 1)), np.full((600, 1), np.nan)
    before = run(liquid, u[:100], 0.1)[0].sum(0)[10:] / 10
    model = fit(unread(liquid), Plastic((Scaling(rate=20.0, tau=5.0, limit=50.0),)), (u, y, 0.1))
    after = run(model.liquid, u[:100], 0.1)[0].sum(0)[10:] / 10
    assert before[0] < 5
    assert before[1] > 60
    np.testing.assert_allclose(after, 20.0, atol=2.0)


def test_a_unit_that_heard_nothing_at_the_start_keeps_what_it_has_learnt():
    """Weights that begin at zero may grow; there is no sum to bring them back to."""
    liquid = faint(3)
    into = liquid.circuit.topology.post == 1
    liquid = liquid.reweighted(np.where(into, 0.0, liquid.circuit.weight))
    rule = Normalised(every=0.01)
    plan, parts = rule.prepare(liquid), Plastic((rule,)).init(unread(liquid)).parts
    parts.weight[:] = 2.0 * parts.weight + 1e-7
    grown = parts.weight.copy()
    _, parts = rule.move(plan, rule.init(plan), parts, Spikes(np.empty((0, 2), np.int64), 0, 10, True))
    assert np.array_equal(parts.weight[into], grown[into])
    sums = [np.bincount(liquid.circuit.topology.post, w, 3) for w in (liquid.circuit.weight, parts.weight)]
    np.testing.assert_allclose(sums[1][[0, 2]], sums[0][[0, 2]], rtol=1e-12)


def test_rates_are_due_in_the_step_in_which_their_time_is_over():
    """Whatever 1e-3 n rounds to: a rule every 35 ms moves at step 35, not at step 36."""
    rule = Homeostatic(rate=1.0, gain=1e-6)
    plan = rule.prepare(faint(2))
    for n in range(1, 200):
        due = replace(rule, every=n / 1000)
        parts = Plastic((due,)).init(unread(faint(2))).parts
        memory, _ = due.move(plan, due.init(plan), parts, Spikes(np.empty((0, 2), np.int64), 0, n, True))
        assert memory.steps == 0, n


def test_what_a_unit_hears_in_all_stays_the_same():
    liquid, events = faint(6, seed=1), trains(6, 3)
    rules = (STDP(0.05, 0.05), Normalised(every=0.05))
    learner, model = Plastic(rules), unread(liquid)
    plans = [rule.prepare(liquid) for rule in rules]
    memories, parts = [r.init(p) for r, p in zip(rules, plans, strict=True)], learner.init(model).parts
    for first in range(0, 400, 50):
        now = events[(events[:, 0] >= first) & (events[:, 0] < first + 50)]
        for k, rule in enumerate(rules):
            memories[k], parts = rule.move(plans[k], memories[k], parts, Spikes(now, first, first + 50, first == 0))
    post, start = liquid.circuit.topology.post, np.asarray(liquid.circuit.weight)
    assert np.abs(parts.weight / start - 1).max() > 0.1
    np.testing.assert_allclose(np.bincount(post, parts.weight), np.bincount(post, start), rtol=1e-12)


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 999),
    amounts=st.tuples(*[st.floats(0, 3)] * 4),
    power=st.sampled_from([0.0, 0.3, 1.0, 2.0]),
    share=st.floats(0, 0.5),
)
def test_weights_stay_amplitudes_within_their_bounds(seed, amounts, power, share):
    """However large the steps: in [0, largest], no sign changes (Dale), and what is not plastic is not touched."""
    rng = np.random.default_rng(seed)
    pre, post = np.nonzero(np.ones((5, 5), bool))
    inhibitory = np.array([False, True, False, True, False])
    circuit = wiring.circuit(pre, post, rng.exponential(1.0, 25), H * rng.integers(0, 4, 25), inhibitory=inhibitory)
    liquid = Spiking(circuit, LIF(5), H)
    rule = Triplet(amounts[:2], amounts[2:], bounds=Bounds(power, 0.7))
    found = by_ticks(liquid, rule, trains(5, seed, 60, share), [7] * 60, 60)
    start = np.asarray(circuit.weight)
    still = inhibitory[circuit.topology.pre] | inhibitory[circuit.topology.post]
    assert (found >= 0).all()
    assert (found <= np.maximum(start, 0.7)).all()
    assert np.array_equal(found[still], start[still])


ALL = Plastic((STDP(0.02, 0.02), Scaling(8.0, 2.0), Homeostatic(8.0, 0.05)), RLS(memory=3.0, penalty=0.1))


def column(seed=5):
    """An encoder, the column, and the input itself to be read."""
    return WithInput(Noisy(Chain((Poisson(3, gain=30.0, base=30.0, seed=1), liquids.maass2002(3, seed=seed))), 0.1, 7))


def follow(live, u, y, dt=0.01):
    guesses = []
    for now, target in zip(u, y, strict=True):
        guesses.append(live.predict(now, dt))
        live.learn(target)
    return np.array(guesses)


def series(time=60, seed=0):
    rng = np.random.default_rng(seed)
    u = rng.uniform(0, 1, (time, 3))
    return u, np.cumsum(u, axis=0)[:, :2] - 0.5 * np.arange(time)[:, None]


@settings(max_examples=8, deadline=None)
@given(cut=st.integers(1, 58))
def test_saved_and_resumed_anywhere_a_live_goes_on_bit_equal_while_its_liquid_learns(cut, tmp_path_factory):
    path = tmp_path_factory.mktemp("live") / "a.plashet"
    u, y = series()
    live = Live(unread(column(), 2), ALL)
    follow(live, u[:cut], y[:cut])
    live.predict(u[cut], 0.01, id="late")
    live.save(path)
    again, copied = Live.load(path), Live.restore(live.snapshot())
    rest = follow(live, u[cut + 1 :], y[cut + 1 :])
    for other in (again, copied):
        assert np.array_equal(follow(other, u[cut + 1 :], y[cut + 1 :]), rest)
    for each in (live, again, copied):
        each.learn(y[cut], "late")
    start = member(column(), (0, 0, 1)).circuit.weight
    assert not np.array_equal(weights_of(live.model), start)
    for other in (again, copied):
        pairs = zip(tree.arrays(live.snapshot()).items(), tree.arrays(other.snapshot()).values(), strict=True)
        for (name, a), b in pairs:
            assert a.dtype == b.dtype, name
            assert np.array_equal(a, b, equal_nan=True), name


@pytest.mark.parametrize("block", [7, 1024])
def test_live_is_fit_whose_liquid_moves_too(block, monkeypatch):
    monkeypatch.setattr(sys.modules["plashet.run"], "BLOCK", block)
    u, y = series()
    live = Live(unread(column(), 2), ALL)
    follow(live, u, y)
    taught = fit(unread(column(), 2), ALL, (u, y, 0.01))
    assert np.array_equal(weights_of(live.model), weights_of(taught))
    assert np.array_equal(live.model.readout.weights, taught.readout.weights)
    mine, fitted = (member(m.liquid, (0, 0, 1)).neuron.background for m in (live.model, taught))
    assert np.array_equal(mine, fitted)


def test_the_readout_beside_learns_as_it_would_alone_where_nothing_moves():
    """Steps of zero: the composition is the readout's learner and nothing else, labels late or soon."""
    u, y = series()
    still = Plastic((STDP(0.0, 0.0),), RLS(memory=3.0, penalty=0.1))
    a, b = (Live(unread(column(), 2), learner) for learner in (still, still.readout))
    for live in (a, b):
        for k, now in enumerate(u):
            live.predict(now, 0.01, id=k)
            if k >= 5:
                live.learn([y[k - 5, 0], np.nan], k - 5)
                live.learn([np.nan, y[k - 5, 1]], k - 5)
    assert np.array_equal(a.model.readout.weights, b.model.readout.weights)
    assert np.abs(a.model.readout.weights).max() > 0


def test_a_model_that_hears_itself_can_be_moved():
    from plashet import Looped, looped

    model = looped(liquids.maass2002(2, seed=1), 1)
    assert isinstance(model, Looped)
    u, y = np.ones((30, 1)), np.ones((30, 1))
    for readout in (RLS(penalty=1.0), FORCE(penalty=1.0)):
        learner = Plastic((STDP(0.05, 0.05),), readout)
        taught = fit(model, learner, (u, y, 0.01))
        assert learner.closed_loop is isinstance(readout, FORCE)
        assert not np.array_equal(weights_of(taught), weights_of(model))
        assert taught.readout.weights.any()


def test_without_a_readout_the_labels_are_not_used_and_the_readout_stays():
    u, y = series()
    learner = Plastic((STDP(),))
    model = fit(unread(column(), 2), Ridge(1.0), (u, y, 0.01))
    with_labels, without = fit(model, learner, (u, y, 0.01)), fit(model, learner, (u, np.full_like(y, np.nan), 0.01))
    assert np.array_equal(weights_of(with_labels), weights_of(without))
    assert np.array_equal(with_labels.readout.weights, model.readout.weights)
    assert not np.array_equal(weights_of(with_labels), weights_of(model))


def test_float32_series_are_driven_by_the_weights_as_they_are_now():
    u, learner = (series()[0] > 0.6).astype(np.float32), Plastic((STDP(0.05, 0.05),), RLS())
    live = Live(unread(liquids.maass2002(3, seed=1)), learner)
    for now in u:
        state = live.state or live.model.init(now)
        weight = np.array(weights_of(live.model))
        again = Spiking.reweighted(live.model.liquid, weight)
        expected, _ = again.tick(state.inner, now, 0.01)
        live.predict(now, 0.01)
        live.learn(0.5)
        for a, b in zip(tree.arrays(live.state.inner).values(), tree.arrays(expected).values(), strict=True):
            assert np.array_equal(a, b)
    assert not np.array_equal(weights_of(live.model), weight)


def test_float32_series_move_the_weights_in_float64():
    u, _ = series()
    learner = Plastic((STDP(), Homeostatic()))
    knowledge = study(
        unread(liquids.maass2002(3, seed=1)), learner, ((u > 0.6).astype(np.float32), np.full((60, 1), np.nan), 0.01)
    )
    assert knowledge.parts.weight.dtype == np.float64
    assert (knowledge.parts.weight != learner.init(knowledge.untaught).parts.weight).sum() > 50


@dataclass(frozen=True, eq=False)
class Mine:
    """A neuron of one's own: LIF by another name, so the kernel does not know it."""

    lif: LIF

    @property
    def inputs(self):
        return self.lif.units

    @property
    def outputs(self):
        return self.lif.units

    def init(self, u):
        return self.lif.init(u)

    def weigh(self, tau, h):
        return self.lif.weigh(tau, h)

    def step(self, state, u, dt):
        return self.lif.step(state, u, dt)


def test_a_neuron_of_one_s_own_learns_as_the_compiled_one():
    liquid = faint(6, seed=1, refractory=0.01)
    mine = Spiking(liquid.circuit, Mine(liquid.neuron), H)
    u = np.zeros((20, 1))
    u[::4] = 100.0
    learner, y = Plastic((STDP(0.05, 0.05), Homeostatic())), np.full((20, 1), np.nan)
    a, b = (fit(unread(c), learner, (u, y, 0.01)) for c in (liquid, mine))
    np.testing.assert_allclose(weights_of(a), weights_of(b), rtol=1e-12)
    np.testing.assert_allclose(a.liquid.neuron.background, b.liquid.neuron.lif.background, rtol=1e-12)


def test_the_kernel_s_plan_is_shared_by_all_that_differ_in_weights():
    """So a tick stays cheap: nothing is laid out anew, unless the neurons have moved."""
    u, y = series()
    live = Live(unread(column(), 2), Plastic((STDP(0.05, 0.05),), RLS()))
    live.predict(u[0], 0.01)
    first = member(live.model.liquid, (0, 0, 1))
    follow(live, u[1:], y[1:])
    later = member(live.model.liquid, (0, 0, 1))
    assert first._plan(np.dtype(float)) is later._plan(np.dtype(float))


def test_neurons_are_laid_out_anew_only_when_they_have_moved_and_nothing_is_said_twice():
    with pytest.warns(UserWarning, match="not whole grid steps"):
        liquid = liquids.maass2002(3, seed=1, h=4e-4)
    live = Live(unread(liquid), Plastic((Homeostatic(every=0.05),)))
    plans = []
    for now in series(30)[0]:
        live.predict(now, 0.01)
        plans.append(live.model.liquid._plan(np.dtype(float)))
    assert len(set(map(id, plans))) == 7
    assert len(set(map(id, plans[5:9]))) == 1


def test_a_taught_model_can_be_copied_and_sent_away():
    u, y = series(20)
    live = Live(unread(column(), 2), ALL)
    follow(live, u, y)
    for model in (deepcopy(live.model), pickle.loads(pickle.dumps(live.model))):
        assert np.array_equal(run(model, u, 0.01)[0], run(live.model, u, 0.01)[0])
    again = deepcopy(live.snapshot())
    assert np.array_equal(follow(Live.restore(again), u, y), follow(live, u, y))


def test_learners_that_do_not_ask_for_spikes_cost_nothing_more(monkeypatch):
    model = unread(column(), 2)
    monkeypatch.setattr(type(model), "witness", None)
    u, y = series(5)
    follow(Live(model, RLS()), u, y)


def test_time_that_is_shorter_than_a_grid_step_moves_nothing_and_loses_nothing():
    u, y = series(40)
    live = Live(unread(liquids.maass2002(3, seed=1), 2), ALL)
    follow(live, u, y, dt=0.0)
    follow(live, u, y, dt=3e-5)
    assert live.state.inner.clock == 12


def test_a_liquid_without_spikes_is_refused_with_the_way_out():
    for liquid in (Leaky(wiring.bands(8, 2, seed=0), tau=0.5), Chain((Squares(2),))):
        with pytest.raises(TypeError, match=r"no cells that spike .* Spiking liquid"):
            Live(unread(liquid), Plastic((STDP(),)))
    two = Beside((liquids.maass2002(1, seed=0), liquids.maass2002(1, seed=1)))
    with pytest.raises(TypeError, match=r"2 cells that spike .* wiring\.columns"):
        Live(unread(two), Plastic((STDP(),)))


def test_a_batch_is_refused_and_takes_nothing_away():
    live = Live(unread(liquids.maass2002(1, seed=0)), ALL)
    with pytest.raises(ValueError, match="one series at a time"):
        live.predict(np.ones((3, 1)), 0.01)
    assert live.ticks == 0
    live.predict(np.ones(1), 0.01)


@pytest.mark.parametrize(
    ("make", "error", "words"),
    [
        (lambda: Plastic(()), ValueError, "tuple of one rule"),
        (lambda: Plastic(STDP()), ValueError, "tuple of one rule"),
        (lambda: Plastic((RLS(),)), TypeError, "no rule of plasticity"),
        (lambda: STDP(plus=-0.1), ValueError, "at least 0"),
        (lambda: STDP(minus=np.nan), ValueError, "at least 0"),
        (lambda: STDP(tau_plus=0.0), ValueError, "above 0"),
        (lambda: Triplet(plus=(1.0,)), ValueError, "two numbers"),
        (lambda: Triplet(tau_post=(0.03, np.inf)), ValueError, "above 0"),
        (lambda: Bounds(-1.0), ValueError, "power"),
        (lambda: Bounds(1.0, 0.0), ValueError, "largest"),
        (lambda: Bounds(1.0, np.array([1.0, np.nan])), ValueError, "largest"),
        (lambda: Homeostatic(rate=-1.0), ValueError, "rate"),
        (lambda: Homeostatic(limit=np.inf), ValueError, "limit"),
        (lambda: Scaling(rate=0.0), ValueError, "rate"),
        (lambda: Scaling(tau=0.0), ValueError, "tau"),
        (lambda: Scaling(limit=0.5), ValueError, "limit"),
        (lambda: Normalised(every=-1.0), ValueError, "every"),
    ],
)
def test_settings_that_make_no_sense_are_refused(make, error, words):
    with pytest.raises(error, match=words):
        make()


@pytest.mark.parametrize(
    ("rule", "error", "words"),
    [
        (STDP(plastic=np.ones(3, bool)), ValueError, "plastic is"),
        (STDP(plastic=np.ones(132)), ValueError, "of bool"),
        (STDP(bounds=Bounds(1.0, np.ones(3))), ValueError, "largest is"),
        (Homeostatic(rate=np.ones(3)), ValueError, "rate is"),
        (Scaling(rate=np.ones(3)), ValueError, "rate is"),
    ],
)
def test_settings_that_do_not_fit_the_liquid_are_refused_at_once(rule, error, words):
    with pytest.raises(error, match=words):
        Plastic((rule,)).init(unread(faint()))


def test_a_neuron_without_a_background_current_says_so():
    circuit = wiring.circuit([], [], 0.0, inhibitory=np.zeros(3, bool))
    with pytest.raises(TypeError, match="no background current"):
        Plastic((Homeostatic(),)).init(unread(Spiking(circuit, Izhikevich(3), H)))
    Plastic((STDP(),)).init(unread(Spiking(circuit, Izhikevich(3), H)))
