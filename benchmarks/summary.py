"""What was found, for readers: the whole as a page (table.md) and the short table of the README."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import common
from common import Result

BEGIN, END = "<!-- bench -->", "<!-- /bench -->"
APART = ("spiking speed", "training")  # have tables of their own
TITLES = {
    "driving": "Driving a liquid",
    "fitting": "Fitting a readout, drive included",
    "tick": "A live tick: predict, then learn",
    "memory": "Memory",
    "windup": "Forgetting for a long time",
    "spiking speed": "Spiking liquids beside NEST",
    "training": "Training liquid networks beside ncps",
    "known peers": "Known results beside reservoirpy",
}


def document(found: dict[str, Any], shows: dict[str, Callable[[list[Result]], str]], results: list[Result]) -> str:
    """table.md"""
    columns = ("what", "size", "plashet", "reservoirpy", "times [least, most]", "wanted")
    promised = [_row(r, results) for r in results if r.wanted and r.question not in APART]
    parts = ["# Benchmarks\n", short(found, results), "## What was wanted\n", common.table(columns, promised)]
    for name, show in shows.items():
        title = name.replace("_", " ")
        own = [r for r in results if r.question == title]
        if own:
            command = own[0].command.partition(" --units")[0]
            parts += [f"## {TITLES[title]}\n", f"`{command}`\n", show(own)]
    if found["known_results"]:
        parts += ["## Known results\n", "`python benchmarks/known_results.py`\n", known(found["known_results"])]
    return "\n".join(parts)


def short(found: dict[str, Any], results: list[Result]) -> str:
    """For the README: the speeds by size, everything else in a row each, and what falls short."""
    parts = [found["absent"].strip(), _speeds(results), _others(results), _spiking(results)]
    parts += [_training(results), _machine(found["machine"])]
    return "\n\n".join(part.strip() for part in (*parts, _missed(results, found["known_results"])) if part) + "\n"


def _speeds(results: list[Result]) -> str:
    """How many times longer reservoirpy takes, a column for each size."""
    own = [r for r in results if r.question in ("driving", "fitting") and r.wanted and r.ratio]
    sizes = sorted({r.units for r in own})
    rows = []
    for name in dict.fromkeys(_name(r) for r in own):
        cells = {r.units: r for r in own if _name(r) == name}
        wanted = " / ".join(cells[n].wanted if n in cells else "–" for n in sizes)
        rows.append((name, *(_cell(cells.get(n)) for n in sizes), wanted))
    columns = ("reservoirpy takes longer by (in brackets: plashet)", *(f"{n} units" for n in sizes), "wanted")
    return common.table(columns, rows) if rows else ""


def _cell(r: Result | None) -> str:
    if r is None or r.ratio is None:
        return "–"
    return f"{common.times(r.ratio).partition(' ')[0]} ({_value(r)})"


def _others(results: list[Result]) -> str:
    apart = ("driving", "fitting", *APART)
    rows = [_row(r, results) for r in results if r.wanted and r.question not in apart]
    rows += [_beside(r, results) for r in results if r.question == "known peers" and r.who == "plashet"]
    return common.table(("what", "units", "plashet", "reservoirpy", "times [least, most]", "wanted"), rows)


def _spiking(results: list[Result]) -> str:
    """Spiking liquids in float32: what has a NEST beside it, and what something was wanted of."""
    own = [r for r in results if r.question == "spiking speed"]
    rows = []
    for r in own:
        if r.who.startswith("plashet float32") and (r.wanted or r.ratio):
            nest = next((p for p in own if p.who == "NEST" and p.units == r.units and _case(p) == _case(r)), None)
            real = f" ({r.notes['times real time']:.0f}x real time)" if "times real time" in r.notes else ""
            value, theirs = f"{_number(r.value)} {r.unit}{real}", f"{_number(nest.value)} ms" if nest else ""
            rows.append((_name(r), f"{r.units}", value, theirs, common.times(r.ratio), common.verdict(r)))
    columns = ("spiking liquids", "units", "plashet", "NEST", "times [least, most]", "wanted")
    return common.table(columns, rows) if rows else ""


def _training(results: list[Result]) -> str:
    """Training steps on two threads, one beside them; the tick of a stream; memory."""
    own = [r for r in results if r.question == "training"]
    rows = [_trained(r, own) for r in own if r.who == "plashet" and (r.wanted or r.notes["threads"] == 2)]
    columns = ("training, two threads", "units", "plashet", "ncps", "LSTM", "GRU", "ncps takes", "one thread", "wanted")
    return common.table(columns, rows) if rows else ""


def _trained(r: Result, own: list[Result]) -> tuple[str, ...]:
    found = {(p.who, p.notes["threads"]): p for p in own if _case(p) == _case(r) and p.units == r.units}
    peers = [found.get((who, r.notes["threads"])) for who in ("ncps", "nn.LSTM", "nn.GRU")]
    alone = found.get(("plashet", 1)) if r.notes["threads"] == 2 else None
    one = f"{common.times(alone.ratio)} ({_number(alone.value)})" if alone else ""
    theirs = (_number(p.value) if p else "" for p in peers)
    times = common.times(r.ratio)
    return _case(r), f"{r.units}", f"{_number(r.value)} {r.unit}", *theirs, times, one, common.verdict(r)


def _case(r: Result) -> str:
    return str(r.notes["case"])


def into_readme(path: Path, text: str, begin: str = BEGIN, end: str = END) -> None:
    """The text between two markers of the README; ValueError if they are not there."""
    page = path.read_text()
    if page.count(begin) != 1 or page.count(end) != 1:
        raise ValueError(f"{path} must have the markers {begin} and {end} once each")
    head, _, rest = page.partition(begin)
    path.write_text(f"{head}{begin}\n{text.strip()}\n{end}{rest.partition(end)[2]}")


def known(found: dict[str, Any]) -> str:
    """The known results, each beside its baselines."""
    rows = []
    for name, one in found["results"].items():
        baselines = ", ".join(f"{who} {_number(score)}" for who, score in one["baselines"].items())
        wanted = f"{_number(one['wanted'])} {'yes' if one['holds'] else '**no**'}"
        rows.append((name, _number(one["score"]), one["unit"], wanted, baselines))
    seeds = f"Medians over the seeds {found['seeds'][0]} to {found['seeds'][-1]}; a seed draws liquid and data.\n"
    return common.table(("task", "plashet", "unit", "wanted", "baselines"), rows) + "\n" + seeds


def _row(r: Result, results: list[Result]) -> tuple[str, ...]:
    peer = next((p for p in results if p.question == r.question and p.units == r.units and _peer(p, r)), None)
    return (_name(r), f"{r.units}", _value(r), _value(peer) if peer else "", common.times(r.ratio), common.verdict(r))


def _name(r: Result) -> str:
    """ "plashet bands float32 out=" of driving -> "drive, bands float32" """
    kind = r.who.removeprefix("plashet").removesuffix("out=").strip(" ,")
    if r.question == "windup":
        return f"RLS, forgetting {r.notes['forgetting']:g}, {WORST}"
    if r.question == "training":
        return _case(r)
    if r.question == "spiking speed":
        return f"{_case(r)}, {kind.partition(',')[0]}"
    if r.question == "tick":
        return "predict and learn, p50"
    if r.question == "memory":
        return "fit, memory for 16 times the ticks" if kind == "fit" else kind
    return f"{'drive' if r.question == 'driving' else 'fit'}, {kind}"


WORST = "median error (worst)"


def _peer(p: Result, r: Result) -> bool:
    if r.question == "memory":
        return p.who.startswith("reservoirpy") and p.unit == r.unit
    return p.who == "reservoirpy" and p.notes.get("forgetting") == r.notes.get("forgetting")


def _value(r: Result) -> str:
    if r.question == "windup":
        return f"{r.value:.0e} ({r.most:.0e})"
    if r.question == "memory" and r.unit == "MB":
        return f"{r.notes['fit MB'][0]:.0f} → {r.notes['fit MB'][-1]:.0f} MB"
    return f"{_number(r.value)} {r.unit.replace(' per tick', '')}"


def _beside(r: Result, results: list[Result]) -> tuple[str, ...]:
    others = [p for p in results if p.question == r.question and p.notes["task"] == r.notes["task"] and p is not r]
    theirs = " / ".join(_number(p.value) for p in others)
    return (
        f"{r.notes['task']}, {r.unit}",
        f"{r.units}",
        _number(r.value),
        theirs and f"{theirs} (ridge 1e-6 / its best)",
        "",
        "",
    )


def _machine(machine: dict[str, Any]) -> str:
    libraries = ", ".join(f"{name} {machine.get(name, 'not installed')}" for name in common.LIBRARIES)
    return (
        f"Measured {machine['date']} by `make bench` on {machine['cores']} cores of {machine['processor']}, one thread "
        f"each, load {machine['load']}; Python {machine['python']}, {libraries}. "
        "Times are medians of turns taken with the peers; reservoirpy and NEST compute in float64."
    )


def _missed(results: list[Result], known_results: Any) -> str:
    missed = [
        f"{_name(r)} at {r.units} units ({common.times(r.ratio) or _value(r)})" for r in results if r.met is False
    ]
    missed += [name for name, one in (known_results or {"results": {}})["results"].items() if not one["holds"]]
    return f"Short of what was wanted: {'; '.join(missed)}.\n" if missed else "All that was wanted holds.\n"


def _number(value: float) -> str:
    return f"{value:.1e}" if abs(value) < 0.01 and value else f"{value:.3g}"
