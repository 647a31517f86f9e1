"""A synapse that was taken out is one that says nothing."""

import numpy as np
import pytest

from plashet import Leaky, liquids, run, tree, wiring

NET = wiring.auto_ncp(20, 3, 4, seed=2)
CELLS = {
    "ltc": liquids.ltc(NET, seed=1),
    "gated": liquids.gated(NET, seed=1),
    "cfc": liquids.wired_cfc(NET, seed=1),
}
GONE, LOST = [0, 3, 17], np.arange(NET.sensory.edges) % 3 == 1


@pytest.mark.parametrize("cell", CELLS.values(), ids=CELLS.keys())
def test_without_a_synapse_the_liquid_does_what_it_did_with_one_that_says_nothing(cell):
    silent = {}
    for name, edges in (("recurrent", GONE), ("sensory", LOST)):
        path = f"{name}.w" if isinstance(cell, liquids.LTC) else name
        array = tree.arrays(cell)[path].copy()
        array[..., edges] = 1e-30  # not 0: conductances are positive
        silent[path] = array
    u = np.random.default_rng(0).normal(size=(30, 4))
    less = liquids.without(cell, GONE, LOST)
    np.testing.assert_allclose(run(less, u, 0.3)[0], run(tree.replace(cell, silent), u, 0.3)[0], rtol=1e-12, atol=1e-15)
    assert less.connectome.recurrent.edges == NET.recurrent.edges - 3
    assert less.connectome.sensory.edges == NET.sensory.edges - LOST.sum()


def test_what_is_not_there_cannot_be_taken_out():
    with pytest.raises(TypeError, match="Leaky has no connectome"):
        liquids.without(Leaky(wiring.ring(4, seed=0), tau=1.0), [0])
    with pytest.raises(ValueError, match="synapses are whole numbers"):
        liquids.without(CELLS["gated"], [10_000])
