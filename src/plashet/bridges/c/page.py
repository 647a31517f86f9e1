"""A C header in the making: its tables, the fields of its state, its functions, and what they cost."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ...types import Array
from ..door import single

WIDTH = 110
UNSIGNED = (("unsigned char", 1 << 8, 1), ("unsigned short", 1 << 16, 2), ("unsigned long", 1 << 32, 4))


@dataclass
class Cost:
    """Of one step, or of what it needs; exponentials: calls of expf, expm1f, tanhf, log1pf and erfcf."""

    weights: int = 0  # bytes
    state: int = 0  # bytes
    work: int = 0  # bytes on the stack
    multiply_adds: int = 0
    exponentials: int = 0


@dataclass
class Page:
    """What has been written so far; emitters append to it."""

    name: str
    tables: list[str] = field(default_factory=list)
    fields: list[str] = field(default_factory=list)
    functions: list[str] = field(default_factory=list)
    cost: Cost = field(default_factory=Cost)
    called: str = ""  # the function of the whole

    def floats(self, hint: str, values: Array) -> str:
        """A table of numbers, one row a line or more of text for each of a matrix's; its name in C."""
        values = single(values, hint)
        self.cost.weights += 4 * values.size
        return self._table("float", hint, values.shape, [literal(v) for v in values.ravel()])

    def integers(self, hint: str, values: Array) -> str:
        """A table of numbers from 0 on, in the smallest type that holds them."""
        values = np.asarray(values)
        kind, _, size = next(u for u in UNSIGNED if values.max(initial=0) < u[1])
        self.cost.weights += size * values.size
        return self._table(kind, hint, values.shape, [str(v) for v in values.ravel().tolist()])

    def _table(self, kind: str, hint: str, shape: tuple[int, ...], words: list[str]) -> str:
        name = f"{self.name}_t{len(self.tables) + 1}_{hint}"
        sizes = "".join(f"[{n}]" for n in shape)
        row = shape[-1] if len(shape) > 1 else len(words)
        grouped = [words[k : k + row] for k in range(0, len(words), row)] if len(shape) > 1 else [words]
        rows = [_filled(group, "{", "}") if len(shape) > 1 else _filled(group, "", "") for group in grouped]
        self.tables.append(f"static const {kind} {name}{sizes} = {{\n" + ",\n".join(rows) + "\n};")
        return name

    def keeps(self, hint: str, size: int) -> str:
        """A field of the state; the C expression that reads and writes it."""
        name = f"{hint}{len(self.fields) + 1}"
        self.fields.append(f"    float {name}[{size}];")
        self.cost.state += 4 * size
        return f"s->{name}"

    def works(self, *sizes: int) -> None:
        """Numbers that a function keeps while it runs."""
        self.cost.work += 4 * sum(sizes)

    def function(self, told: str, hint: str, body: str) -> str:
        """A function (state, u, dt, y) with this body; its name."""
        name = f"{self.name}_{len(self.functions) + 1}_{hint}"
        unused = [f"    (void){arg};" for arg in ("s", "u", "dt", "y") if not re.search(rf"\b{arg}\b", body)]
        lines = [f"    {line}" if line else "" for line in body.strip("\n").splitlines()]
        told = told.encode("ascii", "replace").decode().replace("*/", "* /")
        head = f"static inline void {name}({self.name}_state *s, const float *u, float dt, float *y)"
        self.functions.append("\n".join([f"/* {told} */", head, "{", *unused, *lines, "}"]))
        return name


def literal(value: Any) -> str:
    """The shortest decimal that is this float32, as C writes it."""
    if np.isinf(value):
        return "HUGE_VALF" if value > 0 else "-HUGE_VALF"
    text = np.format_float_scientific(value, unique=True, trim="-", exp_digits=1)
    plain = np.format_float_positional(value, unique=True, trim="-")
    shorter = plain if len(plain) <= len(text) else text
    return shorter + ("f" if "." in shorter or "e" in shorter else ".0f")


def _filled(words: list[str], before: str, after: str) -> str:
    """Words in lines of at most WIDTH characters."""
    lines, line = [], f"    {before}"
    for k, word in enumerate(words):
        piece = word + ("," if k < len(words) - 1 else "")
        if len(line) + len(piece) + 1 > WIDTH:
            lines.append(line.rstrip())
            line = "    " + " " * len(before)
        line += piece + " "
    lines.append(line.rstrip() + after)
    return "\n".join(lines)
