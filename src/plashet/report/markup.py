"""Small pieces of HTML, every word from outside escaped."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from html import escape
from typing import Any


def embedded(value: Any) -> str:
    """JSON that may stand inside a script element: no `<`, no NaN, no line separators that end a line in a script."""
    text = json.dumps(value, allow_nan=False, separators=(",", ":"), ensure_ascii=True)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def table(head: Sequence[str], rows: Iterable[Sequence[str]], caption: str, own: str = "") -> str:
    """A table whose first column heads its rows; the row headed `own` is marked."""
    top = "".join(f'<th scope="col">{escape(h)}</th>' for h in head)
    body = "".join(_row(row, own) for row in rows)
    return (
        f'<div class="scroll" tabindex="0" role="region" aria-label="{escape(caption)}"><table>'
        f"<thead><tr>{top}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def _row(row: Sequence[str], own: str) -> str:
    kind = ' class="own"' if own and row[0] == own else ""
    cells = "".join(f"<td>{escape(c)}</td>" for c in row[1:])
    return f'<tr{kind}><th scope="row">{escape(row[0])}</th>{cells}</tr>'


def behind(inner: str, words: str = "The numbers") -> str:
    """The table behind a picture, folded."""
    return f"<details><summary>{escape(words)}</summary>{inner}</details>"


def facts(rows: Iterable[tuple[str, str, str]]) -> str:
    """A list of (name, value, why); an empty why is left out."""
    parts = []
    for key, value, why in rows:
        small = f"<small>{escape(why)}</small>" if why else ""
        parts.append(f"<dt>{escape(key)}</dt><dd>{escape(value)}{small}</dd>")
    return f'<dl class="facts">{"".join(parts)}</dl>'


def chart(key: str, title: str, words: str, said: str, table_: str = "", kind: str = "chart") -> str:
    """A figure: heading, caption, the place where the script draws, and the table behind it.

    `said` is what a screen reader says instead of the picture: the finding, not the shape of the curve.
    """
    return (
        f'<figure aria-labelledby="{key}-title"><h2 id="{key}-title">{escape(title)}</h2>'
        f"<figcaption>{escape(words)}</figcaption>"
        f'<div class="{kind}" id="{key}" role="img" aria-label="{escape(said)}"></div>{table_}</figure>'
    )
