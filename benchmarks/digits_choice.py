"""How the settings of digits.py are chosen without the test parts: `python benchmarks/digits_choice.py [--units 200]`.

Every candidate changes one thing of what `plashet classify` uses. All are scored on the 2,700 training recordings of
the official split alone, each by a small liquid with a seed that is not reported:

official split   five folds by index of the training recordings
unseen speaker   for each speaker left out: the mean over the other five of what readouts taught on the remaining four
                 say of the fifth. The speaker left out is in none of it but the scales of inputs and features.

A row is a candidate, with its score for the official split and for each speaker left out; the best of a column is what
nested selection takes for that test part.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import replace
from itertools import combinations
from typing import Any

import common
import numpy as np
from digits_data import Digits, load
from digits_readout import PENALTIES, told_right

from plashet.cells import Chain
from plashet.classify.recipes import Recipe, reservoir, spiking
from plashet.encode.audio import Deltas, Front, LogMel, PeakNorm, UtteranceNorm
from plashet.liquids import Spiking
from plashet.sequences import Segments, features, scale_of

SEED = 100


def candidates(rate: float, units: int) -> dict[str, dict[str, Recipe]]:
    """For each kind of liquid, what was compared."""
    return {
        "reservoir": _fronts(rate, reservoir(rate, units, SEED)) | _leaky(reservoir(rate, units, SEED)),
        "spiking liquid": _fronts(rate, spiking(rate, units, SEED)) | _spiking(spiking(rate, units, SEED)),
    }


def _fronts(rate: float, as_is: Recipe) -> dict[str, Recipe]:
    def hears(bands: int, *parts: Any) -> Recipe:
        return replace(as_is, front=Front(LogMel(rate, bands=bands), parts))

    return {
        "as it is": as_is,
        "40 bands": hears(40, PeakNorm(), Deltas(40)),
        "no slopes": hears(20, PeakNorm()),
        "each recording's own mean and spread": hears(20, UtteranceNorm(), Deltas(20)),
        "8 segments": replace(as_is, pooling=Segments(8)),
    }


def _leaky(as_is: Recipe) -> dict[str, Recipe]:
    return {
        "tau 50 ms": _with(as_is, lambda liquid: replace(liquid, tau=0.05)),
        "weak inputs": _with(as_is, lambda liquid: _weigh(liquid, w_in=0.3)),
        "weak biases": _with(as_is, lambda liquid: _weigh(liquid, bias=0.1)),
        "half the spectral radius": _with(as_is, lambda liquid: _weigh(liquid, weights=0.5)),
    }


def _spiking(as_is: Recipe) -> dict[str, Recipe]:
    def inputs(liquid: Spiking) -> Spiking:
        heard = liquid.circuit.inputs
        return replace(liquid, circuit=replace(liquid.circuit, inputs=replace(heard, w_current=heard.w_current / 3)))

    return {
        "spikes filtered with 30 ms": _with(as_is, lambda liquid: replace(liquid, tau_trace=0.03)),
        "spikes counted": _with(as_is, lambda liquid: replace(liquid, tau_trace=None)),
        "weak inputs": _with(as_is, inputs),
        "synapses three times as strong": _with(as_is, lambda liquid: liquid.reweighted(3 * liquid.circuit.weight)),
    }


def _with(recipe: Recipe, change: Callable[[Any], Any]) -> Recipe:
    return replace(recipe, liquid=lambda inputs: change(recipe.liquid(inputs)))


def _weigh(liquid: Any, **factors: float) -> Any:
    wiring = liquid.wiring
    return replace(liquid, wiring=replace(wiring, **{k: f * getattr(wiring, k) for k, f in factors.items()}))


def scores(recipe: Recipe, digits: Digits) -> list[float]:
    """[%] For the official split, then for each speaker left out, each with its best penalty."""
    taught = np.flatnonzero(digits.index >= 5)
    heard = [recipe.front(digits.sounds[i]).astype(np.float32) for i in taught]
    cell = Chain((scale_of(heard), recipe.liquid(heard[0].shape[1])))
    x = features(cell, heard, recipe.front.dt, recipe.pooling).astype(np.float32)
    z = (x - x.mean(axis=0)) / np.maximum(x.std(axis=0), 1e-6)
    gram, labels, speaker = z @ z.T, digits.digit[taught], digits.speaker[taught]
    y = np.where(labels[:, None] == np.arange(labels.max() + 1), 1.0, -1.0)
    fold, count = digits.index[taught] % 5, len(digits.names)
    rows = np.zeros((len(PENALTIES), 1 + count))
    for k, penalty in enumerate(PENALTIES):
        rows[k, 0] = sum(told_right(gram, y, fold != f, fold == f, penalty).sum() for f in range(5)) / len(y)
        for pair in combinations(range(count), 2):
            both = np.isin(speaker, pair)
            right = told_right(gram, y, ~both, both, penalty)
            for out, asked in (pair, pair[::-1]):  # in the column of `out` only what is said of the other counts
                rows[k, 1 + out] += right[speaker[both] == asked].mean() / (count - 1)
    return [100 * float(column.max()) for column in rows.T]


def _shown(score: float, best: float) -> str:
    return f"**{score:.1f}**" if score == best else f"{score:.1f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--units", type=int, default=200, help="of each liquid (default 200)")
    digits = load()
    for kind, recipes in candidates(digits.rate, parser.parse_args().units).items():
        found = {name: scores(recipe, digits) for name, recipe in recipes.items()}
        best = np.max(list(found.values()), axis=0)
        rows = [(name, *map(_shown, row, best)) for name, row in found.items()]
        print(common.table((kind, "official split", *(f"without {name}" for name in digits.names)), rows), flush=True)


if __name__ == "__main__":
    main()
