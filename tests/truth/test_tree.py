"""Values as trees: what is exchanged, and what stays the very same object."""

import numpy as np
import pytest

from plashet import Readout, liquids, tree, unread, wiring


def test_parts_without_an_exchanged_array_stay_the_same_objects():
    model = unread(liquids.gated(wiring.auto_ncp(9, 2, 3), seed=0), 2)
    changed = tree.replace(model, {"readout.weights": np.ones((9, 2))})
    assert changed.liquid is model.liquid  # with its compiled plans
    assert changed.readout is not model.readout
    deeper = tree.replace(model, {"liquid.bias": np.zeros((2, 9))})
    assert deeper.liquid is not model.liquid
    assert deeper.liquid.connectome is model.liquid.connectome
    assert deeper.liquid.sensory is model.liquid.sensory
    assert (model.liquid.bias != 0).any()


def test_a_copy_shares_no_array():
    model = unread(liquids.gated(wiring.auto_ncp(9, 2, 3), seed=0), 2)
    copy = tree.copy(model)
    for a, b in zip(tree.arrays(model).values(), tree.arrays(copy).values(), strict=True):
        assert a is not b
        assert np.array_equal(a, b)


def test_lists_and_values_that_can_change_are_always_new():
    value = {"a": [1, 2], "b": Readout(np.zeros((2, 1)), np.zeros(1))}
    same = tree.replace(value, {})
    assert same == value
    assert same is not value
    assert same["a"] is not value["a"]
    assert same["b"] is value["b"]


def test_a_path_that_is_not_there_is_told():
    with pytest.raises(KeyError, match="no array at"):
        tree.replace(Readout(np.zeros((2, 1)), np.zeros(1)), {"weight": np.zeros((2, 1))})
