"""Sequences to features: what is pooled, that nothing else matters, and what is refused."""

import os
import threading
import time
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plashet import Beside, Chain, Leaky, Noisy, WithInput, run, sequences, wiring
from plashet.beginning import begun
from plashet.encode import Scale
from plashet.liquids import maass2002
from plashet.sequences import At, Both, Last, Mean, Segments, features
from plashet.threads import each
from zoo import LIQUIDS, U

LIQUID = LIQUIDS["bands"]
POOLINGS = {
    "segments": Segments(5),
    "mean": Mean(),
    "last": Last(),
    "at": At((0.25, 0.5, 1.0)),
    "both": Both((Segments(3), Mean(), Last(), At((0.3,)))),
}
every_pooling = pytest.mark.parametrize("pooling", POOLINGS.values(), ids=POOLINGS.keys())


def ragged(n=7, inputs=U, seed=0, longest=40):
    rng = np.random.default_rng(seed)
    return [rng.normal(size=(int(t), inputs)) for t in rng.integers(1, longest, n)]


def by_hand(pooling, outputs, dt):
    """The rows from all outputs at once: a slow loop over the rule's own words."""
    ends = np.cumsum(np.full(len(outputs), dt))
    if isinstance(pooling, Both):
        return np.concatenate([by_hand(part, outputs, dt) for part in pooling.parts])
    if isinstance(pooling, Mean):
        return outputs.mean(axis=0, keepdims=True)
    if isinstance(pooling, Last):
        return outputs[-1:]
    if isinstance(pooling, At):
        ended = [np.flatnonzero(ends <= t + 1e-12) for t in pooling.times]
        return np.stack([outputs[e[-1]] if len(e) else np.zeros(outputs.shape[1]) for e in ended])
    rows, ticks = [], len(outputs)
    for k in range(pooling.count):
        # in whole numbers: the middle (2 t + 1) / (2 T) lies in [k, k + 1) / count
        mine = [t for t in range(ticks) if k * 2 * ticks <= (2 * t + 1) * pooling.count < (k + 1) * 2 * ticks]
        mine = mine or [next(t for t in range(ticks) if (t + 1) * 2 * pooling.count >= (2 * k + 1) * ticks)]
        rows.append(outputs[mine].mean(axis=0))
    return np.stack(rows)


@every_pooling
@pytest.mark.parametrize("dt", [0.1, 1.0])
def test_features_are_the_pooled_outputs_of_a_run_from_rest(pooling, dt):
    data = [*ragged(), np.ones((1, U)), np.ones((2, U)), ragged(1, longest=900, seed=3)[0]]
    got = features(LIQUID, data, dt, pooling)
    for row, u in zip(got, data, strict=True):
        expected = by_hand(pooling, run(LIQUID, u, dt)[0], dt)
        np.testing.assert_allclose(row, expected.ravel(), rtol=1e-12, atol=1e-14)


@settings(max_examples=60, deadline=None)
@given(ticks=st.integers(1, 60), count=st.integers(1, 12), dt=st.sampled_from([0.01, 0.1, 0.3, 1.0, 7.0]))
def test_segments_of_equal_ticks_do_not_depend_on_how_long_a_tick_is(ticks, count, dt):
    outputs = np.arange(float(ticks))[:, None]
    plan = sequences.pooling.plan(Segments(count), np.full(ticks, dt))
    sums = np.zeros((plan.shares.shape[1], 1))
    np.add.at(sums, plan.bins, outputs)
    np.testing.assert_allclose(plan.shares @ sums, by_hand(Segments(count), outputs, dt), rtol=1e-12)


def test_segments_are_of_equal_time_not_of_equal_numbers_of_ticks():
    u = np.array([[1.0, 0.0], [2.0, 0.0], [3.0, 0.0], [4.0, 0.0]])
    dt = [np.array([0.5, 0.5, 1.0, 2.0])]
    got = features(Scale(np.zeros(U), np.ones(U)), [u], dt, Segments(2)).reshape(2, U)
    np.testing.assert_allclose(got[:, 0], [2.0, 4.0])


def test_ticks_in_no_time_are_still_ticks():
    u = np.arange(4.0)[:, None] * np.ones(U)
    got = features(Scale(np.zeros(U), np.ones(U)), [u], 0.0, Segments(2)).reshape(2, U)
    np.testing.assert_allclose(got[:, 0], [0.5, 2.5])


@every_pooling
def test_a_sequence_is_what_it_is_alone_in_any_company_and_on_any_number_of_cores(pooling, monkeypatch):
    data = ragged(9)
    whole = features(LIQUID, data, 0.1, pooling)
    order = np.random.default_rng(1).permutation(9)
    assert np.array_equal(features(LIQUID, [data[i] for i in order], 0.1, pooling), whole[order])
    assert np.array_equal(features(LIQUID, data[4:5], 0.1, pooling)[0], whole[4])
    for cores in (1, 3, 8):
        monkeypatch.setattr(os, "cpu_count", lambda cores=cores: cores)
        assert np.array_equal(features(LIQUID, data, 0.1, pooling), whole)


def test_every_shape_in_which_sequences_come_gives_the_same():
    three = np.random.default_rng(0).normal(size=(4, 9, 1))
    liquid = Leaky(wiring.bands(6, 1, seed=0), tau=2.0)
    wanted = features(liquid, three)
    objects = np.empty(4, object)
    objects[:] = list(three)
    for given_as in (three[:, :, 0], list(three), [u[:, 0] for u in three], [u[:, 0].tolist() for u in three], objects):
        assert np.array_equal(features(liquid, given_as), wanted)


def test_float32_sequences_are_driven_in_float32_and_pooled_in_float64():
    data = [u.astype(np.float32) for u in ragged()]
    got = features(LIQUID, data, 0.1)
    assert got.dtype == np.float64
    np.testing.assert_allclose(got, features(LIQUID, [u.astype(float) for u in data], 0.1), atol=1e-6)


class Drawing:
    """A cell whose random start is named by a key, which pools by itself."""

    inputs, outputs = U, 3

    def init(self, u, keys=None):
        assert keys is not None
        return np.random.default_rng(int(keys)).normal(size=3)

    def step(self, state, u, dt):
        return state + u.sum() * dt, state + u.sum() * dt

    def pool(self, state, u, dt, bins, out):
        for now, elapsed, b in zip(u, dt, bins, strict=True):
            state, y = self.step(state, now, elapsed)
            if b >= 0:
                out[b] += y
        return state


class Plain(Drawing):
    pool = property()  # hasattr says no


class Adding(Plain):
    """A cell that gives its input, and pools in the precision of what it is given, one tick after the other."""

    outputs = U

    def init(self, u):
        return u

    def pool(self, state, u, dt, bins, out):
        out[0] += np.cumsum(u, axis=0)[-1]
        return state


def test_a_long_sequence_in_float32_loses_no_digits_where_the_cell_pools_by_itself():
    u = np.full((1 << 20, U), 0.1, np.float32)
    np.testing.assert_allclose(features(Adding(), [u], 0.1, Mean()), 0.1, rtol=1e-4)


@pytest.mark.parametrize("within", [lambda c: c, lambda c: Chain((Scale(np.zeros(U), np.ones(U)), c)), WithInput])
def test_a_cell_that_pools_by_itself_gives_what_its_steps_give(within):
    data = [*ragged(), np.random.default_rng(5).uniform(size=(700, U))]
    pooling = Both((Segments(4), Last()))
    args = (data, 0.1, pooling)
    np.testing.assert_allclose(features(within(Drawing()), *args), features(within(Plain()), *args), rtol=1e-12)


def test_random_numbers_follow_the_content_or_the_key_that_is_given():
    data = ragged(5)
    alike = features(Drawing(), [data[0], data[1], data[0]])
    assert np.array_equal(alike[0], alike[2])
    assert not np.array_equal(alike[0], alike[1])
    named = features(Drawing(), [data[0]] * 3, keys=[4, 7, 4])
    assert np.array_equal(named[0], named[2])
    assert not np.array_equal(named[0], named[1])


@pytest.mark.parametrize(
    "within", [lambda c: c, WithInput, lambda c: Noisy(c, 0.0, 3), lambda c: Noisy(WithInput(c), 0.1, 3)]
)
def test_a_cell_that_draws_is_named_wherever_it_stands(within):
    data = [ragged(1)[0]] * 3
    named = features(within(Drawing()), data, keys=[4, 7, 4])
    assert np.array_equal(named[0], named[2])
    assert not np.array_equal(named[0], named[1])


def test_the_start_of_a_spiking_liquid_follows_the_key_behind_noise_too():
    cell, u = maass2002(seed=3), np.ones((20, 1))
    named = features(Noisy(cell, 0.0, 3), [u] * 2, 1e-3, Last(), keys=[0, 3])
    expected = [run(cell, u, 1e-3, cell.init(u[0], keys=np.asarray(k)))[0][-1] for k in (0, 3)]
    assert np.array_equal(named, expected)
    assert not np.array_equal(named[0], named[1])


def test_cells_within_cells_pool_as_they_run():
    deep = Beside((Chain((LIQUIDS["bands"], Leaky(wiring.bands(5, 12, seed=1), tau=1.0))), LIQUIDS["random"]))
    u = ragged(1, longest=700, seed=2)[0]
    expected = by_hand(Segments(5), run(deep, u, 0.1)[0], 0.1)
    np.testing.assert_allclose(features(deep, [u], 0.1)[0], expected.ravel(), rtol=1e-12, atol=1e-14)


def test_a_front_end_is_called_on_each_sequence():
    data = ragged()
    front = lambda u: u[::2] * 3
    got = features(LIQUID, data, 0.1, front=front)
    assert np.array_equal(got, features(LIQUID, [front(u) for u in data], 0.1))


def test_the_states_of_a_long_sequence_are_never_all_held():
    import tracemalloc

    u = np.zeros((200_000, 1))
    liquid = Leaky(wiring.bands(50, 1, seed=0), tau=2.0)
    tracemalloc.start()
    features(liquid, [u])
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 200_000 * 50 * 8 / 4  # all states would be 80 MB


def test_the_scale_of_sequences_is_that_of_all_their_ticks():
    data = ragged(20)
    data[3][2, 1] = np.nan
    together = Scale.fitted(np.concatenate(data))
    found = sequences.scale_of(data)
    np.testing.assert_allclose(found.center, together.center, rtol=1e-12)
    np.testing.assert_allclose(found.spread, together.spread, rtol=1e-12)
    flat = sequences.scale_of([np.full((5, 1), 0.1), np.full((8, 1), 0.1)])
    np.testing.assert_allclose(flat.spread, 1.0)


def fitted(targets):
    data = ragged(3)
    return sequences.fit_sequences(sequences.sequence_model(data, liquid=LIQUID), data, targets)


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: features(LIQUID, [np.zeros((3, U)), np.zeros((3, 5))]), r"sequence 1 is \(3, 5\), wanted \(time, 2\)"),
        (lambda: features(LIQUID, [np.zeros((0, U))]), r"sequence 0 is \(0, 2\).*at least one tick"),
        (
            lambda: features(LIQUID, [np.array([[0.0, 1.0], [0.0, np.inf]])]),
            "sequence 0 is infinite in row 1, column 1",
        ),
        (lambda: features(LIQUID, np.zeros(3)), r"one sequence alone is \[u\]"),
        (lambda: features(LIQUID, "abc"), "the sequences are a str"),
        (lambda: features(LIQUID, (u for u in ragged())), "the sequences are a generator"),
        (lambda: features(LIQUID, ragged(), [0.1]), "dt has 1 entries for 7 sequences"),
        (lambda: features(LIQUID, [np.zeros((3, U))], [np.ones(2)]), r"dt of sequence 0 is \(2,\).*\(3,\)"),
        (lambda: features(LIQUID, [np.zeros((3, U))], -1.0), "dt of sequence 0 holds -1.0"),
        (lambda: features(LIQUID, ragged(), keys=[1]), "keys has 1 entries"),
        (lambda: features(LIQUID, ragged(2), keys=[0.5, 1.5]), "keys are whole numbers"),
        (lambda: fitted(np.zeros(3)), r"targets are \(3,\), wanted \(3, outputs\)"),
        (lambda: fitted(np.zeros((2, 1))), r"targets are \(2, 1\), wanted \(3, outputs\)"),
        (lambda: Segments(0), "count is 0"),
        (lambda: At(()), r"times are \(\)"),
        (lambda: At((-1.0,)), "in seconds since the start"),
        (lambda: Both(()), "Both has no parts"),
        (lambda: sequences.scale_of([]), "no sequences"),
    ],
)
def test_what_is_wrong_with_sequences_is_said(call, says):
    with pytest.raises(ValueError, match=says):
        call()


def test_no_sequences_have_no_features():
    assert features(LIQUID, []).shape == (0, 5 * LIQUID.outputs)


def test_each_keeps_the_order_and_raises_the_first_error(monkeypatch):
    monkeypatch.setattr(os, "cpu_count", lambda: 4)
    seen = set()

    def slow(i):
        seen.add(threading.get_ident())
        time.sleep(0.02 if i == 0 else 0.005)
        return i * i

    assert each(slow, range(12)) == [i * i for i in range(12)]
    assert len(seen) > 1

    def fails(i):
        if i in (3, 5):
            time.sleep(0.02 if i == 3 else 0.0)
            raise ValueError(f"item {i}")
        return i

    with pytest.raises(ValueError, match="item 3"):
        each(fails, range(8))


def test_counts_of_spikes_reach_a_spiking_liquid_as_they_are():
    """Scaled, they would be fractions and below zero; currents beside them are scaled, and cut where they stray."""
    x = np.random.default_rng(0).poisson(0.05, (8, 60, 2)).astype(float)
    liquid = maass2002(inputs=2, seed=0)
    with_scale, without = (sequences.sequence_model(x, liquid=liquid, dt=1e-3, scale=s) for s in (True, False))
    assert np.array_equal(with_scale.features(x), without.features(x))
    circuit = replace(liquid.circuit, inputs=wiring.Inputs(np.ones((135, 1)), np.ones((135, 1))))
    x[..., 0] = 3 + 7 * x[..., 0]
    x[0, 0] = 1e9, 40.0
    mixed = sequences.sequence_model(x, liquid=Chain((replace(liquid, circuit=circuit),)), dt=1e-3)
    heard, _ = run(mixed.liquid.cells[0], x[0], 1e-3)
    assert np.array_equal(heard[:, 1], x[0, :, 1])
    assert heard[0, 0] == 5.0


def test_a_tick_of_very_many_grid_steps_is_told():
    x = np.zeros((2, 3, 1))
    with pytest.warns(UserWarning, match=r"a tick of 1 s has 10,000 grid steps .* give dt"):
        sequences.sequence_model(x, liquid=maass2002(seed=0))


def test_a_name_is_made_only_for_a_cell_that_draws_numbers():
    asked = []

    def name():
        asked.append(1)
        return np.asarray(7)

    u = np.zeros(1)
    begun(Leaky(wiring.bands(5, 1, seed=0), tau=1.0), u, name)
    assert not asked
    liquid = maass2002(seed=0)
    assert np.array_equal(begun(liquid, u, name).neuron.v, liquid.init(u, keys=np.asarray(7)).neuron.v)
    assert asked
