"""Wirings against dense matrices, and radii against eigenvalues."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plashet import wiring
from plashet.wiring import Bands, Synapses, Wiring, spectral_radius

DRAWS = {"bands": wiring.bands, "random": wiring.random, "ring": wiring.ring, "small world": wiring.small_world}
every = pytest.mark.parametrize("draw", DRAWS.values(), ids=DRAWS.keys())


def radius(matrix):
    return np.abs(np.linalg.eigvals(matrix)).max()


@every
@pytest.mark.parametrize("units", [*range(1, 21), 100, 450])
def test_the_spectral_radius_is_what_was_asked_at_any_size(draw, units):
    for asked in (0.1, 0.95, 1.3):
        drawn = draw(units, seed=2, spectral_radius=asked)
        assert np.isfinite(drawn.weights).all()
        assert abs(radius(drawn.matrix) - asked) < 1e-6 * asked


@every
def test_a_radius_of_zero_means_no_recurrence(draw):
    assert not draw(30, seed=0, spectral_radius=0.0).weights.any()


@settings(max_examples=80, deadline=None)
@given(units=st.integers(1, 12), edges=st.integers(0, 40), seed=st.integers(0, 10**6))
def test_the_radius_of_any_sparse_matrix_is_its_largest_eigenvalue(units, edges, seed):
    rng = np.random.default_rng(seed)
    topology = Synapses(rng.integers(units, size=edges), rng.integers(units, size=edges), units, units)
    weights = rng.normal(size=edges)
    matrix = topology.matrix(weights)
    nilpotent = not np.linalg.matrix_power((matrix != 0).astype(float) + 0, units).any()
    found = spectral_radius(topology, weights)
    if nilpotent:
        assert found == 0.0
    else:  # eigenvalues of defective matrices are known to eps^(1/n) only
        assert abs(found - radius(matrix)) < 1e-3 * max(1, found)


def test_a_nilpotent_matrix_has_radius_zero_and_cannot_be_scaled():
    chain = Synapses(np.arange(9), np.arange(1, 10), 10, 10)
    assert spectral_radius(chain, np.full(9, 1e6)) == 0.0
    line = Wiring(chain, np.ones(9), np.ones((10, 1)), np.zeros(10))
    with pytest.raises(ValueError, match="9 edges between 10 units hold no loop; raise the degree"):
        wiring.rescaled(line, 0.9)


@pytest.mark.parametrize("units", [401, 900])
def test_structured_matrices_too_large_to_solve_densely(units):
    """All eigenvalues of a ring have one modulus: iterations that look for the largest stall on it."""
    ring = wiring.ring(units, seed=0, spectral_radius=0.9)
    assert abs(spectral_radius(ring.topology, ring.weights) - 0.9) < 1e-9
    alike = Bands(np.arange(3), units)  # the largest eigenvalue belongs to the vector of ones
    assert abs(spectral_radius(alike, np.full((3, units), 0.2)) - 0.6) < 1e-9


@every
def test_the_drive_is_the_dense_product(draw):
    drawn = draw(17, 3, seed=5, input_scaling=0.4)
    rng = np.random.default_rng(0)
    u, x = rng.normal(size=(4, 3)), rng.normal(size=(4, 17))
    u[1, 2] = np.nan
    expected = x @ drawn.matrix.T + np.nan_to_num(u) @ drawn.w_in.T + drawn.bias
    np.testing.assert_allclose(drawn.drive(u, x), expected, rtol=1e-13, atol=1e-14)


def test_bands_listen_through_shared_shifts():
    matrix = Bands(np.array([1, 3]), 5).matrix(np.arange(1.0, 11).reshape(2, 5))
    assert matrix[0, 1] == 1
    assert matrix[4, 0] == 5
    assert matrix[4, 2] == 10
    assert np.count_nonzero(matrix) == 10


@pytest.mark.parametrize("name", ["random", "small world"])
@pytest.mark.parametrize(("units", "degree"), [(7, 7), (50, 10), (300, 10), (40, 20), (2000, 3)])
def test_every_unit_listens_to_as_many_different_others(name, units, degree):
    topology = DRAWS[name](units, seed=1, degree=degree).topology
    for unit in range(0, units, max(1, units // 20)):
        heard = topology.pre[topology.post == unit]
        assert len(heard) == len(set(heard)) == min(degree, units - (name == "small world"))


def test_small_worlds_go_from_a_lattice_to_chance():
    near = lambda w: np.mean(np.abs((w.topology.pre - w.topology.post + 50) % 100 - 50) <= 5)
    lattice, few, chance = (wiring.small_world(100, seed=0, degree=10, rewired=p) for p in (0.0, 0.1, 1.0))
    assert near(lattice) == 1.0
    assert 0.85 < near(few) < 0.95
    assert near(chance) < 0.2


def test_one_size_changes_without_reshuffling_the_others():
    one, two = wiring.bands(50, 1, seed=3), wiring.bands(50, 2, seed=3)
    assert np.array_equal(one.weights, two.weights)
    assert np.array_equal(one.bias, two.bias)
    assert np.array_equal(one.w_in[:, 0], two.w_in[:, 0])
    sparse, dense = wiring.random(50, seed=3, degree=3), wiring.random(50, seed=3, degree=9)
    assert np.array_equal(sparse.w_in, dense.w_in)
    assert not np.array_equal(wiring.bands(50, seed=4).w_in, wiring.bands(50, seed=3).w_in)


def test_the_same_seed_draws_the_same_wiring_anywhere():
    """Fixed numbers: a change of the random streams would change every saved experiment."""
    drawn = wiring.bands(6, 1, seed=0, degree=2)
    again = wiring.bands(6, 1, seed=0, degree=2)
    assert np.array_equal(drawn.weights, again.weights)
    assert list(drawn.topology.shifts) == list(again.topology.shifts)


def test_feedback_lines_are_further_inputs():
    plain = wiring.bands(20, 2, seed=0)
    fed = wiring.with_feedback(plain, 1, seed=0, scaling=0.56)
    assert fed.inputs == 3
    assert np.array_equal(fed.w_in[:, :2], plain.w_in)
    assert 0.4 < np.abs(fed.w_in[:, 2]).max() <= 0.56


def test_grown_units_hear_and_are_not_heard():
    old = wiring.bands(20, 2, seed=0)
    new = wiring.grown(old, 3, seed=1, degree=4)
    assert np.array_equal(new.matrix[:20, :20], old.matrix)
    assert not new.matrix[:, 20:].any()
    assert (np.count_nonzero(new.matrix[20:], axis=1) == 4).all()


def test_pruned_units_are_held_in_the_bias():
    old = wiring.random(20, 2, seed=0, degree=6)
    rng = np.random.default_rng(0)
    u, x = rng.normal(size=2), rng.normal(size=20)
    keep = np.array([0, 3, 4, 9, 15])
    np.testing.assert_allclose(wiring.pruned(old, keep, x).drive(u, x[keep]), old.drive(u, x)[keep], rtol=1e-12)


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: Synapses(np.array([0, 7]), np.array([0, 1]), 5, 5), r"pre names units 0\.\.7, but there are 0\.\.4"),
        (lambda: Synapses(np.array([0]), np.array([0, 1]), 5, 5), "one entry each per edge"),
        (lambda: Bands(np.array([1, 6]), 5), "must differ modulo units=5"),
        (lambda: Wiring(Bands(np.array([1]), 5), np.ones((2, 5)), np.ones((5, 1)), np.ones(5)), r"wanted \(1, 5\)"),
        (lambda: wiring.small_world(9, seed=0, rewired=2.0), r"rewired is a share of the edges, in \[0, 1\]"),
        (lambda: wiring.grown(wiring.ring(5, seed=0), 0, seed=0), "at least 1; got 0"),
    ],
)
def test_impossible_wirings_say_what_is_wrong(make, says):
    with pytest.raises(ValueError, match=says):
        make()


def test_no_role_has_the_random_numbers_of_another():
    drawn = wiring.bands(50, 1, seed=3, input_scaling=1.0, bias_scaling=1.0)
    fed = wiring.with_feedback(drawn, 1, seed=3)
    columns = np.column_stack((fed.w_in, drawn.bias, drawn.weights[0]))
    assert np.abs(np.corrcoef(columns.T) - np.eye(4)).max() < 0.5


def test_grown_units_are_like_the_others():
    old = wiring.random(400, 2, seed=0, degree=8, bias_scaling=0.3)
    new = wiring.grown(old, 400, seed=1)
    for a, b in ((old.weights, new.weights[old.topology.edges :]), (old.bias, new.bias[400:])):
        assert 0.8 < np.std(b) / np.std(a) < 1.25
    assert np.allclose(new.w_in[400:].std(axis=0) / old.w_in.std(axis=0), 1, atol=0.2)
