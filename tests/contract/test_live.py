"""Promises of a Live: it answers before it learns, it can stop anywhere, errors take nothing away."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plashet import RLS, Leaky, Live, evaluate, fit, looped, run, study, tree, unread, wiring
from plashet.streams import Block, ahead, blocks, drop, ticks
from zoo import LIQUIDS, ONLINE, N, U

every_liquid = pytest.mark.parametrize("cell", LIQUIDS.values(), ids=LIQUIDS.keys())
every_learner = pytest.mark.parametrize("learner", ONLINE.values(), ids=ONLINE.keys())


def signal(time=40, seed=7):
    return np.random.default_rng(seed).normal(size=(time, U))


def follow(live, u, y, dt=0.2):
    """Predict and learn tick by tick; the guesses."""
    guesses = []
    for now, target in zip(u, y, strict=True):
        guesses.append(live.predict(now, dt))
        live.learn(target)
    return np.array(guesses)


@every_learner
def test_on_pure_noise_the_score_is_the_noise(learner):
    """A-priori: a learner that peeked would do better than the noise itself."""
    rng = np.random.default_rng(0)
    u, y = rng.normal(size=(400, U)), rng.normal(size=(400, 1))
    live = Live(unread(Leaky(wiring.bands(60, U, seed=0), tau=0.5), with_input=True), learner)
    guesses = follow(live, u, y)
    assert np.mean((guesses - y) ** 2) >= np.mean(y**2)


@every_learner
@settings(max_examples=8, deadline=None)
@given(cut=st.integers(1, 38))
def test_killed_and_resumed_anywhere_it_goes_on_bit_equal(learner, cut, tmp_path_factory):
    path = tmp_path_factory.mktemp("live") / "a.plashet"
    u, y = signal(), signal(seed=9)[:, :1]
    live = Live(unread(LIQUIDS["with input"]), learner)
    follow(live, u[:cut], y[:cut])
    live.predict(u[cut], 0.2, id="late")
    live.save(path)
    again = Live.load(path)
    rest, rest_again = follow(live, u[cut + 1 :], y[cut + 1 :]), follow(again, u[cut + 1 :], y[cut + 1 :])
    live.learn(y[cut], "late")
    again.learn(y[cut], "late")
    assert np.array_equal(rest, rest_again)
    for (name, a), b in zip(tree.arrays(live.snapshot()).items(), tree.arrays(again.snapshot()).values(), strict=True):
        assert a.dtype == b.dtype, name
        assert np.array_equal(a, b, equal_nan=True), name


@every_liquid
def test_live_is_fit_read_after_each_tick(cell):
    u, y = signal(), signal(seed=9)[:, :1]
    live = Live(unread(cell), RLS(memory=3.0, penalty=1e-2))
    follow(live, u, y)
    taught = fit(unread(cell), RLS(memory=3.0, penalty=1e-2), ticks(u, y, 0.2))
    np.testing.assert_allclose(live.model.readout.weights, taught.readout.weights, rtol=1e-9, atol=1e-11)
    outputs, state = run(cell, u, 0.2)
    np.testing.assert_allclose(live.state.features, outputs[-1], rtol=1e-12, atol=1e-14)
    for a, b in zip(tree.arrays(live.state.inner).values(), tree.arrays(state).values(), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-14)


@settings(max_examples=20, deadline=None)
@given(order=st.permutations(range(24)), seed=st.integers(0, 99))
def test_labels_in_any_order_and_one_by_one_teach_the_same(order, seed):
    rng = np.random.default_rng(seed)
    u, y = rng.normal(size=(12, U)), rng.normal(size=(12, 2))
    soon, late = (Live(unread(LIQUIDS["random"], 2), RLS(penalty=0.1)) for _ in range(2))
    for k, now in enumerate(u):
        soon.predict(now)
        soon.learn(y[k])
        late.predict(now, id=k)
    for label in order:
        tick, output = divmod(label, 2)
        late.learn([y[tick, 0], np.nan] if output == 0 else [np.nan, y[tick, 1]], tick)
    assert late.open == ()
    np.testing.assert_allclose(late.model.readout.weights, soon.model.readout.weights, rtol=1e-7, atol=1e-9)


def test_a_label_finds_the_features_of_its_own_tick():
    u = signal(30)
    live = Live(unread(LIQUIDS["random"]), RLS(penalty=1e-2))
    for k, now in enumerate(u):
        live.predict(now, 0.2, id=k)
        if k >= 5:
            live.learn(u[k - 5, :1], k - 5)  # five ticks late
    direct = fit(unread(LIQUIDS["random"]), RLS(penalty=1e-2), (u[:], np.r_[u[:25, :1], np.full((5, 1), np.nan)], 0.2))
    np.testing.assert_allclose(live.model.readout.weights, direct.readout.weights, rtol=1e-8, atol=1e-10)


def test_a_live_goes_on_from_what_a_fit_knew():
    u, y = signal(60), signal(60, seed=9)[:, :1]
    model, learner = unread(LIQUIDS["bands"]), RLS(memory=4.0)
    whole = Live(model, learner)
    follow(whole, u, y)
    _, state = run(model, u[:40], 0.2)
    later = Live(model, learner, knowledge=study(model, learner, (u[:40], y[:40], 0.2)), state=state)
    follow(later, u[40:], y[40:])
    np.testing.assert_allclose(later.model.readout.weights, whole.model.readout.weights, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("with_input", [False, True])
@pytest.mark.parametrize("topology", [wiring.bands, wiring.random])
def test_units_without_a_say_come_and_go_without_a_jump(with_input, topology):
    """Four lives: as it was, grown, and grown and shrunk again; learning goes on in all."""
    u, y = signal(80), signal(80, seed=9)[:, :1]
    make = lambda: Live(unread(Leaky(topology(N, U, seed=1), tau=0.6), with_input=with_input), RLS(memory=9.0))
    plain, grown, back = make(), make(), make()
    for live in (plain, grown, back):
        follow(live, u[:40], y[:40])
        live.predict(u[40], 0.2, id="open")
    grown.add_units(3, seed=5)
    back.add_units(3, seed=5)
    back.remove_units([N, N + 1, N + 2])
    expected = plain.predict(u[41], 0.2)
    for live in (grown, back):
        assert abs(live.predict(u[41], 0.2) - expected) < 1e-12
        live.learn(y[40], "open")
    plain.learn(y[40], "open")
    a, b, c = (follow(live, u[42:], y[42:]) for live in (plain, grown, back))
    np.testing.assert_allclose(a, c, rtol=1e-9, atol=1e-10)
    assert np.isfinite(b).all()
    assert not np.allclose(a, b, atol=1e-6)  # the new units have found a say


def test_a_heard_unit_is_held_when_it_goes():
    """The next guess does not change when a unit whose readout weight is zero is taken out, though others hear it."""
    u = signal(30)
    live = Live(unread(Leaky(wiring.random(N, U, seed=1, degree=6), tau=0.6)), RLS())
    weights = np.arange(N, dtype=float)[:, None]
    weights[4] = 0.0
    live._model = tree.replace(live.model, {"readout.weights": weights})
    for now in u:
        live.predict(now, 0.2)
    still = Live.restore(live.snapshot())
    model = live.model
    from plashet import structure

    liquid, inner, kept = structure.prune(model.liquid, live.state.inner, np.delete(np.arange(N), 4))
    _, after = liquid.step(inner, u[0], 0.2)
    assert abs(structure.refit(model.readout, kept)(after) - still.predict(u[0], 0.2)) < 1e-12


class TestNothingLearntIsLostByAnError:
    def setup_method(self):
        self.live = Live(unread(LIQUIDS["with input"], 2), RLS())
        self.u, self.y = signal(20), signal(20, seed=3)
        follow(self.live, self.u, self.y)
        self.before = tree.copy(tree.arrays(self.live.snapshot()))

    def unchanged(self):
        now = tree.arrays(self.live.snapshot())
        return now.keys() == self.before.keys() and all(
            np.array_equal(now[k], self.before[k], equal_nan=True) for k in now
        )

    @pytest.mark.parametrize(
        ("u", "dt", "says"),
        [
            ([1.0], 0.2, r"u is \(1,\), but the ticks before were \(2,\)"),
            ([1.0, np.inf], 0.2, "u is infinite in row 0, column 1"),
            ([1.0, 2.0], -0.1, "dt is -0.1"),
            ([1.0, 2.0], np.nan, "dt is nan"),
        ],
    )
    def test_a_bad_input(self, u, dt, says):
        with pytest.raises(ValueError, match=says):
            self.live.predict(u, dt)
        assert self.unchanged()

    def test_a_bad_target(self):
        guess = self.live.predict(self.u[0], 0.2)
        before = self.live.knowledge
        for y, says in (([1.0], r"y is \(1,\), wanted \(2,\)"), ([1.0, np.inf], "y is infinite in row 0, column 1")):
            with pytest.raises(ValueError, match=says):
                self.live.learn(y)
        assert all(
            np.array_equal(a, b)
            for a, b in zip(tree.arrays(before).values(), tree.arrays(self.live.knowledge).values(), strict=True)
        )
        self.live.learn([0.1, np.nan])
        with pytest.raises(ValueError, match="output 0 of prediction 21 has been learnt already"):
            self.live.learn([0.1, 0.2])
        self.live.learn([np.nan, 0.2])
        assert guess.shape == (2,)

    def test_a_label_without_a_prediction(self):
        with pytest.raises(KeyError, match="no open prediction"):
            self.live.learn(self.y[0])
        with pytest.raises(KeyError, match="no open prediction 'x'"):
            self.live.learn(self.y[0], "x")
        assert self.unchanged()

    def test_an_id_used_twice(self):
        self.live.predict(self.u[0], 0.2, id="x")
        with pytest.raises(ValueError, match="'x' is still open"):
            self.live.predict(self.u[1], 0.2, id="x")

    def test_a_missing_input_and_a_missing_target(self):
        self.live.predict([np.nan, np.nan], 0.2)
        self.live.learn([np.nan, np.nan])
        assert np.isfinite(self.live.predict(self.u[0], 0.2)).all()
        for array in tree.arrays(self.live.snapshot()).values():
            assert np.isfinite(array).all() or array.shape[:1] == (2,)  # what was taken of an open label may be NaN


def test_open_predictions_are_bounded_and_the_dropped_are_counted():
    live = Live(unread(LIQUIDS["bands"]), RLS(), open_limit=3)
    for k, now in enumerate(signal(5)):
        live.predict(now, id=f"t{k}")
    assert live.open == ("t2", "t3", "t4")
    assert live.evicted == 2
    with pytest.raises(KeyError):
        live.learn(1.0, "t0")


@pytest.mark.parametrize("learner", [RLS(penalty=0.1), RLS(memory=3.0, penalty=0.1)], ids=["inf", "3 s"])
@pytest.mark.parametrize("clock", [(50,), (50, 4)])
def test_many_series_share_one_readout(learner, clock):
    """A tick takes its time once, however many rows it has."""
    u, y = np.random.default_rng(0).normal(size=(50, 4, U)), np.random.default_rng(1).normal(size=(50, 4, 1))
    dt = np.random.default_rng(2).uniform(0.05, 0.4, clock)
    live = Live(unread(LIQUIDS["bands"]), learner)
    for now, target, elapsed in zip(u, y, dt, strict=True):
        live.predict(now, elapsed)
        live.learn(target)
    taught = fit(unread(LIQUIDS["bands"]), learner, (u, y, dt))
    np.testing.assert_allclose(live.model.readout.weights, taught.readout.weights, rtol=1e-8, atol=1e-10)


def test_teacher_forcing_online_is_teacher_forcing_in_fit():
    liquid = Leaky(wiring.with_feedback(wiring.bands(N, 1, seed=0), 1, seed=0), tau=0.5)
    u, y = signal(40)[:, :1], signal(40, seed=3)[:, :1]
    live = Live(looped(liquid), RLS(penalty=0.1))
    for now, target in zip(u, y, strict=True):
        live.predict(now, 0.2)
        live.learn(target)
        live.force(target)
    taught = fit(looped(liquid), RLS(penalty=0.1), (u, y, 0.2))
    np.testing.assert_allclose(live.model.readout.weights, taught.readout.weights, rtol=1e-8, atol=1e-10)
    assert live.state.last == y[-1]


def test_what_the_caller_does_to_arrays_afterwards_changes_nothing():
    liquid = Leaky(wiring.with_feedback(wiring.bands(N, 2, seed=0), 1, seed=0), tau=0.5)
    u, y = signal(20), signal(20, seed=3)[:, :1]
    plain, spoilt = (Live(looped(liquid, with_input=True), RLS()) for _ in range(2))
    expected = follow(plain, u, y)
    for now, target, right in zip(u, y, expected, strict=True):
        given, label = now.copy(), target.copy()
        guess = spoilt.predict(given, 0.2)
        assert np.array_equal(guess, right)
        guess *= 7
        given[:] = 7
        spoilt.learn(label)
        label[:] = 7


def test_evaluate_tests_before_it_trains():
    u, y = signal(30), signal(30, seed=3)[:, :1]
    stream = [t._replace(y=None) if k == 4 else t for k, t in enumerate(ticks(u, y, 0.2))]
    found = evaluate(Live(unread(LIQUIDS["bands"]), RLS()), stream)
    assert np.isnan(found.targets[4]).all()
    again = Live(unread(LIQUIDS["bands"]), RLS())
    np.testing.assert_array_equal(found.guesses[:4], follow(again, u[:4], y[:4]))
    assert np.isclose(found.mae()[0], np.nanmean(abs(found.guesses - found.targets)))


def test_streams_keep_what_they_promise():
    u = np.arange(10.0)[:, None]
    kept = list(drop(ticks(u, u, 0.5), 0.4, seed=3))
    assert 0 < len(kept) < 10
    assert sum(t.dt for t in kept) == pytest.approx(0.5 * (float(kept[-1].u[0]) + 1))
    later = list(ahead(ticks(u, u), 3))
    assert [None if t.y is None else float(t.y[0] - t.u[0]) for t in later] == [3.0] * 7 + [None] * 3
    cut = list(blocks(later, 4))
    assert [len(b.u) for b in cut] == [4, 4, 2]
    assert isinstance(cut[0], Block)
    assert np.isnan(cut[1].y[3, 0])


def test_a_label_without_an_id_is_never_taken_for_an_older_prediction():
    u = signal(3)
    live = Live(unread(LIQUIDS["bands"]), RLS())
    live.predict(u[0], id="older")
    live.predict(u[1])
    live.learn(1.0)
    with pytest.raises(KeyError, match="no open prediction:"):
        live.learn(2.0)
    again = Live.restore(live.snapshot())
    with pytest.raises(KeyError, match="no open prediction:"):
        again.learn(2.0)
    again.learn(2.0, "older")


def test_a_first_input_that_is_refused_does_not_set_the_shape():
    live = Live(unread(LIQUIDS["bands"]), RLS())
    with pytest.raises(ValueError, match="u is infinite"):
        live.predict(np.full((3, U), np.inf))
    with pytest.raises(ValueError, match=r"dt is \(3,\), wanted a number, or one for each row of a batch"):
        live.predict(np.zeros((2, U)), np.ones(3))
    assert live.predict(np.zeros(U)).shape == (1,)


def test_evaluate_takes_plain_numbers_as_targets_of_one_output():
    u, y = signal(30), signal(30, seed=3)[:, :1]
    plain, columns = (evaluate(Live(unread(LIQUIDS["bands"]), RLS()), ticks(u, t, 0.2)) for t in (y[:, 0], y))
    assert np.array_equal(plain.targets, columns.targets)
    assert np.array_equal(plain.mae(), columns.mae())


@every_learner
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_rows_with_clocks_and_labels_of_their_own_resume_bit_equal(learner, dtype, tmp_path):
    """A batch, a dt for each row, outputs labelled late and one by one, a model that hears itself."""
    rng = np.random.default_rng(4)
    u, y, dt = rng.normal(size=(30, 3, U)).astype(dtype), rng.normal(size=(30, 3, 2)), rng.uniform(0.1, 0.6, (30, 3))
    liquid = Leaky(wiring.with_feedback(wiring.bands(N, U, seed=0), 2, seed=0), tau=0.5)
    whole = Live(looped(liquid, 2, with_input=True), learner)

    def live_on(live, k):
        guess = live.predict(u[k], dt[k], id=k)
        for output, delay in ((0, 2), (1, 4)):
            if k >= delay:
                live.learn(np.where(np.arange(2) == output, y[k - delay], np.nan), k - delay)
        return guess

    for k in range(15):
        live_on(whole, k)
    whole.save(tmp_path / "a")
    again = Live.load(tmp_path / "a")
    for k in range(15, 30):
        assert np.array_equal(live_on(whole, k), live_on(again, k))


def test_units_to_remove_are_indices():
    live = Live(unread(LIQUIDS["bands"]), RLS())
    live.predict(np.zeros(U))
    for units in (np.arange(N) < 3, [0.0], [N], [-1], [], range(N)):
        with pytest.raises(IndexError, match="units to remove are indices"):
            live.remove_units(units)
    live.remove_units(3)
    assert live.model.liquid.outputs == N - 1


def test_a_snapshot_can_be_gone_on_from_twice():
    """A learner consumes its knowledge, so each life has a copy."""
    u, y = signal(30), signal(30, seed=3)[:, :1]
    live = Live(unread(LIQUIDS["bands"]), RLS())
    follow(live, u[:15], y[:15])
    held = live.snapshot()
    expected = follow(live, u[15:], y[15:])
    for _ in range(2):
        assert np.array_equal(follow(Live.restore(held), u[15:], y[15:]), expected)


def test_the_first_input_sets_the_kind_of_numbers():
    u = signal(6)
    alike, mixed = (Live(unread(LIQUIDS["bands"]), RLS()) for _ in range(2))
    for k, now in enumerate(u.astype(np.float32)):
        assert np.array_equal(alike.predict(now), mixed.predict(now if k == 0 else now.astype(np.float64)))
    assert mixed.state.features.dtype == np.float32


def test_forcing_leaves_alone_what_is_not_known():
    liquid = Leaky(wiring.with_feedback(wiring.bands(N, U, seed=0), 2, seed=0), tau=0.5)
    live = Live(looped(liquid, 2), RLS())
    live.predict(signal(1)[0])
    live.learn([1.0, 2.0])
    said = live.predict(signal(1)[0])
    live.force([np.nan, 7.0])
    assert np.array_equal(live.state.last, [said[0], 7.0])


def test_the_model_follows_what_the_learner_knows_when_a_heard_unit_goes():
    u, y = signal(40), signal(40, seed=9)[:, :1]
    live = Live(unread(Leaky(wiring.random(N, U, seed=1), tau=0.6)), RLS(memory=9.0))
    follow(live, u, y)
    live.remove_units([2, 5])
    assert np.array_equal(live.model.readout.weights, live.knowledge.w[:-1])
    live.add_units(2, seed=0)
    assert np.array_equal(live.model.readout.weights, live.knowledge.w[:-1])
    assert np.array_equal(live.state.features[-2:], [0, 0])


def test_features_find_their_places_wherever_the_liquid_sits():
    from plashet import Beside, Readout, structure
    from plashet.cells import Pass

    cell = Beside((Pass(U), Leaky(wiring.random(3, U, seed=1), tau=0.6)))
    state = cell.init(np.zeros(U))
    bigger = structure.grow(cell, state, 2, seed=0)
    smaller = structure.prune(cell, state, np.array([0, 2]))
    assert bigger.kept.tolist() == [0, 1, 2, 3, 4, -1, -1]
    assert smaller.kept.tolist() == [0, 1, 2, 4]
    was = np.arange(1.0, 6.0)
    assert structure.refeature(was, bigger.kept).tolist() == [1, 2, 3, 4, 5, 0, 0]
    assert structure.refeature(was, smaller.kept).tolist() == [1, 2, 3, 5]
    readout = structure.refit(Readout(was[:, None], np.zeros(1)), bigger.kept)
    assert readout.weights[:, 0].tolist() == [1, 2, 3, 4, 5, 0, 0]
