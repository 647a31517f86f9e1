"""Connectomes: the counts that are published, what is never there, and what is told at the door."""

import json

import numpy as np
import pytest

from plashet import load, save, tree, wiring

DRIVING = dict(sensory_fanout=6, inter_fanout=4, recurrent=4, motor_fanin=6)
SMALL = dict(sensory_fanout=2, inter_fanout=2, recurrent=3, motor_fanin=2)

drawn = pytest.mark.parametrize(
    "net",
    [
        wiring.dense(5, 3),
        wiring.dense(5, 3, outputs=2, loops=False),
        wiring.sparse(9, 4, outputs=2, sparsity=0.7),
        wiring.ncp(7, 4, 2, 3, **SMALL),
        wiring.auto_ncp(28, 4, 6),
    ],
    ids=["dense", "without loops", "sparse", "ncp", "auto_ncp"],
)


def pairs(synapses):
    return set(zip(synapses.pre.tolist(), synapses.post.tolist(), strict=True))


@pytest.mark.parametrize(
    ("units", "outputs", "recurrent", "sensory"),
    [
        (19, 1, 46, 160),
        (28, 4, 87, 224),
        (32, 4, 119, 256),
        (64, 8, 483, 544),
        (128, 8, 1967, 1152),
        (256, 16, 7776, 2304),
    ],
)
def test_the_default_seed_gives_the_counts_of_the_reference_library(units, outputs, recurrent, sensory):
    net = wiring.auto_ncp(units, outputs, 32)
    assert (net.recurrent.edges, net.sensory.edges) == (recurrent, sensory)
    assert (net.units, net.motor, net.inputs) == (units, outputs, 32)


def test_the_driving_policy_has_250_synapses():
    net = wiring.ncp(12, 6, 1, 32, **DRIVING)
    assert (net.recurrent.edges, net.sensory.edges) == (58, 192)


def test_dense_has_every_pair_and_without_loops_all_but_those():
    net = wiring.dense(5, 3)
    assert pairs(net.recurrent) == {(a, b) for a in range(5) for b in range(5)}
    assert pairs(net.sensory) == {(a, b) for a in range(3) for b in range(5)}
    assert net.motor == 5
    assert pairs(wiring.dense(5, 3, loops=False).recurrent) == {(a, b) for a in range(5) for b in range(5) if a != b}


def test_a_third_of_the_signs_of_a_dense_one_are_negative_and_half_of_a_policy():
    assert np.mean(wiring.dense(100, 1).sign == -1) == pytest.approx(1 / 3, abs=0.015)  # 3 standard errors
    assert np.mean(wiring.auto_ncp(256, 16, 8).sign == -1) == pytest.approx(1 / 2, abs=0.018)


def test_a_sparse_one_has_its_share_of_all_pairs():
    net = wiring.sparse(10, 4, sparsity=0.7, outputs=3)
    assert (net.recurrent.edges, net.sensory.edges, net.motor) == (30, 12, 3)
    assert wiring.sparse(10, 4, sparsity=0.0).recurrent.edges == 100


@pytest.mark.parametrize("seed", range(20))
def test_a_policy_leads_from_layer_to_layer_and_reaches_everybody(seed):
    rng = np.random.default_rng(seed)
    inter, command, motor, inputs = (int(n) for n in rng.integers(1, 15, 4))
    fans = dict(
        sensory_fanout=int(rng.integers(inter)) + 1,
        inter_fanout=int(rng.integers(command)) + 1,
        motor_fanin=int(rng.integers(command)) + 1,
    )
    net = wiring.ncp(inter, command, motor, inputs, recurrent=3, seed=seed, **fans)
    assert net.layer.tolist() == [2] * motor + [1] * command + [0] * inter
    assert set(net.layer[net.sensory.post]) == {0}
    steps = {(int(a), int(b)) for a, b in zip(net.layer[net.recurrent.pre], net.layer[net.recurrent.post], strict=True)}
    assert steps == {(0, 1), (1, 1), (1, 2)}
    heard = np.bincount(net.recurrent.post, minlength=net.units) + np.bincount(net.sensory.post, minlength=net.units)
    assert (heard > 0).all()
    speaks = np.bincount(net.recurrent.pre, minlength=net.units)
    assert (speaks[motor:] > 0).all()
    assert (speaks[:motor] == 0).all()
    assert (np.bincount(net.sensory.pre, minlength=inputs) >= fans["sensory_fanout"]).all()


@drawn
def test_edges_come_sorted_by_target_and_each_pair_once(net):
    for synapses in (net.sensory, net.recurrent):
        assert (np.diff(synapses.post) >= 0).all()
        assert len(pairs(synapses)) == synapses.edges


def test_the_same_seed_draws_the_same_and_another_another():
    one, same, other = (wiring.auto_ncp(32, 4, 8, seed=seed) for seed in (1, 1, 2))
    assert pairs(one.recurrent) == pairs(same.recurrent) != pairs(other.recurrent)


@pytest.mark.parametrize(
    ("draw", "told"),
    [
        (
            lambda: wiring.ncp(7, 4, 2, 3, **{**SMALL, "sensory_fanout": 8}),
            "sensory_fanout is 8, but there are 7 inter",
        ),
        (lambda: wiring.ncp(7, 4, 2, 3, **{**SMALL, "inter_fanout": 5}), "inter_fanout is 5, but there are 4 command"),
        (lambda: wiring.ncp(7, 4, 2, 3, **{**SMALL, "motor_fanin": 5}), "motor_fanin is 5, but there are 4 command"),
        (lambda: wiring.ncp(7, 4, 2, 3, **{**SMALL, "motor_fanin": 0}), "motor_fanin must be at least 1"),
        (lambda: wiring.ncp(7, 4, 2, 3, **{**SMALL, "recurrent": -1}), "recurrent must be at least 0"),
        (lambda: wiring.ncp(7, 4, 0, 3, **SMALL), "motor must be at least 1"),
        (lambda: wiring.ncp(7, 4, 2, 0, **SMALL), "inputs must be at least 1"),
        (lambda: wiring.auto_ncp(10, 8, 3), "outputs is at most units - 3, here 7"),
        (lambda: wiring.auto_ncp(10, 0, 3), "outputs must be at least 1"),
        (lambda: wiring.auto_ncp(10, 2, 3, sparsity=0.05), r"in \[0.1, 1\]; got 0.05"),
        (lambda: wiring.auto_ncp(10, 2, 3, sparsity=float("nan")), r"got nan"),
        (lambda: wiring.dense(0, 3), "units must be at least 1"),
        (lambda: wiring.dense(5, 3, outputs=6), "1 to 5; got 6"),
        (lambda: wiring.dense(5, 3, outputs=0), "1 to 5; got 0"),
        (lambda: wiring.sparse(5, 3, sparsity=1.0), "below 1; got 1.0"),
    ],
)
def test_what_cannot_be_drawn_is_told_at_the_door(draw, told):
    with pytest.raises(ValueError, match=told):
        draw()


def test_a_size_is_a_whole_number():
    with pytest.raises(TypeError, match=r"units is a whole number, got 5\.5"):
        wiring.dense(5.5, 3)


class Peer:
    """What a wiring of ncps looks like from outside."""

    adjacency_matrix = np.array([[0, 0, 0], [1, -1, 0], [0, 1, 0]])
    sensory_adjacency_matrix = None
    output_dim = 1
    num_layers = 3

    def build(self, inputs):
        self.sensory_adjacency_matrix = np.zeros((inputs, 3), int)
        self.sensory_adjacency_matrix[:, 2] = [1, -1][:inputs]

    def get_neurons_of_layer(self, k):
        return [2 - k]


def test_a_wiring_of_the_reference_library_is_read_as_it_is():
    peer = Peer()
    net = wiring.from_ncps(peer, 2)
    assert peer.sensory_adjacency_matrix is None  # built a copy
    assert (net.inputs, net.units, net.motor, net.layer.tolist()) == (2, 3, 1, [2, 1, 0])
    assert list(zip(net.recurrent.pre, net.recurrent.post, net.sign, strict=True)) == [(1, 0, 1), (1, 1, -1), (2, 1, 1)]
    assert list(zip(net.sensory.pre, net.sensory.post, net.sensory_sign, strict=True)) == [(0, 2, 1), (1, 2, -1)]
    peer.build(2)
    assert pairs(wiring.from_ncps(peer).sensory) == pairs(net.sensory)


def test_a_wiring_that_is_none_or_not_built_is_told():
    with pytest.raises(TypeError, match="this is a dict"):
        wiring.from_ncps({})
    with pytest.raises(ValueError, match="not built yet"):
        wiring.from_ncps(Peer())
    built = Peer()
    built.build(2)
    with pytest.raises(ValueError, match="built for 2 inputs, not for 3"):
        wiring.from_ncps(built, 3)


@drawn
def test_a_config_through_json_gives_the_same_connectome(net):
    again = wiring.from_config(json.loads(json.dumps(wiring.config(net))))
    for a, b in zip(tree.arrays(net).items(), tree.arrays(again).items(), strict=True):
        assert a[0] == b[0]
        assert a[1].dtype == b[1].dtype
        np.testing.assert_array_equal(a[1], b[1])
    assert wiring.config(again) == wiring.config(net)


def test_a_connectome_is_saved_and_read_back(tmp_path):
    net = wiring.auto_ncp(28, 4, 6)
    save(tmp_path / "net", net)
    assert wiring.config(load(tmp_path / "net")) == wiring.config(net)


def test_a_config_that_lacks_something_is_told():
    told = wiring.config(wiring.dense(3, 2))
    del told["motor"]
    with pytest.raises(ValueError, match="motor"):
        wiring.from_config(told)


def test_the_counts_are_those_of_the_matrices():
    net = wiring.ncp(7, 4, 2, 3, **SMALL)
    inner, outer = net.recurrent.matrix(net.sign), net.sensory.matrix(net.sensory_sign)
    told = wiring.counts(net)
    assert (told["recurrent"], told["sensory"]) == (np.count_nonzero(inner), np.count_nonzero(outer))
    assert (told["recurrent inhibitory"], told["sensory inhibitory"]) == ((inner < 0).sum(), (outer < 0).sum())
    assert (told["loops"], told["dense"]) == (np.count_nonzero(np.diag(inner)), 13**2)
    assert (told["inputs"], told["units"], told["motor"]) == (3, 13, 2)
    assert wiring.kinds(net) == ("motor",) * 2 + ("command",) * 4 + ("inter",) * 7
    assert wiring.kinds(wiring.dense(3, 1, outputs=1)) == ("motor", "inter", "inter")


@drawn
def test_the_synapses_of_a_unit_are_those_that_end_and_begin_there(net):
    for unit in range(net.units):
        ends, begins = wiring.incoming(net, unit), wiring.outgoing(net, unit)
        assert pairs(net.recurrent) & {(a, unit) for a in range(net.units)} == {
            (int(net.recurrent.pre[e]), int(net.recurrent.post[e])) for e in ends.recurrent
        }
        assert set(net.sensory.pre[ends.sensory]) == {a for a, b in pairs(net.sensory) if b == unit}
        assert set(net.recurrent.post[begins.recurrent]) == {b for a, b in pairs(net.recurrent) if a == unit}
        assert not len(begins.sensory)


def test_units_are_found_by_their_names():
    net = wiring.connectome(([0], [1], [1]), ([0], [1], [-1]), inputs=1, units=2, names=("AVA", "AVB"))
    assert wiring.outgoing(net, "AVA").recurrent.tolist() == [0]
    assert wiring.incoming(net, "AVB").sensory.tolist() == [0]
    with pytest.raises(ValueError, match="no unit is called 'AVC'; there are AVA, AVB"):
        wiring.incoming(net, "AVC")
    with pytest.raises(ValueError, match=r"units 0\.\.1"):
        wiring.incoming(net, 2)
    with pytest.raises(ValueError, match="none has a name"):
        wiring.incoming(wiring.dense(2, 1), "AVA")


@drawn
def test_without_some_synapses_the_others_keep_their_order_and_signs(net):
    gone, lost = [1, 3], np.arange(net.sensory.edges) % 2 == 0
    less = wiring.without(net, gone, lost)
    assert less.recurrent.edges == net.recurrent.edges - 2
    np.testing.assert_array_equal(less.sign, np.delete(net.sign, gone))
    np.testing.assert_array_equal(less.recurrent.pre, np.delete(net.recurrent.pre, gone))
    np.testing.assert_array_equal(less.sensory.post, net.sensory.post[~lost])
    np.testing.assert_array_equal(less.sensory_sign, net.sensory_sign[wiring.kept(net.sensory.edges, lost)])
    assert (less.units, less.inputs, less.motor) == (net.units, net.inputs, net.motor)
    assert wiring.config(wiring.without(net)) == wiring.config(net)


@pytest.mark.parametrize(
    ("gone", "told"),
    [([9], r"0\.\.8"), ([-1], r"0\.\.8"), ([0.5], "whole numbers"), (np.ones(3, bool), r"\(3,\), wanted \(9,\)")],
)
def test_synapses_that_are_none_cannot_be_taken_out(gone, told):
    with pytest.raises(ValueError, match=told):
        wiring.without(wiring.dense(3, 1), gone)
