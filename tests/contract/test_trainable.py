"""Promises of every cell that gradients go through: whatever the time, the company, the cores and the copies."""

import copy
import multiprocessing
import pickle
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from plashet import threads, tree
from plashet.cells import fold, tick
from zoo import TRAINABLE, N, U

every = pytest.mark.parametrize("cell", TRAINABLE.values(), ids=TRAINABLE.keys())
# what promises |state| <= 1 of such parameters: not what is linear, a rectifier, NoGate or Pure
BOUNDED = {name for name in TRAINABLE if not any(word in name for word in ("linear", "relu", "two layers", "pure"))}
BOUNDED -= {"mixed, wired CfC"}


def given(time=7, batch=(), dtype=np.float64, seed=1):
    rng = np.random.default_rng(seed)
    u = rng.normal(size=(time, *batch, U))
    u[rng.random(u.shape) < 0.1] = np.nan
    return u.astype(dtype), rng.uniform(0.01, 1, (time, *batch)).astype(dtype)


def all_of(cell, batch=(100,), dtype=np.float64):
    """Every array that a run and a pull give."""
    u, dt = given(5, batch, dtype)
    after, outputs = cell.run(cell.init(u[0]), u, dt)
    return tree.arrays((after, outputs, cell.pull(cell.init(u[0]), u, dt, outputs, outputs, after)))


def same(a, b):
    return a.keys() == b.keys() and all(a[k].dtype == b[k].dtype and np.array_equal(a[k], b[k]) for k in a)


@pytest.mark.parametrize("name", sorted(BOUNDED))
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_longest_tick_and_the_largest_input_keep_the_state_bounded(name, dtype):
    cell, most = TRAINABLE[name], float(np.finfo(dtype).max)
    for level in (1.0, 1e30, most):
        for dt in (0.0, 1e-30, 1.0, 1e30, most):
            for batch in ((), (6,)):
                u = np.full((4, *batch, U), level, dtype) * np.array([1, -1], dtype)
                with np.errstate(over="ignore"):
                    _, outputs = cell.run(cell.init(u[0]), u, np.full(4, dt, dtype))
                assert outputs.dtype == dtype
                assert np.abs(outputs).max() <= 1 + 4 * np.finfo(dtype).eps, (level, dt, batch)


@pytest.mark.parametrize("name", [name for name in TRAINABLE if name != "mixed, LTC"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("rows", [1, 4, 5, N, 17, 37])
def test_a_batch_is_its_rows_bit_by_bit_and_may_be_cut_anywhere(name, dtype, rows):
    cell = TRAINABLE[name]
    u, dt = given(19, (rows,), dtype)
    after, outputs = cell.run(cell.init(u[0]), u, dt)
    for row in {0, rows // 2, rows - 1}:
        _, alone = cell.run(cell.init(u[0, row]), u[:, row], dt[:, row])
        assert np.array_equal(alone, outputs[:, row])
    for cut in (1, 8, 16):
        middle, left = cell.run(cell.init(u[0]), u[:cut], dt[:cut])
        end, right = cell.run(middle, u[cut:], dt[cut:])
        assert np.array_equal(np.concatenate((left, right)), outputs)
        assert same(tree.arrays(end), tree.arrays(after))


@every
def test_the_state_takes_the_numbers_of_the_input(cell):
    """A state that begins in double under single inputs, as zeros of NumPy do."""
    u, dt = given(4, (3,), np.float32)
    begin = cell.init(u[0].astype(np.float64))
    after, outputs = cell.run(begin, u, dt)
    _, first = tick(cell, begin, u[0], dt[0])
    assert outputs.dtype == first.dtype == np.float32
    assert np.array_equal(first, outputs[0])
    assert all(a.dtype == np.float32 for a in tree.arrays(after).values())


@every
def test_states_and_slopes_may_lie_in_memory_as_they_like(cell):
    """One state for all rows, too: broadcast, its copies are rarely in rows."""
    u, dt = given(4, (3,))
    after, expected = cell.run(cell.init(u[0]), u, dt)
    _, outputs = cell.run(cell.init(u[0, 0]), u, dt)
    assert np.array_equal(outputs, expected)
    turned = tree.map_arrays(lambda _, a: np.asfortranarray(a), after)
    assert same(*(tree.arrays(cell.run(state, u, dt)) for state in (after, turned)))
    assert same(*(tree.arrays(tick(cell, state, u[0], dt[0])) for state in (after, turned)))
    pulled = [
        tree.arrays(cell.pull(state, u, dt, order(expected), order(expected), state))
        for state, order in ((after, np.ascontiguousarray), (turned, np.asfortranarray))
    ]
    assert same(*pulled)


@every
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_number_of_cores_changes_no_bit(cell, dtype, monkeypatch):
    expected = all_of(cell, (150,), dtype)
    monkeypatch.setattr(threads, "QUICK", 0)
    monkeypatch.setattr(threads, "WORK", 0)
    for cores in (1, 2, 5):
        monkeypatch.setattr(threads, "cores", lambda cores=cores: cores)
        assert same(all_of(cell, (150,), dtype), expected)


@every
def test_many_threads_may_use_one_cell(cell, monkeypatch):
    monkeypatch.setattr(threads, "QUICK", 0)
    expected, fresh = all_of(cell, (40,)), copy.copy(cell)  # its plans are made by whoever comes first
    with ThreadPoolExecutor(6) as pool:
        found = [one.result(60) for one in [pool.submit(all_of, fresh, (40,)) for _ in range(12)]]
    assert all(same(one, expected) for one in found)


@pytest.mark.skipif("fork" not in multiprocessing.get_all_start_methods(), reason="this system does not fork")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_child_process_has_threads_of_its_own(monkeypatch):
    monkeypatch.setattr(threads, "QUICK", 0)
    monkeypatch.setattr(threads, "cores", lambda: 3)
    expected = [all_of(TRAINABLE[name]) for name in ("LTC", "gated")]  # the parent's threads are awake
    receive, send = multiprocessing.get_context("fork").Pipe(duplex=False)
    child = multiprocessing.get_context("fork").Process(target=_in_child, args=(send,), daemon=True)
    child.start()
    assert receive.poll(60), "the child waits for threads that only its parent has"
    found = receive.recv()
    child.join(60)
    assert child.exitcode == 0
    assert all(same(a, b) for a, b in zip(found, expected, strict=True))


def _in_child(send):
    send.send([all_of(TRAINABLE[name]) for name in ("LTC", "gated")])


# What is given to `run` and `pull` and does not fit: (what is changed, to what, what is said).
WRONG = [
    ("u", np.zeros((5, 3, U + 1)), rf"u is \(5, 3, {U + 1}\), wanted \(time, \*batch, inputs\) with {U} inputs"),
    ("u", np.zeros(5), r"u is \(5,\), wanted \(time, \*batch, inputs\)"),
    ("u", np.zeros((5, 3, U), int), r"u is int64, wanted float32 or float64: u\.astype\(float\)"),
    ("u", [[0.0] * U] * 5, "u is a list, wanted a NumPy array"),
    ("dt", np.ones(4), r"dt is \(4,\), wanted \(5,\), .* or \(5, 3\), one for each row"),
    ("dt", np.ones((3, 5)), r"dt is \(3, 5\), wanted \(5,\)"),  # (batch, time), as other libraries have it
    ("dt", np.ones((5, 1)), r"dt is \(5, 1\), wanted"),
    ("dt", 1.0, r"dt is \(\), wanted"),
    ("state", (3, N + 1), rf"the state's [hxcv] is \(3, {N + 1}\), wanted \(3, {N}\)"),
    ("state", (3, 1), rf"the state's [hxcv] is \(3, 1\), wanted \(3, {N}\)"),
    ("state", (2, N), rf"the state's [hxcv] is \(2, {N}\), wanted \(3, {N}\)"),
    ("state", None, r"the state is a NoneType, wanted a \w+State: cell\.init\(u\[0\]\)"),
    ("outputs", np.zeros((3, 5, N)), rf"outputs is \(3, 5, {N}\), wanted \(5, 3, {N}\)"),
    ("slope", np.zeros((5, 2, N)), rf"slope is \(5, 2, {N}\), wanted \(5, 3, {N}\)"),
    ("after", (N,), rf"slope_after has \({N},\), wanted \(3, {N}\)"),
]


@every
@pytest.mark.parametrize(("what", "to", "says"), WRONG, ids=[f"{what} {k}" for k, (what, *_) in enumerate(WRONG)])
def test_what_does_not_fit_is_told_before_the_kernel_sees_it(cell, what, to, says):
    u = np.zeros((5, 3, U))
    state = cell.init(u[0])
    if what in ("state", "after") and to is not None:
        to = tree.map_arrays(lambda _, a, shape=to: np.zeros(shape), state)
    outputs = np.zeros((5, 3, N))
    good = {"state": state, "u": u, "dt": np.ones(5), "outputs": outputs, "slope": outputs, "after": state}
    asked = good | {what: to}
    with pytest.raises((TypeError, ValueError), match=says):
        cell.pull(*asked.values())
    if what in ("u", "dt", "state"):
        with pytest.raises((TypeError, ValueError), match=says):
            cell.run(asked["state"], asked["u"], asked["dt"])


@every
def test_one_state_may_stand_for_all_rows_and_a_list_for_the_time(cell):
    u, _ = given(5, (3,))
    rest = cell.init(u[0])
    _, expected = cell.run(rest, u, np.full(5, 0.1))
    for shape in ((N,), (1, N)):
        _, outputs = cell.run(tree.map_arrays(lambda _, a, s=shape: np.zeros(s), rest), u, [0.1] * 5)
        assert np.array_equal(outputs, expected)


@every
def test_copies_move_alike_and_what_is_replaced_moves_anew(cell):
    """What was laid out for the kernel is neither copied nor taken for that of other parameters."""
    expected = all_of(cell, (3,))
    for other in (copy.copy(cell), copy.deepcopy(cell), pickle.loads(pickle.dumps(cell)), tree.copy(cell)):
        assert same(all_of(other, (3,)), expected)
    u, dt = given(5, (3,))
    for path in getattr(cell, "differentiable", cell.parameters):
        moved = tree.replace(cell, {path: np.asarray(tree.arrays(cell)[path]) * 1.5 + 0.01})
        _, outputs = moved.run(moved.init(u[0]), u, dt)
        _, folded = fold(moved, moved.init(u[0]), u, dt)
        np.testing.assert_allclose(outputs, folded, rtol=1e-9, atol=1e-9, err_msg=path)
        assert not np.array_equal(outputs, all_of(cell, (3,))["1"]), path
