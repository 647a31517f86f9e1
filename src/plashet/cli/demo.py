"""`plashet demo`: the whole story in one command, on data that came with the package."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import click

from .console import Say, seeded, speaking
from .demos import DEMOS, Demo

QUICK = 240  # forecasts in a quick demonstration


WHATS = ("forecast", "spikes", "classify")


@click.command("demo", short_help="See it work on data that came with the package; leave a report.")
@click.argument(
    "what", required=False, type=click.Choice(WHATS), default="forecast", metavar="[forecast|spikes|classify]"
)
@click.option(
    "--series", type=click.Choice(list(DEMOS)), default="victoria", show_default=True, help="What to forecast."
)
@click.option("--quick", is_flag=True, help=f"Only the first {QUICK} forecasts, or fewer units.")
@click.option("-o", "--output", metavar="DIR", help="Folder for the results  [default: runs/<time>-demo].")
@click.option("--open", "open_page", is_flag=True, help="Open the report in the browser.")
@seeded
@speaking
def command(say: Say, what: str, series: str, quick: bool, output: str | None, open_page: bool, seed: int) -> None:
    """See plashet work on data that it carries.

    \b
    forecast  (default) a real stream, learning every tick as it comes, beside all baselines
    spikes    who speaks? Nine men say a vowel; spiking units hear it, a readout sees only how they end
    classify  made-up calls of made-up birds, written as WAV files, learnt, and heard again in a long recording

    Each prints its scores beside what it must beat and leaves a folder with config.toml, metrics.json, model.plashet,
    report.html, and the forecast or the predictions as CSV.
    """
    from .runs import Run

    run = Run.begin("demo", output)
    shows: dict[str, Callable[..., None]] = {"spikes": _spikes, "classify": _calls}
    shows.get(what, partial(_forecast, series=series))(say, run, quick, seed)
    if open_page:
        click.launch(str(run.folder / "report.html"))


def _spikes(say: Say, run: Any, quick: bool, seed: int) -> None:
    from .demo_spikes import show

    show(say, run, quick, seed)


def _calls(say: Say, run: Any, quick: bool, seed: int) -> None:
    from .demo_calls import show

    show(say, run, quick, seed)


def _forecast(say: Say, run: Any, quick: bool, seed: int, series: str) -> None:
    """A real stream, everything chosen on its first part, learning on; the findings in the run's folder."""
    from ..forecast import Forecaster
    from .results import Findings, finish

    demo, began = DEMOS[series], time.perf_counter()
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
