"""Pictures show what they are given: every mark where it belongs, in its colour; and change nothing of matplotlib."""

from __future__ import annotations

import subprocess
import sys
from io import BytesIO

import numpy as np
import pytest

import plashet as pl
from plashet.liquids import maass2002
from plashet.plot.looks import EXCITATORY, INHIBITORY

matplotlib = pytest.importorskip("matplotlib")
colour = pytest.importorskip("matplotlib.colors").to_hex

LIQUID = maass2002(2, seed=0)
IS_I = LIQUID.circuit.inhibitory
U = np.random.default_rng(0).poisson(0.04, (150, 2)).astype(float)
POLICY, TOUCH = pl.wiring.auto_ncp(28, 4, 6), ["ALM", "PLM", "AVA", "DB", "DD"]
EDGES = POLICY.recurrent.edges
STATE, OUTPUTS, EVENTS = LIQUID.record(LIQUID.init(U[0]), U, np.full(150, 1e-3))


def pictures():
    return {
        "raster": pl.plot.raster(EVENTS, LIQUID.circuit, LIQUID.h, 1500),
        "traces": pl.plot.traces(LIQUID, U[:40], 1e-3, [0, 1]),
        "column": pl.plot.column(LIQUID.circuit, values=np.bincount(EVENTS[:, 1], minlength=135)),
        "policy": pl.plot.connectome(POLICY),
        "policy told": pl.plot.connectome(POLICY, values=np.arange(28.0) - 9, strengths=np.arange(EDGES)),
        "dense": pl.plot.connectome(pl.wiring.dense(6, 2)),
        "touch": pl.plot.connectome(pl.wiring.celegans(1, TOUCH)),
        "worm": pl.plot.connectome(pl.wiring.celegans(1)),
        "trajectory": pl.plot.trajectory(OUTPUTS, 1e-3),
        "trajectories": pl.plot.trajectory(np.stack([OUTPUTS, OUTPUTS + 1], axis=1), 1e-3, ("one", "two")),
    }


def drawn(figure):
    """The picture as pixels."""
    file = BytesIO()
    figure.savefig(file, dpi=60, format="png")
    file.seek(0)
    return matplotlib.image.imread(file)


def test_every_picture_is_a_figure_that_can_be_drawn_and_leaves_matplotlib_as_it_was():
    from matplotlib.figure import Figure

    before = dict(matplotlib.rcParams)
    for name, figure in pictures().items():
        assert isinstance(figure, Figure), name
        pixels = drawn(figure)[..., :3]
        assert 0.001 < (pixels < 0.9).any(axis=-1).mean() < 0.6, name  # something is drawn, and paper is left
        assert (pixels[0] == 1).all(), name  # nothing is cut off at the edges
        assert (pixels[-1] == 1).all(), name
        assert (pixels[:, 0] == 1).all(), name
    assert dict(matplotlib.rcParams) == before


def test_pictures_open_no_window_and_are_unknown_to_pyplot():
    code = (
        "import sys, numpy as np, plashet as pl; c = pl.wiring.column((3, 3, 3), seed=0); "
        "pl.plot.raster(np.array([[3, 1]]), c, 1e-3); pl.plot.column(c); "
        "print('matplotlib.pyplot' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "False\n"


def test_without_matplotlib_the_error_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    for draw in (lambda: pl.plot.raster(EVENTS, LIQUID.circuit, 1e-4), lambda: pl.plot.trajectory(OUTPUTS)):
        with pytest.raises(ImportError, match=r'pip install "plashet\[plot\]"'):
            draw()


def marks(figure):
    """{colour: (time, row) of the raster's marks}."""
    return {colour(line.get_color()): line.get_xydata() for line in figure.axes[0].lines if line.get_marker() == "|"}


def test_a_raster_has_each_spike_at_its_time_in_the_colour_of_its_unit():
    figure = pl.plot.raster(EVENTS, LIQUID.circuit, LIQUID.h, 1500)
    found = marks(figure)
    for shade, held in ((EXCITATORY, ~IS_I), (INHIBITORY, IS_I)):
        mine = EVENTS[held[EVENTS[:, 1]]]
        rows = np.cumsum(held)[mine[:, 1]] - 1 + (0 if shade == EXCITATORY else np.sum(~IS_I))
        np.testing.assert_allclose(found[shade.lower()], np.column_stack([mine[:, 0] * LIQUID.h, rows]))
    assert figure.axes[1].get_xlabel() == "time [s]"
    assert figure.axes[1].get_ylabel() == "rate [Hz]"
    assert figure.axes[1].get_xlim() == (0, 0.15)


def test_the_rate_under_a_raster_counts_every_spike():
    figure = pl.plot.raster(EVENTS, LIQUID.circuit, LIQUID.h, 1500)
    total = 0.0
    for stairs in figure.axes[1].patches:
        values, edges, _ = stairs.get_data()
        units = np.sum(IS_I) if colour(stairs.get_edgecolor()) == INHIBITORY.lower() else np.sum(~IS_I)
        total += (values * np.diff(edges)).sum() * units
    assert total == pytest.approx(len(EVENTS))


def test_a_raster_of_nothing_and_of_one_kind_says_so():
    figure = pl.plot.raster(np.empty((0, 2), np.int64), LIQUID.circuit, 1e-4, 100)
    assert "no spikes" in [text.get_text() for text in figure.axes[0].texts]
    nobody = np.array([], np.int64)
    lone = pl.wiring.circuit(nobody, nobody, 1.0, inhibitory=np.zeros(3, bool))
    assert list(marks(pl.plot.raster(np.array([[5, 2], [9, 0]]), lone, 1e-3))) == [EXCITATORY.lower()]
    with pytest.raises(ValueError, match=r"but there are 0\.\.2"):
        pl.plot.raster(EVENTS, lone, 1e-3)


def test_traces_show_the_potentials_and_a_bar_for_each_spike():
    units = [int(EVENTS[0, 1]), 5]
    figure = pl.plot.traces(LIQUID, U[:60], 1e-3, units)
    seen = pl.measure.potentials(LIQUID, U[:60], 1e-3, units)
    assert len(seen.events) > 0
    for k, axes in enumerate(figure.axes):
        np.testing.assert_allclose(axes.lines[0].get_ydata(), seen.v[:, k])
        bars = axes.collections[0].get_segments()
        np.testing.assert_allclose([b[0, 0] for b in bars], (seen.events[seen.events[:, 1] == k, 0] + 1) * LIQUID.h)
        assert axes.lines[1].get_ydata()[0] == 15.0
        assert ("inhibitory" if IS_I[units[k]] else "excitatory") in axes.get_title(loc="left")
    with pytest.raises(ValueError, match="at most 12"):
        pl.plot.traces(LIQUID, U, 1e-3, np.arange(13))


def test_a_neuron_without_a_threshold_has_traces_too():
    nobody = np.array([], np.int64)
    net = pl.wiring.circuit(nobody, nobody, 1.0, inhibitory=np.zeros(2, bool))
    figure = pl.plot.traces(pl.Spiking(net, pl.Izhikevich(2)), np.zeros((30, 0)), 1e-3, [1])
    assert len(figure.axes[0].lines) == 1
    assert drawn(figure).size


def test_a_column_shows_all_units_and_as_many_synapses_as_asked():
    figure = pl.plot.column(LIQUID.circuit, synapses=100)
    balls = {c.get_label(): c for c in figure.axes[0].collections if "(" in str(c.get_label())}
    assert {label: len(c.get_offsets()) for label, c in balls.items()} == {
        "excitatory (108)": 108,
        "inhibitory (27)": 27,
    }
    lines = [c for c in figure.axes[0].collections if not str(c.get_label()).startswith(("exc", "inh"))]
    assert sum(len(c._segments3d) for c in lines) == 100
    assert f"{LIQUID.circuit.topology.edges} synapses, 100 shown" in figure.legends[0].get_title().get_text()
    places = np.concatenate([np.column_stack(c._offsets3d) for c in balls.values()])
    assert {tuple(p) for p in places} == {tuple(p) for p in LIQUID.circuit.places}


def test_columns_without_places_synapses_or_depth_are_met():
    nobody = np.array([], np.int64)
    flat = pl.wiring.circuit(nobody, nobody, 1.0, inhibitory=np.zeros(4, bool), places=np.eye(4, 3) * 0)
    assert drawn(pl.plot.column(flat)).size
    with pytest.raises(ValueError, match=r"has no places: wiring\.column gives them"):
        pl.plot.column(pl.wiring.circuit(nobody, nobody, 1.0, inhibitory=np.zeros(4, bool)))
    with pytest.raises(ValueError, match=r"wanted \(135,\)"):
        pl.plot.column(LIQUID.circuit, values=np.ones(3))


def test_a_trajectory_is_the_two_directions_of_most_variance():
    x = OUTPUTS - OUTPUTS.mean(axis=0)
    s = np.linalg.svd(x, compute_uv=False)
    figure = pl.plot.trajectory(np.stack([OUTPUTS[:75], OUTPUTS[75:]], axis=1), 1e-3, ("early", "late"))
    early, late = (line.get_xydata() for line in figure.axes[0].lines[::2][:2])
    path = np.concatenate([early, late])
    np.testing.assert_allclose(path.std(axis=0) * np.sqrt(150), s[:2])
    share = 100 * s**2 / (s**2).sum()
    assert figure.axes[0].get_xlabel() == f"component 1 ({share[0]:.0f} % of the variance)"
    assert [t.get_text() for t in figure.axes[0].get_legend().get_texts()] == ["early", "late"]


@pytest.mark.parametrize(
    ("states", "names", "words"),
    [
        (np.ones((5, 3)), (), "do not move"),
        (np.ones(5), (), r"finite \(time, units\)"),
        (np.full((5, 3), np.nan), (), "finite"),
        (np.zeros((5, 9, 3)), (), "up to 7"),
        (np.zeros((5, 2, 3)), ("a",), "1 names for 2 rows"),
    ],
)
def test_what_is_no_trajectory_is_refused(states, names, words):
    with pytest.raises(ValueError, match=words):
        pl.plot.trajectory(states, names=names)


def test_states_of_one_unit_move_along_one_component():
    figure = pl.plot.trajectory(np.arange(6.0)[:, None])
    assert figure.axes[0].get_ylabel() == "component 2 (0 % of the variance)"


def lines(figure):
    """{colour: how many synapses have it}, each counted once however many pieces it has; inputs first."""
    for held in figure.axes[0].collections:
        if hasattr(held, "get_segments"):
            colours, pieces = held.get_colors(), max(len(held.get_segments()[0]) == 2, 0) * 24 or 1
            yield {c: sum(colour(one) == c for one in colours[::pieces]) for c in {colour(one) for one in colours}}


def dots(figure):
    """(x, y) of the marks, the squares of the inputs first."""
    return [np.asarray(held.get_offsets()) for held in figure.axes[0].collections if not hasattr(held, "get_segments")]


def test_every_synapse_is_a_line_in_the_colour_of_its_sign():
    sensory, recurrent = lines(pl.plot.connectome(POLICY))
    for found, sign in ((sensory, POLICY.sensory_sign), (recurrent, POLICY.sign)):
        assert found == {EXCITATORY.lower(): (sign > 0).sum(), INHIBITORY.lower(): (sign < 0).sum()}
    (found,) = lines(pl.plot.connectome(pl.wiring.celegans(1)))
    assert sum(found.values()) == 5146


def test_columns_go_from_the_inputs_to_the_motor_neurons():
    inputs, *groups = dots(pl.plot.connectome(POLICY))
    assert [len(group) for group in groups] == [15, 9, 4]  # inter, command, motor
    across = [np.unique(group[:, 0]) for group in (inputs, *groups)]
    assert all(len(x) == 1 for x in across)
    assert (np.diff(np.concatenate(across)) > 0).all()


def test_the_strongest_synapse_is_the_widest_and_signs_may_be_those_of_the_strengths():
    strengths = np.full(EDGES, 0.1)
    strengths[5] = -4.0
    _, found = lines(pl.plot.connectome(POLICY, strengths=strengths))
    assert found == {EXCITATORY.lower(): EDGES - 1, INHIBITORY.lower(): 1}
    held = pl.plot.connectome(POLICY, strengths=np.abs(strengths)).axes[0].collections[1]
    wide = np.asarray(held.get_linewidths())
    assert (wide == wide.max()).sum() == 24  # the pieces of one


def test_values_colour_the_neurons_on_a_scale_that_says_them():
    figure = pl.plot.connectome(POLICY, values=np.linspace(-2, 1, 28))
    held = figure.axes[0].collections[-1]
    np.testing.assert_allclose(held.get_array(), np.linspace(-2, 1, 28))
    assert held.get_clim() == (-2, 2)
    assert len(figure.axes) == 2
    assert pl.plot.connectome(POLICY, values=np.arange(28.0)).axes[0].collections[-1].get_clim() == (0, 27)


def test_a_connectome_is_drawn_on_axes_that_are_given():
    figure = matplotlib.figure.Figure()
    axes = figure.add_subplot()
    assert pl.plot.connectome(POLICY, ax=axes) is figure
    assert len(axes.collections) > 3


def test_the_worms_neurons_are_named():
    for neurons in (None, TOUCH):
        net = pl.wiring.celegans(1, neurons)
        assert set(net.names) <= {text.get_text() for text in pl.plot.connectome(net).axes[0].texts}


@pytest.mark.parametrize(
    ("told", "message"),
    [
        ({"values": np.ones(3)}, r"values is \(3,\), wanted \(28,\)"),
        ({"values": np.full(28, np.nan)}, "finite"),
        ({"strengths": np.ones(3)}, r"strengths is \(3,\), wanted \(84,\)"),
        ({"strengths": (np.ones(EDGES), np.ones(2))}, r"\(2,\), wanted \(42,\)"),
    ],
)
def test_what_does_not_fit_a_connectome_is_told(told, message):
    with pytest.raises(ValueError, match=message):
        pl.plot.connectome(POLICY, **told)
    with pytest.raises(TypeError, match=r"wanted a wiring\.Connectome"):
        pl.plot.connectome(LIQUID)
