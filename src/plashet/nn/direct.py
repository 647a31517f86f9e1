"""The same as the operator, in one autograd function straight to the kernel: for training step by step.

Where nothing traces, compiles or transforms the program, an operator only costs: of a training step of a policy of 32
neurons it is a tenth.
"""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from .operator import AGAIN, pull_kernel, run_kernel
from .structure import Mould


def direct(mould: Mould, units: int, given: tuple[Tensor, Tensor, Tensor], held: list[Tensor]) -> tuple[Tensor, Tensor]:
    """Outputs and the state after, of given (u, dt, state) and the parameters as a module holds them."""
    if torch.is_grad_enabled():
        after: tuple[Tensor, Tensor] = _Run.apply(mould, units, *given, *held)
        return after
    u, dt, state = (a.detach() for a in given)
    theta = effective(held, mould.positive).detach()
    return run_kernel(mould.layout, mould.cell(theta.numpy()), u, dt, state, units)


def untouched(u: Tensor) -> bool:
    """Whether plain tensors are computed with here: nothing compiles, traces or transforms."""
    return type(u) is Tensor and not torch.compiler.is_compiling() and torch._C._len_torch_dispatch_stack() == 0


def transformed() -> bool:
    """Whether torch.func transforms what is computed."""
    return not torch.compiler.is_compiling() and bool(torch._C._are_functorch_transforms_active())


def effective(held: list[Tensor], positive: int) -> Tensor:
    """The parameters as they act, in one vector: of raw values, the first `positive` tensors, the softplus."""
    flat = [p if p.dim() == 1 else p.reshape(-1) for p in held]
    if positive:
        flat[:positive] = [F.softplus(torch.cat(flat[:positive]))]
    return torch.cat(flat)


class _Run(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, mould: Mould, units: int, u: Tensor, dt: Tensor, state: Tensor, *held: Tensor) -> Any:
        theta = effective(list(held), mould.positive)
        cell = mould.cell(theta.numpy())  # and what it lays out for the kernel
        outputs, after = run_kernel(mould.layout, cell, u, dt, state, units)
        ctx.made = mould, cell
        ctx.save_for_backward(theta, u, dt, state, outputs)
        return outputs, after

    @staticmethod
    def backward(ctx: Any, slope: Tensor, slope_after: Tensor) -> Any:
        if torch.is_grad_enabled():
            return (None, None, *_Pull.apply(ctx.made, *ctx.saved_tensors, slope, slope_after))
        return (None, None, *_slopes(ctx.made, *ctx.saved_tensors, slope, slope_after))


class _Pull(torch.autograd.Function):
    """Slopes, when they are to be differentiated again: that is refused only if it happens."""

    @staticmethod
    def forward(ctx: Any, made: tuple[Mould, Any], *given: Tensor) -> Any:
        return _slopes(made, *given)

    @staticmethod
    def backward(ctx: Any, *slopes: Tensor) -> Any:
        raise RuntimeError(AGAIN)


def _slopes(made: tuple[Mould, Any], theta: Tensor, *given: Tensor) -> tuple[Tensor, ...]:
    """The slopes of u, dt, state and each parameter as it is held."""
    mould, cell = made
    by_theta, by_u, by_dt, by_state = pull_kernel(mould, cell, *given)
    above = mould.cuts[mould.positive]
    if above:
        by_theta[:above] *= -torch.expm1(-theta[:above])  # the slope of softplus, 1 - exp(-softplus(raw))
    parts = zip(by_theta.split(mould.widths), mould.shapes, strict=True)
    return by_u, by_dt, by_state, *(part if len(shape) == 1 else part.view(shape) for part, shape in parts)
