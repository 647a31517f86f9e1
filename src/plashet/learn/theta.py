"""What learning may change in a model as one flat vector, and positive parameters as numbers without bounds."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeVar

import numpy as np

from .. import tree
from ..trainable import parameters, positive
from ..types import Array

V = TypeVar("V")
LEAST = 1e-6  # a positive parameter below it counts as it: raw values of smaller ones would hardly feel a gradient


@dataclass(frozen=True)
class Packing:
    """Which arrays of a model lie where in a vector theta; `packing` makes one.

    theta holds raw values, all of them free: a parameter p that must stay positive is held as r with

        p = softplus(r) = log(1 + exp(r)),      dL/dr = dL/dp (1 - exp(-p))

    and any other as it is. Vectors are float64 (size,), arrays one after the other in the order of `paths`, each in C
    order. "Effective" is what acts in the model, "raw" what descends.
    """

    paths: tuple[str, ...]
    shapes: tuple[tuple[int, ...], ...]
    dtypes: tuple[str, ...]
    positive: tuple[bool, ...]

    @cached_property
    def starts(self) -> tuple[int, ...]:
        """Where each array begins, and the size of all: (paths + 1,)."""
        sizes = [int(np.prod(shape)) for shape in self.shapes]
        return tuple(int(start) for start in np.cumsum([0, *sizes]))

    @property
    def size(self) -> int:
        return self.starts[-1]

    @cached_property
    def bounded(self) -> Array:
        """The places of the positive parameters: int64."""
        at = np.arange(self.size)
        parts = [at[a:b] for a, b, p in zip(self.starts, self.starts[1:], self.positive, strict=False) if p]
        return np.concatenate([*parts, at[:0]])

    def flat(self, named: dict[str, Any]) -> Array:
        """Arrays (or slopes) by path, laid one after the other; KeyError for a path that is not among them."""
        parts = [np.ravel(np.asarray(named[path], np.float64)) for path in self.paths]
        flat = np.concatenate([*parts, np.empty(0)])
        if len(flat) != self.size:
            raise ValueError(f"the arrays have {len(flat)} numbers, wanted {self.size}: shapes {self.shapes}")
        return flat

    def named(self, flat: Array) -> dict[str, Array]:
        """The vector's parts by path, in their shapes: views of it."""
        cuts = zip(self.paths, self.shapes, self.starts, self.starts[1:], strict=False)
        return {path: flat[a:b].reshape(shape) for path, shape, a, b in cuts}

    def raw(self, effective: Array) -> Array:
        """The raw values of effective ones: a copy. ValueError for a positive parameter that is not positive."""
        raw, at = np.array(effective, np.float64), self.bounded
        low = np.flatnonzero(~(raw[at] >= 0))
        if len(low):
            place = int(np.searchsorted(self.starts, at[low[0]], side="right")) - 1
            raise ValueError(f"{self.paths[place]} must be positive, and holds {raw[at[low[0]]]:.6g}")
        p = np.maximum(raw[at], LEAST)
        raw[at] = p + np.log(-np.expm1(-p))
        return raw

    def effective(self, raw: Array) -> Array:
        """What raw values do in the model: a copy."""
        effective, at = np.array(raw, np.float64), self.bounded
        effective[at] = np.logaddexp(0.0, effective[at])
        return effective

    def chain(self, raw: Array, slope: Array, effective: Array | None = None) -> Array:
        """dL/d(raw) from dL/d(effective): a copy. effective: of the raw values, where the caller has them."""
        slope, at = np.array(slope, np.float64), self.bounded
        p = np.logaddexp(0.0, raw[at]) if effective is None else effective[at]
        slope[at] *= -np.expm1(-p)
        return slope

    def of(self, model: Any) -> Array:
        """The model's raw vector."""
        arrays = tree.arrays(model)
        return self.raw(self.flat({path: arrays[path] for path in self.paths}))

    def put(self, model: V, raw: Array) -> V:
        """The model with the vector's parameters in place of its own, each in its own dtype.

        Parts without parameters are the model's own. Quick, as it is done at every step of descent.
        """
        return self.act(model, self.effective(raw))

    def act(self, model: V, effective: Array) -> V:
        """As `put`, from effective values: float64 arrays of the model are views of them."""
        arrays = [effective[a:b].reshape(shape) for shape, a, b in self._cuts]
        for k in self._others:
            arrays[k] = arrays[k].astype(self.dtypes[k])
        return _exchanged(model, self._tree, arrays) if arrays else model

    @cached_property
    def _cuts(self) -> tuple[tuple[tuple[int, ...], int, int], ...]:
        return tuple(zip(self.shapes, self.starts, self.starts[1:], strict=False))

    @cached_property
    def _others(self) -> tuple[int, ...]:
        """Which arrays are not float64."""
        return tuple(k for k, dtype in enumerate(self.dtypes) if dtype != "float64")

    @cached_property
    def _tree(self) -> dict[str, Any]:
        """The number of each array under the names that lead to it."""
        tree: dict[str, Any] = {}
        for k, path in enumerate(self.paths):
            *way, last = path.split(".")
            here = tree
            for name in way:
                here = here.setdefault(name, {})
            here[last] = k
        return tree


def packing(model: Any, *, without: str | None = None) -> Packing:
    """The packing of all that `trainable.parameters` names in a model.

    without: leaves out what lies under this path, "readout." for instance, where another learner teaches the readout.
    """
    found, above = parameters(model), positive(model)
    held = {path: a for path, a in found.items() if without is None or not path.startswith(without)}
    return Packing(
        tuple(held),
        tuple(tuple(int(n) for n in a.shape) for a in held.values()),
        tuple(str(np.asarray(a).dtype) for a in held.values()),
        tuple(path in above for path in held),
    )


def _exchanged(value: Any, new: Any, arrays: list[Array]) -> Any:
    """The value with arrays at other places; new: under the names that lead there, which of them.

    Not by the constructors, which would check everything anew: shapes are those that were there, and what must be
    positive is so by its making.
    """
    if type(new) is int:
        return arrays[new]
    if isinstance(value, tuple):
        names = getattr(value, "_fields", None)
        at = names or [str(k) for k in range(len(value))]
        children = [_exchanged(c, new[n], arrays) if n in new else c for n, c in zip(at, value, strict=True)]
        return type(value)(*children) if names else tuple(children)
    made, held = object.__new__(type(value)), vars(value)
    for name in type(value).__match_args__:  # the fields, not what was cached of the old parameters
        object.__setattr__(made, name, _exchanged(held[name], new[name], arrays) if name in new else held[name])
    return made
