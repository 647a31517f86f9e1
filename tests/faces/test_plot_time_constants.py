"""The picture of time constants over time shows each unit at its place and time."""

import numpy as np
import pytest

import plashet as pl
from plashet.liquids import ltc

NET = pl.wiring.auto_ncp(12, 2, 3, seed=0)
TAU = np.exp(np.random.default_rng(0).normal(size=(30, 12)))


def drawn(*given, **more):
    made = pl.plot.time_constants(*given, **more)
    made.draw_without_rendering()
    return made, made.axes[0]


def test_every_unit_has_a_row_at_its_place_and_every_tick_its_length():
    dt = np.linspace(0.1, 0.5, 30)
    _, axes = drawn(TAU, dt, ltc(NET, seed=0))
    (mesh,) = axes.collections
    rows = [int(label.get_text()) for label in axes.get_yticklabels()]
    assert sorted(rows) == list(range(12))
    low, high = mesh.get_clim()
    np.testing.assert_array_equal(mesh.get_array().reshape(12, 30), np.clip(TAU, low, high).T[rows])
    np.testing.assert_allclose(mesh.get_coordinates()[0, :, 0], np.concatenate(([0], np.cumsum(dt))))


def test_the_kinds_stand_together_motor_neurons_above_and_the_quick_ones_below():
    _, axes = drawn(TAU, 0.1, NET)
    rows = [int(label.get_text()) for label in axes.get_yticklabels()]
    kinds = [pl.wiring.kinds(NET)[k] for k in rows]
    assert kinds == sorted(kinds, key=["inter", "command", "motor"].index)
    inter = [np.median(TAU[:, k]) for k, kind in zip(rows, kinds, strict=True) if kind == "inter"]
    assert inter == sorted(inter)


def test_units_that_do_not_move_or_last_for_ever_are_drawn_too():
    for tau in (np.full((5, 3), 2.0), np.array([[np.inf, 1.0], [np.inf, 2.0]]), np.full((4, 1), np.inf)):
        drawn(tau)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ((np.ones(5),), r"tau is \(5,\), wanted \(time, units\)"),
        ((np.zeros((3, 2)),), "no time constants"),
        ((np.full((3, 2), np.nan),), "no time constants"),
        ((np.ones((3, 2)), np.ones(2)), r"dt is \(2,\), wanted a number or \(3,\)"),
        ((np.ones((3, 2)), 1.0, NET), "net has 12 units, wanted a Connectome of 2"),
        ((np.ones((3, 2)), 1.0, 5), "net has int, wanted a Connectome of 2"),
    ],
)
def test_what_does_not_fit_is_refused(given, said):
    with pytest.raises(ValueError, match=said):
        pl.plot.time_constants(*given)


def test_what_ablation_finds_is_drawn_on_the_wiring():
    cell = ltc(NET, seed=0)
    u = np.random.default_rng(1).normal(size=(10, 3))
    found = pl.measure.ablation(cell, u, 0.1, 0)
    states, _ = pl.run(cell, u, 0.1)
    pl.plot.connectome(cell, values=states[-1], strengths=found).draw_without_rendering()
