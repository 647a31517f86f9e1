"""In C: cells made of cells, cells without weights, readouts, and the leaky units of reservoirs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ...cells import Beside, Chain, Pass, Products, Squares
from ...encode import Hold, Mask, Scale
from ...liquids import Leaky, Motors
from ...model import Looped, Model, Readout
from ...wiring import Bands
from ..door import Emitter, chosen, single, stripped
from .page import Page, literal

Emit = Callable[[Any, Page, str], str]  # cell, page and place: the name of the function


def chain(emit: Emit, cell: Chain, page: Page, place: str) -> str:
    lines, heard = [], "u"
    last = len(cell.cells) - 1
    for k, inner in enumerate(cell.cells):
        called = emit(inner, page, _at(place, f"cells.{k}"))
        to = "y" if k == last else f"x{k}"
        if k < last:
            lines.append(f"float x{k}[{inner.outputs}];")
            page.works(inner.outputs)
        lines.append(f"{called}(s, {heard}, dt, {to});")
        heard = to
    lines.sort(key=lambda line: not line.startswith("float"))
    return page.function(f"{place or 'the whole'}: each fed by the one before", "chain", "\n".join(lines))


def beside(emit: Emit, cell: Beside, page: Page, place: str) -> str:
    lines, first = [], 0
    for k, inner in enumerate(cell.cells):
        lines.append(f"{emit(inner, page, _at(place, f'cells.{k}'))}(s, u, dt, y + {first});")
        first += inner.outputs
    return page.function(f"{place or 'the whole'}: side by side, all hear u", "beside", "\n".join(lines))


def model(emit: Emit, cell: Model, page: Page, place: str) -> str:
    inner = emit(cell.liquid, page, _at(place, "liquid"))
    out = readout(cell.readout, page, _at(place, "readout"))
    page.works(cell.liquid.outputs)
    body = f"float x[{cell.liquid.outputs}];\n{inner}(s, u, dt, x);\n{out}(s, x, dt, y);"
    return page.function(f"{place or 'the whole'}: a liquid and its readout", "model", body)


def looped(emit: Emit, cell: Looped, page: Page, place: str) -> str:
    inner = emit(cell.liquid, page, _at(place, "liquid"))
    out = readout(cell.readout, page, _at(place, "readout"))
    last, n, heard = page.keeps("last", cell.outputs), cell.inputs, cell.liquid.inputs
    page.works(heard, cell.liquid.outputs)
    given = f"memcpy(x, u, {n} * sizeof(float));\n" if n else ""
    body = f"""float x[{heard}], f[{cell.liquid.outputs}];
{given}memcpy(x + {n}, {last}, {cell.outputs} * sizeof(float));
{inner}(s, x, dt, f);
{out}(s, f, dt, y);
memcpy({last}, y, {cell.outputs} * sizeof(float));"""
    return page.function(f"{place or 'the whole'}: a model that hears its own last output", "looped", body)


def readout(cell: Any, page: Page, place: str) -> str:
    chosen({Readout: readout}, cell, place, "C")
    weights = single(cell.weights, f"{place}.weights").T
    w, b = page.floats("weights", weights), page.floats("bias", cell.bias)
    outputs, features = weights.shape
    page.cost.multiply_adds += weights.size
    body = f"""int i, j;
for (i = 0; i < {outputs}; ++i) {{
    float sum = {b}[i];
    for (j = 0; j < {features}; ++j) sum += {w}[i][j] * u[j];
    y[i] = sum;
}}"""
    return page.function(f"{place}: y = weights u + bias", "readout", body)


def motors(cell: Motors, page: Page, place: str) -> str:
    w, b = page.floats("weight", cell.weight), page.floats("bias", cell.bias)
    page.cost.multiply_adds += cell.outputs
    body = f"int i;\nfor (i = 0; i < {cell.outputs}; ++i) y[i] = {w}[i] * u[i] + {b}[i];"
    return page.function(f"{place}: the motor neurons, each scaled by itself", "motors", body)


def pass_(cell: Pass, page: Page, place: str) -> str:
    body = f"int i;\nfor (i = 0; i < {cell.inputs}; ++i) y[i] = {page.name}_seen(u[i]);"
    return page.function(f"{place}: the input as it is, 0 where it is missing", "pass", body)


def mask(cell: Mask, page: Page, place: str) -> str:
    body = f"int i;\nfor (i = 0; i < {cell.inputs}; ++i) y[i] = u[i] == u[i] ? 1.0f : 0.0f;"
    return page.function(f"{place}: 1 where an input is there, 0 where it is missing", "mask", body)


def squares(cell: Squares, page: Page, place: str) -> str:
    page.cost.multiply_adds += cell.inputs
    n = cell.inputs
    body = f"int i;\nfor (i = 0; i < {n}; ++i) {{\n    y[i] = u[i];\n    y[{n} + i] = u[i] * u[i];\n}}"
    return page.function(f"{place}: u and its squares", "squares", body)


def products(cell: Products, page: Page, place: str) -> str:
    n = cell.inputs
    page.cost.multiply_adds += n * (n + 1) // 2
    body = f"""int i, j, k = {n};
for (i = 0; i < {n}; ++i) y[i] = u[i];
for (i = 0; i < {n}; ++i)
    for (j = i; j < {n}; ++j) y[k++] = u[i] * u[j];"""
    return page.function(f"{place}: u and all its products of two", "products", body)


def hold(cell: Hold, page: Page, place: str) -> str:
    last, n = page.keeps("last", cell.inputs), cell.inputs
    body = f"""int i;
for (i = 0; i < {n}; ++i) {{
    if (u[i] == u[i]) {last}[i] = u[i];
    y[i] = {last}[i];
}}"""
    return page.function(f"{place}: what is missing is what it was before", "hold", body)


def scale(cell: Scale, page: Page, place: str) -> str:
    n = cell.inputs
    center, spread = page.floats("center", cell.center), page.floats("spread", cell.spread)
    page.cost.multiply_adds += n
    body = f"int i;\nfor (i = 0; i < {n}; ++i) {{\n    float x = (u[i] - {center}[i]) / {spread}[i];\n"
    if np.isfinite(cell.limit).any():
        limit = np.broadcast_to(np.asarray(cell.limit, np.float64), (n,))
        most = literal(np.float32(limit[0])) if (limit == limit[0]).all() else f"{page.floats('limit', limit)}[i]"
        body += f"    x = x > {most} ? {most} : x < -{most} ? -{most} : x;\n"
    return page.function(f"{place}: (u - center) / spread, within the limit", "scale", body + "    y[i] = x;\n}")


ACTIVATIONS = {
    "tanh": "tanhf(f)",
    "logistic": "1.0f / (1.0f + expf(-f))",
    "relu": "f > 0.0f ? f : 0.0f",
    "identity": "f",
}


def leaky(cell: Leaky, page: Page, place: str) -> str:
    wiring, units, inputs = cell.wiring, cell.outputs, cell.inputs
    x = page.keeps("x", units)
    tau = np.broadcast_to(np.asarray(cell.tau, np.float64), (units,))
    one = bool((tau == tau[0]).all())
    keep = f"expf(-dt / {literal(np.float32(tau[0]))})" if one else f"expf(-dt / {page.floats('tau', tau)}[i])"
    page.works(units, units)
    page.cost.multiply_adds += wiring.topology.edges + units * (inputs + 1)
    page.cost.exponentials += (1 if one else units) + units * (cell.activation in ("tanh", "logistic"))
    bias, heard = page.floats("bias", wiring.bias), _recurrent(cell, page, x)
    lines = [f"float seen[{max(inputs, 1)}], after[{units}];", "int i, j;"]
    lines += [f"const float keep = {keep};"] if one else []
    if inputs:
        w_in = page.floats("w_in", wiring.w_in)
        lines += [f"for (j = 0; j < {inputs}; ++j) seen[j] = {page.name}_seen(u[j]);"]
        lines += [f"for (i = 0; i < {units}; ++i) {{", f"    float f = {bias}[i];"]
        lines += [f"    for (j = 0; j < {inputs}; ++j) f += {w_in}[i][j] * seen[j];"]
    else:
        lines += ["(void)seen;", f"for (i = 0; i < {units}; ++i) {{", f"    float f = {bias}[i];"]
    lines += [f"    {line}" for line in heard]
    lines += [] if one else [f"    const float keep = {keep};"]
    lines += [f"    f = {ACTIVATIONS[cell.activation]};", f"    after[i] = (1.0f - keep) * f + keep * {x}[i];", "}"]
    lines += [f"memcpy({x}, after, sizeof after);", "memcpy(y, after, sizeof after);"]
    told = f"{place or 'the whole'}: x' = (1 - k) f + k x, k = exp(-dt/tau), f = {cell.activation}(W x + W_in u + bias)"
    return page.function(told, "leaky", "\n".join(_declared(lines)))


def _recurrent(cell: Leaky, page: Page, x: str) -> list[str]:
    """What unit i hears of the others, added to f."""
    wiring, topology, units = cell.wiring, cell.wiring.topology, cell.outputs
    if not topology.edges:
        return ["(void)j;"]
    if isinstance(topology, Bands):
        shifts = page.integers("shifts", np.asarray(topology.shifts) % units)
        w = page.floats("weights", np.asarray(wiring.weights).T)
        return [
            f"for (j = 0; j < {len(topology.shifts)}; ++j) {{",
            f"    const unsigned long k = (unsigned long)i + {shifts}[j];",
            f"    f += {w}[i][j] * {x}[k < {units}u ? k : k - {units}u];",
            "}",
        ]
    order, start = topology.by_target
    first, pre = page.integers("start", start), page.integers("pre", np.asarray(topology.pre)[order])
    w = page.floats("weights", np.asarray(wiring.weights)[order])
    return [f"for (j = (int){first}[i]; j < (int){first}[i + 1]; ++j) f += {w}[j] * {x}[{pre}[j]];"]


def _declared(lines: list[str]) -> list[str]:
    return [line for line in lines if line]


def _at(place: str, part: str) -> str:
    return f"{place}.{part}" if place else part


MADE_OF: dict[type, Callable[..., str]] = {Chain: chain, Beside: beside, Model: model, Looped: looped}
PLAIN: dict[type, Emitter] = {
    Pass: pass_,
    Mask: mask,
    Squares: squares,
    Products: products,
    Hold: hold,
    Scale: scale,
    Motors: motors,
    Leaky: leaky,
}


def emitter(liquids: dict[type, Emitter], made_of: dict[type, Emitter]) -> Emit:
    """Who writes a cell and all that it is made of; made_of: by emitters that call this one for the parts."""
    parts = {**MADE_OF, **made_of}
    known: dict[type, Emitter] = {**PLAIN, **liquids, **parts}

    def emit(cell: Any, page: Page, place: str) -> str:
        cell = stripped(cell)
        write = chosen(known, cell, place, "C")
        if type(cell) in parts:
            return str(write(emit, cell, page, place))
        return str(write(cell, page, place or type(cell).__name__))

    return emit
