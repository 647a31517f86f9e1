"""`plashet inspect`: what a model file holds, without running anything in it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from .console import Say, speaking
from .faults import DataFault, UsageFault

NOISE_TICKS = 600  # of white noise through each liquid, to see how it answers


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
        from ..report import words
        from .show import listing

        for one in found:
            told = {k: _told(v) for k, v in one.items() if k not in ("file", "arrays")}
            say.show(
                listing(one["file"], told | {"size": words.size(one["size"]), "numbers": words.count(one["numbers"])})
            )
        say.show(f"\nNext: plashet watch - --model {models[0]} --target COLUMN")


def examine(path: str) -> dict[str, Any]:
    """What a file says of itself, and what can be computed from its liquid."""
    about, arrays = opened(path)
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
    return found | settings | _liquids(path) | {"arrays": {k: list(a.shape) for k, a in arrays.items()}}


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


def _liquids(path: str) -> dict[str, Any]:
    """Each distinct liquid in the file: its size, and how it answers white noise; nothing where it cannot be built."""
    import numpy as np

    from ..live import Open, Snapshot
    from ..measure import report
    from ..save import load

    try:
        value = load(path, (Snapshot, Open))
    except ValueError:
        return {"liquids": "of types that are not plashet's"}
    found = {}
    for count, cell in enumerate(_cells(value, set()), 1):
        noise = np.random.default_rng(0).normal(size=(NOISE_TICKS, cell.inputs))
        found[f"liquid {count}"] = {"units": cell.outputs, "inputs": cell.inputs, **report(cell, noise).as_dict()}
    return found


def _cells(value: Any, seen: set[bytes]) -> Iterator[Any]:
    """Every distinct cell with a wiring inside a value."""
    from .. import tree
    from ..wiring import Wiring

    wiring = getattr(value, "wiring", None)
    if isinstance(wiring, Wiring):
        content = wiring.weights.tobytes()  # a file may hold the same liquid twice, in a model and in its learner
        if content not in seen:
            seen.add(content)
            yield value
        return
    for _name, part in tree.parts(value) or ():
        yield from _cells(part, seen)


def _told(value: Any) -> str:
    """A fact in words: a liquid's report as one sentence, sizes in bytes as they are read."""
    if not isinstance(value, dict):
        return str(value)
    from ..report import words

    radius = "" if value["radius"] is None else f", spectral radius {value['radius']:.3f}"
    fading = value["forgets_after"]
    forgets = f"forgets after {fading} ticks" if fading is not None else "does not forget within the test"
    said = (
        f"{value['units']} units, inputs: {value['inputs']}{radius}; on white noise: rank {value['rank']:.0f}, "
        f"memory {words.number(value['memory'])} ticks, {forgets}"
    )
    return "; ".join([said, *value["advice"]])
