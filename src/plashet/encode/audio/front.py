"""A front end: an ear, and what is done with its frames."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...cells import Chain, sweep
from ...types import Array
from .frames import Ear


@dataclass(frozen=True, eq=False)
class Front:
    """An ear and parts that change its frames in turn: `Front(LogMel(8000), (PeakNorm(),))(samples)`.

    A part is a function of all frames of a recording, such as PeakNorm, or a cell, begun at rest with each recording,
    such as a Scale. What consists of cells alone can also hear a stream: see `cell`. A part may be both.
    """

    ear: Ear
    parts: tuple[Any, ...] = ()

    def __post_init__(self) -> None:
        width = self.ear.outputs
        for part in self.parts:
            takes = getattr(part, "inputs", width)
            if takes != width:
                raise ValueError(f"{type(part).__name__} takes {takes} features, but {width} come before it")
            width = getattr(part, "outputs", width)

    @property
    def outputs(self) -> int:
        """Features per frame."""
        return next((p.outputs for p in reversed(self.parts) if hasattr(p, "outputs")), self.ear.outputs)

    @property
    def dt(self) -> float:
        """[s] per frame."""
        return self.ear.dt

    @property
    def lag(self) -> int:
        """Ticks that the frames of `cell` come late."""
        return self.ear.lag + sum(getattr(part, "lag", 0) for part in self.parts)

    def __call__(self, samples: Array) -> NDArray[Any]:
        """The features (frames, outputs) of a whole recording (time,)."""
        frames = self.ear(samples)
        for part in self.parts:
            if callable(part):
                frames = part(frames)
            else:
                frames = sweep(part, part.init(frames[0]), frames, np.full(len(frames), self.dt, frames.dtype))[1]
        return frames

    def cell(self) -> Chain:
        """The same as a cell for continuous sound, ticks of one hop of samples.

        Raises ValueError if a part needs the whole recording, naming it.
        """
        for part in self.parts:
            if not hasattr(part, "step"):
                raise ValueError(
                    f"{type(part).__name__} needs the whole recording; for a stream there are RunningPeak, RunningNorm "
                    "and encode.Scale"
                )
        return Chain((self.ear, *self.parts))
