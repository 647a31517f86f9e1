"""The confusion matrix: which class was taken for which."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Any, NamedTuple

import numpy as np

from . import pictures, words

BESIDE = 34.0  # [em] that a matrix may take to stand beside another table
MOST_CLASSES = 24  # with more, the matrix is a picture


class ClassScore(NamedTuple):
    """One class: how many there are, the share of them that was found, and how often its name was right when said."""

    there: int
    found: float
    right: float


def by_class(confusion: Any) -> list[ClassScore]:
    """The scores of each class; NaN for a share of none."""
    counts = np.asarray(confusion, np.float64)
    hits, there, said = np.diag(counts), counts.sum(axis=1), counts.sum(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        found, right = hits / there, hits / said
    return [ClassScore(int(n), float(f), float(r)) for n, f, r in zip(there, found, right, strict=True)]


def commonest(confusion: Any, classes: Sequence[str], most: int = 5) -> list[tuple[str, str, int]]:
    """(truth, guess, how often) of the commonest mistakes."""
    off = np.array(confusion, np.int64)
    np.fill_diagonal(off, 0)
    order = np.argsort(-off, axis=None, kind="stable")[:most]
    pairs = [np.unravel_index(k, off.shape) for k in order]
    return [(classes[i], classes[j], int(off[i, j])) for i, j in pairs if off[i, j] > 0]


def width(classes: Sequence[str]) -> float:
    """[em] that the table takes, about."""
    longest = max(map(len, classes))
    return (len(classes) + 1) * max(2.75, 1.1 + 0.55 * longest) if len(classes) <= MOST_CLASSES else 60.0


def figure(confusion: Any, classes: Sequence[str]) -> str:
    """The matrix as a table with shades, or as a picture where there are many classes."""
    worst = "; ".join(f"{a} taken for {b} ({n}×)" for a, b, n in commonest(confusion, classes))
    said = f"Most often: {worst}." if worst else "Nothing was taken for anything else."
    drawn = _table(confusion, classes) if len(classes) <= MOST_CLASSES else _picture(confusion)
    return (
        f'<figure aria-labelledby="matrix-title"><h2 id="matrix-title">What is taken for what</h2>'
        f"<figcaption>Rows: what it is; columns: what it was taken for. {escape(said)}</figcaption>{drawn}</figure>"
    )


def _table(confusion: Any, classes: Sequence[str]) -> str:
    counts = np.asarray(confusion)
    share = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    head = "".join(f'<th scope="col">{escape(c)}</th>' for c in classes)
    body = ""
    for i, name in enumerate(classes):
        cells = "".join(_cell(int(n), float(share[i, j]), i == j) for j, n in enumerate(counts[i]))
        body += f'<tr><th scope="row">{escape(name)}</th>{cells}</tr>'
    return (
        '<div class="scroll matrix" tabindex="0" role="region" aria-label="Confusion matrix"><table>'
        f"<thead><tr><td></td>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def _cell(count: int, share: float, hit: bool) -> str:
    strong = " strong" if hit and share > 0.6 else ""
    title = f' title="{words.percent(share)}"' if count else ""
    return f'<td class="{"hit" if hit else "miss"}{strong}" style="--share:{share:.3f}"{title}>{count or ""}</td>'


def _picture(confusion: Any) -> str:
    counts = np.asarray(confusion, np.float64)
    share = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    return pictures.heat(np.sqrt(share)[::-1].T, f"Confusion matrix of {len(counts)} classes", "square")
