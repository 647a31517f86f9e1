"""In C: mixed memory, in levels with its liquid where that has them, else an LSTM before the liquid's own step."""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from ...liquids import Mixed
from .levels import levels
from .page import Page
from .plain import Emit


def mixed(emit: Emit, cell: Mixed, page: Page, place: str) -> str:
    if hasattr(cell.liquid, "form"):
        return levels(cell, page, place or "Mixed")
    inner = emit(cell.liquid, page, f"{place}.liquid" if place else "liquid")
    field: Any = re.search(r"(\w+)\[", page.fields[-1])  # the liquid's one state: what the LSTM puts in its place
    return _before(cell, page, place or "Mixed", (inner, f"s->{field[1]}"))


def _before(cell: Mixed, page: Page, place: str, liquid: tuple[str, str]) -> str:
    """An LSTM in front of a liquid: its function and the C expression of its state."""
    inner, h = liquid
    units, inputs, n = cell.outputs, cell.inputs, page.name
    c, rows = page.keeps("c", units), np.concatenate((cell.w_in, cell.w), axis=2).transpose(1, 0, 2)
    w, bias = page.floats("w", rows.reshape(4 * units, -1)), page.floats("bias", np.asarray(cell.bias).T)
    page.works(inputs + 2 * units)
    page.cost.multiply_adds += rows.size + 3 * units
    page.cost.exponentials += 5 * units
    body = f"""float x[{inputs + units}], k[{units}];
int i, j, e;
if (dt < 0.0f) {{
    memcpy(y, {h}, {units} * sizeof(float));
    return;
}}
for (i = 0; i < {inputs}; ++i) x[i] = {n}_seen(u[i]);
memcpy(x + {inputs}, {h}, {units} * sizeof(float));
for (i = 0; i < {units}; ++i) {{
    float a[4];
    for (j = 0; j < 4; ++j) {{
        a[j] = {bias}[i][j];
        for (e = 0; e < {inputs + units}; ++e) a[j] += {w}[4 * i + j][e] * x[e];
    }}
    {c}[i] = {c}[i] * {n}_logistic(a[2] + 1.0f) + tanhf(a[0]) * {n}_logistic(a[1]);
    k[i] = tanhf({c}[i]) * {n}_logistic(a[3]);
}}
memcpy({h}, k, sizeof k);
{inner}(s, u, dt, y);"""
    return page.function(f"{place}: an LSTM whose output takes the place of the liquid's state", "mixed", body)
