"""One liquid as a module: raw parameters, the structure, and the choice between kernel and formula."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from .. import tree
from ..cells import Chain
from ..liquids import Motors
from ..trainable import parameters
from .direct import direct, effective, transformed, untouched
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

    The cell is a liquid, or Chain((liquid, Motors)): then the outputs are those of its motor neurons; motors=False
    leaves out of learning how these are scaled. Parameters are named by the liquid's tree paths, "recurrent.w" as
    `recurrent_w`, those of Motors `output_w` and `output_b`; where they must stay positive they hold raw values, and
    softplus(raw) acts. Kernels compute float32 and float64 on a CPU; the formula computes what they cannot, or
    everything where the attribute `formula` is True. Raises TypeError for a cell without a compiled gradient.
    """

    structure: Tensor

    def __init__(self, cell: Any, *, motors: bool = True, device: Any = None, dtype: torch.dtype | None = None) -> None:
        super().__init__()
        self.formula = False
        liquid, ends = _split(cell)
        packed = MOULDS.pack(liquid)
        mould = MOULDS.of(packed)
        self._digest = mould.digest
        self.register_buffer("structure", torch.from_numpy(packed).to(device))
        self.names = tuple(path.replace(".", "_") for path in mould.paths)
        self.positive = mould.positive
        self.inputs, self.units = int(liquid.inputs), int(liquid.outputs)
        self.outputs = self.units if ends is None else int(ends.outputs)
        self.sizes = mould.layout.sizes  # of the arrays of a state
        self.ends = "none" if ends is None else "learnt" if motors else "held"
        for name, value in self._values(cell).items():
            self.register_parameter(
                name, nn.Parameter(value.to(device=device, dtype=dtype or torch.get_default_dtype()))
            )

    @property
    def width(self) -> int:
        """How many numbers the state of a row has."""
        return sum(self.sizes)

    @property
    def dtype(self) -> torch.dtype:
        return self._held()[0].dtype

    def theta(self) -> Tensor:
        """The effective parameters in one vector, those that must be positive first."""
        return effective(self._held(), self.positive)

    def _held(self) -> list[Tensor]:
        plain = self._parameters  # quicker than by attribute, where no parametrization stands before it
        return [plain[name] if name in plain else getattr(self, name) for name in self.names]

    def forward(self, u: Tensor, dt: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        held = self._held()
        dtype = held[0].dtype
        if u.dtype != dtype:
            raise ValueError(f"input is {u.dtype} and the parameters are {dtype}: input.to({dtype})")
        if self.formula or u.device.type != "cpu" or dtype not in COMPILED or transformed():
            outputs, after = folded(self.mould(), effective(held, self.positive), u, dt, state)
        elif untouched(u):
            outputs, after = direct(MOULDS.of(self.structure.numpy()), self.units, (u, dt, state), held)
        else:
            outputs, after = run(effective(held, self.positive), u, dt, state, self.structure, self.units)
        if self.ends == "none":
            return outputs, after
        heard = outputs[..., : self.outputs]
        return torch.addcmul(self.output_b, self.output_w, heard) if self.ends == "learnt" else heard, after

    def mould(self) -> Mould:
        """What the structure holds; read again only in a process that does not know it yet."""
        return MOULDS.known(self._digest) or MOULDS.of(_bytes(self.structure))

    def _load_from_state_dict(self, state: Any, prefix: str, *given: Any) -> None:
        super()._load_from_state_dict(state, prefix, *given)
        if np.shape(state.get(f"{prefix}structure", self.structure)) != np.shape(self.structure):
            given[-1].append("these are of another wiring (its seed, its signs) or other settings than the module's")
        if self.structure.device.type != "meta":
            self._digest = MOULDS.of(_bytes(self.structure)).digest

    def cell(self) -> Any:
        """The frozen cell of NumPy arrays with the parameters as they act, in the module's dtype."""
        with torch.no_grad():
            theta = _array(self.theta())
            mould = self.mould()
            liquid = tree.replace(mould.template, parameters(mould.cell(theta)))  # checked, by its own constructor
            if self.ends == "none":
                return liquid
            if self.ends == "held":
                weight, bias = np.ones(self.outputs, theta.dtype), np.zeros(self.outputs, theta.dtype)
            else:
                weight, bias = _array(self.output_w), _array(self.output_b)
        return Chain((liquid, Motors(self.units, weight, bias)))

    def load_cell(self, cell: Any) -> None:
        """Take over the parameters of a cell of the same structure. Raises ValueError if it has another."""
        liquid, ends = _split(cell)
        same = (ends is None) == (self.ends == "none") and np.array_equal(MOULDS.pack(liquid), _bytes(self.structure))
        if not same:
            raise ValueError(f"{cell!r} has another wiring or other settings than the module: make one from it instead")
        with torch.no_grad():
            for name, value in self._values(cell).items():
                getattr(self, name).copy_(value)

    def _values(self, cell: Any) -> dict[str, Tensor]:
        """The cell's parameters by name, as the module holds them."""
        liquid, ends = _split(cell)
        held = parameters(liquid)
        values = {}
        for k, (name, path) in enumerate(zip(self.names, MOULDS.of(MOULDS.pack(liquid)).paths, strict=True)):
            value = torch.from_numpy(np.array(held[path], np.float64))
            values[name] = raw(value) if k < self.positive else value
        if self.ends == "learnt":
            both = (np.array(ends.weight, np.float64), np.array(ends.bias, np.float64))
            values["output_w"], values["output_b"] = map(torch.from_numpy, both)
        return values

    def extra_repr(self) -> str:
        return repr(self.mould().template)


def _split(cell: Any) -> tuple[Any, Any]:
    """The liquid, and the Motors behind it if there are some."""
    if isinstance(cell, Chain) and len(cell.cells) == 2 and isinstance(cell.cells[1], Motors):
        return cell.cells
    return cell, None


def _bytes(structure: Tensor) -> Any:
    return (structure if structure.device.type == "cpu" else structure.cpu()).numpy()


def _array(tensor: Tensor) -> Any:
    tensor = tensor.detach().cpu()
    return (tensor.float() if tensor.dtype in (torch.bfloat16, torch.float16) else tensor).numpy().copy()


def raw(effective: Tensor) -> Tensor:
    """r with softplus(r) = effective: log(exp(p) - 1), without overflow."""
    p = effective.clamp(min=LEAST)
    return p + torch.log(-torch.expm1(-p))
