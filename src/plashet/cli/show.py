"""A backtest on the terminal: readable at 80 columns and without colour."""

from __future__ import annotations

import math
from typing import Any

from ..report import figures, words


def heading(title: str, lead: str = "") -> Any:
    """A title, and what was done in a sentence or two."""
    from rich.text import Text

    text = Text("\n" + title, style="bold")
    if lead:
        text.append("\n" + lead, style="not bold dim")
    return text


def standings(backtest: Any, unit: str, reference: str | None = None) -> Any:
    """Mean absolute error of every method: mean, first and last step, and the ratio to the reference's mean."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    mae = backtest.mae()
    reference = reference if reference and reference in mae else figures.best_baseline(backtest)
    first, last = str(int(backtest.horizons[0])), str(int(backtest.horizons[-1]))
    steps = [first] if first == last else ["mean", first, last]
    title = Text(f"mean absolute error{f' [{unit}]' if unit else ''}")
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False, padding=(0, 1))
    table.add_column(title, overflow="fold")  # where it is narrow the names give way, never the numbers
    for step in steps:
        table.add_column("mean" if step == "mean" else f"step {step}", justify="right", no_wrap=True)
    called = words.name(reference)
    table.add_column(f"to {called}" if len(called) < 14 else "to the best", justify="right", no_wrap=True)
    for name in figures.order(backtest):
        ratio = mae[name]["mean"] / mae[reference]["mean"] if mae[reference]["mean"] else float("nan")
        cells = [words.number(mae[name][s]) for s in steps]
        table.add_row(Text(words.name(name)), *cells, _times(ratio), style="bold cyan" if name == "plashet" else None)
    return table


def _times(ratio: float) -> str:
    """A ratio to two decimals, while it says anything."""
    return "–" if math.isnan(ratio) else f"{ratio:.2f}" if ratio < 1000 else "> 999"


def intervals(backtest: Any) -> Any:
    """How often the truth lay inside the interval, over all and in the worst week."""
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False, padding=(0, 1))
    table.add_column("interval", no_wrap=True)
    for head in ("held", "worst week", "mean width"):
        table.add_column(head, justify="right", no_wrap=True)
    for level, found in backtest.coverage().items():
        worst = words.percent(found["worst_week"])
        table.add_row(f"{level} %", words.percent(found["mean"]), worst, words.number(found["width"]))
    return table


def listing(title: str, rows: dict[str, str]) -> Any:
    """Names and values in two columns, values wrapped beside their name."""
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    table = Table.grid(padding=(0, 2))
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in rows.items():
        table.add_row(Text(str(name).replace("_", " ")), Text(str(value)))
    return Group(Text(title, style="bold"), table)


def outlook(frame: Any, unit: str, rows: int = 24) -> Any:
    """The forecast itself, at most so many steps."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False, padding=(0, 1))
    for column in frame.columns:
        told = f"forecast{f' [{unit}]' if unit else ''}" if column == "mean" else str(column)
        table.add_column(Text(told), justify="left" if column in ("time", "target") else "right", no_wrap=True)
    columns = [_column(frame[name].to_numpy()[:rows]) for name in frame.columns]
    for cells in zip(*columns, strict=True):
        table.add_row(*map(Text, cells))
    return table


def _column(values: Any) -> list[str]:
    return [words.number(v, 4) for v in values] if values.dtype.kind == "f" else words.stamps(values)


def verdict(backtest: Any, unit: str) -> str:
    """The one sentence to take home."""
    return str(figures.headline(backtest, unit)["sentence"])


def bullet(text: str) -> Any:
    """A note, wrapped beside its mark."""
    from rich.table import Table
    from rich.text import Text

    table = Table.grid(padding=(0, 1))
    table.add_row(Text("·", style="dim"), Text(text, style="dim"))
    return table


def catalogue_table(entries: Any) -> Any:
    """The embedded sets, one in each row."""
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False, padding=(0, 1))
    table.add_column("name", no_wrap=True, style="bold")
    table.add_column("rows", justify="right", no_wrap=True)
    table.add_column("what")
    for entry in entries:
        table.add_row(entry.name, words.count(entry.rows), entry.about)
    return table


def set_page(entry: Any, head: dict[str, list[Any]]) -> Any:
    """One embedded set: what it is, and its first rows (as many columns as fit)."""
    from rich import box
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    said = {"rows": words.count(entry.rows), "columns": ", ".join(entry.columns), "notes": entry.notes}
    said |= {"source": entry.source, "licence": entry.licence}
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False, padding=(0, 1))
    for name in list(head)[:5]:
        table.add_column(Text(name), justify="right", no_wrap=True)
    for row in zip(*list(head.values())[:5], strict=True):
        table.add_row(*("–" if v is None else str(v) for v in row))
    return Group(listing(f"{entry.name}: {entry.about}", said), "", table)
