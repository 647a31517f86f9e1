"""Digits in continuous sound: a reservoir and a spiking liquid that listen, beside the same readout without a liquid.

    PLASHET_BENCH_DATA=FOLDER python benchmarks/listening.py [--seeds 3] [--units 1000] [--json FILE]

The data are those of digits.py. One speaker is left out; of the others the first TAUGHT recordings of each digit are
taught, each with a noisy copy (classify.noisy), and BURSTS bursts of noise as a class of their own, which is heard and
not told. Then a long recording: DIGITS digits of the speaker left out, at random, and ALARMS bursts of noise, with
pauses of 0.4 to 1.5 s between them, all in white noise SNR dB below the mean power of the speech. It is heard by
classify.listening as `plashet listen` does, in chunks of 0.1 s; all parties have the same events to name.

right          an event that overlaps a digit, and is called by its name; a digit counts once
F1             2 right / (told + spoken)
false alarms   events told that overlap no digit, a minute
latency        from the end of a digit to when its name is known: what the sound itself takes, computing not counted

A seed draws the liquid, the noise and the order; every seed leaves out each speaker once.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import common
import numpy as np
from digits_data import Digits, load

from plashet.cells import Pass
from plashet.classify import Recogniser, fit_recogniser
from plashet.classify.listening import listen
from plashet.classify.noisy import noisy
from plashet.classify.recipes import Recipe, reservoir, spiking
from plashet.threads import each

TAUGHT, BURSTS = 15, 150
DIGITS, ALARMS, SNR = 60, 20, 25.0
BACKGROUND = -1  # the class of what is not told
PARTIES = ("no liquid", "reservoir", "spiking liquid")


class Long(NamedTuple):
    """A long recording, and where [s] which digit is spoken."""

    samples: Any
    spoken: list[tuple[float, float, int]]  # (start, end, digit)


class Score(NamedTuple):
    right: int
    told: int
    spoken: int
    alarms: int
    minutes: float
    latency: list[float]  # [s]
    speed: float  # seconds of sound heard in a second of processor time

    @property
    def f1(self) -> float:
        return 200 * self.right / (self.told + self.spoken)


def burst(rate: float, rng: np.random.Generator) -> Any:
    """0.1 to 0.6 s of noise that is no speech: a random slope of its spectrum, a random rise and fall."""
    time_ = np.arange(int(rng.uniform(0.1, 0.6) * rate)) / rate
    spectrum = np.fft.rfft(rng.standard_normal(len(time_)))
    spectrum *= np.maximum(np.fft.rfftfreq(len(time_), 1 / rate), 50.0) ** rng.uniform(-1.5, 0.5)
    sound = np.fft.irfft(spectrum, len(time_))
    middle = time_[-1] * rng.uniform(0.1, 0.9)
    sound *= np.minimum(time_ / middle, (time_[-1] - time_) / (time_[-1] - middle)).clip(0) ** rng.uniform(0.2, 2)
    return (sound / np.sqrt(np.mean(sound**2)) * 10 ** (rng.uniform(-35, -18) / 20)).astype(np.float32)


def long_recording(digits: Digits, speaker: int, seed: int) -> Long:
    """What is heard: digits and bursts in random order, in noise."""
    rng = np.random.default_rng((seed, 1, speaker))
    chosen = rng.choice(np.flatnonzero(digits.speaker == speaker), DIGITS, replace=False)
    power = np.mean(np.concatenate([digits.sounds[i] for i in chosen]).astype(np.float64) ** 2)
    things = [(digits.sounds[i], int(digits.digit[i])) for i in chosen]
    things += [(burst(digits.rate, rng), BACKGROUND) for _ in range(ALARMS)]
    parts, spoken, now = [], [], 0
    for k in rng.permutation(len(things)):
        sound, name = things[k]
        pause = np.zeros(int(rng.uniform(0.4, 1.5) * digits.rate), np.float32)
        now += len(pause)
        if name != BACKGROUND:
            spoken.append((now / digits.rate, (now + len(sound)) / digits.rate, name))
        now += len(sound)
        parts += [pause, sound]
    samples = np.concatenate([*parts, np.zeros(int(digits.rate), np.float32)])
    noise = np.sqrt(power / 10 ** (SNR / 10)) * rng.standard_normal(len(samples))
    return Long((samples + noise).astype(np.float32), spoken)


def taught(digits: Digits, speaker: int, seed: int, recipe: Recipe) -> tuple[list[Any], Any, Any]:
    """Frames, names and groups of what is taught when that speaker is left out."""
    rng = np.random.default_rng((seed, 2))
    chosen = np.flatnonzero((digits.speaker != speaker) & (digits.index < TAUGHT))
    sounds = [digits.sounds[i] for i in chosen]
    sounds += [noisy(digits.sounds[i], digits.rate, (seed, int(i))) for i in chosen]
    sounds += [noisy(burst(digits.rate, rng), digits.rate, (seed, 9, k)) for k in range(BURSTS)]
    names = np.concatenate((digits.digit[chosen], digits.digit[chosen], np.full(BURSTS, BACKGROUND)))
    who = digits.speaker[chosen]
    others = np.unique(who)
    groups = np.concatenate((who, who, others[np.arange(BURSTS) % len(others)]))
    return each(recipe.front, sounds), names, groups


def recogniser(recipe: Recipe, liquid: Any, given: tuple[list[Any], Any, Any]) -> Recogniser:
    frames, names, groups = given
    found = fit_recogniser(frames, names, liquid=liquid, dt=recipe.front.dt, pooling=recipe.pooling, groups=groups)
    return replace(found, model=replace(found.model, front=recipe.front))


def score(model: Recogniser, long: Long, rate: float) -> Score:
    """What is told of a long recording."""
    size, begun = int(0.1 * rate), time.process_time()
    chunks = (long.samples[a : a + size] for a in range(0, len(long.samples), size))
    events = [e for e in listen(model, chunks) if e.label != BACKGROUND]
    seconds = time.process_time() - begun
    left, latency, alarms = list(long.spoken), [], 0
    for event in events:
        over = [s for s in long.spoken if event.start < s[1] and event.end > s[0]]
        alarms += not over
        hit = next((s for s in over if s in left and s[2] == event.label), None)
        if hit is not None:
            left.remove(hit)
            latency.append(event.told - hit[1])
    length = len(long.samples) / rate
    spoken = len(long.spoken)
    return Score(spoken - len(left), len(events), spoken, alarms, length / 60, latency, length / seconds)


def measure(digits: Digits, units: int, seeds: int) -> dict[str, Any]:
    found: dict[str, list[list[Score]]] = {name: [] for name in PARTIES}
    for seed in range(seeds):
        for name in PARTIES:
            found[name].append([])
        for speaker, who in enumerate(digits.names):
            long = long_recording(digits, speaker, seed)
            rate_recipe, spike_recipe = (make(digits.rate, units, seed) for make in (reservoir, spiking))
            given = taught(digits, speaker, seed, rate_recipe)  # the front end is the same for all
            liquids = (Pass, rate_recipe.liquid, spike_recipe.liquid)
            for name, liquid in zip(PARTIES, liquids, strict=True):
                one = score(recogniser(rate_recipe, liquid, given), long, digits.rate)
                found[name][-1].append(one)
                said = f"F1 {one.f1:.1f}, {one.alarms / one.minutes:.1f} false alarms a minute"
                print(f"seed {seed}, {who}, {name}: {said}", file=sys.stderr, flush=True)
    return {name: summed(scores, digits.names) for name, scores in found.items()}


def summed(scores: list[list[Score]], names: tuple[str, ...]) -> dict[str, Any]:
    """One party: a number for each seed, over all speakers."""
    flat = [one for row in scores for one in row]
    latency = np.concatenate([one.latency for one in flat])
    return {
        "F1": [float(np.mean([one.f1 for one in row])) for row in scores],
        "false alarms a minute": [sum(o.alarms for o in row) / sum(o.minutes for o in row) for row in scores],
        "latency": {k: float(np.quantile(latency, q)) for k, q in (("median", 0.5), ("90 %", 0.9))},
        "seconds of sound a second": float(np.median([one.speed for one in flat])),
        "F1 by speaker": {who: float(np.mean([row[k].f1 for row in scores])) for k, who in enumerate(names)},
    }


def table(results: dict[str, Any]) -> str:
    """Markdown."""
    rows = []
    for name, one in results.items():
        f1, alarms, late = one["F1"], one["false alarms a minute"], one["latency"]
        spread = f"{np.mean(f1):.1f} [{min(f1):.1f}, {max(f1):.1f}]"
        seconds = f"{late['median']:.2f} ({late['90 %']:.2f})"
        worst = min(one["F1 by speaker"], key=one["F1 by speaker"].get)
        rows.append(
            (name, spread, f"{one['F1 by speaker'][worst]:.1f} ({worst})", f"{np.mean(alarms):.2f}", seconds,
             f"{one['seconds of sound a second']:.0f}x")
        )  # fmt: skip
    columns = ("unseen speakers", "F1 [%]", "worst speaker", "false alarms a minute", "latency [s] (90 %)", "real time")
    return common.table(columns, rows)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=3, help="how many seeds (default 3)")
    parser.add_argument("--units", type=int, default=1000, help="of each liquid (default 1000)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write everything there as JSON")
    options = parser.parse_args()
    found = {"machine": common.machine(), "command": "python benchmarks/listening.py", "units": options.units}
    found |= {"seeds": options.seeds, "results": measure(load(), options.units, options.seeds)}
    print(table(found["results"]))
    if options.json:
        options.json.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
