"""Shares of the rows of a batch on threads: what comes out is that of one thread, whoever asks and wherever."""

import os
import signal
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from plashet import liquids, threads, wiring
from plashet.liquids.gated import GatedState
from plashet.liquids.ltc import LTCState

NET = wiring.auto_ncp(12, 3, 4)
CELLS = {
    "LTC": (liquids.ltc(NET, seed=0), LTCState),
    "Gated": (liquids.gated(NET, seed=0), GatedState),
}
each_cell = pytest.mark.parametrize(("cell", "state"), CELLS.values(), ids=CELLS)


def slopes(cell, state, rows=70, seed=0):
    """All that a way there and back gives, in one row."""
    rng = np.random.default_rng(seed)
    u, dt = rng.normal(size=(5, rows, 4)), rng.uniform(0, 1, (5, rows))
    start = state(rng.normal(size=(rows, 12)))
    _, outputs = cell.run(start, u, dt)
    found = cell.pull(start, u, dt, outputs, rng.normal(size=outputs.shape))
    return np.concatenate([a.ravel() for a in (outputs, *found.parameters.values(), found.u, found.dt, *found.state)])


@each_cell
@pytest.mark.parametrize("many", [2, 3, 8, 100])
def test_any_number_of_threads_gives_the_same_bits(cell, state, many, monkeypatch):
    alone = slopes(cell, state)
    monkeypatch.setattr(threads, "QUICK", 0)
    monkeypatch.setattr(threads, "cores", lambda: many)
    for pause in (0, 0.01, 0, 0, 0.01):  # after a millisecond the others sleep
        time.sleep(pause)
        assert np.array_equal(slopes(cell, state), alone)


@each_cell
def test_threads_of_the_caller_may_ask_at_once(cell, state, monkeypatch):
    expected = [slopes(cell, state, seed=k) for k in range(8)]
    monkeypatch.setattr(threads, "QUICK", 0)
    monkeypatch.setattr(threads, "cores", lambda: 3)
    with ThreadPoolExecutor(4) as callers:
        for _ in range(5):
            found = callers.map(lambda k: slopes(cell, state, seed=k), range(8))
            assert all(np.array_equal(a, b) for a, b in zip(found, expected, strict=True))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="processes are not forked here")
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_a_forked_process_has_threads_of_its_own(monkeypatch):
    cell, state = CELLS["LTC"]
    monkeypatch.setattr(threads, "QUICK", 0)
    monkeypatch.setattr(threads, "cores", lambda: 3)
    expected = slopes(cell, state)
    child = os.fork()
    if child == 0:  # the parent's threads are not there: waiting for one of them would last forever
        code = 1
        try:
            signal.alarm(30)
            code = 0 if np.array_equal(slopes(cell, state), expected) else 2
        finally:
            os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert np.array_equal(slopes(cell, state), expected)


@each_cell
def test_inputs_and_slopes_may_lie_as_they_like(cell, state):
    rng = np.random.default_rng(1)
    record = np.zeros((5, 6), [("t", "f4"), ("u", "f8", (4,))])  # its numbers are no whole numbers of numbers apart
    record["u"] = rng.normal(size=(5, 6, 4))
    wide, start = rng.normal(size=(6, 5, 24)), state(rng.normal(size=(6, 12)))
    turned, dt = wide.transpose(1, 0, 2), np.ones(5)
    for u, slope in ((record["u"], turned[..., ::2]), (turned[::-1, :, :4], turned[..., 3:15])):
        _, outputs = cell.run(start, u, dt)
        assert np.array_equal(outputs, cell.run(start, u.copy(), dt)[1])
        found, plain = cell.pull(start, u, dt, outputs, slope), cell.pull(start, u.copy(), dt, outputs, slope.copy())
        assert np.array_equal(found.u, plain.u)
        assert all(np.array_equal(a, plain.parameters[path]) for path, a in found.parameters.items())
    one = np.broadcast_to(np.float64(0.5), (5, 6, 12))  # what a sum sends back
    found, plain = (cell.pull(start, u, dt, outputs, slope) for slope in (one, one.copy()))
    assert np.array_equal(found.u, plain.u)
