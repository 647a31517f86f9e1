"""One liquid as a module: raw parameters, the structure, and the choice between kernel and formula."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .. import tree
from ..trainable import parameters
from .folded import folded
from .operator import run
from .structure import MOULDS, Mould

COMPILED = (torch.float32, torch.float64)
LEAST = 1e-9  # an effective value below it is held as it: the raw value of zero would be minus infinity


@contextmanager
def formula(*modules: nn.Module) -> Iterator[None]:
    """While it lasts, the liquids in these modules are computed by their readable formula and torch's autograd.

    For second derivatives and the transforms of torch.func. Slower than the kernels, and every step stays in memory.
    """
    held = [(m, m.formula) for module in modules for m in module.modules() if isinstance(m, Liquid)]
    for module, _ in held:
        module.formula = True
    try:
        yield
    finally:
        for module, before in held:
            module.formula = before


class Liquid(nn.Module):
    """Any trainable liquid over time: forward(u, dt, state) -> (outputs, state after).

        u (time, batch, inputs)   dt (time,) or (time, batch) [s]   state (batch, width)
        outputs (time, batch, outputs)

    Parameters are named by the cell's tree paths, "recurrent.w" as `recurrent_w`. Those that must stay positive hold
    raw values, softplus(raw) acts. Kernels compute float32 and float64 on a CPU; the formula computes what they cannot, or
    everything where `formula` is True. Raises TypeError for a cell without a compiled gradient.
    """

    structure: Tensor

    def __init__(self, cell: Any, *, device: Any = None, dtype: torch.dtype | None = None) -> None:
        super().__init__()
        self.formula = False
        self._read: tuple[Tensor, int, bytes] | None = None  # the structure that was read last, and its digest
        packed = MOULDS.pack(cell)
        self._fit(MOULDS.of(packed))
        self.register_buffer("structure", torch.from_numpy(packed).to(device))
        dtype = dtype or torch.get_default_dtype()
        for name, value in zip(self.names, self._raw(cell), strict=True):
            self.register_parameter(name, nn.Parameter(value.to(device=device, dtype=dtype)))

    def _fit(self, mould: Mould) -> None:
        self.names = tuple(path.replace(".", "_") for path in mould.paths)
        self.positive = mould.positive
        self.inputs, self.outputs = int(mould.template.inputs), int(mould.template.outputs)
        self.sizes = mould.layout.sizes

    @property
    def width(self) -> int:
        """How many numbers the state of a row has."""
        return sum(self.sizes)

    def theta(self) -> Tensor:
        """The effective parameters in one vector, those that must be positive first."""
        held = [getattr(self, name).reshape(-1) for name in self.names]
        if self.positive:
            held[: self.positive] = [F.softplus(torch.cat(held[: self.positive]))]
        return torch.cat(held)

    def forward(self, u: Tensor, dt: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        theta = self.theta()
        if u.dtype != theta.dtype:
            raise ValueError(f"input is {u.dtype} and the parameters are {theta.dtype}: input.to({theta.dtype})")
        if self.formula or u.device.type != "cpu" or theta.dtype not in COMPILED:
            return folded(self.mould(), theta, u, dt, state)
        after: tuple[Tensor, Tensor] = run(theta, u, dt, state, self.structure, self.outputs)
        return after

    def mould(self) -> Mould:
        held = self.structure
        if self._read is None or self._read[0] is not held or self._read[1] != held._version:
            mould = MOULDS.of(held.cpu().numpy())
            self._read = held, held._version, mould.digest
        return MOULDS.known(self._read[2]) or MOULDS.of(self.structure.cpu().numpy())

    def _apply(self, fn: Any, recurse: bool = True) -> Liquid:
        digest = self.mould().digest
        super()._apply(fn, recurse)
        self._read = self.structure, self.structure._version, digest  # no need to read it from another device
        return self

    def cell(self) -> Any:
        """The frozen cell of NumPy arrays with the parameters as they act, in the module's dtype."""
        with torch.no_grad():
            theta = self.theta().detach().cpu()
        theta = theta if theta.dtype in COMPILED else theta.float()
        mould = self.mould()
        made = mould.cell(theta.numpy().copy())
        return tree.replace(mould.template, parameters(made))  # checked again, by the cell's own constructor

    def load_cell(self, cell: Any) -> None:
        """Take over the parameters of a cell of the same structure. Raises ValueError if it has another."""
        if not np.array_equal(MOULDS.pack(cell), self.structure.cpu().numpy()):
            raise ValueError(f"{cell!r} has another wiring or other settings than the module: make one from it instead")
        with torch.no_grad():
            for name, value in zip(self.names, self._raw(cell), strict=True):
                getattr(self, name).copy_(value)

    def _raw(self, cell: Any) -> list[Tensor]:
        """The cell's parameters as the module holds them, in the order of `names`."""
        held = parameters(cell)
        values = [torch.from_numpy(np.array(held[path], np.float64)) for path in self.mould_of(cell).paths]
        return [raw(value) if k < self.positive else value for k, value in enumerate(values)]

    @staticmethod
    def mould_of(cell: Any) -> Mould:
        return MOULDS.of(MOULDS.pack(cell))

    def extra_repr(self) -> str:
        return repr(self.mould().template)


def raw(effective: Tensor) -> Tensor:
    """r with softplus(r) = effective: log(exp(p) - 1), without overflow."""
    p = effective.clamp(min=LEAST)
    return p + torch.log(-torch.expm1(-p))
