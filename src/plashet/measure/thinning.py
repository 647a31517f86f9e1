"""A net with fewer synapses, and what that costs it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from ..liquids import without
from ..types import Array
from .nets import BySynapse, bare, net_in, with_net


class Thinned(NamedTuple):
    """A net with some synapses dropped."""

    cell: Any
    synapses: int  # that are left
    error: float  # as it was measured again


def drop(cell: Any, recurrent: Array | Sequence[int] = (), sensory: Array | Sequence[int] = ()) -> Any:
    """The cell whose net has some synapses less: `liquids.without` for a net in a Chain, Beside or Model.

    It computes what the net with these strengths at 0 computes, and costs what it has left. Raises as that does, and
    TypeError for a cell that holds no net with synapses, or several.
    """
    cell = bare(cell)
    path, net = net_in(cell)
    return with_net(cell, path, without(net, recurrent, sensory))


def weakest(found: BySynapse, share: float) -> BySynapse:
    """Masks of that share of all synapses, 0 to 1, whose contributions are the smallest in size."""
    if not 0 <= share <= 1:
        raise ValueError(f"share is {share}, wanted 0 to 1 of the synapses")
    sizes = np.abs(np.concatenate((found.recurrent, found.sensory)))
    gone = np.zeros(len(sizes), bool)
    gone[np.argsort(sizes, kind="stable")[: round(share * len(sizes))]] = True
    return BySynapse(*np.split(gone, [len(found.recurrent)]))


def thinned(cell: Any, found: BySynapse, shares: Sequence[float], error: Callable[[Any], float]) -> list[Thinned]:
    """For each share of the synapses, the cell without its weakest ones and its error, measured anew.

    found: a contribution of each synapse, by `ablation` or another measure. error: of a cell, on data that took no part
    in choosing.
    """
    steps = []
    for share in shares:
        gone = weakest(found, share)
        left = drop(cell, *gone)
        count = sum(int((~mask).sum()) for mask in gone)
        steps.append(Thinned(left, count, float(error(left))))
    return steps
