"""Labels of many earlier ticks at once, for RLS: what `credit` does one tick at a time, as one matrix product."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.linalg.blas import dsymm

from ..types import Array
from .rls import RLS, RLSKnowledge, RLSTrace

CLOCK, CREDITED = 0, 1  # places in RLSKnowledge.book


class Waiting(NamedTuple):
    """Ticks whose labels come one output at a time, such as the steps of a forecast."""

    features: Array  # (ticks, features)
    times: Array  # (ticks,) [s] on the learner's clock
    taken: Array  # (ticks, 2, outputs) as RLSTrace.taken; NaN: not credited yet


def credit_late(learner: RLS, knowledge: RLSKnowledge, rows: Waiting, y: Array) -> RLSKnowledge:
    """Credit each row with its labels y (ticks, outputs), NaN where not known: the same as `credit` of each in turn.

    A row's first label moves P, in order. Between those P stands still, so all further labels enter by one product
    with P:  W <- W + sum_i omega_i P x_i (y_i - taken_i)'. `rows.taken` is written to.
    """
    known = ~np.isnan(y)
    labelled = known.any(axis=1)
    first = labelled & np.isnan(rows.taken[:, 0, 0])
    for i in np.flatnonzero(first):
        trace = RLSTrace(rows.features[i], float(rows.times[i]), rows.taken[i])
        knowledge, _ = learner.credit(knowledge, trace, y[i])
    again = np.flatnonzero(labelled & ~first)
    if len(again):
        _revise(learner, knowledge, Waiting(*(part[again] for part in rows)), y[again], known[again])
        rows.taken[again, 0] = np.where(known[again], y[again], rows.taken[again, 0])
        rows.taken[again, 1] = np.where(known[again], 1.0, rows.taken[again, 1])
    return knowledge


def _revise(learner: RLS, k: RLSKnowledge, rows: Waiting, y: Array, known: Array) -> None:
    """Labels of rows that are in P already: only the right-hand side lacked them. The tally is kept as by `credit`."""
    x = np.concatenate([rows.features, np.ones((len(y), 1))], axis=1, dtype=np.float64)
    omega = np.exp(-(k.book[CREDITED] - rows.times) / learner.memory)[:, None]
    taken, labelled = rows.taken[:, 0], rows.taken[:, 1]
    more = np.where(known, y - taken, 0.0)
    move = omega * more
    px = dsymm(1.0, k.p.T, x.T)  # a row-major lower triangle is a column-major upper one
    least = np.einsum("im,im->m", move, 2 * (taken - x @ k.w) + more) - np.einsum("im,ij,jm->m", move, x @ px, move)
    k.tally[0] = np.maximum(k.tally[0] + least, 0.0)
    k.tally[1] += (omega * (known & (labelled != 1))).sum(axis=0)
    k.w[...] += px @ move
