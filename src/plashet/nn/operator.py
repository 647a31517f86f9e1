"""One operator for all liquids: `run` forward and `pull` backward, each one node for torch.compile and torch.export.

    plashet::run(theta, u, dt, state, structure, outputs) -> (outputs, state after)
    plashet::pull(theta, u, dt, state, structure, outputs, slope, slope_after) -> slopes of theta, u, dt, state

theta (parameters,), u (time, batch, inputs), dt (time,) or (time, batch), state (batch, width), structure (bytes,);
float32 or float64 on a CPU. The kernels see the tensors' memory; most read inputs and slopes as they lie.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from .structure import MOULDS, Layout, Mould

_LIBRARY = torch.library.Library("plashet", "DEF")
_LIBRARY.define(
    "run(Tensor theta, Tensor u, Tensor dt, Tensor state, Tensor structure, SymInt outputs) -> (Tensor, Tensor)"
)
_LIBRARY.define(
    "pull(Tensor theta, Tensor u, Tensor dt, Tensor state, Tensor structure, Tensor outputs, Tensor slope, "
    "Tensor slope_after) -> (Tensor, Tensor, Tensor, Tensor)"
)
run = torch.ops.plashet.run.default
pull = torch.ops.plashet.pull.default

AGAIN = (
    "the compiled gradient of a liquid has no gradient of its own. For second derivatives use the formula: "
    "`with plashet.nn.formula(model): ...`"
)


def _run(theta: Tensor, u: Tensor, dt: Tensor, state: Tensor, structure: Tensor, outputs: int) -> tuple[Tensor, Tensor]:
    mould = MOULDS.of(structure.numpy())
    return run_kernel(mould.layout, mould.cell(theta.numpy()), u, dt, state, outputs)


def run_kernel(layout: Layout, cell: Any, u: Tensor, dt: Tensor, state: Tensor, outputs: int) -> tuple[Tensor, Tensor]:
    out = torch.empty((*u.shape[:-1], outputs), dtype=u.dtype)
    after, written = cell.run(layout.state(state.numpy()), u.numpy(), _given(dt), out.numpy())
    if written.ctypes.data != out.data_ptr():  # a cell that does not write where it is told
        out.copy_(torch.from_numpy(written))
    return out, torch.from_numpy(_joined(layout.parts(after), state))


def _pull(
    theta: Tensor,
    u: Tensor,
    dt: Tensor,
    state: Tensor,
    structure: Tensor,
    outputs: Tensor,
    slope: Tensor,
    slope_after: Tensor,
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    mould = MOULDS.of(structure.numpy())
    return pull_kernel(mould, mould.cell(theta.numpy()), u, dt, state, outputs, slope, slope_after)


def pull_kernel(
    mould: Mould,
    cell: Any,
    u: Tensor,
    dt: Tensor,
    state: Tensor,
    outputs: Tensor,
    slope: Tensor,
    slope_after: Tensor,
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    layout = mould.layout
    pulled = cell.pull(
        layout.state(state.numpy()),
        u.numpy(),
        _given(dt),
        outputs.numpy(),
        slope.numpy(),
        layout.state(_given(slope_after)),
    )
    by_dt = pulled.dt if dt.ndim == pulled.dt.ndim else pulled.dt.sum(axis=1)
    return (
        torch.from_numpy(mould.theta(pulled.parameters, pulled.u.dtype)),
        torch.from_numpy(np.ascontiguousarray(pulled.u)),
        torch.from_numpy(np.ascontiguousarray(by_dt)),
        torch.from_numpy(_joined(layout.parts(pulled.state), state)),
    )


def _given(tensor: Tensor) -> Any:
    return np.ascontiguousarray(tensor.numpy())


def _joined(parts: list[Any], like: Tensor) -> Any:
    """The arrays of a state side by side, in an array of their own: torch allows no two outputs that share memory."""
    shape, dtype = (like.shape[0], -1), like.numpy().dtype
    if len(parts) == 1:
        return np.array(parts[0], dtype, order="C").reshape(like.shape)
    if not parts:
        return np.empty(tuple(like.shape), dtype)
    return np.concatenate([np.asarray(part, dtype).reshape(shape) for part in parts], axis=-1)


def _run_shapes(
    theta: Tensor, u: Tensor, dt: Tensor, state: Tensor, structure: Tensor, outputs: int
) -> tuple[Tensor, Tensor]:
    return u.new_empty((u.shape[0], u.shape[1], outputs)), state.new_empty(state.shape)


def _pull_shapes(
    theta: Tensor,
    u: Tensor,
    dt: Tensor,
    state: Tensor,
    structure: Tensor,
    outputs: Tensor,
    slope: Tensor,
    slope_after: Tensor,
) -> tuple[Tensor, ...]:
    return tuple(a.new_empty(a.shape) for a in (theta, u, dt, state))


def _keep(ctx: Any, inputs: tuple[Any, ...], output: tuple[Tensor, Tensor]) -> None:
    ctx.save_for_backward(*inputs[:5], output[0])


def _backward(ctx: Any, slope: Tensor, slope_after: Tensor) -> tuple[Tensor | None, ...]:
    return (*pull(*ctx.saved_tensors, slope, slope_after), None, None)


def _refuse(ctx: Any, *slopes: Tensor) -> None:
    raise RuntimeError(AGAIN)


_LIBRARY.impl("run", _run, "CPU")
_LIBRARY.impl("pull", _pull, "CPU")
torch.library.register_fake("plashet::run", _run_shapes, lib=_LIBRARY)
torch.library.register_fake("plashet::pull", _pull_shapes, lib=_LIBRARY)
torch.library.register_autograd("plashet::run", _backward, setup_context=_keep, lib=_LIBRARY)
torch.library.register_autograd("plashet::pull", _refuse, lib=_LIBRARY)
