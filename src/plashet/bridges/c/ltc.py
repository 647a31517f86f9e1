"""In C: the liquid time-constant network, its synapses as lists."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...liquids import LTC, Exponential
from .page import Page, literal

GATES = ("w", "sigma", "mu", "erev")


def ltc(cell: LTC, page: Page, place: str) -> str:
    net, unfolds = cell.connectome, cell.solver.unfolds
    units, inputs = net.units, net.inputs
    v = page.keeps("v", units)
    affine = [page.floats(name, getattr(cell.affine, name)) for name in ("weight", "bias")] if inputs else []
    membrane = [page.floats(name, getattr(cell.membrane, name)) for name in ("gleak", "vleak", "cm")]
    sensory = _gates(page, "s_", net.sensory, cell.sensory, "x", closed=True)
    recurrent = _gates(page, "", net.recurrent, cell.recurrent, v, closed=False)
    exponential = isinstance(cell.solver, Exponential)
    page.works(inputs, 4 * units)
    gates = unfolds * net.recurrent.edges + net.sensory.edges
    page.cost.exponentials += gates + unfolds * units * exponential
    page.cost.multiply_adds += 3 * gates + inputs + (5 * unfolds + 1) * units
    body = _body(cell, page, v, affine, membrane, (sensory, recurrent), _rate(page, exponential))
    how = "exponential" if exponential else "fused"
    told = f"{place}: cm dv/dt = gleak (vleak - v) + sum w logistic(sigma (x - mu)) (erev - v), {unfolds} {how} steps"
    return page.function(told, "ltc", body)


def _rate(page: Page, exponential: bool) -> str:
    """How far a step goes, v' = v + rate (current - total v); slow: cm/step, so that any dt will do."""
    return f"{page.name}_far(slow[i], total)" if exponential else "1.0f / (slow[i] + total)"


def _gates(page: Page, hint: str, synapses: Any, gates: Any, heard: str, closed: bool) -> list[str]:
    """The sums over the synapses of unit i, added to `current` and `total`; closed: by what is heard and is NaN."""
    if not synapses.edges:
        return []
    start = page.integers(f"{hint}start", synapses.by_target.start)
    pre = page.integers(f"{hint}pre", np.asarray(synapses.pre))
    w, sigma, mu, erev = (page.floats(f"{hint}{name}", getattr(gates, name)) for name in GATES)
    return [
        f"for (e = (int){start}[i]; e < (int){start}[i + 1]; ++e) {{",
        f"    const float at = {heard}[{pre}[e]];",
        f"    const float g = {w}[e] / (1.0f + expf({sigma}[e] * ({mu}[e] - at)));",
        *(["    if (at != at) continue; /* not observed: closed */"] if closed else []),
        f"    current += g * {erev}[e];",
        "    total += g;",
        "}",
    ]


def _body(cell: LTC, page: Page, v: str, affine: Any, membrane: Any, sums: Any, rate: str) -> str:
    units, inputs, unfolds = cell.outputs, cell.inputs, cell.solver.unfolds
    (gleak, vleak, cm), (sensory, recurrent) = membrane, sums
    hear = [f"for (i = 0; i < {inputs}; ++i) x[i] = {affine[0]}[i] * u[i] + {affine[1]}[i];"] if affine else []
    return "\n".join(
        [
            *([f"float x[{inputs}];"] if affine else []),
            f"float pulled[{units}], open[{units}], slow[{units}], after[{units}];",
            f"const float step = dt * {literal(np.float32(1 / unfolds))};",
            f"int i, n{', e' if sensory or recurrent else ''};",
            *hear,
            f"for (i = 0; i < {units}; ++i) {{ /* what does not change within the tick */",
            f"    float current = {gleak}[i] * {vleak}[i], total = {gleak}[i];",
            *(f"    {line}" for line in sensory),
            "    pulled[i] = current;",
            "    open[i] = total;",
            f"    slow[i] = {cm}[i] / step;",
            "}",
            f"for (n = 0; n < {unfolds}; ++n) {{",
            f"    for (i = 0; i < {units}; ++i) {{",
            "        float current = pulled[i], total = open[i];",
            *(f"        {line}" for line in recurrent),
            f"        after[i] = {v}[i] + {rate} * (current - total * {v}[i]);",
            "    }",
            f"    memcpy({v}, after, sizeof after);",
            "}",
            f"memcpy(y, {v}, sizeof after);",
        ]
    )
