"""Half-cheetah with ticks missing at random: a liquid that is told the true time, and nn.GRU with it as an input.

    PLASHET_BENCH_DATA=... python benchmarks/irregular.py [--only NAME ...] [--seeds 0 1 2]

The windows of half_cheetah.py; in each, 10, 30 or 50 % of its 32 ticks are dropped at random. Of those left a net hears
the observation and the time since the last one, and says the very next tick (whether it will be seen or not). The error
is the mean square in raw units over the ticks that are seen, so a little of what the table shows is that a window with
fewer ticks remembers less: the same for all. Every net is trained by the same recipe, chosen for none of them
(half_cheetah_fit.Recipe, 50 epochs); the epoch is chosen on the validation recordings, thinned alike. The last
column: trained on all ticks, tested with half of them. A seed draws parameters, order and what is dropped.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import common
import half_cheetah_data as data
import numpy as np
import torch
from half_cheetah_fit import Plain, Recipe, Timed, fit, score

from plashet import nn

HERE = Path(__file__).resolve().parent
COLUMNS, UNITS, SHARES = 17, 32, (0.0, 0.1, 0.3, 0.5)
RECIPE = Recipe(epochs=50)
FEW = "With so few seeds differences of a few hundredths between the nets are not decided. "
PARTIES: dict[str, Callable[[], torch.nn.Module]] = {
    "Gated 32": lambda: Timed(nn.Gated(COLUMNS, UNITS, batch_first=False, tau=(1.0, 10.0))),
    "Gated 32, dt an input too": lambda: Timed(nn.Gated(COLUMNS + 1, UNITS, batch_first=False, tau=(1.0, 10.0)), True),
    "nn.GRU 32, dt an input": lambda: Plain(torch.nn.GRU, COLUMNS, UNITS, timed=True),
    "nn.LSTM 32, dt an input": lambda: Plain(torch.nn.LSTM, COLUMNS, UNITS, timed=True),
}


def trial(party: str, seed: int, share: float, parts: Any, recipe: Recipe = RECIPE) -> dict[str, float]:
    """The test error with this share of ticks dropped; trained on all of them, that with half dropped too."""
    train, validation, test = (data.thinned(part, share, 3 * seed + k) for k, part in enumerate(parts))
    found = fit(lambda: (PARTIES[party](), UNITS), recipe, train, validation, seed)
    told = {"test": score(found.model, test), "validation": found.validation, "seconds": found.seconds}
    if share == 0:
        told["half"] = score(found.model, data.thinned(parts[2], 0.5, 3 * seed + 2))
    return told


def page(kept: dict[str, Any]) -> str:
    """irregular.md."""
    rows = []
    for who, runs in kept["results"].items():
        seeds = sorted(set.intersection(*(set(runs[str(s)]) for s in SHARES if str(s) in runs)), key=int)
        errors = {s: np.array([runs[s][k]["test"] for k in seeds]) for s in runs}
        cells = [_told(errors[str(s)]) if str(s) in errors else "" for s in SHARES]
        more = [_told(errors[str(s)] - errors["0.0"], "+") if str(s) in errors else "" for s in SHARES[1:]]
        half = _told(np.array([runs["0.0"][k]["half"] for k in seeds]) - errors["0.0"], "+")
        rows.append((who, len(seeds), *cells, *more, half))
    dropped = [f"{100 * s:.0f} %" for s in SHARES]
    columns = (
        "who",
        "seeds",
        *(f"{d} dropped" for d in dropped),
        *(f"more at {d}" for d in dropped[1:]),
        "more at 50 %, trained at 0 %",
    )
    machine = kept["machine"]
    return (
        f"# Half-cheetah, irregularly sampled\n\n{__doc__.strip()}\n\n{common.table(columns, rows)}\n"
        f"{FEW if len(seeds) < 3 else ''}Mean ± standard deviation over the seeds, differences by seed. "
        f"Measured {machine['date']} on {machine['processor']}, one thread. `python benchmarks/irregular.py`\n"
    )


def _told(values: Any, sign: str = "") -> str:
    return f"{np.mean(values):{sign}.3f}" + (f" ± {np.std(values, ddof=1):.3f}" if len(values) > 1 else "")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="*", default=list(PARTIES), help=f"of {', '.join(PARTIES)}")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--shares", type=float, nargs="+", default=list(SHARES))
    parser.add_argument("--json", type=Path, default=HERE / "irregular.json")
    asked = parser.parse_args()
    torch.set_num_threads(1)
    kept = json.loads(asked.json.read_text()) if asked.json.exists() else {"results": {}}
    parts = data.parts(data.load())
    for seed in asked.seeds:
        for who in asked.only:
            for share in asked.shares:
                found = trial(who, seed, share, parts)
                kept["results"].setdefault(who, {}).setdefault(str(share), {})[str(seed)] = found
                print(time.strftime("%H:%M"), who, seed, share, found, flush=True)
        kept["machine"] = common.machine()
        asked.json.write_text(json.dumps(kept, indent=1))
        asked.json.with_suffix(".md").write_text(page(kept))


if __name__ == "__main__":
    main()
