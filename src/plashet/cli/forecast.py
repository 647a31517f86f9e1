"""`plashet forecast`: an analyst's table in, a forecast with honest intervals out, beside what naive methods get."""

from __future__ import annotations

import shlex
import time
from dataclasses import dataclass, replace
from typing import Any

import click

from .console import Say, seeded, speaking
from .faults import DataFault, UsageFault, data_door

AUTO_SHARE, AUTO_MOST = 0.25, 500  # a backtest that nobody asked for: the last quarter, at most 500 origins


@dataclass(frozen=True)
class Wanted:
    """What was typed."""

    data: str
    targets: tuple[str, ...]
    time: str | None
    exog: tuple[str, ...]
    horizon: int
    levels: tuple[int, ...]
    freq: str
    missing: str
    backtest: int | None
    seed: int


def parse_levels(ctx: click.Context, param: click.Parameter, value: str) -> tuple[int, ...]:
    try:
        levels = tuple(dict.fromkeys(int(v) for v in value.replace("%", "").split(",") if v.strip()))
    except ValueError:
        levels = ()
    if not levels or not all(0 < v < 100 for v in levels):
        raise click.BadParameter(f"{value!r}; give percentages between 1 and 99, such as 80,95")
    return levels


def _names(ctx: click.Context, param: click.Parameter, value: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(value))


@click.command("forecast", short_help="Forecast your own table.")
@click.argument("data", metavar="DATA")
@click.option(
    "-t",
    "--target",
    "targets",
    multiple=True,
    required=True,
    metavar="COL",
    callback=_names,
    help="What to forecast (may be repeated).",
)
@click.option("--time", "time_column", metavar="COL", help="The column of time  [default: found].")
@click.option(
    "-x",
    "--exog",
    multiple=True,
    metavar="COL",
    callback=_names,
    help="What may help to forecast it (may be repeated).",
)
@click.option("--horizon", type=click.IntRange(1), default=24, show_default=True, help="Steps ahead.")
@click.option("--levels", default="80,95", show_default=True, callback=parse_levels, help="Intervals, in percent.")
@click.option("--freq", default="infer", show_default=True, metavar="infer|1h|irregular", help="Spacing of the rows.")
@click.option(
    "--missing",
    type=click.Choice(["auto", "error"]),
    default="auto",
    show_default=True,
    help="What to do about missing values.",
)
@click.option(
    "--backtest",
    type=click.IntRange(0),
    metavar="N",
    help="Forecast from each of the last N rows too, and compare; 0: do not  [default: a quarter, at most 500].",
)
@click.option("-o", "--output", metavar="DIR", help="Folder for the results  [default: runs/<time>-forecast].")
@click.option("--open", "open_page", is_flag=True, help="Open the report in the browser.")
@seeded
@speaking
def command(say: Say, output: str | None, open_page: bool, time_column: str | None, **given: Any) -> None:
    """Forecast a column of DATA: a CSV, JSON, JSON-lines or Parquet file, `-` for standard input, or an embedded set.

    The time column is found; a decimal comma, `;` and gaps are understood. Results go to a folder with config.toml,
    metrics.json, forecast.csv, model.plashet and report.html.

    \b
    plashet forecast demand.csv --target load --horizon 24
    plashet forecast victoria_demand --target demand_mw --backtest 500 --json
    """
    from .results import Findings, finish
    from .runs import Run

    asked, began = Wanted(time=time_column, **given), time.perf_counter()
    series = prepare(asked, say)
    start = _start(asked, series.rows)
    run = Run.begin("forecast", output)
    with say.waiting(f"learning {', '.join(asked.targets)}"), data_door(series.table.source, say.note):
        model, found, frame = _work(asked, series, start)
    if found is not None:
        found = replace(found, seconds=time.perf_counter() - began)
    finish(say, run, Findings(model, found, None, frame), _about(asked, series, start), _config(asked))
    kept = str(run.folder / "model.plashet")
    one = ["watch", "-", "--model", kept, "--target", asked.targets[0]]  # a watch follows one target
    say.show(f"\nNext: {shlex.join(['plashet', *(one if len(asked.targets) == 1 else ['inspect', kept])])}")
    if open_page:
        click.launch(str(run.folder / "report.html"))


@dataclass(frozen=True)
class Prepared:
    """What a forecaster takes, and the table it came from. `y` is a Series where there is one target.

    `rows`: steps on the grid of time, missing ones included.
    """

    table: Any
    y: Any
    exog: Any
    rows: int


def prepare(asked: Wanted, say: Say) -> Prepared:
    """Read the table, find time, check every number; what had to be mended is said on stderr."""
    import pandas as pd

    from . import tables, timeline

    table = tables.read(asked.data)
    both = [name for name in asked.exog if name in asked.targets]
    if both:
        raise UsageFault(f"{both[0]!r} is given as --target and as --exog", "name it once")
    columns = {n: table.numbers(n) for n in asked.targets} | {n: table.numbers(n, "--exog") for n in asked.exog}
    line = timeline.timeline(table, asked.time, asked.freq, say.note)
    values = pd.DataFrame({name: column[line.rows] for name, column in columns.items()}, index=line.index)
    if asked.missing == "error":
        _refuse_missing(table, values, line)
    elif line.gap:
        say.note(f"{line.gap}; taken as not observed")
    if asked.freq not in ("infer", "irregular") and line.grid is not None:
        values = values.groupby(line.steps).mean().reindex(range(line.length))
        values.index = pd.DatetimeIndex(line.grid.stamps(range(line.length)))
    y = values[asked.targets[0]] if len(asked.targets) == 1 else values[list(asked.targets)]
    return Prepared(table, y, values[list(asked.exog)] if asked.exog else None, line.length)


def _refuse_missing(table: Any, values: Any, line: Any) -> None:
    absent = values.isna().to_numpy()
    if absent.any():
        row, column = (int(i[0]) for i in absent.nonzero())
        where = f"line {table.lines[line.rows[row]]}, column {values.columns[column]}"
        raise DataFault(f"{table.source}, {where}: missing value ({int(absent.sum())} in all)", "--missing auto")
    if line.gap:
        raise DataFault(f"{table.source}, {line.gap}", "--missing auto")


def _start(asked: Wanted, rows: int) -> int:
    """The row from which on to forecast and compare; 0: no backtest."""
    from ..forecast.prepare import least_rows

    need = least_rows(asked.horizon)
    if rows < need:
        most = max(h for h in range(asked.horizon + 1) if h == 0 or least_rows(h) <= rows)
        remedy = f"--horizon {most}" if most else "more rows"
        raise DataFault(f"{asked.data}: {rows} rows, but a horizon of {asked.horizon} needs {need}", remedy)
    if asked.backtest == 0:
        return 0
    if asked.backtest is None:
        origins = min(AUTO_MOST, int(AUTO_SHARE * rows), rows - asked.horizon - need)
        return rows - asked.horizon - origins if origins >= asked.horizon else 0
    start = rows - asked.horizon - asked.backtest
    if start < need:
        most = rows - asked.horizon - need
        have = f"{rows} rows are too few for --backtest {asked.backtest}"
        why = f"{need} rows are needed to learn from, and {asked.horizon} to compare with at the end"
        raise DataFault(f"{asked.data}: {have}: {why}", f"--backtest {max(most, 0)}")
    return start


def _work(asked: Wanted, series: Prepared, start: int) -> tuple[Any, Any, Any]:
    """Fit, compare from `start` on if asked, and forecast from the end of the data."""
    from ..forecast import Forecaster

    model = Forecaster(horizon=asked.horizon, seed=asked.seed, levels=asked.levels)
    if start > 0:
        found = model.backtest(series.y, start, exog=series.exog)
        return model, found, model.forecast()
    model.fit(series.y, exog=series.exog)
    return model, None, model.forecast()


def _about(asked: Wanted, series: Prepared, start: int) -> Any:
    from ..report import About
    from .results import facts

    rows = series.rows
    lead = f"{rows:,} rows of {series.table.source}."
    if start > 0:
        lead += (
            f" Everything was chosen on the first {start:,}; then {asked.horizon} steps were forecast from each of "
            f"the next {rows - asked.horizon - start:,} rows, each learnt as it came; nothing was fitted again."
        )
    data = f"{series.table.source} ({rows:,} rows)"
    title = f"{asked.targets[0]}, {asked.horizon} steps ahead"
    return About(title, "", lead, _typed(asked), facts(asked.seed, data, series.table.digest))


def _typed(asked: Wanted) -> str:
    """The command line again, every choice in it."""
    words = ["plashet", "forecast", asked.data]
    words += [w for name in asked.targets for w in ("--target", name)]
    words += [w for name in asked.exog for w in ("--exog", name)]
    words += ["--time", asked.time] if asked.time else []
    words += ["--horizon", str(asked.horizon), "--levels", ",".join(map(str, asked.levels))]
    words += ["--freq", asked.freq] if asked.freq != "infer" else []
    words += ["--missing", asked.missing] if asked.missing != "auto" else []
    words += ["--backtest", str(asked.backtest)] if asked.backtest is not None else []
    return shlex.join([*words, "--seed", str(asked.seed)])


def _config(asked: Wanted) -> dict[str, Any]:
    return {
        "command": "forecast",
        "data": asked.data,
        "target": list(asked.targets),
        "exog": list(asked.exog),
        "time": asked.time,
        "horizon": asked.horizon,
        "levels": list(asked.levels),
        "freq": asked.freq,
        "missing": asked.missing,
        "backtest": asked.backtest,
        "seed": asked.seed,
    }
