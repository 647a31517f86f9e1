"""Spoken digits: a reservoir and a spiking liquid beside the same readout without a liquid.

    PLASHET_BENCH_DATA=FOLDER python benchmarks/digits.py [--seeds 5] [--units 1000] [--json FILE]

The Free Spoken Digit Dataset, 3,000 recordings of six speakers, lies in FOLDER/fsdd.npz: `samples` int16, all
recordings end to end, recording i is samples[offsets[i]:offsets[i + 1]]; `digit`, `speaker`, `index`; `sample_rate`.

official split   index 0 to 4 of each speaker and digit is the test part (300), the rest is taught (2,700)
unseen speaker   five speakers are taught, the sixth is the test part; the mean over the six

The front end, the liquids and the pooling are those of `plashet classify`. The scales of inputs and features and the
weights come from the training part of each split; so does the penalty, the one with the best share of right answers
on folds left out: five folds by index, or each taught speaker in turn where a speaker is left out. How the rest was
chosen: digits_choice.py. A seed draws the liquid. Noise is white, added to the test recordings of the official split;
nothing is taught with noise. Liquids with a part taken out have two seeds. Exit status 1 if a result does not hold.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import common
import numpy as np
from digits_data import SNR, Digits, load, noisy
from digits_page import accuracies, costs
from digits_readout import Taught, choose, teach

from plashet.cells import Chain, Pass
from plashet.classify.recipes import Recipe, reservoir, spiking
from plashet.encode.audio import Front, LogMel, PeakNorm
from plashet.liquids import Leaky, Spiking
from plashet.sequences import Segments, features, scale_of

WANTED = {"reservoir": (99.3, 82.0), "spiking liquid": (98.7, 80.0)}  # official, unseen speaker
PARTS = 2  # seeds for liquids with a part taken out


class Party(NamedTuple):
    """Who takes part: a recipe for each seed, and for how many seeds at most."""

    recipe: Callable[[int], Recipe]
    seeds: int = 1000


def parties(rate: float, units: int) -> dict[str, Party]:
    def bare(front: Front) -> Party:
        return Party(lambda seed: Recipe(front, Pass, Segments(5), {}), seeds=1)  # nothing is drawn

    rates, spikes = partial(reservoir, rate, units), partial(spiking, rate, units)
    return {
        "no liquid, 40 log-mel bands": bare(Front(LogMel(rate), (PeakNorm(),))),
        "no liquid, same front end": bare(reservoir(rate).front),
        "reservoir": Party(rates),
        "spiking liquid": Party(spikes),
        "reservoir, units not connected": Party(lambda seed: _changed(rates(seed), _unconnected), PARTS),
        "reservoir, no memory at all": Party(lambda seed: _changed(rates(seed), _forgetful), PARTS),
        "spiking liquid, neurons not connected": Party(lambda seed: _changed(spikes(seed), _unconnected), PARTS),
    }


def _changed(recipe: Recipe, change: Callable[[Any], Any]) -> Recipe:
    return replace(recipe, liquid=lambda inputs: change(recipe.liquid(inputs)))


def _unconnected(liquid: Any) -> Any:
    if isinstance(liquid, Spiking):
        return replace(liquid, circuit=replace(liquid.circuit, weight=0 * liquid.circuit.weight))
    return replace(liquid, wiring=replace(liquid.wiring, weights=0 * liquid.wiring.weights))


def _forgetful(liquid: Leaky) -> Leaky:
    """Each frame through the activation alone: what a random layer does without a reservoir."""
    return replace(_unconnected(liquid), tau=1e-6)


# --- one split -------------------------------------------------------------------------------------------------------


class Trial(NamedTuple):
    """A readout taught on one split, and what it says of the recordings that it was not taught."""

    taught: Taught
    cell: Any
    right: float  # [%]
    seconds: float  # processor time of teaching: driving, choosing the penalty, solving; without the front end


def trial(recipe: Recipe, frames: list[Any], digits: Digits, train: Any, fold: Any) -> Trial:
    """train (n,) bool; fold (n,): which are left out together when the penalty is chosen."""
    begin = time.process_time()
    heard = [frames[i] for i in np.flatnonzero(train)]
    cell = Chain((scale_of(heard), recipe.liquid(frames[0].shape[1])))
    taught = teach(_rows(recipe, cell, heard), digits.digit[train], fold[train], choose)
    seconds = time.process_time() - begin
    guesses = taught.guess(_rows(recipe, cell, [frames[i] for i in np.flatnonzero(~train)]))
    return Trial(taught, cell, 100 * float(np.mean(guesses == digits.digit[~train])), seconds)


def _rows(recipe: Recipe, cell: Any, frames: list[Any]) -> Any:
    return features(cell, frames, recipe.front.dt, recipe.pooling).astype(np.float32)


def official(recipe: Recipe, frames: list[Any], digits: Digits) -> tuple[Trial, dict[str, float]]:
    """The official split, and its test part again with noise: {"20 dB": share right, ...}."""
    found = trial(recipe, frames, digits, digits.index >= 5, digits.index % 5)
    test = np.flatnonzero(digits.index < 5)
    loud = {}
    for snr in SNR:
        heard = [recipe.front(noisy(digits.sounds[i], snr, seed=int(i))).astype(np.float32) for i in test]
        guesses = found.taught.guess(_rows(recipe, found.cell, heard))
        loud[f"{snr} dB"] = 100 * float(np.mean(guesses == digits.digit[test]))
    return found, loud


def unseen(recipe: Recipe, frames: list[Any], digits: Digits) -> dict[str, Trial]:
    """Each speaker left out once, by name."""
    speakers = enumerate(digits.names)
    return {name: trial(recipe, frames, digits, digits.speaker != s, digits.speaker) for s, name in speakers}


# --- what it costs ---------------------------------------------------------------------------------------------------


def cost(recipe: Recipe, cell: Any, frames: list[Any]) -> dict[str, float]:
    """Per second of sound, after the front end: multiply-adds of the liquid, or its spikes and what they set off."""
    liquid, ticks = cell.cells[-1], 1 / recipe.front.dt
    if isinstance(liquid, Leaky):
        connected = np.count_nonzero(liquid.wiring.weights)
        return {"multiply-adds": ticks * (connected + liquid.outputs * (liquid.inputs + 1))}
    if not isinstance(liquid, Spiking):
        return {"multiply-adds": 0.0}
    fan_out = np.bincount(liquid.circuit.topology.pre, minlength=liquid.outputs) * bool(liquid.circuit.weight.any())
    spikes = events = seconds = 0.0
    for u in frames:
        scaled = ((u - cell.cells[0].center) / cell.cells[0].spread).clip(-5, 5)
        _, _, found = liquid.record(liquid.init(scaled[0]), scaled, np.full(len(u), recipe.front.dt))
        spikes, events = spikes + len(found), events + fan_out[found[:, 1]].sum()
        seconds += len(u) * recipe.front.dt
    return {
        "multiply-adds": ticks * liquid.outputs * liquid.inputs,  # of the input currents
        "neuron updates": liquid.outputs / liquid.h,
        "spikes": spikes / seconds,
        "synaptic events": events / seconds,
    }


# --- the run ---------------------------------------------------------------------------------------------------------


def measure(digits: Digits, chosen: dict[str, Party], seeds: range) -> dict[str, Any]:
    heard: dict[str, list[Any]] = {}
    results = {}
    for name, party in chosen.items():
        trials = []
        for seed in seeds[: party.seeds]:
            recipe = party.recipe(seed)
            key = repr((recipe.front.ear, recipe.front.parts))
            if key not in heard:
                heard[key] = [recipe.front(sound).astype(np.float32) for sound in digits.sounds]
            first, loud = official(recipe, heard[key], digits)
            left = unseen(recipe, heard[key], digits)
            trials.append((first, loud, left, cost(recipe, first.cell, heard[key][:300:10])))
            mean = np.mean([t.right for t in left.values()])
            print(f"{name}, seed {seed}: {first.right:.2f} {mean:.2f} {loud}", file=sys.stderr, flush=True)
        results[name] = _summed(name, trials)
    return results


def _summed(name: str, trials: list[Any]) -> dict[str, Any]:
    """One party over its seeds."""
    firsts, louds, lefts, costs = zip(*trials, strict=True)
    speakers = {who: [left[who].right for left in lefts] for who in lefts[0]}
    found = {
        "official": [first.right for first in firsts],
        "unseen": [float(np.mean([t.right for t in left.values()])) for left in lefts],
        "speakers": speakers,
        "noise": {snr: [loud[snr] for loud in louds] for snr in louds[0]},
        "penalties": [
            [f.taught.penalty, *(t.taught.penalty for t in left.values())]
            for f, left in zip(firsts, lefts, strict=True)
        ],
        "features": firsts[0].taught.weights.shape[0],
        "seconds": float(np.median([first.seconds for first in firsts])),
        "cost": {what: float(np.mean([c[what] for c in costs])) for what in costs[0]},
    }
    if name in WANTED:
        found["wanted"] = WANTED[name]
        found["holds"] = [
            bool(np.mean(found[k]) >= w) for k, w in zip(("official", "unseen"), WANTED[name], strict=True)
        ]
    return found


def beside(before: dict[str, Any], now: dict[str, Any], rate: float) -> dict[str, Any]:
    """What was found now in the place of what was found before, everyone in the usual order."""
    both = before | now
    return {name: both[name] for name in parties(rate, 1) if name in both}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=5, help="how many seeds (default 5)")
    parser.add_argument("--units", type=int, default=1000, help="of each liquid (default 1000)")
    parser.add_argument("--keep", action="store_true", help="put it beside what is in that file")
    parser.add_argument("--only", nargs="+", metavar="NAME", help="these parties alone")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write everything there as JSON")
    options = parser.parse_args()
    digits = load()
    chosen = parties(digits.rate, options.units)
    chosen = {name: party for name, party in chosen.items() if not options.only or name in options.only}
    found = {"machine": common.machine(), "command": "python benchmarks/digits.py", "units": options.units}
    found |= {"seeds": options.seeds, "results": measure(digits, chosen, range(options.seeds))}
    if options.keep and options.json.exists():
        found["results"] = beside(json.loads(options.json.read_text())["results"], found["results"], digits.rate)
    print(accuracies(found), costs(found), sep="\n")
    if options.json:
        options.json.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n")
    return 0 if all(all(one.get("holds", ())) for one in found["results"].values()) else 1


if __name__ == "__main__":
    sys.exit(main())
