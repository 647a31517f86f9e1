"""What the exporters take and how they refuse the rest: cells by their type, by name and place, with the way out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from .. import tree
from ..ops import namespace
from ..trainable import Trainable
from ..types import Array

Emitter = Callable[..., Any]


def stripped(cell: Any) -> Any:
    """The cell itself where learning was told which of its fields to change: outside, it is the same."""
    return stripped(cell.cell) if type(cell) is Trainable else cell


def chosen(emitters: Mapping[type, Emitter], cell: Any, place: str, to: str) -> Emitter:
    """Who writes this cell. Raises TypeError naming it, where it sits, and the way out."""
    kind = type(cell)
    if kind in emitters:
        return emitters[kind]
    where = f" at {place}" if place else ""
    raise TypeError(f"{kind.__name__}{where} cannot be exported to {to}: {_way_out(cell)}")


def check(cell: Any) -> None:
    """Raises TypeError for what is no cell or holds tensors, ValueError for an array that float32 cannot hold."""
    if not all(hasattr(cell, name) for name in ("init", "step", "inputs", "outputs")):
        way = "`module.cell()` gives it" if callable(getattr(cell, "cell", None)) else "give its liquid, or live.model"
        raise TypeError(f"this is a {type(cell).__name__}, wanted a frozen cell or model: {way}")
    for path, array in tree.arrays(cell).items():
        if namespace(array) is not np:
            raise TypeError(f"{path} is a tensor; export the frozen cell: `module.cell()` gives it")
        single(array, path)


def single(array: Any, path: str) -> Array:
    """The array in float32. Raises ValueError where it is too large for that, or NaN; infinity stays what it is."""
    given = np.asarray(array)
    with np.errstate(over="ignore"):
        small = given.astype(np.float32)
    if np.isnan(small).any() or (np.isinf(small) & np.isfinite(given)).any():
        raise ValueError(f"{path} has values that float32 cannot hold: the exported step computes in float32")
    return small


def _way_out(cell: Any) -> str:
    kind = type(cell).__name__
    if kind == "Spiking":
        return "spiking circuits go out as NIR: plashet.bridges.nir.write(path, cell)"
    if hasattr(cell, "cell") and hasattr(cell, "sd"):
        return "its noise has no place in a device; export the cell in it, cell.cell"
    if hasattr(cell, "weights") and hasattr(cell, "bias"):
        return "a plain Readout can be: Readout(weights, bias)"
    if ".encode." in type(cell).__module__:
        return f"encode outside, and export the cells behind the {kind}"
    return "build it of Chain, Beside, Scale, Hold, LTC, Gated, CfC, Diagonal, Mixed, Leaky, Motors and Readout"
