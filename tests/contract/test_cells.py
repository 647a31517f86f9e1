"""Promises that every cell keeps."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plashet import Model, Readout, WithInput, generate, run, threads, tree, unread
from plashet.cells import fold, tick
from plashet.encode import Hold, Mask, Scale
from plashet.streams import steps
from zoo import CELLS, LIQUIDS, MODELS, OWN_NUMBERS, N, U

every = pytest.mark.parametrize("cell", CELLS.values(), ids=CELLS.keys())
every_liquid = pytest.mark.parametrize("cell", LIQUIDS.values(), ids=LIQUIDS.keys())


def signal(time=40, batch=(), seed=7, dtype=np.float64):
    return np.random.default_rng(seed).normal(size=(time, *batch, U)).astype(dtype)


def clock(time=40, batch=(), seed=8):
    return np.random.default_rng(seed).uniform(0.01, 0.6, (time, *batch))


def same(a, b):
    """Bit-equal, NaN included, in values and dtypes."""
    a, b = tree.arrays(a), tree.arrays(b)
    return a.keys() == b.keys() and all(
        a[k].dtype == b[k].dtype and np.array_equal(a[k], b[k], equal_nan=True) for k in a
    )


@every
@pytest.mark.parametrize(("dtype", "tolerance"), [(np.float64, 1e-12), (np.float32, 1e-5)])
@pytest.mark.parametrize("batch", [(), (1,), (5,), (N,), (2, 3)])
def test_the_kernel_computes_the_equation(cell, dtype, tolerance, batch):
    """One tick at a time from the same state along the trajectory."""
    u, dt = signal(12, batch, dtype=dtype), clock(12, batch)
    state = cell.init(u[0])
    for now, elapsed in zip(u, dt.astype(dtype), strict=True):
        by_run, out = run(cell, now[None], np.asarray(elapsed)[None], state)[::-1]
        by_tick, out_tick = tick(cell, state, now, elapsed)
        state, expected = cell.step(state, now, elapsed)
        for found in (out[0], out_tick):
            assert found.dtype == expected.dtype == (np.float64 if cell in MODELS.values() else dtype)
            np.testing.assert_allclose(found, expected, rtol=tolerance, atol=tolerance)
        for found in (by_run, by_tick):
            for a, b in zip(tree.arrays(found).values(), tree.arrays(state).values(), strict=True):
                np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance)


@every
@settings(max_examples=12, deadline=None)
@given(cut=st.integers(0, 40))
def test_a_run_can_be_cut_anywhere_and_goes_on_bit_equal(cell, cut):
    u, dt = signal(), clock()
    whole, last = run(cell, u, dt)
    left, middle = run(cell, u[:cut], dt[:cut])
    right, end = run(cell, u[cut:], dt[cut:], middle)
    assert np.array_equal(whole, np.concatenate((left, right)))
    assert same(last, end)


@every
def test_ticks_and_a_run_are_bit_equal(cell):
    u = signal(30)
    whole, _ = run(cell, u, 0.25)
    state = cell.init(u[0])
    for now, expected in zip(u, whole, strict=True):
        state, out = tick(cell, state, now, 0.25)
        assert np.array_equal(out, expected)


@pytest.mark.parametrize("cell", [c for name, c in CELLS.items() if name not in OWN_NUMBERS])
@pytest.mark.parametrize("batch", [(3,), (N,), (2, 3), (37,)])
def test_a_batch_is_its_rows_each_with_its_own_clock(cell, batch):
    u, dt = signal(10, batch), clock(10, batch)
    together, _ = run(cell, u, dt)
    for row in list(np.ndindex(*batch))[:7]:
        alone, _ = run(cell, u[(slice(None), *row)], dt[(slice(None), *row)])
        np.testing.assert_allclose(together[(slice(None), *row)], alone, rtol=1e-12, atol=1e-14)


@every
def test_neither_step_nor_run_touches_its_arguments(cell):
    u, dt = signal(5), clock(5)
    _, state = run(cell, u, dt)
    before = tree.copy((cell, state, u, dt))
    cell.step(state, u[0], dt[0])
    tick(cell, state, u[0], dt[0])
    run(cell, u, dt, state)
    assert same(before, (cell, state, u, dt))


@every_liquid
def test_no_time_is_no_change(cell):
    u = signal(6)
    _, state = run(cell, u, 0.3)
    no_identity = "CfC" in repr(cell) or "Mixed" in repr(cell)  # they have a tick that is not there instead
    again, _ = tick(cell, state, u[2], -1.0 if no_identity else 0.0)
    if "Hold" in repr(cell):
        return  # it has seen another value, and remembers that at once
    for a, b in zip(tree.arrays(again).values(), tree.arrays(state).values(), strict=True):
        np.testing.assert_allclose(a, b, rtol=0, atol=0)


@pytest.mark.parametrize("name", ["bands", "bands, tau each", "random", "ring", "logistic", "deep"])
@settings(max_examples=30, deadline=None)
@given(dt=st.floats(0, 1e12), level=st.floats(-1e100, 1e100))
def test_any_step_and_any_input_keep_the_state_bounded(name, dt, level):
    outputs, _ = run(LIQUIDS[name], np.full((5, U), level), dt)
    assert np.abs(outputs).max() <= 1.0


@every_liquid
def test_it_forgets_where_it_began(cell):
    u = signal(600)
    _, here = run(cell, u, 0.2)
    elsewhere = tree.map_arrays(lambda _, a: np.full_like(a, 0.7), cell.init(u[0]))
    _, there = run(cell, u, 0.2, elsewhere)
    for a, b in zip(tree.arrays(here).values(), tree.arrays(there).values(), strict=True):
        assert np.abs(a - b).max() < 1e-6


@every
@settings(max_examples=10, deadline=None)
@given(missing=st.lists(st.tuples(st.integers(0, 19), st.integers(0, U - 1)), max_size=12))
def test_a_missing_input_never_poisons(cell, missing):
    u = signal(20)
    for row, column in missing:
        u[row, column] = np.nan
    outputs, state = run(cell, u, 0.2)
    if any(np.isnan(a).any() for a in tree.arrays(state).values()):
        raise AssertionError("the state remembers a NaN")
    if "Scale" not in repr(type(cell)) and "Products" not in repr(type(cell)):
        assert np.isfinite(outputs).all()


@every
def test_outputs_can_be_written_where_the_caller_wants(cell):
    u = signal(7, (3,))
    expected, _ = run(cell, u, 0.2)
    room = np.full((7, 3, cell.outputs), np.nan)
    given_back, _ = run(cell, u, 0.2, out=room)
    assert given_back is room
    assert np.array_equal(room, expected)


@every_liquid
def test_it_can_drive_itself(cell):
    model = unread(cell, outputs=U)
    weights = np.random.default_rng(0).normal(size=model.readout.weights.shape) / 10
    model = tree.replace(model, {"readout.weights": weights})
    outputs, end = generate(model, model.init(np.zeros(U)), np.full(U, 0.1), 30, 0.1)
    state, u = model.init(np.zeros(U)), np.full(U, 0.1)
    for expected in outputs:
        state, u = model.step(state, u, 0.1)
        np.testing.assert_allclose(expected, u, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(end.features, state.features, rtol=1e-9, atol=1e-12)


@every
def test_a_fold_of_no_ticks_is_the_state_given(cell):
    empty, state = run(cell, np.zeros((0, 3, U)), 1.0)
    assert empty.shape == (0, 3, cell.outputs)
    assert same(state, cell.init(np.zeros((3, U))))


def test_fold_and_sweep_agree_on_the_shape_of_time():
    u = signal(9, (4,))
    cell = LIQUIDS["random"]
    for dt in (0.3, np.full(9, 0.3), np.full((9, 4), 0.3)):
        swept, _ = run(cell, u, dt)
        _, folded = fold(cell, cell.init(u[0]), u, steps(dt, u))
        np.testing.assert_allclose(swept, folded, rtol=1e-12, atol=1e-14)


@every
def test_arrays_may_lie_in_memory_as_they_like(cell):
    u = signal(9, (3,))
    expected, _ = run(cell, u, 0.2)
    scattered = np.repeat(u, 2, axis=-1)[..., ::2]
    for other in (np.asfortranarray(u), scattered, u[::-1][::-1]):
        assert np.array_equal(run(cell, other, 0.2)[0], expected)
    alone, _ = tick(cell, cell.init(u[0, 0]), u[0, 0], 0.2)
    again, _ = tick(cell, cell.init(u[0, 0]), scattered[0, 0], 0.2)
    assert same(alone, again)


def test_an_input_read_twice_and_a_model_within_a_model_have_their_say():
    """The compiled calls of a liquid are for the liquid alone, wherever it sits."""
    readout = Readout(np.random.default_rng(0).normal(size=(N, U)) / 10, np.zeros(U))
    twice = unread(WithInput(LIQUIDS["bands"]), U, with_input=True)
    twice = tree.replace(twice, {"readout.weights": np.full((N + 2 * U, U), 0.01)})
    within = Model(Model(LIQUIDS["bands"], readout), Readout(np.full((U, U), 0.3), np.zeros(U)))
    for model in (twice, within):
        outputs, _ = generate(model, model.init(np.zeros(U)), np.full(U, 0.1), 5, 0.1)
        state, u = model.init(np.zeros(U)), np.full(U, 0.1)
        for expected in outputs:
            before = state
            state, found = model.step(before, u, 0.1)
            np.testing.assert_allclose(expected, found, rtol=1e-9, atol=1e-12)
            np.testing.assert_allclose(tick(model, before, u, 0.1)[1], found, rtol=1e-9, atol=1e-12)
            u = found


@every
def test_room_of_another_shape_is_refused(cell):
    with pytest.raises(ValueError, match=r"out is .*wanted"):
        run(cell, signal(1), out=np.empty((5, cell.outputs)))


@pytest.mark.parametrize("name", ["bands", "behind encoders"])
def test_inputs_in_the_byte_order_of_another_machine(name):
    u = signal(9)
    assert np.array_equal(run(LIQUIDS[name], u.astype(">f8"))[0], run(LIQUIDS[name], u)[0])


def test_a_row_whose_clock_is_even_does_not_set_that_of_the_others():
    u, dt = signal(9, (3,)), clock(9, (3,))
    dt[:, 0] = 0.2
    together, _ = run(LIQUIDS["bands"], u, dt)
    for row in range(3):
        assert np.array_equal(together[:, row], run(LIQUIDS["bands"], u[:, row], dt[:, row])[0])


@pytest.mark.parametrize("name", ["bands", "random"])
@pytest.mark.parametrize("own_clocks", [False, True])
def test_the_number_of_cores_changes_no_bit(name, own_clocks, monkeypatch):
    u, dt = signal(9, (101,)), clock(9, (101,) if own_clocks else ())
    alone, last = run(LIQUIDS[name], u, dt)
    monkeypatch.setattr(threads, "WORK", 0)
    for cores in (2, 3, 8):
        monkeypatch.setattr(threads.os, "cpu_count", lambda cores=cores: cores)
        shared, end = run(LIQUIDS[name], u, dt)
        assert np.array_equal(shared, alone)
        assert same(end, last)


def test_a_value_is_held_marked_and_scaled():
    u = np.array([[np.nan, 1.0], [2.0, np.nan], [np.nan, np.nan], [5.0, 9.0]])
    assert run(Hold(2), u)[0].tolist() == [[0, 1], [2, 1], [2, 1], [5, 9]]
    assert run(Mask(2), u)[0].tolist() == [[0, 1], [1, 0], [0, 0], [1, 1]]
    scaled, _ = run(Scale(np.array([1.0, 1.0]), np.array([2.0, 4.0]), limit=1.5), u)
    assert np.array_equal(scaled, [[np.nan, 0], [0.5, np.nan], [np.nan, np.nan], [1.5, 1.5]], equal_nan=True)
    fitted = Scale.fitted(np.array([[1.0, 3.0], [np.nan, 3.0], [3.0, 3.0]]))
    assert fitted.center.tolist() == [2, 3]
    assert fitted.spread.tolist() == [1, 1]
