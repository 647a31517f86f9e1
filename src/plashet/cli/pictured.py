"""Recordings through a recogniser's liquid, for pictures: what goes in, and what the liquid does."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

UNITS = 160  # of a rate liquid, drawn


def examples(
    recogniser: Any,
    frames: Sequence[Any],
    labels: Sequence[Any],
    most: int,
    sound: Callable[[int], Any] | None = None,
) -> tuple[Any, ...]:
    """One recording of each of the first classes, of middling length among its own. sound: its samples, by place."""
    from ..encode.audio import Cochleagram

    chosen = []
    for name in list(dict.fromkeys(labels))[:most]:
        own = [i for i, label in enumerate(labels) if label == name]
        own.sort(key=lambda i: len(frames[i]))
        chosen.append(own[len(own) // 2])
    told = tuple(example(recogniser, frames[i], str(labels[i])) for i in chosen)
    if sound is None:
        return told
    ear = Cochleagram(recogniser.model.front.ear.rate)
    return tuple(replace(one, cochleagram=ear(sound(i))) for one, i in zip(told, chosen, strict=True))


def example(recogniser: Any, frames: Any, title: str) -> Any:
    """The liquid's answer to the frames of one recording."""
    from ..cells import Chain, sweep
    from ..report.recognition import Example
    from ..sequences.drive import begin

    liquid, dt = recogniser.model.liquid, recogniser.model.dt
    u = np.asarray(frames, np.float64)
    u = u[:, None] if u.ndim == 1 else u
    ear = getattr(recogniser.model.front, "ear", None)
    seen = u if ear is None else u[:, : ear.outputs]  # the ear's own channels come first, slopes after them
    ticks = np.full(len(u), dt)
    last: Any
    *before, last = liquid.cells if isinstance(liquid, Chain) else (liquid,)
    x = u
    for cell in before:
        x = sweep(cell, begin(cell, x[0], None, u), x, ticks)[1]
    state = begin(last, x[0], None, u)
    if hasattr(last, "record"):
        after, _, events = last.record(state, x, ticks)
        inhibitory = np.asarray(last.circuit.inhibitory)
        steps = int(after.clock)
        return Example(title, seen, dt, events=events, steps=steps, units=last.outputs, inhibitory=inhibitory)
    values = sweep(last, state, x, ticks)[1]
    step = max(1, values.shape[1] // UNITS)
    values = values[:, ::step] - values[:, ::step].mean(axis=0)
    return Example(title, seen, dt, activity=ordered(values), units=last.outputs)


def ordered(values: Any) -> Any:
    """Units (columns) by the phase of their answer, the angle in the plane of the two strongest common patterns."""
    if min(values.shape) < 2:
        return values
    centred = (values - values.mean(0)) / np.maximum(values.std(0), 1e-9)
    _, _, patterns = np.linalg.svd(centred, full_matrices=False)
    return values[:, np.argsort(np.arctan2(patterns[1], patterns[0]))]
