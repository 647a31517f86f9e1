"""`plashet inspect`: what a model file holds, without running anything in it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from .console import Say, speaking
from .faults import DataFault, UsageFault


@click.command("inspect", short_help="Say what is in a model file.")
@click.argument("models", metavar="MODEL...", nargs=-1, required=True)
@speaking
def command(say: Say, models: tuple[str, ...]) -> None:
    """Say what is in a model file: sizes, versions, the liquid's spectral radius, what was learnt.

    Nothing in a file is ever run; a file that is not one of plashet's is refused.
    """
    found = [examine(path) for path in models]
    say.result(found[0] if len(found) == 1 else found)
    if not say.json:
        from .show import listing

        for one in found:
            say.show(listing(one["file"], {k: v for k, v in one.items() if k not in ("file", "arrays")}))
        say.show(f"\nNext: plashet watch - --model {models[0]} --target COLUMN")


def examine(path: str) -> dict[str, Any]:
    """What a file says of itself, and what can be computed from its liquid."""
    about, arrays = opened(path)
    wirings = _nodes(about["value"], "Wiring")
    types = list(dict.fromkeys(_types(about["value"])))
    found: dict[str, Any] = {
        "file": path,
        "holds": about["value"].get("type", "a value"),
        "format": about.get("format"),
        "plashet": about.get("plashet"),
        "NumPy": about.get("numpy"),
        "size": Path(path).stat().st_size,
        "numbers": sum(int(a.size) for a in arrays.values()),
        "built from": ", ".join(types),
    }
    settings = _settings(about["value"])
    return found | settings | _liquids(path, len(wirings)) | {"arrays": {k: list(a.shape) for k, a in arrays.items()}}


def opened(path: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """A model file's description and arrays; a file that cannot be read is refused with the way out."""
    from ..save import FileError, _read

    if not Path(path).is_file():
        raise UsageFault(f"there is no file {path}", "plashet forecast DATA --target COLUMN makes one")
    try:
        return _read(Path(path))
    except FileError as error:
        raise model_fault(error) from None


def model_fault(error: ValueError) -> DataFault:
    """A FileError in the words of the command line."""
    text = str(error)
    if "pip install --upgrade" in text:
        return DataFault(text.rsplit(":", 1)[0], "pip install --upgrade plashet")
    return DataFault(text, "save the model again with plashet: model.save('model.plashet')")


def _nodes(node: Any, kind: str) -> list[Any]:
    """Every part of that type, in a description."""
    if isinstance(node, dict):
        here = [node] if node.get("type") == kind else []
        return here + [n for v in node.values() for n in _nodes(v, kind)]
    if isinstance(node, list):
        return [n for v in node for n in _nodes(v, kind)]
    return []


def _types(node: Any) -> list[str]:
    if isinstance(node, dict):
        here = [node["type"]] if isinstance(node.get("type"), str) else []
        return here + [t for v in node.values() for t in _types(v)]
    if isinstance(node, list):
        return [t for v in node for t in _types(v)]
    return []


def _settings(node: dict[str, Any]) -> dict[str, Any]:
    """The plain values at the top: horizon, levels, ticks seen, …"""
    parts = node.get("parts", {})
    return {
        name.replace("_", " "): part["is"] for name, part in parts.items() if isinstance(part, dict) and "is" in part
    }


def _liquids(path: str, wirings: int) -> dict[str, Any]:
    """Units and spectral radius of each liquid in the file; nothing where there is none, or it cannot be built."""
    if not wirings:
        return {}
    from ..save import load
    from ..wiring import spectral_radius

    try:
        value = load(path, _known())
    except ValueError:
        return {"liquids": f"{wirings}, of types that are not plashet's"}
    found = list(_wirings(value, set()))
    radii = [f"{spectral_radius(w.topology, w.weights):.3f}" for w in found]
    return {"liquids": len(found), "units": [w.units for w in found], "spectral radius": ", ".join(radii)}


def _known() -> tuple[type, ...]:
    from ..live import Open, Snapshot

    return (Snapshot, Open)


def _wirings(value: Any, seen: set[int]) -> Any:
    """Every distinct wiring inside a value."""
    from .. import tree
    from ..wiring import Wiring

    if isinstance(value, Wiring):
        if id(value.weights) not in seen:
            seen.add(id(value.weights))
            yield value
        return
    for _name, part in tree.parts(value) or ():
        yield from _wirings(part, seen)
