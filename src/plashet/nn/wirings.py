"""Who listens to whom, from whatever a user of ncps or of plashet gives."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..wiring import Connectome, dense, from_ncps


def connectomes(units: Any, inputs: int, layers: int, directions: int) -> list[Connectome]:
    """One for each layer: of an int all to all; a Connectome, a wiring of ncps, or a list with one for each layer.

    Raises ValueError where a connectome has other inputs than its layer gets; TypeError for what is no wiring.
    """
    asked = list(units) if isinstance(units, list | tuple) else [units] * layers
    if len(asked) != layers:
        raise ValueError(f"there are {len(asked)} wirings for {layers} layers")
    found: list[Connectome] = []
    for one in asked:
        heard = found[-1].motor * directions if found else inputs
        found.append(connectome_of(one, heard))
    if len({net.units for net in found}) > 1:
        raise ValueError(f"layers have {[net.units for net in found]} units; all must have as many, hx is one tensor")
    return found


def is_count(units: Any) -> bool:
    """Whether it is how many units there are, and no wiring of them."""
    return isinstance(units, int | np.integer)


def connectome_of(units: Any, inputs: int) -> Connectome:
    if is_count(units):
        return dense(int(units), inputs)
    if isinstance(units, Connectome):
        if units.inputs != inputs:
            raise ValueError(
                f"the connectome takes {units.inputs} inputs, the layer gets {inputs}; with several layers, give a "
                "list with a connectome for each"
            )
        return units
    if hasattr(units, "adjacency_matrix"):
        return from_ncps(units, inputs)
    raise TypeError(f"units is a number, a Connectome or a wiring of ncps; got a {type(units).__name__}")
