"""What a cell is beside its parameters, as one tensor of bytes, and the cell again from that and other parameters.

A custom operator takes tensors. So the wiring and the settings of a cell travel as a buffer of a module, which is
copied, sent, saved and exported like every other: it holds a digest and the bytes of `save.to_bytes`, packed, of the
cell with its parameters set to zero. Cells are built from it once in a process.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Callable, Sequence
from itertools import accumulate, pairwise
from typing import Any

import numpy as np

from .. import tree
from ..save import from_bytes, to_bytes
from ..trainable import parameters, positive
from ..types import Array, State

HEAD = 32  # bytes of the digest
Make = Callable[[Sequence[Any]], Any]


class Mould:
    """Gives a template other parameters quickly: nothing is checked again, and what they do not touch is shared.

    The parameters are one vector theta, those that must stay positive first.
    """

    def __init__(self, template: Any, digest: bytes, layout: Layout | None = None) -> None:
        if not hasattr(template, "pull"):
            raise TypeError(f"{type(template).__name__} has no compiled gradient (pull); give a trainable liquid")
        self.template = template
        self.digest = digest
        held, above = parameters(template), positive(template)
        self.paths = tuple(sorted(held, key=lambda path: path not in above))  # stable
        self.positive = sum(path in above for path in self.paths)  # how many of them
        self.shapes = tuple(tuple(held[path].shape) for path in self.paths)
        self.cuts = tuple(accumulate((int(np.prod(shape)) for shape in self.shapes), initial=0))
        self.widths = [b - a for a, b in pairwise(self.cuts)]
        self.layout = layout or Layout(template)
        self.alike: dict[Any, Mould] = {}  # with tensors in place of arrays, by device and dtype
        self.make: Make = _maker(template, {path: k for k, path in enumerate(self.paths)}, "") or (lambda _: template)

    def cell(self, theta: Array) -> Any:
        """The cell with these parameters: views of theta, which is of NumPy or of torch."""
        cuts = self.cuts
        return self.make([theta[a:b].reshape(s) for (a, b), s in zip(pairwise(cuts), self.shapes, strict=True)])

    def theta(self, named: dict[str, Array], dtype: Any) -> Array:
        """One vector of parameters, or of their slopes, by path."""
        rows = [np.asarray(named[path], dtype).ravel() for path in self.paths]
        return np.concatenate(rows) if rows else np.zeros(0, dtype)


class Layout:
    """How the arrays of a cell's state lie side by side in one array (*batch, width)."""

    def __init__(self, template: Any) -> None:
        state = template.init(np.zeros((1, template.inputs)))
        held = tree.arrays(state)
        if any(a.ndim != 2 for a in held.values()):
            raise TypeError(f"the state of {type(template).__name__} is not one number a row and unit")
        self.names = tuple(held)
        self.sizes = tuple(int(a.shape[-1]) for a in held.values())
        self.cuts = tuple(accumulate(self.sizes, initial=0))
        self._plain = isinstance(state, tuple) and not any("." in name for name in self.names)
        make = _maker(state, {name: k for k, name in enumerate(self.names)}, "")
        self.make: Make = make or (lambda _: state)

    @property
    def width(self) -> int:
        return self.cuts[-1]

    def state(self, flat: Array) -> State:
        if len(self.sizes) == 1:
            return self.make([flat])
        return self.make([flat[..., a:b] for a, b in pairwise(self.cuts)])

    def parts(self, state: State) -> list[Array]:
        return list(state) if self._plain else list(tree.arrays(state).values())


def _maker(value: Any, place: dict[str, int], path: str) -> Make | None:
    """A function that builds the value again with arrays exchanged, None where none is."""
    if path in place:
        k = place[path]
        return lambda arrays: arrays[k]
    children = tree.parts(value)
    if not children:
        return None
    makers = [(name, _maker(child, place, f"{path}.{name}" if path else name)) for name, child in children]
    if all(make is None for _, make in makers):
        return None
    if isinstance(value, tuple):
        fixed = [child for _, child in children]
        moving = [(i, make) for i, (_, make) in enumerate(makers) if make]
        kind: Any = type(value)._make if hasattr(value, "_make") else type(value)
        return lambda arrays: kind(_exchanged(fixed, moving, arrays))
    return _frozen(type(value), dict(children), [(name, make) for name, make in makers if make])


def _exchanged(fixed: list[Any], moving: list[tuple[int, Make]], arrays: Sequence[Any]) -> list[Any]:
    new = fixed.copy()
    for i, make in moving:
        new[i] = make(arrays)
    return new


def _frozen(kind: Any, fixed: dict[str, Any], moving: list[tuple[str, Make]]) -> Make:
    def make(arrays: Sequence[Any]) -> Any:
        new = object.__new__(kind)  # past __init__: it checks, and what it would check has not changed
        new.__dict__.update(fixed)
        for name, inner in moving:
            new.__dict__[name] = inner(arrays)
        return new

    return make


def emptied(cell: Any) -> Any:
    """The cell with its parameters set to zero, those that must be positive to one, in float64."""
    above = positive(cell)
    fill = {path: np.full(a.shape, float(path in above)) for path, a in parameters(cell).items()}
    return tree.replace(cell, fill)


class Moulds:
    """The cells of this process by the digest of their structure."""

    def __init__(self) -> None:
        self._made: dict[bytes, Mould] = {}

    def pack(self, cell: Any) -> Array:
        """The structure of a cell, (bytes,) uint8; its cell is known in this process from now on."""
        empty = emptied(cell)
        content = zlib.compress(to_bytes(empty))
        digest = hashlib.sha256(content).digest()
        self._made.setdefault(digest, Mould(empty, digest))
        return np.frombuffer(digest + content, np.uint8).copy()

    def known(self, digest: bytes) -> Mould | None:
        return self._made.get(digest)

    def of(self, structure: Array) -> Mould:
        """The mould of a structure. Raises ValueError if its bytes are not those that were packed."""
        digest = structure[:HEAD].tobytes()
        found = self._made.get(digest)
        if found is None:
            content = structure[HEAD:].tobytes()
            if hashlib.sha256(content).digest() != digest:
                raise ValueError("the buffer `structure` of a liquid is damaged: its digest is another")
            found = self._made[digest] = Mould(from_bytes(zlib.decompress(content)), digest)
        return found


MOULDS = Moulds()
