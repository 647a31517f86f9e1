"""The Free Spoken Digit Dataset as the benchmarks find it, and noise over it."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

SNR = (20, 10, 0)  # [dB]


class Digits(NamedTuple):
    """Recordings and what is said in each, by whom, for the how-manieth time."""

    sounds: list[Any]  # each (time,) float32 in [-1, 1)
    rate: float  # [Hz]
    digit: Any  # (recordings,) int
    speaker: Any  # (recordings,) int
    index: Any  # (recordings,) int, counted for each digit of each speaker
    names: tuple[str, ...]  # of the speakers


def load() -> Digits:
    """From fsdd.npz in the folder that PLASHET_BENCH_DATA names; ends the program if it is not there."""
    folder = os.environ.get("PLASHET_BENCH_DATA")
    path = Path(folder or ".") / "fsdd.npz"
    if not path.exists():
        sys.exit(f"no {path}: set PLASHET_BENCH_DATA to the folder that holds fsdd.npz; `--help` says what is in it")
    with np.load(path, allow_pickle=False) as kept:
        cuts = kept["offsets"][1:-1]
        sounds = np.split(kept["samples"].astype(np.float32) / 2**15, cuts)
        digit, speaker, index = (kept[name].astype(np.int64) for name in ("digit", "speaker", "index"))
        return Digits(sounds, float(kept["sample_rate"]), digit, speaker, index, tuple(map(str, kept["speakers"])))


def noisy(sound: Any, snr: float, seed: int) -> Any:
    """With white noise whose power is `snr` dB below the mean power of the recording."""
    level = np.sqrt(np.mean(sound.astype(np.float64) ** 2) / 10 ** (snr / 10))
    return (sound + level * np.random.default_rng(seed).standard_normal(len(sound))).astype(np.float32)
