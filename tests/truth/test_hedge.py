"""MLpol against a slow loop, against its bound, and against what a mixture must do."""

import numpy as np
import pytest

from plashet.learn import MLpol


def loop(guesses, y):
    """The same, one expert and one output at a time, from the paper's formulas."""
    ticks, experts, outputs = guesses.shape
    mixtures = np.empty((ticks, outputs))
    for m in range(outputs):
        regret, square, largest = [0.0] * experts, [0.0] * experts, [0.0] * experts
        for t in range(ticks):
            share = [max(regret[k], 0) / (largest[k] + square[k]) if regret[k] > 0 else 0.0 for k in range(experts)]
            weights = [s / sum(share) for s in share] if sum(share) > 0 else [1 / experts] * experts
            mixtures[t, m] = sum(w * guesses[t, k, m] for k, w in enumerate(weights))
            if np.isnan(y[t, m]):
                continue
            for k in range(experts):
                r = 2 * (mixtures[t, m] - y[t, m]) * (mixtures[t, m] - guesses[t, k, m])
                regret[k], square[k], largest[k] = regret[k] + r, square[k] + r * r, max(largest[k], r * r)
    return mixtures


def mix(guesses, y):
    hedge, mixtures = MLpol(), []
    state = hedge.init(*guesses.shape[1:])
    for said, truth in zip(guesses, y, strict=True):
        weights = hedge.weights(state)
        assert (weights >= 0).all()
        np.testing.assert_allclose(weights.sum(axis=0), 1)
        mixtures.append((weights * said).sum(axis=0))
        state = hedge.update(state, said, mixtures[-1], truth)
    return np.array(mixtures)


@pytest.fixture
def stream():
    rng = np.random.default_rng(0)
    y = np.sin(np.arange(600) / 9)[:, None] * [1.0, 2.0]
    scales = np.array([0.1, 0.5, 1.0])[:, None]
    return y[:, None] + scales * rng.normal(size=(600, 3, 2)), y


def test_vectors_compute_what_the_loop_does_also_where_labels_are_missing(stream):
    guesses, y = stream
    y = y.copy()
    y[50:60, 0] = np.nan
    np.testing.assert_allclose(mix(guesses, y), loop(guesses, y), rtol=1e-10)


def test_the_mixture_is_hardly_worse_than_the_best_expert(stream):
    guesses, y = stream
    errors = np.square(guesses - y[:, None]).mean(axis=0)
    assert (np.square(mix(guesses, y) - y).mean(axis=0) < 1.5 * errors.min(axis=0)).all()


def test_two_experts_on_either_side_of_the_truth_are_averaged():
    rng = np.random.default_rng(1)
    y = rng.normal(size=(2000, 1))
    guesses = np.stack([y + 1, y - 1], axis=1)
    assert np.abs(mix(guesses, y)[-100:] - y[-100:]).mean() < 0.1


def test_it_turns_to_another_expert_when_the_world_turns(stream):
    guesses, y = stream
    turned = np.concatenate([guesses, guesses[:, ::-1]])
    both = np.concatenate([y, y])
    late = np.square(mix(turned, both)[-200:] - both[-200:]).mean()
    assert late < 0.3 * np.square(turned[-200:, 0] - both[-200:]).mean()


def test_an_expert_that_is_not_finite_teaches_nothing():
    hedge = MLpol()
    state = hedge.init(2, 1)
    after = hedge.update(state, np.array([[np.nan], [1.0]]), np.array([0.5]), np.array([1.0]))
    assert all((a == b).all() for a, b in zip(state, after, strict=True))


def test_nothing_to_mix_is_refused():
    with pytest.raises(ValueError, match="at least one expert"):
        MLpol().init(0, 3)
