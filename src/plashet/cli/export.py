"""`plashet export`: a trained net as a C header or as the ONNX model of its step."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import click

from .console import Say, speaking
from .faults import DataFault, UsageFault, model_fault

ENDINGS = {"c": ".h", "onnx": ".onnx"}
LEADS = ("model", "fitted", "liquid")  # from what is saved to the net in it


@click.command("export", short_help="Write a trained net as a C header or an ONNX model.")
@click.argument("model", metavar="MODEL")
@click.option("--to", "form", type=click.Choice(list(ENDINGS)), required=True, help="A C header, or ONNX.")
@click.option("--out", metavar="FILE", help="Where to; by default named like MODEL, in this folder.")
@click.option("--name", metavar="NAME", help="What the C functions begin with; by default the name of FILE.")
@speaking
def command(say: Say, model: str, form: str, out: str | None, name: str | None) -> None:
    """Write the net in MODEL as a C header or as an ONNX model of its step.

    MODEL is a file of plashet.save (a cell, a model), of Live.save, or of a sequence estimator, whose liquid is taken;
    a liquid of torch goes by plashet.save(path, module.cell()). Such a file is a safetensors file already: its arrays
    are in it by name, for any reader of that format.

    \b
    plashet export policy.plashet --to c --out policy.h      weights and step, C99, no dependencies, no allocation
    plashet export policy.plashet --to onnx                  u, dt and states in; y and states out; the loop is yours
    """
    if name is not None and form != "c":
        raise UsageFault("--name is for C: an ONNX model has no functions to name", "leave it out")
    cell, left_out = net_in(model)
    to = Path(Path(model).stem + ENDINGS[form] if out is None else out)
    if to.is_dir() or not to.parent.is_dir():
        raise UsageFault(f"{to} is a folder" if to.is_dir() else f"there is no folder {to.parent}", "--out FILE")
    if left_out:
        say.note(left_out)
    told = {"file": str(to), "to": form, "inputs": cell.inputs, "outputs": cell.outputs}
    told |= _c(cell, to, name) if form == "c" else _onnx(cell, to)
    say.result(told)
    say.show(_words(told))


def net_in(path: str) -> tuple[Any, str]:
    """The cell in a model file, and what to say of what is not part of it."""
    from .. import estimators as _estimators  # noqa: F401 - its types must be known before a file is read
    from .. import forecast as _forecast  # noqa: F401
    from ..live import Open, Snapshot
    from ..save import FileError, load
    from .watcher import Watched

    if not Path(path).is_file():
        raise UsageFault(f"there is no file {path}", "plashet.save(path, cell) or live.save(path) makes one")
    try:
        value = found = load(path, (Snapshot, Open, Watched))
    except FileError as error:
        raise model_fault(error) from None
    while not _is_cell(found):
        follow = next((getattr(found, lead) for lead in LEADS if hasattr(found, lead)), None)
        if follow is None or isinstance(follow, tuple | type):
            raise DataFault(f"{path} holds a {_kind(value)}, which is not one net", "export a cell, a model or a Live")
        found = follow
    inside = hasattr(value, "fitted") or hasattr(value, "pooling") or hasattr(value, "classes")
    return found, "its liquid is exported; pooling and readout of whole sequences stay with plashet" if inside else ""


def _is_cell(value: Any) -> bool:
    return all(hasattr(value, name) for name in ("init", "step", "inputs", "outputs"))


def _kind(value: Any) -> str:
    return {"Saved": "Forecaster", "Watched": "watch"}.get(type(value).__name__, type(value).__name__)


def _c(cell: Any, to: Path, name: str | None) -> dict[str, Any]:
    from ..bridges import c

    given = re.sub(r"\W", "_", to.stem, flags=re.ASCII) if name is None else name
    given = f"net_{given}" if name is None and not given[:1].isalpha() else given
    try:
        takes = c.write(to, cell, given)
    except TypeError as error:
        raise DataFault(str(error)) from None
    except ValueError as error:
        kind = UsageFault if "is no name in C" in str(error) else DataFault
        raise kind(str(error)) from None
    return {"name": given, "bytes": takes.weights, "state": takes.state, "stack": takes.work} | {
        "multiply-adds": takes.multiply_adds,
        "exponentials": takes.exponentials,
    }


def _onnx(cell: Any, to: Path) -> dict[str, Any]:
    from ..bridges import onnx

    try:
        made = onnx.to_model(cell)
    except (TypeError, ValueError) as error:
        raise DataFault(str(error)) from None
    to.write_bytes(made.SerializeToString())
    ports = {"in": [p.name for p in made.graph.input], "out": [p.name for p in made.graph.output]}
    return {"opset": made.opset_import[0].version, "ports": ports}


def _words(told: dict[str, Any]) -> str:
    if told["to"] == "c":
        return (
            f"{told['file']}: {told['name']}_init, {told['name']}_step; "
            f"{told['inputs']} inputs, {told['outputs']} outputs\n"
            f"weights {told['bytes']:,} bytes, state {told['state']:,} bytes, stack about {told['stack']:,} bytes\n"
            f"a step: {told['multiply-adds']:,} multiply-adds, {told['exponentials']:,} exponentials"
        )
    ports = told["ports"]
    return f"{told['file']}: opset {told['opset']}, in {', '.join(ports['in'])}; out {', '.join(ports['out'])}"
