"""The report: one HTML file that needs nothing else, now or in ten years."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from html import escape
from importlib.resources import files
from pathlib import Path
from typing import Any

from . import figures, markup, sections, words
from .about import About, Outlook

_POLICY = "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data:"
_STILL = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"  # a page without scripts
_RIPPLES = (
    '<svg viewBox="0 0 32 32" fill="none" stroke="currentColor" stroke-linecap="round" aria-hidden="true">'
    '<circle cx="16" cy="5.5" r="2.4" fill="currentColor" stroke="none"/>'
    '<ellipse cx="16" cy="20" rx="4" ry="1.7" stroke-width="2"/>'
    '<ellipse cx="16" cy="20" rx="9" ry="4.4" stroke-width="1.7" opacity=".7"/>'
    '<ellipse cx="16" cy="20" rx="14.5" ry="7.6" stroke-width="1.4" opacity=".4"/></svg>'
)


def write(path: str | Path, backtest: Any, about: About, outlook: Outlook | None = None) -> Path:
    """Write the page for a backtest (and, if there is one, the forecast from the end of the data) to `path`."""
    path = Path(path)
    path.write_text(html(backtest, about, outlook), encoding="utf-8")
    return path


def html(backtest: Any, about: About, outlook: Outlook | None = None) -> str:
    """The whole page as text: markup, style, script and numbers; no reference to anything outside."""
    drawn = data(backtest, outlook)
    parts = "".join(part(backtest, about, drawn) for part in _parts())
    scripts = (
        f'<script type="application/json" id="figures">{markup.embedded(drawn)}</script>'
        f"<!-- The chart library below is uPlot. {_asset('vendor/LICENSE-uPlot.txt')} -->"
        f"<script>{_asset('vendor/uPlot.iife.min.js')}</script><script>{_asset('page.js')}</script>"
    )
    return whole(about.title, _header(backtest, about), parts, scripts)


def whole(title: str, header: str, parts: str, scripts: str = "", extra: str = "") -> str:
    """A page around what stands in it. scripts: the forecast's; `extra`: a further style sheet of this package."""
    told = f"{_brand(header)}<main>{parts}</main>".replace(" %", "&nbsp;%")
    chart = _asset("vendor/uPlot.min.css") if scripts else ""
    more = _asset(extra) if extra else ""
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(title)} · plashet</title>'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<meta http-equiv="Content-Security-Policy" content="{escape(_POLICY if scripts else _STILL)}">'
        f'<meta name="generator" content="plashet"><style>{chart}{_asset("page.css")}{more}</style></head>'
        f"<body>{told}{_footer(bool(scripts))}{scripts}</body></html>\n"
    )


def _brand(header: str) -> str:
    today = datetime.datetime.now().strftime("%Y-%m-%d %H:%M")
    brand = f'<div class="brand">{_RIPPLES}<span>plashet</span><time datetime="{today}">{today}</time></div>'
    return f"<header>{brand}{header}</header>"


def data(backtest: Any, outlook: Outlook | None = None) -> dict[str, Any]:
    """Everything that the script draws."""
    drawn = {
        "methods": _methods(backtest),
        "outlook": figures.outlook(backtest, outlook),
        "horizon": figures.horizon(backtest),
        "rolling": figures.rolling(backtest),
        "coverage": figures.coverage(backtest),
        "experts": figures.experts(backtest),
        "activity": figures.activity(backtest),
    }
    if drawn["experts"]:
        names = list(drawn["experts"]["lines"])
        drawn["experts"]["labels"] = {n: words.name(n) for n in names}
        drawn["experts"]["colours"] = sections.expert_colours(names)
    return drawn


def _methods(backtest: Any) -> dict[str, dict[str, Any]]:
    return {
        key: {"label": words.name(key), "colour": sections.colour(key, i), "dash": i}
        for i, key in enumerate(figures.order(backtest))
    }


def _parts() -> tuple[Callable[[Any, About, dict[str, Any]], str], ...]:
    return (
        sections.outlook,
        sections.baselines,
        sections.rolling,
        sections.trust,
        sections.activity,
        sections.chosen,
        sections.notes,
    )


def _header(backtest: Any, about: About) -> str:
    lead = f'<p class="lead">{escape(about.lead)}</p>' if about.lead else ""
    sentence = escape(figures.headline(backtest, about.unit)["sentence"])
    return (
        f'<h1>{escape(about.title)}</h1>{lead}<p class="verdict">{sentence}</p>{sections.tiles(backtest, about)}'
        "<noscript>The pictures are drawn by a script in this page, and scripts are off. "
        "The tables hold the same numbers.</noscript>"
    )


def _footer(charts: bool) -> str:
    drawn = " Charts: uPlot 1.6.32, © 2022 Leon Sorokin, MIT licence." if charts else ""
    return f"<footer>Made by plashet. This page is complete: it loads nothing.{drawn}</footer>"


def _asset(name: str) -> str:
    return (files("plashet.report") / name).read_text(encoding="utf-8").strip()
