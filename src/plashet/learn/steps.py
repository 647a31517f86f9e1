"""Whose optimiser takes the steps: ours, or one of torch behind the same two calls."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from ..types import Array
from .theta import Packing


class Stepper(Protocol):
    """What takes steps on a vector: what it knows is a value."""

    def init(self, theta: Array) -> Any: ...

    def step(self, state: Any, theta: Array, slope: Array) -> tuple[Any, Array]: ...


@dataclass(frozen=True)
class OfTorch:
    """An optimiser of torch on the raw parameters, one tensor for each path; what it knows is its state_dict."""

    make: Callable[[list[Any]], Any]  # from tensors to a torch optimiser
    packed: Packing

    def init(self, theta: Array) -> Any:
        return self.make(self._tensors(theta)).state_dict()

    def step(self, state: Any, theta: Array, slope: Array) -> tuple[Any, Array]:
        tensors, pushes = self._tensors(theta), self._tensors(slope)
        optimiser = self.make(tensors)
        optimiser.load_state_dict(state)
        for tensor, push in zip(tensors, pushes, strict=True):
            tensor.grad = push
        optimiser.step()
        moved = [tensor.detach().numpy().ravel() for tensor in tensors]
        return optimiser.state_dict(), np.concatenate(moved)

    def _tensors(self, flat: Array) -> list[Any]:
        import torch

        return [torch.tensor(part) for part in self.packed.named(flat).values()]


def stepper(optimizer: Any, packed: Packing) -> Stepper:
    """The optimiser behind `init` and `step`. Raises TypeError for what is neither ours nor makes one of torch's."""
    if hasattr(optimizer, "init") and hasattr(optimizer, "step"):
        return optimizer  # type: ignore[no-any-return]
    if callable(optimizer):
        return OfTorch(optimizer, packed)
    raise TypeError(
        f"the optimizer is a {type(optimizer).__name__}, wanted plashet.learn.Adam(rate), "
        "or a function from tensors to a torch optimiser: lambda p: torch.optim.Adam(p, 1e-3)"
    )
