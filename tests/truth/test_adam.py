"""Adam, against its equation and where its answer is known."""

from math import inf

import numpy as np
import pytest

from plashet.learn.adam import Adam


def test_the_first_step_is_the_rate_against_the_sign():
    theta = np.array([1.0, -2.0, 3.0])
    state, after = Adam(0.1).step(Adam(0.1).init(theta), theta, np.array([5.0, -1e-3, 0.0]))
    np.testing.assert_allclose(after, [0.9, -1.9, 3.0], atol=2e-6)
    assert state.steps == 1
    assert np.array_equal(theta, [1.0, -2.0, 3.0])


def test_it_is_its_equation_in_a_slow_loop():
    rng = np.random.default_rng(0)
    adam, theta = Adam(0.03, clip=2.0, keep=(0.8, 0.95)), rng.normal(size=4)
    state, expected, m, s = adam.init(theta), theta.copy(), [0.0] * 4, [0.0] * 4
    for t in range(1, 30):
        slope, share = rng.normal(size=4), 1 - t / 40
        state, theta = adam.step(state, theta, slope, share)
        g = slope * min(1.0, 2.0 / np.linalg.norm(slope))
        for k in range(4):
            m[k] = 0.8 * m[k] + 0.2 * g[k]
            s[k] = 0.95 * s[k] + 0.05 * g[k] ** 2
            expected[k] -= share * 0.03 * m[k] / (1 - 0.8**t) / (np.sqrt(s[k] / (1 - 0.95**t)) + 1e-8)
    np.testing.assert_allclose(theta, expected, rtol=1e-12)


def test_it_finds_the_bottom_of_a_narrow_valley():
    theta, adam = np.array([3.0, -2.0]), Adam(0.05)
    state = adam.init(theta)
    for t in range(2000):
        state, theta = adam.step(state, theta, np.array([1.0, 1e4]) * theta, 0.5 * (1 + np.cos(np.pi * t / 2000)))
    np.testing.assert_allclose(theta, 0, atol=1e-4)


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"rate": 0.0}, "rate is 0.0"),
        ({"rate": inf}, "rate is inf"),
        ({"clip": 0.0}, "clip is 0.0"),
        ({"keep": (0.9, 1.0)}, r"keep is \(0.9, 1.0\)"),
        ({"epsilon": -1.0}, "epsilon is -1.0"),
    ],
)
def test_settings_that_cannot_be_are_told(settings, says):
    with pytest.raises(ValueError, match=says):
        Adam(**settings)
