"""Synapses taken out of a liquid after it was trained."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from .. import tree
from ..types import Array
from ..wiring import kept
from ..wiring import without as taken_out


def without(cell: Any, recurrent: Array | Sequence[int] = (), sensory: Array | Sequence[int] = ()) -> Any:
    """The same liquid without some of its synapses: LTC, Gated or WiredCfC, whose synapses have numbers of their own.

    recurrent, sensory: numbers of edges of its connectome, or a mask of them; `np.argsort(cell.recurrent.w)[:20]` are
    the weakest twenty of an LTC. All other parameters stay what they are, and what is gone costs nothing any more.
    Raises TypeError for a cell without a connectome, ValueError for a number or mask that names no synapse.
    """
    net = getattr(cell, "connectome", None)
    if net is None:
        raise TypeError(f"{type(cell).__name__} has no connectome to take synapses from; LTC, Gated and WiredCfC have")
    inner, outer = kept(net.recurrent.edges, recurrent), kept(net.sensory.edges, sensory)
    return replace(
        cell,
        connectome=taken_out(net, recurrent, sensory),
        recurrent=tree.map_arrays(lambda _, a: a[..., inner], cell.recurrent),
        sensory=tree.map_arrays(lambda _, a: a[..., outer], cell.sensory),
    )
