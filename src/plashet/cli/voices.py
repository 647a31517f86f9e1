"""Recognisers of sounds in files: opened for a command, with every way in which that can fail in plain words."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from .faults import DataFault, UsageFault, model_fault

MAKE = "plashet classify DIR makes one"


def open_recogniser(path: str) -> Any:
    """The recogniser of sounds in a model file."""
    from ..classify import Recogniser
    from ..encode.audio import Front
    from ..save import FileError, load

    if not Path(path).is_file():
        raise UsageFault(f"there is no model {path}", MAKE)
    try:
        found = load(path)
    except FileError as error:
        raise model_fault(error) from None
    if not isinstance(found, Recogniser):
        raise DataFault(f"{path} holds a {_kind(found)}, not a recogniser of sounds", MAKE)
    if not isinstance(found.model.front, Front):
        raise DataFault(f"{path} holds a recogniser of sequences, not of sounds: it has no front end", MAKE)
    return found


def rate_of(recogniser: Any) -> int:
    """[Hz] of the sounds that it was taught."""
    return int(recogniser.model.front.ear.rate)


def fitted(sound: Any, rate: int, what: str, note: Callable[[str], None]) -> Any:
    """The sound at the rate of the model; what that costs is said."""
    from ..data import resampled

    if sound.rate == rate:
        return sound
    lost = f"; it holds nothing above {sound.rate / 2:,.0f} Hz, which the model was taught" if sound.rate < rate else ""
    note(f"{what} has {sound.rate:,} samples per second, the model hears {rate:,}: resampled{lost}")
    return resampled(sound, rate)


def told_of(recogniser: Any) -> dict[str, Any]:
    """What `plashet inspect` says of a recogniser: what it tells apart, what it hears, and what it keeps of that."""
    from ..encode.audio import Front

    model = recogniser.model
    told = {"kind": "recogniser", "holds": "Recogniser", "classes": [str(c) for c in recogniser.classes]}
    if isinstance(model.front, Front):
        parts = [type(part).__name__ for part in (model.front.ear, *model.front.parts)]
        told["hears"] = f"{rate_of(recogniser):,} samples per second, through {', '.join(parts)}"
    told |= {"tick": f"{1000 * model.dt:g} ms", "keeps": repr(model.pooling)}
    return told | {"features": int(model.readout.weights.shape[0])}


def tick_of(value: Any) -> float | None:
    """[s] of the ticks that a recogniser was taught in; None for anything else."""
    from ..classify import Recogniser

    return float(value.model.dt) if isinstance(value, Recogniser) else None


def _kind(value: Any) -> str:
    kind = type(value).__name__
    return {"Saved": "Forecaster", "Snapshot": "Live", "Watched": "watch"}.get(kind, kind)
