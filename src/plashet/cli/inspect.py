"""`plashet inspect`: what a model file holds, without running anything in it."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from ..save import FileError
from ..save import describe as description_of
from ..save import load as read_file
from .console import Say, speaking
from .faults import UsageFault, model_fault
from .probes import Probe, probes
from .voices import tick_of, told_of

_HOLDS = {"Saved": "Forecaster", "Snapshot": "Live", "Watched": "a watch: a Forecaster and its score"}


@click.command("inspect", short_help="Say what is in a model file.")
@click.argument("models", metavar="MODEL...", nargs=-1, required=True)
@speaking
def command(say: Say, models: tuple[str, ...]) -> None:
    """Say what is in a model file: sizes, versions, what was learnt, and how its liquids answer noise.

    Nothing in a file is ever run; a file that is not one of plashet's is refused.
    """
    found = [examine(path) for path in models]
    say.result(found[0] if len(found) == 1 else found)
    if not say.json:
        from .show import listing

        for one in found:
            say.show(listing(one["file"], _told(one)), "")
            if one["kind"] == "watch" or len(one.get("targets", ())) == 1:
                typed = ["plashet", "watch", "-", "--model", one["file"], "--target", one["target"]]
                say.show(f"Next: {shlex.join(typed)}")
            if one["kind"] == "recogniser" and "hears" in one:
                say.show(f"Next: {shlex.join(['plashet', 'listen', one['file'], 'SOUND.wav'])}")


def examine(path: str) -> dict[str, Any]:
    """What a file says of itself, what was learnt, and how each of its liquids answers noise."""
    from .. import forecast as _forecast  # noqa: F401 - its types must be known before a file is read
    from ..live import Open, Snapshot
    from .watcher import Watched

    if not Path(path).is_file():
        raise UsageFault(f"there is no file {path}", "plashet forecast DATA --target COLUMN makes one")
    try:
        about = description_of(path)
        value = read_file(path, (Snapshot, Open, Watched))
    except FileError as error:
        raise model_fault(error) from None
    found = {
        "file": path,
        "kind": "value",
        "holds": _HOLDS.get(kind := type(value).__name__, kind),
        "size": Path(path).stat().st_size,
    }
    found |= {"format": about["format"], "plashet": about.get("plashet"), "NumPy": about.get("numpy")}
    return found | _learnt(value) | _liquids(value, tick_of(value))


def _learnt(value: Any) -> dict[str, Any]:
    """What a forecaster, a watch or a Live has learnt; nothing for other values."""
    from ..classify import Recogniser
    from ..forecast.forecaster import Saved
    from ..live import Snapshot
    from .watcher import Watched

    if isinstance(value, Recogniser):
        return told_of(value)
    if isinstance(value, Watched):
        inner = {} if value.model is None else _forecaster(value.model)
        mae = value.total / value.scored if value.scored else None
        seen = {"rows seen": value.n, "last row": value.last or None, "error one step ahead": mae}
        return inner | {"kind": "watch", "target": value.target, **seen, "gathered for warm-up": len(value.values)}
    if isinstance(value, Saved):
        return _forecaster(value)
    if isinstance(value, Snapshot):
        shape = {"inputs": value.model.inputs, "outputs": value.model.outputs, "learner": repr(value.learner)}
        return {"kind": "live", "ticks": value.ticks, "open predictions": len(value.open), **shape}
    return {}


def _forecaster(saved: Any) -> dict[str, Any]:
    asked, first = saved.settings, saved.fitted[0]
    return {
        "kind": "forecaster",
        "target": ", ".join(saved.shape.names),
        "targets": list(saved.shape.names),
        "exog": list(saved.shape.exog),
        "horizon": asked.horizon,
        "levels": list(asked.levels),
        "seed": asked.seed,
        "step": saved.shape.grid.words(),
        "rows seen": first.track.ticks,
        "chosen": dict(first.chosen),
    }


def _liquids(value: Any, tick: float | None) -> dict[str, Any]:
    """Each distinct liquid in the file: its size, and how it answers noise.

    tick [s]: a recogniser's. Its rate liquids are tried in such ticks, and get no advice: that is for liquids that must
    remember single ticks, and a recogniser is judged by its trial. Spiking liquids are tried in ticks of their own.
    """
    from ..measure import report

    found = {}
    for count, (cell, probe) in enumerate(_cells(value, set()), 1):
        u, dt = probe.inputs(cell)
        slow = tick if probe.family == "rate" else None
        told = {"family": probe.family, "units": cell.outputs, "inputs": cell.inputs}
        if circuit := getattr(cell, "circuit", None):
            told |= {"currents": circuit.inputs.currents, "events": circuit.inputs.events}
        said = report(cell, u, dt if slow is None else slow).as_dict()
        found[f"liquid {count}"] = told | said | ({} if slow is None else {"advice": ()})
    return found


def _cells(value: Any, seen: set[bytes]) -> Iterator[tuple[Any, Probe]]:
    """Every distinct liquid inside a value, and how it is tried."""
    from .. import tree

    for probe in probes():
        content = probe.content(value)
        if content is not None:
            if content not in seen:  # a file may hold the same liquid twice, in a model and in its learner
                seen.add(content)
                yield value, probe
            return
    for _name, part in tree.parts(value) or ():
        yield from _cells(part, seen)


def _told(found: dict[str, Any]) -> dict[str, str]:
    """Facts as words; what is empty is left out."""
    from ..report import words

    told: dict[str, str] = {}
    for name, value in found.items():
        if name in ("file", "kind", "targets") or value in (None, [], 0):
            continue
        if name == "chosen":
            told |= {k: words.retold(v) for k, v in value.items()}
        elif isinstance(value, dict):
            told[name] = _liquid_told(value)
        elif isinstance(value, list):
            told[name] = ", ".join(f"{v:g}" if isinstance(v, float) else str(v) for v in value)
        else:
            told[name] = words.number(value) if isinstance(value, float) else str(value)
    return told | {"size": words.size(found["size"])}


def _liquid_told(value: dict[str, Any]) -> str:
    told = {probe.family: probe.told for probe in probes()}
    return "; ".join([told[value["family"]](value), *value["advice"]])
