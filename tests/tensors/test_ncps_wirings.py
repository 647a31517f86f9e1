"""Synapse for synapse the wirings of ncps 1.0.1, drawn by it in the same run. Run by `make test-torch`."""

import numpy as np
import pytest

from plashet import wiring

pytestmark = pytest.mark.torch


def same(ours, theirs, inputs):
    """One connectome equals that of a wiring of ncps, which is built here."""
    theirs.build(inputs)
    read = wiring.from_ncps(theirs)
    for a, b in ((ours.recurrent, read.recurrent), (ours.sensory, read.sensory)):
        np.testing.assert_array_equal((a.pre, a.post), (b.pre, b.post))
    for name in ("sign", "sensory_sign", "layer"):
        np.testing.assert_array_equal(getattr(ours, name), getattr(read, name))
    assert ours.motor == theirs.output_dim


@pytest.mark.parametrize("seed", range(25))
def test_the_same_seed_draws_the_same_policy(seed):
    peers = pytest.importorskip("ncps.wirings")
    rng = np.random.default_rng(seed)
    inter, command, motor, inputs = (int(n) for n in rng.integers(1, 15, 4))
    fans = dict(
        sensory_fanout=int(rng.integers(inter)) + 1,
        inter_fanout=int(rng.integers(command)) + 1,
        motor_fanin=int(rng.integers(command)) + 1,
    )
    ours = wiring.ncp(inter, command, motor, inputs, recurrent=5, seed=seed, **fans)
    same(ours, peers.NCP(inter, command, motor, recurrent_command_synapses=5, seed=seed, **fans), inputs)


@pytest.mark.parametrize(("units", "outputs"), [(19, 1), (28, 4), (64, 8)])
@pytest.mark.parametrize("sparsity", [0.1, 0.5, 0.83, 1.0])
def test_the_same_seed_divides_the_same_units(units, outputs, sparsity):
    peers = pytest.importorskip("ncps.wirings")
    same(wiring.auto_ncp(units, outputs, 7, sparsity=sparsity), peers.AutoNCP(units, outputs, sparsity), 7)


@pytest.mark.parametrize("seed", [0, 1, 1111])
def test_the_same_seed_draws_the_same_signs_of_dense_and_sparse(seed):
    peers = pytest.importorskip("ncps.wirings")
    same(wiring.dense(9, 4, seed=seed, outputs=2), peers.FullyConnected(9, 2, seed), 4)
    same(wiring.dense(9, 4, seed=seed, loops=False), peers.FullyConnected(9, None, seed, False), 4)
    same(wiring.sparse(9, 4, seed=seed, sparsity=0.63), peers.Random(9, None, 0.63, seed), 4)


def test_a_wiring_that_is_not_built_stays_so():
    peers = pytest.importorskip("ncps.wirings")
    theirs = peers.AutoNCP(20, 3)
    net = wiring.from_ncps(theirs, 5)
    assert not theirs.is_built()
    same(net, theirs, 5)
