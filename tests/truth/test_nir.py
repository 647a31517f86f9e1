"""NIR: what goes out comes back as the same liquid, and graphs of others do what the equations of NIR say."""

import warnings

import nir
import numpy as np
import pytest

import plashet as pl
from plashet import tree
from plashet.bridges import nir as bridge
from plashet.wiring import Dynamics, Inputs, circuit


def net(units=40, seed=0, currents=1, dynamics=False, inhibitory=5, h=1e-4):
    rng = np.random.default_rng(seed)
    pre, post = np.nonzero(rng.random((units, units)) < 0.15)
    n = len(pre)
    plastic = Dynamics(rng.uniform(0.05, 0.6, n), rng.uniform(0.1, 1.0, n), rng.uniform(0.02, 1.0, n))
    return circuit(
        pre,
        post,
        rng.gamma(2.0, 6.0, n),
        rng.choice([1, 7, 20], n) * h,
        inhibitory=np.arange(units) % inhibitory == 0,
        inputs=Inputs(rng.normal(0, 1, (units, currents)), rng.normal(0, 20, (units, 2))),
        dynamics=plastic if dynamics else None,
    )


def there_and_back(cell, tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        bridge.write(tmp_path / "liquid.nir", cell)
    return bridge.read(tmp_path / "liquid.nir")


def spikes(cell, time=60, seed=1):
    rng = np.random.default_rng(seed)
    inputs = cell.circuit.inputs
    u = np.concatenate([rng.normal(0, 1, (time, inputs.currents)), rng.poisson(0.3, (time, inputs.events))], axis=1)
    return cell.record(cell.init(u[0]), u, np.full(time, 2.5e-3))[2]


def plain(units, **changed):
    """LIF units of which NIR can say everything."""
    return pl.LIF(units, **(dict(refractory=0.0, rest=13.9, background=0.0) | changed))


@pytest.mark.parametrize("tau_synapse", [(3e-3, 6e-3), (4e-3, 4e-3)])
@pytest.mark.parametrize("currents", [0, 1])
def test_what_nir_can_say_comes_back_as_the_same_liquid_without_a_warning(tau_synapse, currents, tmp_path):
    tau = np.random.default_rng(3).uniform(0.02, 0.04, 40)
    cell = pl.Spiking(net(currents=currents), plain(40, tau=tau), 1e-4, tau_synapse)
    bridge.write(tmp_path / "liquid.nir", cell)
    back = bridge.read(tmp_path / "liquid.nir")
    assert len(spikes(cell)) > 200
    np.testing.assert_array_equal(spikes(back), spikes(cell))
    kinds = {type(node).__name__ for node in bridge.to_graph(cell).nodes.values()}
    one = tau_synapse[0] == tau_synapse[1] and not currents
    assert ("CubaLIF" in kinds) == one
    assert ("LI" in kinds) == (not one)


def test_the_column_of_2002_comes_back_whole_and_a_warning_says_what_others_will_miss(tmp_path):
    cell = pl.liquids.maass2002(3, seed=2)
    with pytest.warns(UserWarning, match="short-term plasticity, refractory time, where potentials begin"):
        bridge.write(tmp_path / "liquid.nir", cell)
    back = bridge.read(tmp_path / "liquid.nir")
    for there, here in ((cell.circuit, back.circuit), (cell.neuron, back.neuron)):
        for path, array in tree.arrays(there).items():
            one = np.broadcast_to(np.asarray(array, float), np.shape(tree.arrays(here)[path]))
            np.testing.assert_allclose(np.asarray(tree.arrays(here)[path], float), one, rtol=1e-14, err_msg=path)
    assert (back.neuron.background == 13.5).all()
    assert back.neuron.start == cell.neuron.start
    assert (back.h, back.tau_synapse, back.tau_trace, back.seed) == (
        cell.h,
        cell.tau_synapse,
        cell.tau_trace,
        cell.seed,
    )
    np.testing.assert_array_equal(spikes(back, 40), spikes(cell, 40))


@pytest.mark.parametrize(
    "cell",
    [
        pl.Spiking(
            net(dynamics=True), pl.LIF(40, background=14.2, start=(13.0, 15.0)), 1e-4, tau_trace=None, noise=0.2
        ),
        pl.Spiking(net(), pl.ALIF(pl.LIF(40, background=14.5), current_jump=0.2), 1e-4, seed=7),
        pl.Spiking(net(currents=3, seed=2, h=5e-4), plain(40), 5e-4, (5e-3, 2e-3)),
    ],
    ids=["plastic, noisy, counting", "adapting", "three currents"],
)
def test_what_only_plashet_understands_comes_back_too(cell, tmp_path):
    back = there_and_back(cell, tmp_path)
    assert back.tau_trace == cell.tau_trace
    assert len(spikes(cell)) > 50
    np.testing.assert_array_equal(spikes(back), spikes(cell))


def test_a_circuit_without_inputs_and_one_without_synapses_come_back(tmp_path):
    wired = circuit([0, 1], [1, 0], 30.0, 2e-3, inhibitory=[False, True])
    alone = circuit([], [], 0.0, inhibitory=[False, True], inputs=Inputs(np.zeros((2, 0)), np.ones((2, 1))))
    for one in (wired, alone):
        back = there_and_back(pl.Spiking(one, plain(2, rest=16.0), 1e-4), tmp_path)
        assert back.circuit.topology.edges == one.topology.edges
        assert back.inputs == one.inputs.events
        np.testing.assert_array_equal(back.circuit.inhibitory, one.inhibitory)


def single(bias=2.0, r=1.5, **changed):
    """What another simulator writes: Input, Affine, LIF, Output."""
    ones = np.ones(1)
    lif = dict(tau=0.02 * ones, r=r * ones, v_leak=0.1 * ones, v_threshold=1.0 * ones, v_reset=0.2 * ones) | changed
    return nir.NIRGraph.from_list(nir.Affine(np.array([[0.7]]), bias * ones), nir.LIF(**lif))


@pytest.mark.parametrize("u", [-3.0, 0.0, 1.0, 5.0])
def test_a_single_lif_of_nir_spikes_as_its_equation_says_in_closed_form(u):
    cell = bridge.from_graph(single())
    drive = 0.1 + 1.5 * (0.7 * u + 2.0)  # v_leak + R I
    steps = cell.record(cell.init(np.zeros(1)), np.full((500, 1), u), np.full(500, 1e-3))[2][:, 0]
    if drive <= 1.0:
        assert len(steps) == 0
        return
    first, between = (0.02 * np.log((drive - v) / (drive - 1.0)) / 1e-4 for v in (0.1, 0.2))
    assert np.all(np.diff(steps) == np.ceil(between))  # each begins on the grid
    assert steps[0] + 1 == np.ceil(first)


def test_a_cuba_lif_of_nir_has_the_potential_that_its_equations_give():
    """One input spike of one step, w_in = tau_syn / dt: the current jumps by the weight, the potential follows."""
    ones = np.ones(2)
    node = nir.CubaLIF(tau_syn=5e-3 * ones, tau_mem=20e-3 * ones, r=2 * ones, v_leak=0 * ones, v_threshold=9 * ones,
                       w_in=50 * ones)  # fmt: skip
    graph = nir.NIRGraph.from_list(nir.Linear(np.array([[1.0], [-2.0]])), node)
    cell = bridge.from_graph(graph, h=1e-4)
    u = np.zeros((300, 1))
    u[0] = 1
    state, _ = cell.run(cell.init(u[0]), u, np.full(300, 1e-4))
    t = 299 * 1e-4  # the current jumps at the end of the first step
    psp = 2 * 5 / (20 - 5) * (np.exp(-t / 20e-3) - np.exp(-t / 5e-3))
    np.testing.assert_allclose(state.neuron.v, [psp, -2 * psp], rtol=1e-10)


def test_the_export_follows_nirs_own_equations():
    """A slow reading of the graph, primitive by primitive, with NIR's equations solved exactly over each step."""
    cell = pl.Spiking(net(12, currents=1), plain(12), 1e-4, tau_trace=None)
    graph = bridge.to_graph(cell)
    u = np.random.default_rng(0).poisson(0.02, (600, 3)).astype(float)
    u[:, 0] = np.sin(np.arange(600) / 50)
    ours = cell.record(cell.init(u[0]), u, np.full(600, 1e-4))[2]
    np.testing.assert_array_equal(ours, interpreted(graph, u, 1e-4))
    assert len(ours) > 40


def interpreted(graph, u, h):
    nodes, into = graph.nodes, {name: [a for a, b in graph.edges if b == name] for name in graph.nodes}
    units = len(nodes["neurons"].v_leak)
    v, current = nodes["neurons"].v_leak.copy(), {"exc": np.zeros(units), "inh": np.zeros(units)}
    history, events = [], []

    def value(name, now):
        """What a node gives: a matrix of what is before it, a delay what was, an input what is."""
        node = nodes[name]
        if name == "currents":
            return u[now, :1]
        if name == "events":
            return u[now, 1:]
        if isinstance(node, nir.Delay):
            ago = np.rint(node.delay / h).astype(int)
            return np.array([history[now - d][i] if now >= d else 0.0 for i, d in enumerate(ago)])
        return node.weight @ value(into[name][0], now)

    lif = nodes["neurons"]
    for n in range(len(u)):
        held = sum(value(name, n) for name in into["neurons"] if name not in current)
        level = lif.v_leak + lif.r * held
        after = level + (v - level) * np.exp(-h / lif.tau)
        for name, i in current.items():
            tau = nodes[name].tau
            after += lif.r * i * tau / (tau - lif.tau) * (np.exp(-h / tau) - np.exp(-h / lif.tau))
        spiked = after > lif.v_threshold
        v = np.where(spiked, lif.v_reset, after)
        history.append(spiked.astype(float))
        events += [(n, i) for i in np.flatnonzero(spiked)]
        for name in current:
            tau = nodes[name].tau
            jump = sum(value(before, n) for before in into[name])
            current[name] = current[name] * np.exp(-h / tau) + nodes[name].r * h / tau * jump
    return np.array(events)


def layered(*nodes):
    return nir.NIRGraph.from_list(*nodes)


LI = nir.LI(tau=np.full(2, 5e-3), r=np.full(2, 50.0), v_leak=np.zeros(2))
CELLS = nir.LIF(tau=np.full(2, 0.02), r=np.ones(2), v_leak=np.zeros(2), v_threshold=np.ones(2))
EYE = nir.Linear(np.eye(2))


def recurrent(weight, synapse=LI):
    nodes = {"in": nir.Input({"input": np.array([2])}), "w": EYE, "syn": synapse, "cells": CELLS,
             "back": nir.Linear(np.asarray(weight, float)), "out": nir.Output({"output": np.array([2])})}  # fmt: skip
    edges = [("in", "w"), ("w", "syn"), ("syn", "cells"), ("cells", "back"), ("back", "syn"), ("cells", "out")]
    return nir.NIRGraph(nodes, edges)


@pytest.mark.parametrize(
    ("graph", "words"),
    [
        (layered(EYE, CELLS, nir.Linear(np.eye(2)), nir.LIF(**{k: getattr(CELLS, k) for k in
                 ("tau", "r", "v_leak", "v_threshold")})), "2 populations of units"),
        (layered(EYE, nir.Threshold(np.ones(2)), CELLS), r"threshold \(Threshold\)"),
        (layered(nir.Delay(np.full(2, 1e-3)), EYE, LI, CELLS), "delays the input"),
        (layered(nir.Affine(np.eye(2), np.ones(2)), LI, CELLS), "bias on the way to the synapse"),
        (recurrent([[0.0, 1.0], [1.0, -1.0]]), "unit 1 excites some units and inhibits others"),
        (recurrent([[0.0, 1.0], [1.0, 0.0]], nir.LI(np.array([5e-3, 6e-3]), np.ones(2), np.zeros(2))), "2 time const"),
        (recurrent([[0.0, 1.0], [1.0, 0.0]], nir.LI(np.full(2, 5e-3), np.ones(2), np.ones(2))), "v_leak that is not 0"),
    ],
    ids=["two populations", "a threshold", "delayed input", "bias", "both signs", "two taus", "leak"],
)  # fmt: skip
def test_a_graph_that_is_no_spiking_liquid_is_refused_by_name(graph, words):
    with pytest.raises(ValueError, match=words):
        bridge.from_graph(graph)


def test_spikes_that_reach_potentials_without_a_synapse_are_refused():
    nodes = {"in": nir.Input({"input": np.array([2])}), "w": EYE, "cells": CELLS, "back": nir.Linear(np.eye(2)),
             "out": nir.Output({"output": np.array([2])})}  # fmt: skip
    edges = [("in", "w"), ("w", "cells"), ("cells", "back"), ("back", "cells"), ("cells", "out")]
    with pytest.raises(ValueError, match="without a synapse"):
        bridge.from_graph(nir.NIRGraph(nodes, edges))


def test_a_damaged_note_and_a_width_that_does_not_fit_are_refused(tmp_path):
    graph = recurrent([[0.0, 1.0], [1.0, 0.0]])
    graph.nodes["back"].metadata = {"U": np.full((2, 2), 0.5), "D": np.ones(3), "F": np.ones((2, 2))}
    with pytest.raises(ValueError, match="U, D and F in the metadata"):
        bridge.from_graph(graph)
    nodes = {"in": nir.Input({"input": np.array([3])}), "cells": CELLS}
    with pytest.raises(ValueError, match="another width than the 2 units"):
        bridge.from_graph(nir.NIRGraph(nodes, [("in", "cells")], type_check=False))
    (tmp_path / "no.nir").write_text("nothing of the kind")
    with pytest.raises(OSError):
        bridge.read(tmp_path / "no.nir")


def test_a_recurrent_graph_of_others_becomes_a_liquid_with_the_least_delay():
    cell = bridge.from_graph(recurrent([[0.0, -2.0], [3.0, 0.0]]))
    np.testing.assert_array_equal(cell.circuit.inhibitory, [False, True])
    np.testing.assert_allclose(cell.circuit.weight, [3.0, 2.0])
    np.testing.assert_array_equal(cell.delays, [1, 1])
    assert cell.tau_synapse == (5e-3, 5e-3)
    assert (cell.circuit.inputs.currents, cell.circuit.inputs.events, cell.h) == (0, 2, 1e-4)


def test_what_cannot_be_written_is_refused():
    alone = circuit([], [], 0.0, inhibitory=[False])
    with pytest.raises(ValueError, match="NIR can be told of LIF and ALIF"):
        bridge.to_graph(pl.Spiking(alone, pl.Izhikevich(1)))
    dynamics = Dynamics(*(np.full(2, x) for x in (0.5, 0.1, 0.1)))
    double = circuit([0, 0], [1, 1], 1.0, 1e-3, inhibitory=[False, False], dynamics=dynamics)
    with pytest.raises(ValueError, match="two plastic synapses"):
        bridge.to_graph(pl.Spiking(double, plain(2)))
    many = circuit(np.zeros(2, int), [1, 2], 1.0, [1e-3, 2e-3], inhibitory=np.zeros(10_000, bool))
    with pytest.raises(ValueError, match="NIR is for smaller liquids"):
        bridge.to_graph(pl.Spiking(many, plain(10_000)))


def test_a_delay_belongs_to_the_unit_that_spikes():
    graph = recurrent([[0.0, 2.0], [3.0, 0.0]])
    graph.nodes["late"] = nir.Delay(np.array([1e-3, 4e-3]))
    graph.edges = [e for e in graph.edges if e != ("cells", "back")] + [("cells", "late"), ("late", "back")]
    wired = bridge.from_graph(graph).circuit
    assert wired.topology.pre.tolist() == [0, 1]
    assert wired.delay.tolist() == [1e-3, 4e-3]
    assert wired.weight.tolist() == [3.0, 2.0]
