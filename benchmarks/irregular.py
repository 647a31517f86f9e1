"""Half-cheetah with ticks missing at random: liquids that are told the true time, and nn.GRU with it as an input.

    PLASHET_BENCH_DATA=... python benchmarks/irregular.py --choose           # recipes, on the validation part alone
    PLASHET_BENCH_DATA=... python benchmarks/irregular.py [--only NAME ...] [--seeds 0 1 2 3] [--asked next own any]

The windows of half_cheetah.py; in each, none, 10, 30 or 50 % of its 32 ticks are dropped at random. A net hears the
observations that are left and the time between them. The questions, the same for all nets:

    next  what is asked for is the next observation that is seen, and the time to it is told: the liquid runs for that
          long, the GRU hears it. One net for every share: what is dropped is drawn anew each epoch, batch by batch.
    own   asked for is the very next tick, seen or not; told is the time since the observation before. A net of its own
          for every share, each tick dropped once and for all: with half of the ticks a net has half of the examples.
    any   as `own`, but one net for every share as in `next`; what was found of it, on validation alone, is told below.

The error is the mean square in raw units over what is asked for. For `next` every net has its recipe
(half_cheetah_fit.Recipe, 50 epochs) from the same few, each tried once with a seed that is not reported: the one with
the least mean validation error over the four shares. For `own` and `any` all have one recipe, chosen for none of them.
The epoch is chosen on the validation recordings, thinned alike. A seed draws parameters, order and what is dropped.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from dataclasses import asdict
from itertools import product
from pathlib import Path
from typing import Any

import common
import half_cheetah_data as data
import irregular_page
import torch
from half_cheetah_fit import Dense, Plain, Predictor, Recipe, Timed, fit, fit_any, score

from plashet import nn

HERE = Path(__file__).resolve().parent
COLUMNS, UNITS, SHARES, TRIED_WITH = 17, 32, irregular_page.SHARES, 100
RECIPE = Recipe(epochs=50)
GRID = tuple(Recipe(epochs=50, rate=rate, decay=decay) for rate, decay in product((5e-3, 1e-2), (0.1, 0.3)))
FASTER = ((1e-2, 0.03), (2e-2, 0.03), (2e-2, 0.1), (4e-2, 0.03))  # of the first four most liked the fast, little decay
GRID += tuple(Recipe(epochs=50, rate=rate, decay=decay) for rate, decay in FASTER)
THINNED = {"next": data.ahead, "own": data.thinned, "any": data.thinned}


def _gated(inputs: int, **more: Any) -> torch.nn.Module:
    return nn.Gated(inputs, UNITS, batch_first=False, tau=(1.0, 10.0), **more)


def _cfc(inputs: int, deep: int = 1) -> torch.nn.Module:
    return nn.CfC(inputs, UNITS, batch_first=False, backbone_units=UNITS, backbone_layers=deep)


PARTIES: dict[str, Callable[[], torch.nn.Module]] = {
    "nn.GRU 32, dt an input": lambda: Plain(torch.nn.GRU, COLUMNS, UNITS, timed=True),
    "nn.LSTM 32, dt an input": lambda: Plain(torch.nn.LSTM, COLUMNS, UNITS, timed=True),
    "dense 32, nn.GRU 32, dt an input": lambda: Dense(COLUMNS, UNITS, torch.nn.GRU),
    "dense 32, no memory, dt an input": lambda: Dense(COLUMNS, UNITS),
    "CfC 32": lambda: Timed(_cfc(COLUMNS)),
    "CfC 32, dt an input too": lambda: Timed(_cfc(COLUMNS + 1), True),
    "CfC 32, two layers of backbone, dt an input too": lambda: Timed(_cfc(COLUMNS + 1, 2), True),
    "Mixed over Gated 32, dt an input too": lambda: Timed(_gated(COLUMNS + 1, mixed_memory=True), True),
    "Gated 32": lambda: Timed(_gated(COLUMNS)),
    "Gated 32, dt an input too": lambda: Timed(_gated(COLUMNS + 1), True),
}


def trial(party: str, seed: int, share: float, parts: Any, recipe: Recipe = RECIPE) -> dict[str, float]:
    """`own`: the test error with this share of ticks dropped; trained on all of them, that with half dropped too."""
    train, validation, test = (data.thinned(part, share, 3 * seed + k) for k, part in enumerate(parts))
    found = fit(lambda: (PARTIES[party](), UNITS), recipe, train, validation, seed)
    told = {"test": score(found.model, test), "validation": found.validation, "seconds": found.seconds}
    if share == 0:
        told["half"] = score(found.model, data.thinned(parts[2], 0.5, 3 * seed + 2))
    return told


def trial_any(party: str, seed: int, asked: str, parts: Any, recipe: Recipe) -> tuple[dict[str, Any], Predictor]:
    """`any` and `next`: one net for all shares, how it did on the validation part, and itself."""
    thin = THINNED[asked]
    validation = {share: thin(parts[1], share, 3 * seed + 1) for share in SHARES}
    found = fit_any(lambda: (PARTIES[party](), UNITS), recipe, parts[0], thin, validation, seed)
    told = {"validation": found.validation, "epoch": found.epoch, "seconds": found.seconds}
    return told | {"parameters": found.parameters}, found.model


def choose(party: str, parts: Any) -> list[dict[str, Any]]:
    """Every recipe of the grid once for `next`, the best on the validation part first."""
    tried = []
    for recipe in GRID:
        told, _ = trial_any(party, TRIED_WITH, "next", parts, recipe)
        tried.append({"recipe": asdict(recipe)} | told)
        _say(party, recipe.rate, recipe.decay, told)
    return sorted(tried, key=lambda one: one["validation"])


def run(party: str, seed: int, asked: str, parts: Any, kept: dict[str, Any], shares: list[float]) -> None:
    """Train a party with a seed, and merge its test errors into what is kept: [party][share][seed]."""
    results = kept["results" if asked == "own" else asked].setdefault(party, {})
    if asked == "own":
        for share in shares:
            found = trial(party, seed, share, parts)
            results.setdefault(str(share), {})[str(seed)] = found
            _say(party, asked, seed, share, found)
        return
    recipe = Recipe(**kept["choice"][party][0]["recipe"]) if asked == "next" else RECIPE
    told, model = trial_any(party, seed, asked, parts, recipe)
    for share in SHARES:
        test = score(model, THINNED[asked](parts[2], share, 3 * seed + 2))
        results.setdefault(str(share), {})[str(seed)] = told | {"test": test}
    _say(party, asked, seed, told, [round(results[str(share)][str(seed)]["test"], 3) for share in SHARES])


def _say(*what: Any) -> None:
    print(time.strftime("%H:%M"), *what, flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--choose", action="store_true", help="try the recipes on the validation part, and no more")
    parser.add_argument("--page", action="store_true", help="make the page of what is kept, and no more")
    parser.add_argument("--only", nargs="*", default=list(PARTIES), help=f"of {', '.join(PARTIES)}")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2, 3])
    parser.add_argument("--asked", nargs="+", default=["next", "own"], choices=list(THINNED))
    parser.add_argument("--shares", type=float, nargs="+", default=list(SHARES), help="of own")
    parser.add_argument("--json", type=Path, default=HERE / "irregular.json")
    told = parser.parse_args()
    torch.set_num_threads(1)
    kept = json.loads(told.json.read_text()) if told.json.exists() else {}
    kept = {"choice": {}, "next": {}, "any": {}, "results": {}} | kept
    parts = data.parts(data.load())

    def keep() -> None:
        kept["machine"] = common.machine()
        told.json.write_text(json.dumps(kept, indent=1))
        told.json.with_suffix(".md").write_text(irregular_page.page(__doc__, kept, list(PARTIES)))

    if told.choose:
        for who in told.only:
            kept["choice"][who] = choose(who, parts)
            keep()
    for asked in [] if told.choose or told.page else told.asked:
        for seed in told.seeds:
            for who in told.only:
                run(who, seed, asked, parts, kept, told.shares)
                keep()
    keep()


if __name__ == "__main__":
    main()
