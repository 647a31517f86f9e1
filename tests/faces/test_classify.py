"""Recognisers: that they tell sequences apart, how they are judged, and that nothing leaks."""

from functools import partial

import numpy as np
import pytest

import plashet as pl
from plashet import data, liquids, wiring
from plashet.cells import Pass
from plashet.classify import compare, confusion, cross_validate, fit_recogniser, splits
from plashet.classify.recogniser import class_index
from plashet.learn import FoldRidge, Logistic, PDelta
from plashet.sequences import Last, Mean


def small(inputs):
    return pl.Leaky(wiring.bands(30, inputs, seed=0, input_scaling=0.5), tau=np.geomspace(1, 10, 30))


def spiking(inputs):
    """The paper's column on a coarser grid; its inputs are currents' worth of events, so they are counts."""
    circuit = wiring.column(inputs=inputs, seed=0)
    return liquids.maass2002(inputs, seed=0, circuit=circuit, h=5e-4)


def orders(n=60, seed=0):
    """Which of two inputs came first: sequences of two pulses, and names."""
    rng = np.random.default_rng(seed)
    names, made = np.array(["ab", "ba"])[np.arange(n) % 2], []
    for name in names:
        u = 0.05 * rng.normal(size=(rng.integers(20, 40), 2))
        first, second = rng.integers(1, len(u) // 2), rng.integers(len(u) // 2, len(u) - 1)
        u[first, 0 if name == "ab" else 1] += 1
        u[second, 1 if name == "ab" else 0] += 1
        made.append(u)
    return made, names


def test_a_liquid_remembers_what_came_first_and_the_inputs_alone_do_not_say():
    sequences, names = orders()
    both = compare(partial(fit_recogniser, liquid=small, pooling=Last()), sequences, names)
    assert both["liquid"].accuracy > 0.9
    assert both["no liquid"].accuracy < 0.7
    assert both["majority class"].accuracy == 0.5
    assert (both["liquid"].fold == both["no liquid"].fold).all()


@pytest.mark.parametrize("readout", [None, Logistic(), PDelta(epochs=5), pl.RLS(penalty=1.0)], ids=str)
def test_japanese_vowels_are_told_apart_and_come_back_from_a_file(readout, tmp_path):
    vowels = data.japanese_vowels()
    taught = fit_recogniser(*vowels.train, liquid=small, readout=readout)
    assert np.mean(taught.predict(vowels.test[0]) == vowels.test[1]) > 0.92
    pl.save(tmp_path / "r", taught)
    again = pl.load(tmp_path / "r")
    assert again.classes == tuple(range(1, 10))
    assert np.array_equal(again.scores(vowels.test[0][:20]), taught.scores(vowels.test[0][:20]))
    assert (again.predict(vowels.test[0][:20]) == taught.predict(vowels.test[0][:20])).all()


@pytest.mark.filterwarnings("ignore:.*delays are not whole grid steps")
def test_a_spiking_liquid_serves_as_any_other(tmp_path):
    """Which of two input lines was silent: spike counts in, filtered spikes pooled by the kernel."""
    rng = np.random.default_rng(0)
    names = np.arange(40) % 2
    sequences = [rng.poisson(0.3 * (np.arange(2) == name), size=(60, 2)).astype(float) for name in names]
    taught = fit_recogniser(sequences[:30], names[:30], liquid=spiking, dt=5e-3, pooling=Mean(), scale=False)
    assert np.mean(taught.predict(sequences[30:]) == names[30:]) == 1.0
    alone = np.concatenate([taught.scores([u]) for u in sequences[30:]])
    assert np.array_equal(alone, taught.scores(sequences[30:]))
    assert np.array_equal(taught.scores(sequences[::-1])[::-1], taught.scores(sequences))
    trials = taught.scores([sequences[0]] * 3, keys=[1, 2, 1])
    assert np.array_equal(trials[0], trials[2])
    assert not np.array_equal(trials[0], trials[1])
    pl.save(tmp_path / "r", taught)
    assert np.array_equal(pl.load(tmp_path / "r").scores(sequences[30:]), taught.scores(sequences[30:]))


def test_noise_is_recognised_no_better_than_by_chance():
    rng = np.random.default_rng(1)
    sequences, names = [rng.normal(size=(15, 2)) for _ in range(200)], rng.integers(0, 2, 200)
    found = cross_validate(partial(fit_recogniser, liquid=small), sequences, names)
    assert 0.35 < found.accuracy < 0.65


def test_what_a_recogniser_is_taught_does_not_depend_on_the_order_of_its_sequences():
    sequences, names = orders()
    order = np.argsort(names, kind="stable")  # all of one class, then all of the other
    a = fit_recogniser(sequences, names, liquid=small)
    b = fit_recogniser([sequences[i] for i in order], names[order], liquid=small)
    np.testing.assert_allclose(a.scores(sequences), b.scores(sequences), rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("readout", [pl.Ridge(), pl.RLS(), PDelta()], ids=str)
def test_learners_that_go_row_by_row_hear_of_the_classes_in_turn(readout):
    sequences, names = orders()
    order = np.argsort(names, kind="stable")
    heard = []

    class Hearing(type(readout)):
        def absorb(self, knowledge, features, targets, dt=1.0):
            heard.extend(targets[:, 0])
            return super().absorb(knowledge, features, targets, dt)

    taught = fit_recogniser([sequences[i] for i in order], names[order], liquid=small, readout=Hearing())
    assert np.mean(taught.predict(sequences) == names) > 0.9
    assert heard == [1.0, -1.0] * 30


def test_the_penalty_is_chosen_on_the_groups_that_are_told():
    """Each group has an offset of its own that says the class within it: a small penalty pays inside a group alone."""
    rng = np.random.default_rng(0)
    groups = np.repeat(np.arange(6), 20)
    names = np.arange(120) % 2
    marks = rng.normal(size=(6, 2, 30))  # what the classes look like to each group, apart from one thing in common
    sequences = [
        (marks[g, c] + 0.3 * (2 * c - 1) + 0.05 * rng.normal(size=30))[None] for g, c in zip(groups, names, strict=True)
    ]
    report = {}
    for told in (None, groups):
        seen = []

        class Telling(FoldRidge):
            def model(self, knowledge, seen=seen):
                seen.append(self.report(knowledge).penalty[0])
                return super().model(knowledge)

        fit_recogniser(sequences, names, liquid=Pass, pooling=Mean(), readout=Telling(), groups=told)
        report["groups" if told is not None else "classes"] = seen[0]
    assert report["groups"] > report["classes"]


def test_folds_hold_every_sequence_once_and_never_a_group_on_both_sides():
    names, groups = np.repeat(["x", "y"], 30), np.tile(np.arange(6), 10)
    for found, count in (
        (splits(names, folds=4), 4),
        (splits(names, groups), 6),
        (splits(names, groups, folds=3), 3),
    ):
        tested = []
        for train, test in found:
            assert not set(train) & set(test)
            tested.extend(test)
            count -= 1
        assert sorted(tested) == list(range(60))
        assert count == 0
    assert all(not set(groups[a]) & set(groups[b]) for a, b in splits(names, groups, folds=3))
    assert [a.tolist() for _, a in splits(names, seed=3)] == [a.tolist() for _, a in splits(names, seed=3)]


def test_confusions_are_counted_as_scikit_learn_counts_them():
    from sklearn.metrics import confusion_matrix

    rng = np.random.default_rng(0)
    names = np.array(["c", "a", "b"])
    truth, guesses = names[rng.integers(0, 3, 50)], names[rng.integers(0, 3, 50)]
    np.testing.assert_array_equal(confusion(truth, guesses, names), confusion_matrix(truth, guesses, labels=names))


def test_a_validation_says_how_each_fold_did():
    sequences, names = orders()
    groups = np.arange(60) // 20
    found = cross_validate(partial(fit_recogniser, liquid=small), sequences, names, groups=groups)
    assert len(found.by_fold) == 3
    assert found.by_fold.mean() == pytest.approx(found.accuracy)
    assert found.confusion.sum() == 60
    assert np.trace(found.confusion) == round(60 * found.accuracy)


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda s, y: fit_recogniser(s, y[:-1], liquid=small), r"labels are \(59,\), wanted \(60,\)"),
        (lambda s, y: fit_recogniser(s, ["a"] * 60, liquid=small), "labels name 1 class"),
        (lambda s, y: fit_recogniser(s, [np.nan] * 60, liquid=small), "labels hold nan"),
        (lambda s, y: fit_recogniser(s, y, liquid=small, groups=[0] * 60), "groups name 1 group"),
        (lambda s, y: fit_recogniser(s, y, liquid=small(3)), "have 2 inputs, but the liquid takes 3"),
        (lambda s, y: fit_recogniser([], [], liquid=small), "labels name 0 class"),
        (lambda s, y: class_index([[1, 2]], 1), r"labels are \(1, 2\)"),
    ],
)
def test_what_is_wrong_is_said(call, says):
    with pytest.raises(ValueError, match=says):
        call(*orders())


def halved(u):
    """A front end: every second tick, both inputs and their difference."""
    u = u[::2]
    return np.column_stack([u, u[:, 0] - u[:, 1]])


def test_a_front_end_is_called_once_for_each_sequence_that_teaches():
    sequences, names = orders()
    calls = []

    def counting(u):
        calls.append(1)
        return halved(u)

    taught = fit_recogniser(sequences, names, liquid=small, front=counting)
    assert len(calls) == 60
    before = fit_recogniser([halved(u) for u in sequences], names, liquid=small)
    assert np.array_equal(taught.scores(sequences), before.scores([halved(u) for u in sequences]))


def test_a_front_end_that_gives_sequences_of_unequal_width_is_named():
    sequences, names = orders()
    front = lambda u: halved(u)[:, : 2 if u is sequences[3] else 3]
    with pytest.raises(ValueError, match=r"sequence 3 is \(\d+, 2\), wanted \(time, 3\)"):
        fit_recogniser(sequences, names, liquid=small, front=front)
