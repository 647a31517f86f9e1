"""The compiled leaky liquid beside a plain NumPy loop over ticks, rows and edges."""

import itertools
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from plashet import _kernels

ACTIVATIONS = {
    "tanh": np.tanh,
    "identity": lambda v: v,
    "relu": lambda v: np.maximum(v, 0),
    "logistic": lambda v: 1 / (1 + np.exp(-v)),
}
TOLERANCE = {np.float32: dict(rtol=1e-5, atol=1e-6), np.float64: dict(rtol=1e-12, atol=1e-14)}
DTYPES = [np.float32, np.float64]
SETS = _kernels.instruction_sets()
KINDS = ["bands", "synapses"]


class Liquid:
    """Random constants, the plan made of them, and the same equation as a slow loop in float64."""

    def __init__(self, kind, units, inputs, degree, dtype, *, seed=0, activation="tanh", one_tau=False, set_=""):
        rng = np.random.default_rng(seed)
        self.units, self.inputs, self.dtype, self.act = units, inputs, dtype, ACTIVATIONS[activation]
        self.w_in = rng.normal(0, 1, (units, inputs)).astype(dtype)
        self.bias = rng.normal(0, 0.3, units).astype(dtype)
        self.tau = rng.uniform(0.5, 20.0, 1 if one_tau else units)
        code = _kernels.activations[activation]
        rest = (self.w_in, self.bias, self.tau, code, set_)
        self.dense = np.zeros((units, units))
        if kind == "bands":
            shifts = rng.integers(-3 * units, 3 * units, degree)
            weights = rng.normal(0, 0.9 / np.sqrt(max(degree, 1)), (degree, units)).astype(dtype)
            for k, i in itertools.product(range(degree), range(units)):
                self.dense[i, (i + shifts[k]) % units] += weights[k, i]
            self.plan = _kernels.leaky_bands(shifts, weights, *rest)
        else:
            degrees = rng.integers(0, degree + 1, units)
            indptr = np.concatenate(([0], np.cumsum(degrees)))
            pre = rng.integers(0, units, indptr[-1])
            weights = rng.normal(0, 0.9 / np.sqrt(max(degree, 1)), indptr[-1]).astype(dtype)
            for i in range(units):
                for e in range(indptr[i], indptr[i + 1]):
                    self.dense[i, pre[e]] += weights[e]
            self.plan = _kernels.leaky_synapses(indptr, pre, weights, *rest)

    def step(self, x, u, dt):
        """One tick of one row, in float64."""
        k = np.exp(-np.float64(dt) / self.tau)
        driven = self.w_in.astype(float) @ np.nan_to_num(u.astype(float))
        f = self.act(self.dense @ x.astype(float) + driven + self.bias)
        return f + (x - f) * k

    def draw(self, ticks, rows, seed=1):
        rng = np.random.default_rng(seed)
        u = rng.normal(0, 1, (ticks, rows, self.inputs)).astype(self.dtype)
        u[rng.random(u.shape) < 0.1] = np.nan
        dt = rng.exponential(2.0, (ticks, rows)).astype(self.dtype)
        dt[rng.random(dt.shape) < 0.1] = 0
        return u, dt, rng.uniform(-1, 1, (rows, self.units)).astype(self.dtype)

    def run(self, u, dt, x):
        """-> the states at all ticks, and the last one; x is left alone."""
        x = x.copy()
        out = np.full((*u.shape[:2], self.units), np.nan, self.dtype)
        self.plan.run(u, dt, x, out)
        return out, x


SHAPES = [(1, 1, 1, 1), (2, 0, 2, 1), (3, 1, 5, 2), (17, 2, 4, 3), (33, 1, 0, 5), (100, 1, 10, 4), (131, 5, 12, 17)]


@pytest.mark.parametrize("set_", SETS)
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("units", "inputs", "degree", "rows"), SHAPES)
def test_each_tick_is_the_equation(kind, units, inputs, degree, rows, dtype, set_):
    liquid = Liquid(kind, units, inputs, degree, dtype, set_=set_)
    u, dt, x = liquid.draw(12, rows)
    out, last = liquid.run(u, dt, x)
    before = np.concatenate((x[None], out[:-1]))
    for t, r in np.ndindex(12, rows):
        np.testing.assert_allclose(out[t, r], liquid.step(before[t, r], u[t, r], dt[t, r]), **TOLERANCE[dtype])
    np.testing.assert_array_equal(last, out[-1])


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_each_activation_is_its_formula(activation, kind, dtype):
    liquid = Liquid(kind, 40, 2, 5, dtype, activation=activation, one_tau=True)
    u, dt, x = liquid.draw(6, 1)
    out, _ = liquid.run(u, dt, x)
    before = np.concatenate((x[None], out[:-1]))
    for t in range(6):
        np.testing.assert_allclose(out[t, 0], liquid.step(before[t, 0], u[t, 0], dt[t, 0]), **TOLERANCE[dtype])


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("kind", KINDS)
def test_a_run_cut_anywhere_goes_on_with_equal_bits(kind, dtype):
    liquid = Liquid(kind, 53, 2, 7, dtype)
    u, dt, x = liquid.draw(40, 3)
    whole, last = liquid.run(u, dt, x)
    for cut in (1, 2, 13, 39):
        first, state = liquid.run(u[:cut], dt[:cut], x)
        second, state = liquid.run(u[cut:], dt[cut:], state)
        np.testing.assert_array_equal(np.concatenate((first, second)), whole)
        np.testing.assert_array_equal(state, last)
    state = x
    for t in range(40):
        now, state = liquid.run(u[t : t + 1], dt[t : t + 1], state)
        np.testing.assert_array_equal(now[0], whole[t])


@pytest.mark.parametrize("set_", SETS)
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("rows", [2, 3, 8, 9, 21])
def test_a_row_alone_equals_the_row_in_a_batch_in_every_bit(rows, kind, dtype, set_):
    liquid = Liquid(kind, 53, 2, 7, dtype, set_=set_)
    u, dt, x = liquid.draw(9, rows)
    whole, last = liquid.run(u, dt, x)
    for r in range(rows):
        alone, state = liquid.run(u[:, [r]], dt[:, [r]], x[[r]])
        np.testing.assert_array_equal(alone[:, 0], whole[:, r])
        np.testing.assert_array_equal(state[0], last[r])


@pytest.mark.parametrize("kind", KINDS)
def test_threads_change_no_bit(kind):
    liquid = Liquid(kind, 64, 1, 6, np.float64)
    u, dt, x = liquid.draw(50, 16)
    whole, _ = liquid.run(u, dt, x)
    with ThreadPoolExecutor(4) as pool:
        parts = pool.map(lambda s: liquid.run(u[:, s], dt[:, s], x[s])[0], [slice(i, i + 4) for i in range(0, 16, 4)])
        np.testing.assert_array_equal(np.concatenate(list(parts), axis=1), whole)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("kind", KINDS)
def test_one_clock_for_all_equals_a_clock_for_each(kind, dtype):
    liquid = Liquid(kind, 20, 1, 3, dtype)
    u, dt, x = liquid.draw(10, 5)
    for one in (dt[:, :1], dt[:1], dt[:1, :1]):
        every = np.ascontiguousarray(np.broadcast_to(one, dt.shape))
        np.testing.assert_array_equal(liquid.run(u, one, x)[0], liquid.run(u, every, x)[0])


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("with_input", [False, True])
@pytest.mark.parametrize("outputs", [1, 3, 24, 37])
def test_a_tick_is_a_run_of_one_and_its_readout(outputs, with_input, kind, dtype):
    liquid = Liquid(kind, 45, 2, 6, dtype)
    u, dt, x = liquid.draw(8, 1)
    out, _ = liquid.run(u, dt, x)
    rng = np.random.default_rng(2)
    features = np.empty(45 + 2 * with_input, dtype)
    weights, bias = rng.normal(0, 1, (features.size, outputs)), rng.normal(0, 1, outputs)
    guess, state = np.empty(outputs), x[0]
    for t in range(8):
        before = state.copy()
        liquid.plan.tick(u[t, 0], float(dt[t, 0]), state, features, weights, bias, guess)
        np.testing.assert_array_equal(state, before)
        np.testing.assert_array_equal(features[:45], out[t, 0])
        np.testing.assert_array_equal(features[45:], np.nan_to_num(u[t, 0])[: features.size - 45])
        np.testing.assert_allclose(guess, features @ weights + bias, rtol=1e-12, atol=1e-12)
        state = features[:45].copy()


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("with_input", [False, True])
def test_a_closed_loop_is_ticks_whose_guess_is_the_next_input(with_input, kind, dtype):
    liquid = Liquid(kind, 30, 3, 4, dtype)
    u, dt, x = liquid.draw(15, 2)
    rng = np.random.default_rng(3)
    weights, bias = rng.normal(0, 0.2, (33 if with_input else 30, 2)), rng.normal(0, 1, 2)
    first = rng.normal(0, 1, (2, 2))
    state, last, out = x.copy(), first.copy(), np.empty((15, 2, 2))
    liquid.plan.generate(u[:, :, :1], dt, state, last, out, weights, bias)
    np.testing.assert_array_equal(last, out[-1])
    features, guess = np.empty(len(weights), dtype), np.empty(2)
    for r in range(2):
        now, heard = x[r].copy(), first[r]
        for t in range(15):
            drive = np.concatenate((u[t, r, :1], heard)).astype(dtype)
            liquid.plan.tick(drive, float(dt[t, r]), now, features, weights, bias, guess)
            np.testing.assert_array_equal(out[t, r], guess)
            now, heard = features[:30].copy(), guess.copy()
        np.testing.assert_array_equal(state[r], now)


def test_a_closed_loop_may_have_no_other_input():
    liquid = Liquid("bands", 10, 1, 3, np.float64)
    x, last, out = np.zeros((1, 10)), np.ones((1, 1)), np.empty((5, 1, 1))
    weights = np.full((10, 1), 0.1)
    liquid.plan.generate(np.empty((5, 1, 0)), np.ones((1, 1)), x, last, out, weights, np.zeros(1))
    np.testing.assert_allclose(out[-1, 0], x[0] @ weights)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("kind", KINDS)
def test_no_time_keeps_the_state_and_endless_time_forgets_it(kind, dtype):
    liquid = Liquid(kind, 37, 1, 5, dtype)
    u, _, x = liquid.draw(1, 1)
    np.testing.assert_array_equal(liquid.run(u, np.zeros((1, 1), dtype), x)[0][0], x)
    for dt in (1e6, 1e30, np.inf):
        target = liquid.step(x[0], u[0, 0], 1e9)
        np.testing.assert_allclose(liquid.run(u, np.full((1, 1), dt, dtype), x)[0][0, 0], target, **TOLERANCE[dtype])


@pytest.mark.parametrize("dtype", DTYPES)
def test_a_unit_that_takes_for_ever_keeps_its_state_through_endless_time(dtype):
    plan = _kernels.leaky_bands(
        np.array([1]), np.ones((1, 3), dtype), np.ones((3, 1), dtype), np.ones(3, dtype), np.array([np.inf, 1, 2]), 0
    )
    x, out = np.full((1, 3), 0.25, dtype), np.empty((1, 1, 3), dtype)
    plan.run(np.ones((1, 1, 1), dtype), np.full((1, 1), np.inf, dtype), x, out)
    assert out[0, 0, 0] == 0.25
    np.testing.assert_allclose(out[0, 0, 1:], np.tanh(2.25), **TOLERANCE[dtype])


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("kind", KINDS)
def test_no_finite_input_and_no_infinite_one_poisons_the_state(kind, dtype, activation):
    liquid = Liquid(kind, 24, 4, 6, dtype, activation=activation)
    big = np.finfo(dtype).max
    values = [big, -big, np.inf, -np.inf, np.nan, 0.0, np.finfo(dtype).smallest_subnormal]
    u = np.array(list(itertools.product(values, repeat=4)), dtype)[:, None, :]
    dt = np.array([[0.0], [1e-30], [1.0], [1e30]], dtype)[np.arange(len(u)) % 4]
    out, _ = liquid.run(u, dt, np.zeros((1, 24), dtype))
    assert np.isfinite(out).all()
    if activation in ("tanh", "logistic"):
        assert np.abs(out).max() <= 1


@pytest.mark.parametrize("kind", KINDS)
def test_a_poisoned_state_stays_visible(kind):
    liquid = Liquid(kind, 24, 1, 6, np.float64)
    x = np.zeros((1, 24))
    x[0, 3] = np.nan
    assert np.isnan(liquid.run(np.zeros((1, 1, 1)), np.ones((1, 1)), x)[0][0, 0, 3])


@pytest.mark.parametrize("kind", KINDS)
def test_arrays_may_have_strides_between_rows_and_between_ticks(kind):
    liquid = Liquid(kind, 19, 2, 4, np.float64)
    u, dt, x = liquid.draw(6, 4)
    expected, _ = liquid.run(u, dt, x)
    wide = np.zeros((6, 4, 30))
    columns = np.asfortranarray(u)
    assert columns.strides[2] != u.itemsize
    liquid.plan.run(columns, np.asfortranarray(dt), x.copy(), wide[:, :, 5:24])
    np.testing.assert_array_equal(wide[:, :, 5:24], expected)
    assert not wide[:, :, :5].any()
    assert not wide[:, :, 24:].any()


def test_no_tick_is_no_change():
    liquid = Liquid("bands", 19, 2, 4, np.float64)
    x = np.ones((3, 19))
    out, last = liquid.run(np.empty((0, 3, 2)), np.ones((1, 1)), x)
    assert out.shape == (0, 3, 19)
    np.testing.assert_array_equal(last, x)


@pytest.mark.parametrize("kind", KINDS)
def test_a_liquid_that_fell_silent_is_not_slow(kind):
    liquid = Liquid(kind, 200, 1, 10, np.float32, activation="relu", one_tau=True)
    dt, out = np.ones((1, 1), np.float32), np.empty((3000, 1, 200), np.float32)
    u = np.zeros((3000, 1, 1), np.float32)

    def seconds(x):
        best = np.inf
        for _ in range(3):
            begin = time.perf_counter()
            liquid.plan.run(u, dt, x.copy(), out)
            best = min(best, time.perf_counter() - begin)
        return best

    assert seconds(np.full((1, 200), 1e-41, np.float32)) < 4 * seconds(np.full((1, 200), 0.1, np.float32))


def test_a_wrong_shape_is_an_error_at_the_door():
    plan = Liquid("bands", 8, 1, 2, np.float64).plan
    u, dt, x, out = np.zeros((5, 1, 1)), np.ones((1, 1)), np.zeros((1, 8)), np.zeros((5, 1, 8))
    for wrong in ((u[:4], dt, x, out), (u, np.ones((3, 1)), x, out), (u, dt, x[:, :7], out), (u, dt, x, out[:, :, :7])):
        with pytest.raises(ValueError, match="is \\("):
            plan.run(*wrong)
    with pytest.raises(TypeError):
        plan.run(u.astype(np.float32), dt, x, out)
    with pytest.raises(ValueError, match="instruction sets"):
        Liquid("bands", 8, 1, 2, np.float64, set_="abacus")
