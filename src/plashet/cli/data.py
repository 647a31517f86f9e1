"""`plashet data`: the real sets inside the package."""

from __future__ import annotations

import sys
from typing import Any

import click

from .console import Say, speaking, tidy
from .faults import UsageFault, nearest


@click.group("data", short_help="List and show the data sets that plashet carries.")
def command() -> None:
    """The real data sets that plashet carries, with their sources and licences.

    \b
    plashet data list
    plashet data show victoria_demand
    plashet data show victoria_demand --csv > demand.csv
    """


@command.command("list")
@speaking
def listed(say: Say) -> None:
    """List the sets."""
    from ..data import catalogue

    entries = catalogue()
    say.result(
        [
            {"name": e.name, "rows": e.rows, "columns": e.columns, "about": e.about, "licence": e.licence}
            for e in entries
        ]
    )
    if not say.json:
        from .show import catalogue_table

        say.show(catalogue_table(entries), "\nNext: plashet data show NAME, or plashet forecast NAME --target COLUMN")


@command.command("show")
@click.argument("name")
@click.option("--csv", "as_csv", is_flag=True, help="The whole table as CSV on stdout.")
@click.option("--rows", type=click.IntRange(1), default=5, show_default=True, help="First rows to show.")
@click.option("--licence", is_flag=True, help="The licence in full.")
@speaking
def shown(say: Say, name: str, as_csv: bool, rows: int, licence: bool) -> None:
    """Show one set: what it is, what one must know of it, and its first rows."""
    from ..data import arrays, catalogue, licence_text

    known = {e.name: e for e in catalogue()}
    if name not in known:
        raise UsageFault(
            f"there is no set {name!r}; there are {', '.join(known)}", nearest(name, known, "plashet data show {}")
        )
    entry = known[name]
    if as_csv:
        _print_csv(entry)
        return
    if licence:
        print(licence_text(name).strip())
        return
    head = _head(arrays(name), rows)
    say.result({**entry._asdict(), "first": head})
    if not say.json:
        from .show import set_page

        say.show(set_page(entry, head))


def _head(columns: dict[str, Any], rows: int) -> dict[str, Any]:
    from ..report import words

    return {
        name: words.stamps(values[:rows]) if values.dtype.kind == "M" else tidy(values[:rows])
        for name, values in columns.items()
        if values.ndim == 1
    }


def _print_csv(entry: Any) -> None:
    from ..data.sets import text

    if entry.file.endswith(".npz"):
        raise UsageFault(f"{entry.name} is not a table but arrays", f"in Python: plashet.data.{entry.name}()")
    sys.stdout.write(text(entry.file))
