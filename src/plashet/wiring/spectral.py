"""The spectral radius, right for tiny, sparse, nilpotent and structured matrices."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp
from scipy.sparse.csgraph import connected_components
from scipy.sparse.linalg import ArpackError, eigs

from ..types import Array
from .topology import Bands, Synapses

DENSE = 400  # units up to which all eigenvalues are computed: exact, and faster than iterating
RESTARTS = 100  # of ARPACK; random wirings of thousands of units converge in 10 to 40, structured ones may never


def spectral_radius(topology: Synapses | Bands, weights: Array) -> float:
    """The largest modulus of the eigenvalues of W.

    0.0 exactly if W is nilpotent, which is decided from the graph: eigenvalues belong to its strongly connected
    components, and a graph without a cycle has none but zero (rounding would report about eps^(1/n) instead).
    Small components are solved densely; larger ones by ARPACK from a fixed random start, and densely if it stalls.
    """
    matrix = _sparse(topology, weights)
    count, label = connected_components(matrix != 0, directed=True, connection="strong")
    sizes = np.bincount(label, minlength=count)
    alone = matrix.diagonal()[sizes[label] == 1]  # a unit in no cycle but its own: its eigenvalue is its self-loop
    radius = float(np.abs(alone).max(initial=0.0))
    for component in np.flatnonzero(sizes > 1):
        inside = np.flatnonzero(label == component)
        radius = max(radius, _radius(matrix[inside][:, inside]))
    return radius


def _sparse(topology: Synapses | Bands, weights: Array) -> sp.csr_array:
    edges = topology.synapses()
    if edges.sources != edges.units:
        raise ValueError(f"a spectral radius needs as many sources as units, got {edges.sources} and {edges.units}")
    values = np.asarray(weights, dtype=np.float64).ravel()
    return sp.csr_array(sp.coo_array((values, (edges.post, edges.pre)), shape=(edges.units, edges.units)))


def _radius(block: sp.csr_array) -> float:
    n = block.shape[0]
    if n > DENSE:
        start = np.random.default_rng(0).standard_normal(n)  # not ones: an eigenvector of many structured matrices
        try:
            found = eigs(
                block, k=min(6, n - 2), v0=start, ncv=min(n, 64), tol=1e-10, maxiter=RESTARTS, return_eigenvectors=False
            )
            return float(np.abs(found).max())
        except ArpackError:
            pass  # did not converge (a ring's eigenvalues all have the same modulus): the dense way always does
    return float(np.abs(np.linalg.eigvals(block.toarray())).max())
