"""In C: the gated liquids, as their levels of nodes over a row of slots."""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from ..slots import Heard, Net, net_of
from .page import Page, literal

# h' of a node from its heads a[], what it held (h), p0 and p1, and t: dt as far as float32 can multiply it.
NODES = {
    "value": "{bend}",
    "gated": "{n}_leak(tanhf(a[0]), h, t, p0 + {n}_softplus(a[1]))",
    "leaky": "{n}_leak({bend}, h, t, p0)",
    "full": "dt < 0.0f ? h : {n}_between(tanhf(a[0]), tanhf(a[1]), {n}_logistic(a[2] * t + a[3]))",
    "no_gate": "dt < 0.0f ? h : tanhf(a[0]) + tanhf(a[1]) * {n}_logistic(a[2] * t + a[3])",
    "pure": "dt < 0.0f ? h : p1 - p1 * a[0] * expf(-t * (fabsf(p0) + fabsf(a[0])))",
    "lstm": "dt < 0.0f ? h : tanhf(c) * {n}_logistic(a[3])",
}
MEMORY = "dt < 0.0f ? c : c * {n}_logistic(a[2] + 1.0f) + tanhf(a[0]) * {n}_logistic(a[1])"
EXPONENTIALS = {"value": 0, "gated": 4, "leaky": 1, "full": 3, "no_gate": 3, "pure": 1, "lstm": 5}
BENDS = {
    "identity": "a[0]",
    "tanh": "tanhf(a[0])",
    "lecun_tanh": "1.7159f * tanhf(0.666f * a[0])",
    "logistic": "{n}_logistic(a[0])",
    "relu": "(a[0] > 0.0f ? a[0] : 0.0f)",
    "silu": "a[0] * {n}_logistic(a[0])",
    "gelu": "0.5f * a[0] * erfcf(-0.70710678f * a[0])",
}
BENT = {"value", "leaky"}  # the kinds that have a bend


def levels(cell: Any, page: Page, place: str) -> str:
    net = net_of(cell)
    slots = net.slots
    h, size = page.keeps("h", slots.units), slots.first_hidden + slots.hidden
    c = page.keeps("c", slots.cells) if slots.cells else ""
    page.works(size)
    lines = [f"float x[{size}]; /* 1, inputs, h before, c before, h after, c after, hidden */"]
    lines += ["int i, e;" if any(one.shared is None for one in net.levels) else "int i;"]
    lines += ["const float t = dt > 3e38f ? 3e38f : dt < 0.0f ? 0.0f : dt;"]
    lines += ["x[0] = 1.0f;", f"for (i = 0; i < {slots.inputs}; ++i) x[1 + i] = {page.name}_seen(u[i]);"]
    lines += [f"memcpy(x + {slots.h}, {h}, {slots.units} * sizeof(float));"]
    lines += [f"memcpy(x + {slots.h + slots.units}, {c}, {slots.cells} * sizeof(float));"] if c else []
    for k, one in enumerate(net.levels):
        lines += _level(net, one, page, f"l{k + 1}")
    lines += [f"memcpy({h}, x + {slots.h_after}, {slots.units} * sizeof(float));"]
    lines += [f"memcpy({c}, x + {slots.h_after + slots.units}, {slots.cells} * sizeof(float));"] if c else []
    lines += [f"memcpy(y, {h}, {slots.units} * sizeof(float));"]
    equation = (type(cell).__doc__ or "").strip().splitlines()[0]
    body = "\n".join(lines)
    if not _uses_time(net):
        body = body.replace(lines[2] + "\n", "")
    return page.function(f"{place}: {equation}", type(cell).__name__.lower(), body)


def _level(net: Net, one: Heard, page: Page, hint: str) -> list[str]:
    """The heads of each node, and what it makes of them."""
    kind, heads = one.level.kind, one.weights.shape[1]
    bend = BENDS[one.level.bend] if kind in BENT else ""
    page.cost.multiply_adds += one.weights.size
    page.cost.exponentials += one.nodes * (EXPONENTIALS[kind] + (bend.count("(") > 0 and one.level.bend != "relu"))
    to = _place(page, f"{hint}_to", one.level.to)
    p0, p1 = _constants(one, page, hint)
    own = _place(page, f"{hint}_own", one.level.own) if kind != "value" else ""
    words = {"n": page.name, "bend": bend.format(n=page.name)}
    made = NODES[kind].format(**words)
    held = {" h": f"const float h = x[{own}];", "p0": f"const float p0 = {p0};", "p1": f"const float p1 = {p1};"}
    found = [line for name, line in held.items() if name.strip() in _words(made)]
    if kind == "lstm":
        before, after = net.slots.h + net.slots.units, net.slots.h_after + net.slots.units
        found += [f"float c = x[{before} + i];", f"c = {MEMORY.format(**words)};", f"x[{after} + i] = c;"]
    return [
        f"for (i = 0; i < {one.nodes}; ++i) {{ /* {kind} */",
        f"    float a[{heads}] = {{{', '.join(['0.0f'] * heads)}}};",
        *(f"    {line}" for line in _sums(one, page, hint)),
        *(f"    {line}" for line in found),
        f"    x[{to}] = {made};",
        "}",
    ]


def _sums(one: Heard, page: Page, hint: str) -> list[str]:
    """a[]: the weighted sums of slots; where all nodes hear the same, the list of it is there once."""
    heads, common = one.weights.shape[1], one.shared
    if common is not None:
        rows = one.weights.reshape(one.nodes, -1)
        weight = page.floats(f"{hint}_weights", rows)
        pieces = _pieces(common)
        lines, at = [], 0
        for first, many in pieces:
            used = f"{weight}[i] + {heads * at}"
            lines.append(f"{page.name}_sums{heads}(a, x + {first}, {used}, {many});")
            at += many
        return lines
    start, pre = page.integers(f"{hint}_start", one.start), page.integers(f"{hint}_pre", one.level.pre)
    weight = page.floats(f"{hint}_weights", one.weights)
    sums = [f"    a[{k}] += {weight}[e][{k}] * x[{pre}[e]];" for k in range(heads)]
    return [f"for (e = (int){start}[i]; e < (int){start}[i + 1]; ++e) {{", *sums, "}"]


def _pieces(slots: Any) -> list[tuple[int, int]]:
    """A list of slots as runs of neighbours: (first, how many)."""
    slots = np.asarray(slots)
    cuts = np.flatnonzero(np.diff(slots) != 1) + 1
    return [(int(run[0]), len(run)) for run in np.split(slots, cuts)]


def _place(page: Page, hint: str, slots: Any) -> str:
    """The slot of node i: a sum where they are neighbours, else a table."""
    pieces = _pieces(slots)
    return f"{pieces[0][0]} + i" if len(pieces) == 1 else f"{page.integers(hint, slots)}[i]"


def _constants(one: Heard, page: Page, hint: str) -> list[str]:
    """p0 and p1 of node i: a number where all are the same, else a table."""
    if one.level.kind not in ("gated", "leaky", "pure"):
        return ["0.0f", "0.0f"]
    found = []
    for k in range(1 + (one.level.kind == "pure")):
        values = np.minimum(one.constants[:, k], np.finfo(np.float32).max)
        same = (values == values[0]).all()
        found.append(literal(np.float32(values[0])) if same else f"{page.floats(f'{hint}_p{k}', values)}[i]")
    return [*found, "0.0f"][:2]


def _words(text: str) -> set[str]:
    return set(re.findall(r"\w+", text))


def _uses_time(net: Net) -> bool:
    return any(one.level.kind not in ("value", "lstm") for one in net.levels)


def helpers(page: Page) -> list[str]:
    """The small functions that the others call, those that are called."""
    n, written = page.name, "\n".join(page.functions)
    found = {
        "seen": "(float x) { return x == x ? x : 0.0f; } /* what is missing (NaN) adds nothing */",
        "logistic": "(float a) { return 1.0f / (1.0f + expf(-a)); }",
        "softplus": "(float a) { return (a > 0.0f ? a : 0.0f) + log1pf(expf(-fabsf(a))); }",
        "between": "(float a, float b, float s) { return a * (1.0f - s) + b * s; }",
    }
    lines = [f"static inline float {n}_{name}{rest}" for name, rest in found.items() if f"{n}_{name}(" in written]
    if f"{n}_far(" in written:
        lines += [
            f"static inline float {n}_far(float slow, float total) /* (1 - exp(-total / slow)) / total */",
            "{",
            "    return total > 0.0f ? -expm1f(-total / slow) / total : 1.0f / slow;",
            "}",
        ]
    if f"{n}_leak(" in written:
        lines += [
            f"static inline float {n}_leak(float f, float h, float t, float rate) /* f + (h - f) exp(-t rate) */",
            "{",
            "    const float gain = -expm1f(-t * (rate > 3e38f ? 3e38f : rate));",
            "    return (1.0f - gain) * h + gain * f;",
            "}",
        ]
    if f"{n}_sums1(" in written:  # in four parts, that no sum need wait for the one before
        given = "(float *a, const float *x, const float *w, int many)"
        lines += [
            f"static inline void {n}_sums1{given}",
            "{",
            "    float b = 0.0f, c = 0.0f, d = 0.0f;",
            "    int j = 0;",
        ]
        parts = [f"        {to} += w[j + {k}] * x[j + {k}];" for k, to in enumerate(("a[0]", "b", "c", "d"))]
        lines += ["    for (; j + 3 < many; j += 4) {", *parts, "    }"]
        lines += ["    for (; j < many; ++j) a[0] += w[j] * x[j];", "    a[0] += b + c + d;", "}"]
    for heads in (2, 4):
        if f"{n}_sums{heads}(" in written:
            sums = [f"        a[{k}] += w[{heads} * j + {k}] * x[j];" for k in range(heads)]
            given = "(float *a, const float *x, const float *w, int many)"
            lines += [f"static inline void {n}_sums{heads}{given}", "{", "    int j;"]
            lines += ["    for (j = 0; j < many; ++j) {", *sums, "    }", "}"]
    return lines
