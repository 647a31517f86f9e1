"""What differs between NumPy and torch. The only file that knows both."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np

from .types import Array


def namespace(*arrays: Array) -> Any:
    """The library of the arrays: numpy, unless one of them is a torch tensor."""
    torch = sys.modules.get("torch")  # a tensor can only come from an imported torch
    if torch is not None and any(isinstance(a, torch.Tensor) for a in arrays):
        return torch
    return np


def asarray(value: Any, like: Array) -> Array:
    """`value` as an array of the library and dtype of `like`; a tensor keeps its place in the graph of gradients."""
    if namespace(value) is not np:
        return value.to(like.dtype)
    return namespace(like).asarray(value, dtype=like.dtype)


def rest(u: Array, units: int) -> Array:
    """Zeros (*batch, units) for inputs `u` (*batch, inputs), of their library and dtype."""
    return namespace(u).zeros((*u.shape[:-1], units), dtype=u.dtype)


def decay(dt: Array | float, tau: Array | float, like: Array) -> Array:
    """exp(-dt/tau), one dt per batch row: (*batch, 1) against (units,)."""
    return namespace(like).exp(-asarray(dt, like)[..., None] / asarray(tau, like))


def observed(u: Array) -> Array:
    """`u` with what was not observed (NaN) put to zero."""
    xp = namespace(u)
    return xp.where(xp.isnan(u), xp.zeros_like(u), u)


def join(parts: list[Array]) -> Array:
    """Features side by side, on the last axis."""
    return namespace(*parts).concatenate(parts, axis=-1)


def logistic(x: Array) -> Array:
    """1 / (1 + exp(-x)), without overflow."""
    return 0.5 * (1.0 + namespace(x).tanh(0.5 * x))


def rectify(x: Array) -> Array:
    """max(x, 0); NaN stays NaN."""
    return 0.5 * (x + abs(x))


def softplus(x: Array) -> Array:
    """ln(1 + exp(x)), without overflow."""
    xp = namespace(x)
    return rectify(x) + xp.log1p(xp.exp(-abs(x)))


def sums_at(values: Array, index: Array, size: int) -> Array:
    """The values (*batch, n) added up by where they belong: index (n,) of 0..size-1. (*batch, size)"""
    xp = namespace(values)
    if xp is np:
        sums = np.zeros((size, *values.shape[:-1]), values.dtype)
        np.add.at(sums, index, np.moveaxis(values, -1, 0))
        return np.moveaxis(sums, 0, -1)
    zeros = xp.zeros((*values.shape[:-1], size), dtype=values.dtype, device=values.device)
    return zeros.index_add(-1, xp.as_tensor(index, device=values.device), values)


def into(out: Array | None, values: Array) -> Array:
    """The values, written into `out` if there is one; ValueError if that has another shape."""
    if out is None:
        return values
    if out.shape != values.shape:
        raise ValueError(f"out is {tuple(out.shape)}, wanted {tuple(values.shape)}: (time, *batch, outputs)")
    out[...] = values
    return out
