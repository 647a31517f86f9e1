"""The CUBA benchmark (Brette et al. 2007), and that spikes depend on nothing but the network."""

import numpy as np
import pytest

import plashet as pl
from plashet.liquids import compiled
from plashet.wiring import circuit


def cuba(seed, units=4000):
    """4,000 LIF units of which 3,200 excite, each pair joined with p = 0.02; no input: it keeps itself going."""
    rng = np.random.default_rng(seed)
    targets = [np.flatnonzero(rng.random(units) < 80 / units) for _ in range(units)]
    inhibitory = np.arange(units) >= units * 4 // 5
    pre, post = np.repeat(np.arange(units), [len(t) for t in targets]), np.concatenate(targets)
    wired = circuit(pre, post, np.where(inhibitory, 9.0, 1.62)[pre], inhibitory=inhibitory)
    lif = pl.LIF(units, 0.02, -50.0, -60.0, 5e-3, rest=-49.0, background=0.0, start=(-60.0, -50.0))
    return pl.Spiking(wired, lif, 1e-4, (5e-3, 10e-3), seed=seed)


def recorded(cell, ticks=10, batch=(), dtype=np.float32, keys=None):
    u = np.zeros((ticks, *batch, 0), dtype)
    return cell.record(cell.init(u[0], keys=keys), u, np.full(ticks, 0.1))


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_cuba_keeps_itself_going_at_five_to_six_hertz_irregularly(seed):
    cell = cuba(seed)
    _, _, events = recorded(cell)
    steps, units = events.T
    assert 5.1 <= len(events) / 4000 <= 5.8
    assert np.count_nonzero(steps >= 8000) / 4000 / 0.2 > 4  # still
    order = np.lexsort((steps, units))
    same = np.diff(units[order]) == 0
    intervals, of = np.diff(steps[order])[same], units[order][1:][same]
    count, mean = np.bincount(of, minlength=4000), np.bincount(of, intervals, 4000)
    often = count >= 3
    mean = mean[often] / count[often]
    spread = np.sqrt(np.bincount(of, intervals**2.0, 4000)[often] / count[often] - mean**2)
    assert abs((spread / mean).mean() - 0.54) < 0.03
    assert intervals.min() > 50  # the refractory time


def test_spikes_depend_neither_on_the_threads_nor_on_the_order_of_a_batch_nor_on_the_others(monkeypatch):
    cell = cuba(4, 400)
    keys = np.array([7, 3, 11, 5, 2])

    def on(cores, keys):
        monkeypatch.setattr(compiled, "cores_for", lambda rows, work: min(cores, rows))
        state, outputs, events = recorded(cell, 2, (len(keys),), keys=keys)
        return state.neuron.v, outputs, [events[events[:, 0] == row, 1:] for row in range(len(keys))]

    v, outputs, events = on(1, keys)
    assert min(map(len, events)) > 50
    order = np.array([4, 0, 3, 2, 1])
    for cores in (2, 3, 5):
        for chosen in (np.arange(5), order, order[:2]):
            one = on(cores, keys[chosen])
            np.testing.assert_array_equal(one[0], v[chosen])
            np.testing.assert_array_equal(one[1], outputs[:, chosen])
            for found, row in zip(one[2], chosen, strict=True):
                np.testing.assert_array_equal(found, events[row])


def test_a_run_in_pieces_is_the_run_in_one_go():
    cell, nothing = cuba(5, 400), np.zeros((200, 0), np.float32)
    dt = np.full(200, 1e-3)
    state, outputs, events = cell.record(cell.init(nothing[0]), nothing, dt)
    half, first, early = cell.record(cell.init(nothing[0]), nothing[:77], dt[:77])
    half, second, late = cell.record(half, nothing[77:], dt[77:])
    np.testing.assert_array_equal(np.concatenate([first, second]), outputs)
    np.testing.assert_array_equal(np.concatenate([early, late]), events)
    np.testing.assert_array_equal(half.neuron.v, state.neuron.v)


def test_float64_keeps_the_same_rate():
    _, _, single = recorded(cuba(6, 1000), 3)
    _, _, double = recorded(cuba(6, 1000), 3, dtype=np.float64)
    assert len(single) > 200
    assert abs(len(single) / len(double) - 1) < 0.2
