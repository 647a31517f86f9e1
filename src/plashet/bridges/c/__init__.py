"""A trained net as one C header: its weights and its step, for a microcontroller or anything that has a C compiler.

    from plashet.bridges import c
    c.write("policy.h", live.model, name="policy")

The header needs <math.h> and <string.h> of C99 (or of C++11) and nothing else: no allocation, no other file, the same
bounded work at every step, all numbers float32. In it, for the name `policy`:

    policy_state state;                        what the net remembers; nothing else changes
    policy_init(&state);                       at rest
    policy_step(&state, input, dt, output);    float input[POLICY_INPUTS], dt in seconds, float output[POLICY_OUTPUTS]

A missing input is NaN and is treated as the cell treats it, so compile without -ffinite-math-only (-ffast-math brings
it); infinite inputs are the caller's to keep out, as plashet's door does. Lists of synapses stay lists: a sparse wiring
costs its synapses. What the step takes (bytes, multiply-adds, exponentials) stands at the head of the file.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

from ...liquids import LTC, Mixed
from ..door import check
from ..slots import LIQUIDS
from .levels import helpers, levels
from .ltc import ltc
from .mixed import mixed
from .page import Cost, Page
from .plain import emitter

__all__ = ["Cost", "cost", "header", "write"]

_EMIT = emitter({LTC: ltc, **dict.fromkeys(LIQUIDS, levels)}, {Mixed: mixed})


def write(path: str | os.PathLike[str], cell: Any, name: str | None = None) -> Cost:
    """Write the header of a frozen cell or model to a file, and say what its step takes.

    name: of what is in it, by default the file's name. Raises as `header` does.
    """
    page = _written(cell, re.sub(r"\W", "_", Path(path).stem) if name is None else name)
    Path(path).write_text(_text(page, cell), encoding="ascii")
    return page.cost


def header(cell: Any, name: str = "net") -> str:
    """The header of a frozen cell or model, as text.

    Raises TypeError for a cell that C cannot be written for, naming it, where it sits, and the way out; ValueError for
    a name that C does not take, and for numbers that float32 does not hold.
    """
    return _text(_written(cell, name), cell)


def cost(cell: Any) -> Cost:
    """What the exported step takes; see `header`."""
    return _written(cell, "net").cost


def _written(cell: Any, name: str) -> Page:
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*", name):
        raise ValueError(f"{name!r} is no name in C: letters, digits and _, a letter first")
    check(cell)
    page = Page(name)
    page.called = _EMIT(cell, page, "")
    return page


def _text(page: Page, cell: Any) -> str:
    n, big, held = page.name, page.name.upper(), page.fields or ["    float nothing[1];"]
    return "\n".join(
        [
            _about(page, cell),
            f"#ifndef {big}_H\n#define {big}_H\n\n#include <math.h>\n#include <string.h>\n",
            f"#define {big}_INPUTS {cell.inputs}\n#define {big}_OUTPUTS {cell.outputs}\n",
            *page.tables,
            "",
            "typedef struct {\n" + "\n".join(held) + f"\n}} {n}_state;\n",
            *helpers(page),
            "",
            *(f"{function}\n" for function in page.functions),
            "/* At rest. */",
            f"static inline void {n}_init({n}_state *s)\n{{\n    memset(s, 0, sizeof *s);\n}}\n",
            "/* dt seconds on, u held over them: from u[inputs], NaN: missing, to y[outputs]; they do not overlap. */",
            f"static inline void {n}_step({n}_state *s, const float *u, float dt, float *y)\n{{",
            f"    {page.called}(s, u, dt, y);\n}}\n",
            "#endif\n",
        ]
    )


def _about(page: Page, cell: Any) -> str:
    from ... import __version__

    takes, n = page.cost, page.name
    return f"""/* {n}: written by plashet {__version__}. C99 or C++11, float32; needs math.h and string.h.

       {n}_state s;
       {n}_init(&s);
       {n}_step(&s, u, dt, y);    float u[{cell.inputs}] (NaN: missing), dt in seconds, float y[{cell.outputs}]

   weights {takes.weights} bytes, constant; state {takes.state} bytes; at most about {takes.work} bytes of stack.
   A step: {takes.multiply_adds} multiply-adds and {takes.exponentials} calls of expf, tanhf and the like.
   NaN must be told: compile without -ffast-math or with -fno-finite-math-only. */"""
