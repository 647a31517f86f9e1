"""What was found as results and as text."""

from __future__ import annotations

from typing import Any

import common
import numpy as np
from common import Result

from .found import Figure, Ordering, spread

UNITS = {2: 135, 5: 135, 6: 135, 7: 540}
CURVE_POINTS = 20  # a longer curve is thinned


def results(figure: Figure, command: str) -> list[Result]:
    """A result for each curve, its points in the notes, and one for each ordering."""
    return [
        *(_curve(figure, name, values, command) for name, values in figure.curves.items()),
        *(_ordering(figure, ordering, command) for ordering in figure.orderings),
    ]


def _curve(figure: Figure, name: str, values: Any, command: str) -> Result:
    own = values.mean(axis=1)
    some = np.unique(np.linspace(0, len(figure.x[1]) - 1, CURVE_POINTS).round().astype(int))
    points = {
        figure.x[0]: _short(figure.x[1][some]),
        "by seed": [_short(own) for own in values[:, some]],
    }
    notes = {"figure": figure.number, "seeds": len(values), "protocol": figure.protocol, "points": points}
    return Result(
        "maass2002", UNITS[figure.number], name, float(own.mean()), f"mean of: {figure.y}", float(own.min()),
        float(own.max()), f"{command} --figure {figure.number}", notes=notes,
    )  # fmt: skip


def _ordering(figure: Figure, found: Ordering, command: str) -> Result:
    notes = {
        "figure": figure.number,
        "seeds": len(found.difference),
        "seeds in which it held": found.seeds,
        "standard error": float(f"{found.error:.4g}"),
        "verdict": found.verdict,
    }
    return Result(
        "maass2002", UNITS[figure.number], found.says, found.mean, f"difference of: {figure.y}",
        float(found.difference.min()), float(found.difference.max()), f"{command} --figure {figure.number}",
        wanted="> 0, by its 95 % interval", met=found.verdict == "holds", notes=notes,
    )  # fmt: skip


def _short(values: Any) -> list[float]:
    return [float(f"{value:.4g}") for value in values]


def text(figure: Figure, picture: str = "") -> str:
    """The figure as Markdown: what was run, the curves, what held."""
    parts = [f"## Figure {figure.number}. {figure.title}\n", f"{figure.protocol}.\n"]
    if picture:
        parts.append(f"![Figure {figure.number}]({picture})\n")
    return "\n".join([*parts, _table(figure), _verdicts(figure)])


def summary(found: list[Figure]) -> str:
    """How many orderings held, and which did not."""
    every = [(figure.number, ordering) for figure in found for ordering in figure.orderings]
    others = [f"Figure {n}, {o.says} ({o.verdict})" for n, o in every if o.verdict != "holds"]
    held = len(every) - len(others)
    text = f"{held} of {len(every)} orderings hold: the whole 95 % interval of the mean difference is above zero."
    return text + (f" The others: {'; '.join(others)}." if others else "") + "\n"


def _table(figure: Figure) -> str:
    x = np.asarray(figure.x[1])
    some = np.arange(len(x)) if len(x) <= CURVE_POINTS else np.linspace(0, len(x), 6).astype(int)[1:] - 1
    rows = [
        (name, *(f"{m:.3g} ± {s:.2g}" for m, s in zip(values.mean(axis=0)[some], spread(values)[some], strict=True)))
        for name, values in figure.curves.items()
    ]
    return common.table((f"{figure.y}, by {figure.x[0]}", *(f"{point:g}" for point in x[some])), rows)


def _verdicts(figure: Figure) -> str:
    rows = [
        (o.says, f"{o.mean:.3g} ± {o.error:.2g}", f"{o.seeds} of {len(o.difference)}",
         o.verdict if o.verdict == "holds" else f"**{o.verdict}**")
        for o in figure.orderings
    ]  # fmt: skip
    return common.table(("ordering", "difference ± standard error", "seeds with it", "on average it"), rows)
