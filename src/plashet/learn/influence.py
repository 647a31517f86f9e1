"""Where the influence of parameters on states lies: only what is not zero for ever, in blocks that a kernel moves."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from .. import _kernels
from ..types import Array

BLOCK = 8  # columns come in whole blocks of as many, as the kernel's vectors want them
FEW = 48  # columns worth a group of their own; smaller groups that touch the same rows are joined


class Graph(NamedTuple):
    """What a tick of a liquid is to first order, as integers: v' = J v + B theta, from state to state.

    J has one number for each unit, the diagonal, and then one for each edge. B has one number for each "slope": that of
    unit `row[s]` by parameter `column[s]`.
    """

    units: int
    pre: Array  # (edges,) the unit that is heard
    post: Array  # (edges,) the unit that hears
    fresh: Array  # (edges,) bool: hears the value of this tick, not of the one before
    order: Array  # (units,) the units, those first that others hear freshly
    row: Array  # (slopes,)
    column: Array  # (slopes,) index into theta; -1: not learnt


class Layout(NamedTuple):
    """The influence of theta on the units, laid out for the kernel; see src/cpp/rtrl.hpp."""

    row_start: Array  # (groups + 1,)
    column_start: Array  # (groups + 1,)
    unit: Array  # (rows,)
    direct: Array  # (rows,)
    edge_start: Array  # (rows + 1,)
    value: Array  # (kept edges,)
    source: Array  # (kept edges,)
    touched: int  # numbers in a stage of B, with a block at the end for slopes that nobody asks for
    columns: Array  # (columns,) index into theta; -1: fills a block
    place: Array  # (slopes,) where in a stage of B each slope belongs

    def kernel(self, graph: Graph, dtype: Any) -> Any:
        make = _kernels.InfluenceFloat32 if np.dtype(dtype) == np.float32 else _kernels.InfluenceFloat64
        return make(graph.units, graph.units + len(graph.pre), self.touched, *self[:7])


class Group(NamedTuple):
    """Columns whose influence lies in the same rows."""

    rows: Array  # units, in the order of update
    touched: Array  # units that the columns touch directly, some of the rows
    columns: list[int]


def lay_out(graph: Graph, *, exact: bool) -> Layout:
    """The layout of a graph; exact: of all influence there can ever be (RTRL), else of what touches directly (SnAp-1).

    A parameter that touches one unit, its owner, has influence on the units that can be reached from it.
    Sparse 1-step approximation: Menick et al. 2021, Practical Real Time Recurrent Learning with a Sparse Approximation.
    """
    reach = _reach(graph) if exact else np.eye(graph.units, dtype=bool)
    return _numbered(graph, _groups(graph, reach, exact))


def _reach(graph: Graph) -> Array:
    """(units, units) bool: [i, j] whether j hears i, at once or through others; each unit hears itself."""
    reach = np.eye(graph.units, dtype=bool)
    reach[graph.pre, graph.post] = True
    while True:
        further = (reach.astype(np.float32) @ reach.astype(np.float32)) > 0
        if (further == reach).all():
            return reach
        reach = further


def _groups(graph: Graph, reach: Array, exact: bool) -> list[Group]:
    """Columns by the rows that they influence; where that costs nothing exact, small groups are joined."""
    touched: dict[int, set[int]] = {}
    for row, column in zip(graph.row.tolist(), graph.column.tolist(), strict=True):
        if column >= 0:
            touched.setdefault(column, set()).add(row)
    by_rows: dict[tuple[int, ...], list[int]] = {}
    for column in sorted(touched):
        by_rows.setdefault(tuple(sorted(touched[column])), []).append(column)
    held: dict[bytes, Group] = {}
    groups: list[Group] = []
    for rows, columns in sorted(by_rows.items(), key=lambda item: item[1]):
        direct = np.zeros(graph.units, bool)
        direct[list(rows)] = True
        all_rows = reach[list(rows)].any(axis=0)
        key = b"shared" if exact and len(rows) > 1 else all_rows.tobytes()
        now = _joined(held.pop(key, None), all_rows, direct, columns)
        if len(now.columns) < FEW and exact:
            held[key] = now
        else:
            groups.append(now)
    groups.extend(held.values())
    order = graph.order
    return [Group(order[g.rows[order]], np.flatnonzero(g.touched), g.columns) for g in groups]


def _joined(group: Group | None, rows: Array, touched: Array, columns: list[int]) -> Group:
    if group is None:
        return Group(rows, touched, columns)
    return Group(group.rows | rows, group.touched | touched, group.columns + columns)


def _numbered(graph: Graph, groups: list[Group]) -> Layout:
    """Groups one after the other, as the kernel takes them."""
    size = 1 + max(graph.column.tolist(), default=-1)
    group_of, within = np.zeros(size, np.int64), np.zeros(size, np.int64)
    begins = np.full((len(groups), graph.units), -1, np.int64)  # of a row of a group, in a stage of B
    pieces: list[tuple[Array, ...]] = []
    columns, touched = [], 0
    for g, group in enumerate(groups):
        wide = -(-len(group.columns) // BLOCK) * BLOCK
        group_of[group.columns], within[group.columns] = g, np.arange(len(group.columns))
        begins[g, group.touched] = touched + wide * np.arange(len(group.touched))
        touched += wide * len(group.touched)
        columns.append(np.concatenate([group.columns, np.full(wide - len(group.columns), -1)]))
        pieces.append((group.rows, begins[g, group.rows], *_edges(graph, group.rows)))
    unit, direct, counts, value, source = (_row(part) for part in zip(*pieces, strict=True))
    learnt = graph.column >= 0
    place = np.full(len(graph.row), touched, np.int64)
    at = graph.column[learnt]
    place[learnt] = begins[group_of[at], graph.row[learnt]] + within[at]
    return Layout(
        _starts([len(group.rows) for group in groups]),
        _starts([len(part) for part in columns]),
        unit,
        direct,
        _starts(counts),
        value,
        source,
        touched + BLOCK,
        _row(columns),
        place,
    )


def _edges(graph: Graph, rows: Array) -> tuple[Array, Array, Array]:
    """How many numbers of J each row hears, which ones, and from which row: its own first, then along the edges."""
    local = np.full(graph.units, -1, np.int64)
    local[rows] = np.arange(len(rows))
    edges = np.flatnonzero((local[graph.pre] >= 0) & (local[graph.post] >= 0))
    post = np.concatenate([np.arange(len(rows)), local[graph.post[edges]]])
    value = np.concatenate([rows, graph.units + edges])
    source = np.concatenate([2 * np.arange(len(rows)), 2 * local[graph.pre[edges]] + graph.fresh[edges]])
    order = np.argsort(post, kind="stable")
    return np.bincount(post, minlength=len(rows)), value[order], source[order]


def _row(parts: Any) -> Array:
    return np.concatenate(parts).astype(np.int64)


def _starts(counts: Any) -> Array:
    return np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
