"""`plashet demo`: the whole story in one command, on data that came with the package."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

import click

from .console import Say, seeded, speaking
from .demos import DEMOS, Demo

QUICK = 240  # forecasts in a quick demonstration


@click.command("demo", short_help="Forecast a real stream, learning on; compare; leave a report.")
@click.option("--series", type=click.Choice(list(DEMOS)), default="victoria", show_default=True, help="Which stream.")
@click.option("--quick", is_flag=True, help=f"Only the first {QUICK} forecasts.")
@click.option("-o", "--output", metavar="DIR", help="Folder for the results  [default: runs/<time>-demo].")
@click.option("--open", "open_page", is_flag=True, help="Open the report in the browser.")
@seeded
@speaking
def command(say: Say, series: str, quick: bool, output: str | None, open_page: bool, seed: int) -> None:
    """Forecast a real stream that plashet carries, learning every tick as it comes.

    Prints the errors of plashet and of all baselines, how well the intervals held, what was chosen and why, and
    leaves a folder with config.toml, metrics.json, forecast.csv, model.plashet and report.html.
    """
    from ..forecast import Forecaster
    from .results import Findings, finish
    from .runs import Run

    demo, run, began = DEMOS[series], Run.begin("demo", output), time.perf_counter()
    y, stamps = demo.load()
    if quick:
        y, stamps = y[: demo.start + QUICK + demo.horizon], stamps[: demo.start + QUICK + demo.horizon]
    model = Forecaster(horizon=demo.horizon, seed=seed)
    with say.waiting(f"learning {demo.data}"):
        found = replace(model.backtest(y, demo.start), times=stamps, target=demo.column)
        extra = _volatility(y, stamps, demo.start, seed) if series == "brent" else None
    found = replace(found, seconds=time.perf_counter() - began)
    finish(
        say,
        run,
        Findings(model, found, extra, model.forecast(), ahead=False, reference=demo.reference),
        _about(demo, seed, series, quick),
        _config(demo, seed, quick),
    )
    say.show(f"\nNext: plashet forecast YOUR.csv --target COLUMN --horizon {demo.horizon}")
    if open_page:
        click.launch(str(run.folder / "report.html"))


def _volatility(price: Any, stamps: Any, start: int, seed: int) -> Any:
    from . import volatility

    return volatility.backtest(price, stamps, start, seed)


def _about(demo: Demo, seed: int, series: str, quick: bool) -> Any:
    from ..data import entry
    from ..report import About
    from .results import facts
    from .tables import read

    typed = f"plashet demo --series {series} --seed {seed}" + (" --quick" if quick else "")
    data = entry(demo.data)
    known = facts(seed, f"{demo.data} ({data.about})", read(demo.data).digest)
    return About(demo.title, demo.unit, demo.lead, typed, known, demo.notes)


def _config(demo: Demo, seed: int, quick: bool) -> dict[str, Any]:
    return {
        "command": "demo",
        "data": demo.data,
        "target": demo.column,
        "horizon": demo.horizon,
        "start": demo.start,
        "quick": quick,
        "seed": seed,
    }
