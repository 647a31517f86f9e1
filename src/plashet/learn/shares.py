"""Rows with missing targets: which outputs can share a factor, exactly, in bounded memory.

A row whose targets are all known goes into one factor that serves every output. Of the other rows each output needs
exactly those on which it is known. The outputs are therefore divided into shares, all in one at first; a share is cut
in two when a row comes that is known for some of its outputs and not for others, and from then on each half has its
own factor of such rows. So outputs known on the same rows always share, and there are at most as many factors as
outputs, and one more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple, TypeVar

import numpy as np

from .. import tree
from ..types import Array
from .factor import Factor, Gram, Whitened, add, columns, join, outputs, remap

V = TypeVar("V")


class Share(NamedTuple):
    """Outputs known on the same rows, and the factor of those rows."""

    members: Array  # (m,) which outputs, ascending
    factor: Factor


class Segment(NamedTuple):
    """Some rows, usually consecutive ones, as factors."""

    whole: Factor  # rows on which every output is known
    shares: tuple[Share, ...]  # all other rows
    rows: int


Add = Callable[[Factor, Array, Array], Factor]


def no_segment(whole: Factor) -> Segment:
    """The segment of no rows; `whole` is the empty factor."""
    return Segment(whole, (), 0)


def extend(segment: Segment, x: Array, y: Array, empty: Callable[[int], Factor], add: Add = add) -> Segment:
    """The segment with the rows x (rows, n), y (rows, m) too, NaN where not known. Only the segment is consumed.

    empty(m): the factor of no rows for m outputs.
    """
    known = ~np.isnan(y)
    full = known.all(axis=1)
    rows = segment.rows + len(x)
    if full.all():
        return Segment(add(segment.whole, x, y), segment.shares, rows)
    whole = add(segment.whole, x[full], y[full])
    part = known.any(axis=1) & ~full
    shares = segment.shares or (Share(np.arange(y.shape[1]), empty(y.shape[1])),)
    shares = tuple(cut for share in shares for cut in _cut(share, known[part]))
    return Segment(whole, tuple(_extend(share, x[part], y[part], add) for share in shares), rows)


def merge(a: Segment, b: Segment) -> Segment:
    """The segment of both; a is consumed, b is not."""
    whole, rows = join(a.whole, b.whole), a.rows + b.rows
    if not a.shares or not b.shares:
        return Segment(whole, a.shares or b.shares, rows)
    shares = []
    for one in a.shares:
        for other in b.shares:
            members = np.intersect1d(one.members, other.members)
            if len(members):
                shares.append(Share(members, join(_of(one, members), _of(other, members))))
    return Segment(whole, tuple(shares), rows)


def together(segments: Sequence[Segment]) -> Iterator[tuple[Array, list[Factor]]]:
    """For each set of outputs known on the same rows: the outputs, and the factor of those rows in each segment."""
    every = np.arange(outputs(segments[0].whole))
    place = np.zeros((len(segments), len(every)), int)
    for here, segment in zip(place, segments, strict=True):
        for k, share in enumerate(segment.shares):
            here[share.members] = k
    _, kind = np.unique(place, axis=1, return_inverse=True)
    kind = np.ravel(kind)
    for k in range(kind.max() + 1):
        members = every[kind == k]
        yield members, [_rows_of(segment, members) for segment in segments]


def totals(segments: Sequence[Segment]) -> Iterator[tuple[Array, Factor]]:
    """For each set of outputs known on the same rows: the outputs, and the factor of all rows, only to be read."""
    total = segments[0] if len(segments) == 1 else copy(segments[0])
    for segment in segments[1:]:
        total = merge(total, segment)
    for members, (factor,) in together([total]):
        yield members, factor


def compact(segments: Sequence[Segment], most: int) -> tuple[tuple[Segment, ...], int]:
    """At most so many segments, neighbours joined by twos; and how many times longer they are now. All are consumed."""
    longer = 1
    while len(segments) > most:
        last = segments[2 * (len(segments) // 2) :]
        segments = (*(merge(a, b) for a, b in zip(segments[::2], segments[1::2], strict=False)), *last)
        longer *= 2
    return tuple(segments), longer


def remapped(segment: Segment, kept: Array) -> Segment:
    """The segment with other features, see `remap`."""
    shares = tuple(share._replace(factor=remap(share.factor, kept)) for share in segment.shares)
    return segment._replace(whole=remap(segment.whole, kept), shares=shares)


def copy(value: V) -> V:
    """A copy that keeps the order of every array, as LAPACK wants it."""
    return tree.map_arrays(lambda _, array: array.copy(order="K"), value)


def solver(segments: Sequence[Segment]) -> str:
    """How the rows were taken in: "normal equations", "qr", or both, one after the other."""
    factors = [f for s in segments for f in (s.whole, *(share.factor for share in s.shares)) if f.rows]
    squared = any(isinstance(f, Gram) or (f.base if isinstance(f, Whitened) else f).squared for f in factors)
    rotated = any(not isinstance(f, Gram) for f in factors)
    return ", then ".join(["normal equations"] * squared + ["qr"] * rotated)


def _rows_of(segment: Segment, members: Array) -> Factor:
    """The factor of all rows on which these outputs, of one share, are known; only to be read."""
    if not segment.shares and len(members) == outputs(segment.whole):
        return segment.whole
    found = columns(segment.whole, members)
    for share in segment.shares:
        if members[0] in share.members and share.factor.rows:
            found = join(found, _of(share, members))
    return found


def _cut(share: Share, known: Array) -> list[Share]:
    """The share, in as many pieces as there are patterns of known and unknown among its outputs."""
    patterns, kind = np.unique(known[:, share.members], axis=1, return_inverse=True)
    if patterns.shape[1] == 1:
        return [share]
    pieces = [share.members[np.ravel(kind) == k] for k in range(patterns.shape[1])]
    return [Share(members, _of(share, members)) for members in pieces]


def _of(share: Share, members: Array) -> Factor:
    return columns(share.factor, np.searchsorted(share.members, members))


def _extend(share: Share, x: Array, y: Array, add: Add) -> Share:
    known = ~np.isnan(y[:, share.members[0]])
    return Share(share.members, add(share.factor, x[known], y[np.ix_(known, share.members)]))
