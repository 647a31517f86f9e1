"""irregular.md: the three questions of irregular.py in a table each, and how much less than a GRU the liquids lose."""

from __future__ import annotations

from typing import Any

import common
import numpy as np

SHARES = (0.0, 0.1, 0.3, 0.5)
BESIDE = "nn.GRU 32, dt an input"
TITLES = {
    "next": "next: the next observation that is seen, the time to it told; one net for every share",
    "any": "any: the very next tick; one net for every share",
    "own": "own: the very next tick; a net of its own for every share, each tick dropped once and for all",
}


def page(doc: str, kept: dict[str, Any], parties: list[str]) -> str:
    """The page. kept: results[party][share][seed] of each question, and the recipes tried."""
    told = [f"# Half-cheetah, irregularly sampled\n\n{doc.strip()}\n"]
    for asked, title in TITLES.items():
        results = kept["results" if asked == "own" else asked]
        results = {who: results[who] for who in sorted(results, key=parties.index)}
        if results:
            told += [f"## {title}\n", _table(results), _beside(results)]
    told += [_tried(kept["choice"]), _end(kept["machine"])]
    return "\n".join(told)


def _errors(runs: dict[str, Any], seeds: list[str], what: str = "test") -> Any:
    """(seeds, shares that were run)."""
    return np.array([[runs[str(share)][seed][what] for share in SHARES if str(share) in runs] for seed in seeds])


def _seeds(runs: dict[str, Any]) -> list[str]:
    """The seeds with which every share was run."""
    return sorted(set.intersection(*(set(one) for one in runs.values())), key=int)


def _table(results: dict[str, Any]) -> str:
    half = any("half" in run for runs in results.values() for run in runs.get("0.0", {}).values())
    rows = []
    for who, runs in results.items():
        seeds = _seeds(runs)
        errors = _errors(runs, seeds)
        more = errors[:, 1:] - errors[:, :1]
        cells = [*map(_told, errors.T), *(_told(column, "+") for column in more.T)]
        cells.append(_told(errors[:, -1] / errors[:, 0], digits=2))
        if half:
            cells.append(_told(np.array([runs["0.0"][k]["half"] for k in seeds]) - errors[:, 0], "+"))
        rows.append((who, len(seeds), *cells))
    dropped = [f"{100 * share:.0f} %" for share in SHARES]
    columns = ["who", "seeds", *(f"{d} dropped" for d in dropped), *(f"more at {d}" for d in dropped[1:])]
    columns.append("times as much at 50 %")
    if half:
        columns.append("more at 50 %, trained at 0 %")
    return common.table(tuple(columns), rows)


def _beside(results: dict[str, Any]) -> str:
    """How much less than the GRU each loses, by seed."""
    if BESIDE not in results:
        return ""
    lines = []
    for who, runs in results.items():
        seeds = [seed for seed in _seeds(runs) if seed in _seeds(results[BESIDE])]
        if who == BESIDE or not seeds:
            continue
        ours, theirs = (_errors(one, seeds) for one in (runs, results[BESIDE]))
        less = (ours[:, 1:] - ours[:, :1]) - (theirs[:, 1:] - theirs[:, :1])
        cells = [f"{_told(c, '+')} ({np.sum(c < 0)} of {len(seeds)} seeds less)" for c in less.T]
        lines.append((who, *cells))
    columns = ("loses more than the GRU (below 0: less)", *(f"at {100 * share:.0f} %" for share in SHARES[1:]))
    return common.table(columns, lines) if lines else ""


def _tried(choice: dict[str, Any]) -> str:
    rows = [
        (asked, who, one["recipe"]["rate"], one["recipe"]["decay"], f"{one['validation']:.3f}", one["epoch"])
        for asked, parties in choice.items()
        for who, tried in parties.items()
        for one in tried
    ]
    columns = ("asked", "who", "rate", "decay", "validation error, mean over shares", "best epoch")
    head = "Every recipe tried, on validation, seed 100; the first of each trained what is reported.\n"
    return f"{head}\n{common.table(columns, rows)}" if rows else ""


def _end(machine: dict[str, Any]) -> str:
    return (
        "Mean ± standard deviation over the seeds, differences by seed. "
        f"Measured {machine['date']} on {machine['processor']}, one thread. `python benchmarks/irregular.py`\n"
    )


def _told(values: Any, sign: str = "", digits: int = 3) -> str:
    spread = f" ± {np.std(values, ddof=1):.{digits}f}" if len(values) > 1 else ""
    return f"{np.mean(values):{sign}.{digits}f}{spread}"
