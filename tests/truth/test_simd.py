"""The compiled exp, tanh and logistics beside NumPy's in wider numbers: the errors that src/cpp/simd.hpp states."""

import numpy as np
import pytest

from plashet import _kernels

SETS = _kernels.instruction_sets()
FUNCTIONS = {
    "exp": np.exp,
    "tanh": np.tanh,
    "logistic": lambda v: 1 / (1 + np.exp(-v)),
    "logistic_of_two": lambda y: 1 / (1 + np.exp2(y)),
}
COMPILED = {name: getattr(_kernels, f"simd_{name}") for name in FUNCTIONS}
# the domain (float32, float64) and the error allowed, in units in the last place
STATED = {
    "exp": ({4: (-87.0, 88.0), 8: (-708.0, 709.0)}, 1.5),
    "tanh": ({4: (-100.0, 100.0), 8: (-100.0, 100.0)}, 4.0),
    "logistic": ({4: (-86.0, 88.0), 8: (-707.0, 709.0)}, 3.0),
    "logistic_of_two": ({4: (-126.0, 125.0), 8: (-1022.0, 1020.0)}, 3.0),
}
WIDER = {np.float32: np.float64, np.float64: np.longdouble}


def compiled(name, x, set_=""):
    out = np.empty_like(x)
    COMPILED[name](x, out, set_)
    return out


def samples(dtype, low, high):
    """Numbers of all sizes: evenly spread, normal, and down to the smallest normal one."""
    rng = np.random.default_rng(0)
    smallest = float(np.log(np.finfo(dtype).smallest_normal)) + 2
    tiny = np.exp(rng.uniform(smallest, 3, 100_000))
    x = np.concatenate((np.linspace(low, high, 400_001), rng.normal(0, 1, 400_000), tiny, -tiny)).astype(dtype)
    return x[(x >= low) & (x <= high)]


@pytest.mark.parametrize("set_", SETS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", FUNCTIONS)
def test_the_stated_maximal_error_holds(name, dtype, set_):
    wide = WIDER[dtype]
    if np.finfo(wide).eps >= np.finfo(dtype).eps:
        pytest.skip("no wider numbers on this machine to compare with")
    domains, allowed = STATED[name]
    x = samples(dtype, *domains[dtype().itemsize])
    truth = FUNCTIONS[name](x.astype(wide))
    error = np.abs(compiled(name, x, set_).astype(wide) - truth)
    assert (error / np.spacing(np.abs(truth).astype(dtype))).max() <= allowed
    if name == "tanh":
        assert error.max() <= (1.6e-7 if dtype == np.float32 else 3e-16)


@pytest.mark.parametrize("set_", SETS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", FUNCTIONS)
def test_nan_passes_through_and_nothing_else_becomes_nan(name, dtype, set_):
    big = np.finfo(dtype).max
    x = np.array([np.nan, -np.nan, np.inf, -np.inf, big, -big, 0.0, -0.0, 1e-30, -1e-30] * 3, dtype)
    np.testing.assert_array_equal(np.isnan(compiled(name, x, set_)), np.isnan(x))


@pytest.mark.parametrize("set_", SETS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_ends_are_reached_and_never_passed(dtype, set_):
    x = np.concatenate((samples(dtype, -1e3, 1e3), np.array([np.inf, np.finfo(dtype).max], dtype)))
    tanh, logistic = compiled("tanh", x, set_), compiled("logistic", x, set_)
    assert np.abs(tanh).max() == 1
    assert logistic.max() == 1
    assert logistic.min() >= 0
    assert compiled("tanh", np.array([np.inf, -np.inf], dtype), set_).tolist() == [1, -1]


@pytest.mark.parametrize("set_", SETS)
@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_number_does_not_depend_on_its_place(name, set_):
    x = np.random.default_rng(1).normal(0, 3, 37)
    for start in range(1, 9):
        np.testing.assert_array_equal(compiled(name, x[start:].copy(), set_), compiled(name, x, set_)[start:])
