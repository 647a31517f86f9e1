"""The readable formula on tensors, tick by tick: every device and dtype, and every derivative that torch knows."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from .. import tree
from .structure import Mould


def folded(mould: Mould, theta: Tensor, u: Tensor, dt: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
    """`step` folded over time with the parameters theta. Shapes as the operator has them."""
    cell, outputs = tensors(mould, theta).cell(theta), []
    held = mould.layout.state(state)
    for now, elapsed in zip(u.unbind(0), dt.unbind(0), strict=True):
        held, y = cell.step(held, now, elapsed)
        outputs.append(y)
    parts = mould.layout.parts(held)
    after = torch.cat([part.expand(*u.shape[1:-1], part.shape[-1]) for part in parts], -1) if parts else state
    if not outputs:
        return u.new_zeros((*u.shape[:-1], mould.template.outputs)), after
    return torch.stack(outputs), after


def tensors(mould: Mould, like: Tensor) -> Mould:
    """The mould with its floating constants as tensors like one; integers stay NumPy's, they only index."""

    def as_tensor(_: str, array: Any) -> Any:
        floating = isinstance(array, np.ndarray) and array.dtype.kind == "f"
        return torch.from_numpy(array.copy()).to(like.device, like.dtype) if floating else array

    key = (like.device, like.dtype)
    if key not in mould.alike:
        mould.alike[key] = Mould(tree.map_arrays(as_tensor, mould.template), mould.digest, mould.layout)
    return mould.alike[key]
