"""What a liquid lays out for its kernel, kept beside it."""

from __future__ import annotations

from abc import abstractmethod
from functools import cached_property
from typing import Any, Generic, TypeVar

from ..tree import parts

P = TypeVar("P")


class Keeps(Generic[P]):
    """A liquid that keeps what it lays out for its kernel: once for each dtype, as it never changes."""

    @abstractmethod
    def _laid_out(self, dtype: Any) -> P:
        """Its constants for the kernel, in this dtype."""

    def _plan(self, dtype: Any) -> P:
        plan: P | None = self._plans.get(dtype)
        if plan is None:
            plan = self._plans[dtype] = self._laid_out(dtype)
        return plan

    @cached_property
    def _plans(self) -> dict[Any, Any]:
        return {}

    def __getstate__(self) -> dict[str, Any]:
        return dict(parts(self) or ())  # not the plans: they are the kernel's own, and cannot be copied or sent away
