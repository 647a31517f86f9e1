"""irregular.md: the questions of irregular.py in a table each, and how much less than a GRU the liquids lose."""

from __future__ import annotations

from typing import Any

import common
import numpy as np

SHARES = (0.0, 0.1, 0.3, 0.5)
BESIDE = ("nn.GRU 32, dt an input", "dense 32, nn.GRU 32, dt an input")
TITLES = {
    "next": "next: the next observation that is seen, the time to it told; one net for every share",
    "own": "own: the very next tick; a net of its own for every share, each tick dropped once and for all",
    "any": "any: the very next tick; one net for every share",
}

SAID = """`next`: CfC that hears dt too and mixed memory over Gated lose less than nn.GRU at every share with every
seed, and less than a GRU behind a dense layer as wide as the CfC's backbone; so it is not that layer alone, though
much of it is: those without a layer to hear with, Gated, LSTM and GRU, lose about as much as a net without any
memory. Gated that does not hear dt fails here. Parameters: GRU 5,842, behind the dense layer 7,794, CfC 6,706,
mixed 10,642. All are best in their last epoch, four with the fastest recipe: longer training would lower the errors
of all. `own`: CfC with a backbone errs less than the GRU and loses less at 30 and 50 % with every seed where dt is
not an input; at 10 % nothing is decided, and with dt an input one seed of three loses more at 50 %. Gated loses
more than the GRU. What the net without memory loses there is what fewer examples cost.
"""

BEFORE = """Before that the parties were found in 60 trials of 50 epochs on the validation part, seeds 100 and 101,
where nothing else is said with rate 0.01 and decay 0.3. `any`, 31 trials: GRU 10, Gated 8, CfC 4, mixed memory over
Gated 3 and over CfC 1, no memory 2, a stack of two Gated of 16, Leaky and LSTM 1 each. `next`, 19: CfC 6, GRU 5 (2
behind a dense layer), mixed memory over Gated 2 and over CfC 2, Gated 2 (1 behind a dense layer), the stack and no
memory 1 each. `own`, 10: 5 nets with all and with half of the ticks. Mean errors over the shares, those of no use
too:

- `any`: GRU 2.343, without dt 2.338, with log dt 2.313; a net without memory 2.232: the question asks for little
  memory. Gated 2.421, with dt an input too 2.411, with log dt 2.474, with time constants from 0.3 to 3 at first
  2.402, two of 16 stacked 2.401; Leaky 2.389. The gap first, with nothing heard, then one tick with the observation:
  Gated 2.407 and 2.414, which loses less than Gated as it is and than the GRU with one seed and as much with the
  other. CfC without a backbone 2.371, with one 2.121, without dt an input 2.084; mixed memory over CfC without a
  backbone 2.158.
- `next`: GRU 4.641 and 4.586, with log dt 4.782, behind a dense layer 3.749 and 3.879. CfC 3.762, with dt an input
  too 3.551 and 3.476, with a backbone of 64 3.436, of two layers 3.414, without its gate 3.574; mixed memory over CfC
  3.475, over Gated 3.824 and 3.947. Gated with dt an input too 5.154, behind a dense layer 3.798, two of 16 stacked
  4.634.
- `next`, after that: 150 epochs with the recipe chosen, seed 100, and how much more at 50 % than with none dropped: CfC
  with dt an input too 3.193 (+2.79), GRU 3.706 (+3.56), behind a dense layer 3.258 (+2.92): the same order, closer.
"""


def page(doc: str, kept: dict[str, Any], parties: list[str]) -> str:
    """The page. kept: results[party][share][seed] of each question, and the recipes tried."""
    told = [f"# Half-cheetah, irregularly sampled\n\n{doc.strip()}\n"]
    for asked, title in TITLES.items():
        results = kept["results" if asked == "own" else asked]
        results = {who: results[who] for who in sorted(results, key=parties.index)}
        if results:
            told += [f"## {title}\n", _table(results), *(_beside(results, other) for other in BESIDE)]
    told += [SAID, _tried(kept["choice"]), BEFORE, _end(kept["machine"])]
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


def _beside(results: dict[str, Any], other: str) -> str:
    """How much less than the other each loses, by seed."""
    lines = []
    for who, runs in results.items() if other in results else ():
        seeds = [seed for seed in _seeds(runs) if seed in _seeds(results[other])]
        if who in BESIDE or not seeds:
            continue
        ours, theirs = (_errors(one, seeds) for one in (runs, results[other]))
        less = (ours[:, 1:] - ours[:, :1]) - (theirs[:, 1:] - theirs[:, :1])
        lines.append((who, *(f"{_told(c, '+')} ({np.sum(c < 0)} of {len(seeds)} seeds less)" for c in less.T)))
    columns = (f"loses more than {other} (below 0: less)", *(f"at {100 * share:.0f} %" for share in SHARES[1:]))
    return common.table(columns, lines) if lines else ""


def _tried(choice: dict[str, Any]) -> str:
    rows = [
        (who, one["recipe"]["rate"], one["recipe"]["decay"], f"{one['validation']:.3f}", one["epoch"])
        for who, tried in choice.items()
        for one in tried
    ]
    columns = ("who", "rate", "decay", "validation error, mean over shares", "best epoch")
    head = "Every recipe tried for `next`, on validation, seed 100; the first of each trained what is reported.\n"
    return f"## recipes\n\n{head}\n{common.table(columns, rows)}" if rows else ""


def _end(machine: dict[str, Any]) -> str:
    return (
        "Mean ± standard deviation over the seeds, differences by seed. "
        f"Measured {machine['date']} on {machine['processor']}, one thread. "
        "`python benchmarks/irregular.py --asked next; python benchmarks/irregular.py --asked own --seeds 0 1 2`\n"
    )


def _told(values: Any, sign: str = "", digits: int = 3) -> str:
    spread = f" ± {np.std(values, ddof=1):.{digits}f}" if len(values) > 1 else ""
    return f"{np.mean(values):{sign}.{digits}f}{spread}"
