"""The parts of the page, in the order in which a reader asks: what comes, how good, how stable, why, and how again."""

from __future__ import annotations

from html import escape
from typing import Any

import numpy as np

from . import figures, markup, words
from .about import About

_COLOURS = {
    "plashet": "--plashet",
    "weekly_naive": "--m1",
    "daily_naive": "--m2",
    "ridge_on_lags": "--m3",
    "lags_refit_daily": "--m4",
    "persistence": "--m7",
    "ewma": "--m5",
}
_SPARE = ("--m5", "--m6", "--m1", "--m2", "--m3", "--m4")
_LIQUIDS = ("--plashet", "--plashet-2", "--plashet-3")


def colour(key: str, rank: int) -> str:
    """The CSS variable of a method: the same in every figure and every report."""
    return _COLOURS.get(key, _SPARE[rank % len(_SPARE)])


def expert_colours(names: list[str]) -> dict[str, str]:
    """CSS variables of the experts: liquids in plashet's own hue, an expert that is a baseline too in that one's."""
    liquids = [n for n in names if "liquid" in n or "reservoir" in n]
    own = {n: _LIQUIDS[i % len(_LIQUIDS)] for i, n in enumerate(liquids)}
    taken = {_COLOURS[n] for n in names if n in _COLOURS}
    spare = [c for c in ("--m3", "--m4", *_SPARE) if c not in taken]
    rest = [n for n in names if n not in own and n not in _COLOURS]
    return (
        own | {n: _COLOURS[n] for n in names if n in _COLOURS} | {n: spare[i % len(spare)] for i, n in enumerate(rest)}
    )


def tiles(backtest: Any, about: About) -> str:
    """Headline numbers: mean error, first and last step, the interval, time taken."""
    mae, unit = backtest.mae(), f" <small>{escape(about.unit)}</small>" if about.unit else ""
    rival = figures.headline(backtest)["rival"]
    cells = []
    for step, label in _steps(backtest):
        own, other = mae["plashet"][step], mae[rival][step]
        small = f"{words.name(rival)}: {words.number(other)}"
        cells.append((f"Mean absolute error, {label}", words.number(own) + unit, small))
    for level, found in list(backtest.coverage().items())[:1]:
        cells.append(
            (
                f"{level} % interval holds",
                words.percent(found["mean"]),
                f"worst week {words.percent(found['worst_week'])}",
            )
        )
    cells.append(("Computed in", f"{words.number(backtest.seconds)} <small>s</small>", _speed(backtest)))
    inner = "".join(f"<div><dt>{escape(k)}</dt><dd>{v}</dd><dd>{escape(small)}</dd></div>" for k, v, small in cells)
    return f'<dl class="tiles">{inner}</dl>'


def _steps(backtest: Any) -> list[tuple[str, str]]:
    first, last = str(int(backtest.horizons[0])), str(int(backtest.horizons[-1]))
    if first == last:
        return [(first, f"step\u00a0{first}")]
    return [
        ("mean", f"mean of {len(backtest.horizons)} steps"),
        (first, f"step\u00a0{first}"),
        (last, f"step\u00a0{last}"),
    ]


def _speed(backtest: Any) -> str:
    return f"{words.count(len(backtest.origins))} forecasts of {len(backtest.horizons)} steps"


def outlook(backtest: Any, about: About, drawn: dict[str, Any]) -> str:
    """The latest forecast, and its numbers."""
    seen = drawn["outlook"]
    start = len(seen["t"]) - len(backtest.horizons)
    head = ["time" if seen["stamped"] else "step", "forecast"]
    head += [f"{b['level']} % from" if i % 2 == 0 else "to" for b in seen["bands"] for i in (0, 1)]
    rows = [[_at(seen, i), words.number(seen["mean"][i], 4), *_bounds(seen, i)] for i in range(start, len(seen["t"]))]
    table = markup.behind(markup.table(head, rows, "The latest forecast"))
    unit = f" Values in {about.unit}." if about.unit else ""
    caption = f"{len(backtest.horizons)} steps from {_at(seen, start - 1)}, with its intervals over the truth.{unit}"
    said = (
        f"Line chart: the forecast goes from {words.number(seen['mean'][start])} to {words.number(seen['mean'][-1])}."
    )
    title = "The latest forecast"
    return f"<section>{markup.chart('outlook', title, caption, said, table, 'chart tall')}</section>"


def _at(figure: dict[str, Any], i: int) -> str:
    at = figure["t"][i]
    return words.stamp(np.datetime64(round(1000 * at), "ms")) if figure["stamped"] else f"step {at:,}"


def _bounds(seen: dict[str, Any], i: int) -> list[str]:
    return [words.number(b[side][i], 4) for b in seen["bands"] for side in ("lo", "hi")]


def baselines(backtest: Any, about: About, drawn: dict[str, Any]) -> str:
    """Error by horizon as lines, and every baseline as a table."""
    mae, steps = backtest.mae(), drawn["horizon"]["steps"]
    head = ["step", *(words.name(k) for k in figures.order(backtest))]
    rows = [[str(h), *(words.number(mae[k][str(h)]) for k in figures.order(backtest))] for h in steps]
    far = ", ".join(f"{words.name(k)} ({words.number(mae[k]['mean'])})" for k in drawn["horizon"]["far"])
    caption = "Mean absolute error at each step ahead." + (f" Off this scale: {far}." if far else "")
    table = markup.behind(markup.table(head, rows, "Error at each step"), "All steps")
    chart = markup.chart("horizon", "Error by horizon", caption, words.retold(backtest.verdict()), table)
    return f'<section class="pair wide-left">{chart}{_standings(backtest, about)}</section>'


def _standings(backtest: Any, about: About) -> str:
    mae, shown = backtest.mae(), _steps(backtest)
    best = mae[figures.headline(backtest)["rival"]]["mean"]
    heads = {"mean": "mean"}
    head = ["method", *(heads.get(s, f"step {s}") for s, _ in shown), "ratio"]
    key = "mean"
    rows = []
    for name in figures.order(backtest):
        ratio = mae[name][key] / best if best else float("nan")
        rows.append([words.name(name), *(words.number(mae[name][s]) for s, _ in shown), f"{ratio:.2f}"])
    unit = f" in {about.unit}" if about.unit else ""
    return (
        f'<figure aria-labelledby="standings-title"><h2 id="standings-title">Beside the baselines</h2>'
        f"<figcaption>Mean absolute error{escape(unit)}; ratio to the best baseline, below 1 is better.</figcaption>"
        f"{markup.table(head, rows, 'Mean absolute error of every method', own='plashet')}"
        f'<p class="aside">{escape(words.retold(backtest.verdict()))}</p></figure>'
    )


def rolling(backtest: Any, about: About, drawn: dict[str, Any]) -> str:
    """Does it stay good? Error over time."""
    seen = drawn["rolling"]
    picks = np.unique(np.linspace(0, len(seen["t"]) - 1, 13).astype(int)[1:])
    names = list(seen["lines"])
    rows = [[_at(seen, i), *(words.number(seen["lines"][k][i]) for k in names)] for i in picks]
    table = markup.behind(markup.table(["until", *map(words.name, names)], rows, "Error over time"))
    caption = f"Mean absolute error over all steps ahead and the last {words.count(seen['window'])} forecasts."
    own = [v for v in seen["lines"]["plashet"] if v is not None]
    said = (
        f"Line chart: plashet's error stays between {words.number(min(own))} and {words.number(max(own))}."
        if own
        else ""
    )
    return f"<section>{markup.chart('rolling', 'Error over time', caption, said, table)}</section>"


def trust(backtest: Any, about: About, drawn: dict[str, Any]) -> str:
    """Are the intervals honest, and whom does the forecast listen to?"""
    parts = [_coverage(backtest, drawn["coverage"])]
    if drawn["experts"]:
        parts.append(_experts(drawn["experts"]))
    return f'<section class="pair">{"".join(parts)}</section>'


def _coverage(backtest: Any, seen: dict[str, Any]) -> str:
    found = backtest.coverage()
    rows = [
        [f"{k} %", words.percent(v["mean"]), words.percent(v["worst_week"]), words.number(v["width"])]
        for k, v in found.items()
    ]
    table = markup.table(["promised", "held", "worst week", "mean width"], rows, "Coverage of the intervals")
    caption = f"Share of the truth inside, over the last {words.count(seen['window'])} forecasts; dotted: promised."
    said = "; ".join(f"the {k} % interval held {words.percent(v['mean'])}" for k, v in found.items())
    return markup.chart("coverage", "Do the intervals hold?", caption, f"Line chart: {said}.", table)


def _experts(seen: dict[str, Any]) -> str:
    rows = []
    for key, shares in seen["lines"].items():
        known = [s for s in shares if s is not None] or [float("nan")]
        rows.append([seen["labels"][key], *(f"{words.number(v)} %" for v in (np.mean(known), known[0], known[-1]))])
    rows.sort(key=lambda row: -float(row[1].split()[0].replace(",", "")) if row[1][0].isdigit() else 0.0)
    table = markup.behind(markup.table(["expert", "mean", "first", "last"], rows, "Weights of the experts"))
    caption = "The forecast is a mixture; the weights follow whoever was right lately."
    said = f"Stacked areas: {rows[0][0]} has the largest share, {rows[0][1]} on average."
    return markup.chart("experts", "Whom it listens to", caption, said, table)


def activity(backtest: Any, about: About, drawn: dict[str, Any]) -> str:
    """The liquid itself: a picture of the ripples."""
    seen = drawn["activity"]
    if not seen:
        return ""
    ends = [_at({"t": [seen[k]], "stamped": seen["stamped"]}, 0) for k in ("from", "to")]
    caption = (
        f"{seen['units']} units of one liquid, each a row, over the last {words.count(seen['ticks'])} ticks: what it "
        "still remembers is what the readout reads. Rows are ordered by the phase of their answer."
    )
    said = f"Heat map of {seen['units']} units over {seen['ticks']} ticks, values from -{seen['top']} to {seen['top']}."
    return (
        f'<section><figure aria-labelledby="activity-title"><h2 id="activity-title">The liquid at work</h2>'
        f"<figcaption>{escape(caption)}</figcaption>"
        f'<canvas class="heat" id="activity" role="img" aria-label="{escape(said)}"></canvas>'
        f'<div class="under"><span>{escape(ends[0])}</span><span class="ramp">−{seen["top"]}<i></i>{seen["top"]}</span>'
        f"<span>{escape(ends[1])}</span></div></figure></section>"
    )


def chosen(backtest: Any, about: About, drawn: dict[str, Any]) -> str:
    """What was chosen and why; how to get the same page again."""
    picks = markup.facts((str(k).replace("_", " "), words.retold(str(v)), "") for k, v in backtest.chosen.items())
    command = f"<pre>{escape(about.command)}</pre>" if about.command else ""
    again = markup.facts((k, v, "") for k, v in about.facts.items())
    return (
        f'<section class="pair"><div><h2>What was chosen, and why</h2>{picks}</div>'
        f"<div><h2>How to reproduce</h2>{command}{again}</div></section>"
    )


def notes(backtest: Any, about: About, drawn: dict[str, Any]) -> str:
    """Honest notes: warnings of the run and what one must know of the data."""
    said = [*about.notes, *backtest.warnings]
    if not said:
        return ""
    items = "".join(f"<li>{escape(str(n))}</li>" for n in said)
    return f'<section><h2>Notes</h2><ul class="notes">{items}</ul></section>'
