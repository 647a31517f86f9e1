"""The report of a recogniser: how often it is right, what it mixes up, and what its liquid does while it hears."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from typing import Any

import numpy as np

from . import markup, matrix, page, pictures, words
from .about import About

OWN = "liquid"


@dataclass(frozen=True, eq=False)
class Example:
    """One recording as the liquid hears it, and what the liquid does: spikes, or the values of its units."""

    title: str
    frames: Any  # (ticks, features)
    dt: float  # [s] a tick
    cochleagram: Any = None  # (ticks, channels), what the sound itself looks like, if it is a sound
    activity: Any = None  # (ticks, units)
    events: Any = None  # (n, 2) of (step, unit)
    steps: int = 0  # steps in all
    units: int = 0
    inhibitory: Any = None  # (units,) bool


@dataclass(frozen=True, eq=False)
class Recognition:
    """What is known of a recogniser. Methods: "liquid", and what it is compared with, in the order of the table."""

    classes: tuple[str, ...]
    confusion: Any  # (classes, classes) counts of the liquid: row the truth
    accuracy: Mapping[str, float]  # method -> share told right
    parts: Mapping[str, Any]  # method -> (parts,) share in each part left out
    part_names: tuple[str, ...]
    verdict: str
    seconds: float  # of computing
    sound: str  # how much was heard: "12.3 minutes"
    thing: str = "recording"
    mistakes: tuple[tuple[str, str, str], ...] = ()  # (what, class, guess)
    examples: tuple[Example, ...] = ()
    chosen: Mapping[str, str] = field(default_factory=dict)


def html(found: Recognition, about: About) -> str:
    """The whole page as text; it holds no script and refers to nothing outside."""
    parts = (_results(found), _matrix(found), _examples(found), _mistakes(found), _ends(found, about), _notes(about))
    return page.whole(about.title, _header(found, about), "".join(parts), extra="recognition.css")


def write(path: str | Path, found: Recognition, about: About) -> Path:
    """Write the page to `path`."""
    Path(path).write_text(html(found, about), encoding="utf-8")
    return Path(path)


def _header(found: Recognition, about: About) -> str:
    lead = f'<p class="lead">{escape(about.lead)}</p>' if about.lead else ""
    return f'<h1>{escape(about.title)}</h1>{lead}<p class="verdict">{escape(found.verdict)}</p>{_tiles(found)}'


def _tiles(found: Recognition) -> str:
    count = int(np.sum(found.confusion))
    cells = [("Told right", words.percent(found.accuracy[OWN]), f"of {words.count(count)} {found.thing}s")]
    cells += [(k.capitalize(), words.percent(v), "told right") for k, v in found.accuracy.items() if k != OWN]
    many, _, unit = found.sound.partition(" ")
    cells.append(("Heard", f"{escape(many)} <small>{escape(unit)}</small>", f"{len(found.classes)} classes"))
    cells.append(("Computed in", f"{words.number(found.seconds)} <small>s</small>", "all comparisons together"))
    inner = "".join(f"<div><dt>{escape(k)}</dt><dd>{v}</dd><dd>{escape(small)}</dd></div>" for k, v, small in cells)
    return f'<dl class="tiles">{inner}</dl>'


def _results(found: Recognition) -> str:
    """Beside the baselines, and the same for each part that was left out."""
    rows = []
    for name, share in found.accuracy.items():
        each = np.asarray(found.parts[name])
        spread = [f"{words.percent(each.min())} to {words.percent(each.max())}"] if len(each) > 1 else []
        rows.append([name, words.percent(share), *spread])
    head = ["method", "told right", "worst to best part"][: len(rows[0])]
    table = markup.table(head, rows, "Share told right", own=OWN)
    caption = "“No liquid” is the same readout on the frames themselves, kept in the same way."
    bars = "".join(_bar(name, share) for name, share in found.accuracy.items())
    own = (
        f"<figure><h2>Beside the baselines</h2><figcaption>{caption}</figcaption>"
        f'<div class="bars" aria-hidden="true">{bars}</div>{table}</figure>'
    )
    if len(found.part_names) < 2:
        return f"<section>{own}</section>"
    shares = [[n, *(words.percent(found.parts[k][i]) for k in found.accuracy)] for i, n in enumerate(found.part_names)]
    more = markup.table(["left out", *found.accuracy], shares, "Share told right in each part")
    return (
        f'<section class="pair wide-left">{own}<div><h2>What was left out</h2>'
        f"<figcaption>Each part by a recogniser that never heard it.</figcaption>{more}</div></section>"
    )


def _bar(name: str, share: float) -> str:
    kind = " own" if name == OWN else ""
    return f'<div class="bar{kind}"><span>{escape(name)}</span><i><b style="width:{100 * share:.1f}%"></b></i></div>'


def _matrix(found: Recognition) -> str:
    """What is taken for what, and each class by itself."""
    rows = []
    for name, row in zip(found.classes, matrix.by_class(found.confusion), strict=True):
        rows.append([name, words.count(row.there), words.percent(row.found), words.percent(row.right)])
    table = markup.table(["class", "there are", "found", "right when said"], rows, "Each class")
    pair = "pair wide-left" if matrix.width(found.classes) <= matrix.BESIDE else "stacked"
    return (
        f'<section class="{pair}">{matrix.figure(found.confusion, found.classes)}'
        f"<div><h2>Each class</h2><figcaption>Found: of those there are. Right when said: of those that got its name."
        f"</figcaption>{table}</div></section>"
    )


def _examples(found: Recognition) -> str:
    if not found.examples:
        return ""
    spiking = found.examples[0].events is not None
    below = (
        "each stroke a spike, inhibitory units in the second colour, below them the spikes of all"
        if spiking
        else "each row a unit, warm above its mean, cold below"
    )
    first = (
        "Above a cochleagram, low tones at the bottom; then" if found.examples[0].cochleagram is not None else "Above"
    )
    caption = f"{first} the frames that go in; below the liquid (of many units, some): {below}."
    inner = "".join(_example(e) for e in found.examples)
    return (
        f"<section><h2>What the liquid does</h2><figcaption>{escape(caption)}</figcaption>"
        f'<div class="heard">{inner}</div></section>'
    )


def _example(one: Example) -> str:
    span = len(one.frames) * one.dt
    said = f"{one.title}: {len(one.frames)} frames of {np.shape(one.frames)[1]} features"
    above = pictures.heat(one.frames, said, "frames")
    if one.cochleagram is not None:
        heard = f"Cochleagram of {np.shape(one.cochleagram)[1]} channels"
        above = pictures.heat(one.cochleagram, heard, "cochleagram") + above
    if one.events is not None:
        many = f"{words.count(len(one.events))} spikes of {words.count(one.units)} units"
        below = pictures.raster(one.events, one.units, one.steps, one.inhibitory, many)
    else:
        many = f"{np.shape(one.activity)[1]} units"
        below = pictures.diverging(one.activity, f"The values of {many}", "units")
    under = f'<div class="under"><span>0</span><span>{escape(many)}</span><span>{_time(span)}</span></div>'
    return f"<figure><h3>{escape(one.title)}</h3>{above}{below}{under}</figure>"


def _time(seconds: float) -> str:
    return f"{1000 * seconds:.0f}\u00a0ms" if seconds < 1 else f"{seconds:.2f}\u00a0s"


def _mistakes(found: Recognition) -> str:
    if not found.mistakes:
        return ""
    table = markup.table([found.thing, "is", "was taken for"], found.mistakes[:200], "Mistakes")
    more = " The first 200 are shown." if len(found.mistakes) > 200 else ""
    caption = f"{words.count(len(found.mistakes))} in all. A wrong label in the data shows here too.{more}"
    return f"<section><h2>Mistakes</h2><figcaption>{caption}</figcaption>{markup.behind(table, 'Which ones')}</section>"


def _ends(found: Recognition, about: About) -> str:
    picks = markup.facts((k, v, "") for k, v in found.chosen.items())
    command = f"<pre>{escape(about.command)}</pre>" if about.command else ""
    again = markup.facts((k, v, "") for k, v in about.facts.items())
    return (
        f'<section class="pair"><div><h2>What it is made of</h2>{picks}</div>'
        f"<div><h2>How to reproduce</h2>{command}{again}</div></section>"
    )


def _notes(about: About) -> str:
    if not about.notes:
        return ""
    items = "".join(f"<li>{escape(n)}</li>" for n in about.notes)
    return f'<section><h2>Notes</h2><ul class="notes">{items}</ul></section>'
