"""Noisy copies: the same recordings with noise and silence around, to teach what continuous sound will be like."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..sequences import Pooling
from ..types import Array
from .recogniser import Recogniser, fit_recogniser

LOUD = (15.0, 40.0)  # [dB] below the recording's mean power
SILENCE = 0.08  # [s] before and after, at most
PARTS = 5  # left out in turn when the readout's penalty is chosen, where there are no groups


def noisy(samples: Array, rate: float, key: tuple[int, ...]) -> Array:
    """The recording with up to SILENCE on both sides and white noise at a level drawn from LOUD; `key` names the draw.

    samples (time,) of floats; the result is longer. The same key, the same copy.
    """
    rng = np.random.default_rng(key)
    before, after = (int(rng.uniform(0, SILENCE) * rate) for _ in "ba")
    level = np.sqrt(np.mean(np.square(samples, dtype=np.float64)) * 10 ** (-rng.uniform(*LOUD) / 10))
    wide = np.pad(samples, (before, after))
    return (wide + level * rng.standard_normal(len(wide))).astype(samples.dtype)


@dataclass(frozen=True, eq=False)
class FirstOf:
    """A recogniser of pairs that looks at the first of each."""

    recogniser: Recogniser

    def predict(self, pairs: Sequence[tuple[Any, Any]]) -> Array:
        """(n,) names of classes."""
        return self.recogniser.predict([clean for clean, _ in pairs])


def fit_pairs(
    pairs: Sequence[tuple[Any, Any]], labels: Any, *, liquid: Any, dt: float, pooling: Pooling, groups: Any = None
) -> FirstOf:
    """As `fit_recogniser`, taught both sequences of each pair: a recording and its noisy copy, never kept apart."""
    apart = np.arange(len(pairs)) % PARTS if groups is None else np.asarray(groups)
    sequences = [one for pair in zip(*pairs, strict=True) for one in pair]
    twice = np.concatenate((labels, labels))
    kept = np.concatenate((apart, apart)) if len(set(apart.tolist())) > 1 else None
    return FirstOf(fit_recogniser(sequences, twice, liquid=liquid, dt=dt, pooling=pooling, groups=kept))
