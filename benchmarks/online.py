"""Does a trained NCP that goes on learning follow a change of its world? `python benchmarks/online.py`

A runner (half-cheetah, 17 sensors) is watched; at every tick the next observation is asked for, then it comes. An LTC
wired as AutoNCP(32, 4) with a linear readout of its units and of the input is trained offline (Adam, windows of 32) on
recordings 15 to 24, the best epoch chosen on 0 to 4. Then it lives through 500 ticks of the world it knows and 2,000 of
another one, and different learners go on from the same trained net:

    back leg inverted    the angle and the speed of the back thigh and shin come with the opposite sign
    half the rate        only every second observation comes; dt says so, 2 instead of 1

Sensors are standardised by the training recordings and cut at 5 deviations; the error is the mean square over the 17
sensors in those units, of guesses made before anything was learnt from the tick. Rates (and the memory of RLS) are
chosen on recordings 25 to 30, scores are from 5 to 14; a seed draws and trains its own net and plays its own choice of
recordings. Truncated backpropagation of equal cost: for each stride the longest window whose processor time a tick is
that of RTRL or less, measured here (written by hand for it: truncated.py), and of those the best on the recordings to
choose by, each with the rates that RTRL may choose from.

Reads half_cheetah.npz in the folder PLASHET_BENCH_DATA; writes online.json, online.md and ../docs/pictures/online.png.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from pathlib import Path
from typing import Any

import common
import numpy as np

Series = tuple[Any, Any]  # observations (ticks, 17), dt (ticks,)
TRAIN, STOP, CHOOSE, TEST = range(15, 25), range(5), range(25, 31), range(5, 15)
BACK_LEG = [2, 3, 11, 12]
BEFORE, AFTER = 500, 2000  # ticks
BIN = 10  # ticks whose mean error is kept
RATES = (2e-3, 4e-3, 8e-3, 16e-3)
LOW = (5e-4, 1e-3, 2e-3)  # of a liquid under an RLS readout, which needs no rate
MEMORIES = (100.0, 300.0, 1000.0)
STRIDES, WINDOWS = (1, 2, 4), (1, 2, 4, 8, 16, 32)
EVERY = (1, 16)  # windows of truncated backpropagation at every tick, whatever they cost
CHANGES = ("back leg inverted", "half the rate")


def load(path: Path) -> Any:
    """(31, 1000, 17) standardised and cut."""
    with np.load(path, allow_pickle=False) as kept:
        traces = kept["traces"].astype(np.float64)
    known = traces[TRAIN.start : TRAIN.stop].reshape(-1, traces.shape[-1])
    return np.clip((traces - known.mean(axis=0)) / known.std(axis=0), -5.0, 5.0)


def trained(traces: Any, seed: int, epochs: int) -> Any:
    """The net, trained offline."""
    import plashet as pl
    from plashet.training import Training, train, windows

    def cut(which: range) -> Any:
        return windows(
            [(z[:-1], z[1:]) for z in traces[which.start : which.stop]], length=32, stride=10, dtype=np.float64
        )

    liquid = pl.liquids.ltc(pl.wiring.auto_ncp(32, 4, traces.shape[-1], seed=seed), seed=seed)
    model = pl.unread(liquid, traces.shape[-1], with_input=True)
    how = Training(epochs=epochs, rate=1e-2, batch=32, patience=15, seed=seed)
    return train(model, cut(TRAIN), how, validation=cut(STOP), progress=False).model


def stream(traces: Any, change: str, among: range, seed: int) -> Series:
    """BEFORE ticks of one recording, then AFTER ticks of others in the changed world."""
    order = np.random.default_rng((seed, 7)).permutation(list(among))
    first = traces[order[0]][-BEFORE:]
    if change == "half the rate":
        rest, dt = np.concatenate([traces[k][::2] for k in order[1:]]), 2.0
    else:
        rest, dt = np.concatenate([traces[k] for k in order[1:]]), 1.0
        rest[:, BACK_LEG] *= -1
    rest = rest[:AFTER]
    return np.concatenate([first, rest]), np.concatenate([np.ones(BEFORE), np.full(len(rest), dt)])


def played(model: Any, learner: Any, series: Series) -> tuple[Any, float]:
    """The squared error of every guess (ticks - 1,), and processor microseconds a tick, of predict and learn."""
    import plashet as pl

    z, dt = series
    if learner is None:
        guesses, _ = pl.run(model, z[:-1], dt[:-1])
        return np.mean((guesses - z[1:]) ** 2, axis=1), 0.0
    live, error = pl.Live(model, learner), np.empty(len(z) - 1)
    begun = time.process_time()
    for t, (now, asked, elapsed) in enumerate(zip(z[:-1], z[1:], dt.tolist(), strict=False)):
        error[t] = np.mean((live.predict(now, elapsed) - asked) ** 2)
        live.learn(asked)
    return error, 1e6 * (time.process_time() - begun) / len(error)


def binned(error: Any) -> list[float]:
    """Means of BIN ticks each: what is kept."""
    bins = error[: len(error) // BIN * BIN].reshape(-1, BIN).mean(axis=1)
    return [float(f"{mean:.4g}") for mean in bins]


def makers() -> dict[str, Any]:
    """What makes a learner of a rate (or a memory) and, for RTRL over RLS, of the memory chosen."""
    from plashet.learn import RLS, RTRL, Adam, SnAp1

    return {
        "RLS readout, liquid frozen": lambda memory: RLS(memory=memory, penalty=1.0),
        "RTRL": lambda rate: RTRL(Adam(rate, clip=1.0)),
        "RTRL, RLS readout": lambda rate, memory: RTRL(Adam(rate, clip=1.0), head=RLS(memory=memory, penalty=1.0)),
        "SnAp-1": lambda rate: SnAp1(Adam(rate, clip=1.0)),
    }


def truncated(window: int, stride: int, rate: float) -> Any:
    from truncated import Truncated

    from plashet.learn import Adam

    return Truncated(window, stride, Adam(rate, clip=1.0))


def equal_cost(model: Any, series: Series, repetitions: int = 3) -> tuple[float, dict[int, tuple[int, float]]]:
    """RTRL's microseconds a tick, and for each stride the longest window that costs no more: {stride: (window, µs)}."""
    short = series[0][:300], series[1][:300]

    def cost(learner: Any) -> float:
        return float(np.median([played(model, learner, short)[1] for _ in range(repetitions)]))

    wanted = cost(makers()["RTRL"](1e-3))
    found: dict[int, tuple[int, float]] = {}
    for stride in STRIDES:
        for window in (w for w in WINDOWS if w >= stride):
            took = cost(truncated(window, stride, 1e-3))
            if took > 1.03 * wanted:
                break
            found[stride] = window, took
    return wanted, found


def chosen(nets: list[Any], traces: Any, change: str, found: dict[int, tuple[int, float]]) -> dict[str, Any]:
    """The learner of each kind with the least error after the change, on the recordings to choose by."""
    plays = [(net, stream(traces, change, CHOOSE, seed)) for seed, net in enumerate(nets)]

    def score(learner: Any) -> float:
        return float(np.mean([played(net, learner, series)[0][BEFORE:].mean() for net, series in plays]))

    def best(options: dict[str, Any]) -> tuple[str, Any]:
        name = min(options, key=lambda option: score(options[option]))
        return name, options[name]

    make, said = makers(), {}
    memory = min(MEMORIES, key=lambda m: score(make["RLS readout, liquid frozen"](m)))
    said["RLS readout, liquid frozen"] = f"memory {memory:g}", make["RLS readout, liquid frozen"](memory)
    for kind in ("RTRL", "SnAp-1"):
        said[kind] = best({f"rate {rate:g}": make[kind](rate) for rate in RATES})
    kind = "RTRL, RLS readout"
    said[kind] = best({f"rate {rate:.2g}, memory {memory:g}": make[kind](rate, memory) for rate in LOW})
    equal = {
        f"window {window}, stride {stride}, rate {rate:g}": truncated(window, stride, rate)
        for stride, (window, _) in found.items()
        for rate in RATES
    }
    said["truncated BPTT, equal cost"] = best(equal)
    rate = float(said["RTRL"][0].split()[1])
    for window in EVERY:
        said[f"truncated BPTT, window {window}"] = f"stride 1, RTRL's rate {rate:g}", truncated(window, 1, rate)
    return {"frozen": ("", None)} | said


def study(traces: Any, seeds: int, epochs: int) -> dict[str, Any]:
    nets = [trained(traces, seed, epochs) for seed in range(seeds)]
    rtrl, found = equal_cost(nets[0], stream(traces, CHANGES[0], CHOOSE, 0))
    results: dict[str, Any] = {}
    for change in CHANGES:
        picked = chosen(nets[:2], traces, change, found)
        parties: dict[str, Any] = {
            who: {"chosen": setting, "errors": [], "µs": []} for who, (setting, _) in picked.items()
        }
        parties["persistence"] = {"chosen": "", "errors": [], "µs": []}
        for seed, net in enumerate(nets):
            series = stream(traces, change, TEST, seed)
            for who, (_, learner) in picked.items():
                error, took = played(net, learner, series)
                parties[who]["errors"].append(binned(error))
                parties[who]["µs"].append(round(took, 1))
            still = np.mean(np.diff(series[0], axis=0) ** 2, axis=1)
            parties["persistence"]["errors"].append(binned(still))
            parties["persistence"]["µs"].append(0.0)
            print(f"{change}, seed {seed}: done", file=sys.stderr, flush=True)
        results[change] = parties
    windows = {str(stride): [window, round(took)] for stride, (window, took) in found.items()}
    return {"cost": {"RTRL": round(rtrl), "windows": windows}, "results": results}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--epochs", type=int, default=40, help="of training offline, at most")
    asked = parser.parse_args()
    environment = common.clean_environment()
    if environment != dict(os.environ):  # a BLAS reads these once, when it is loaded: begin again
        os.execve(sys.executable, [sys.executable, *sys.argv], environment)
    path = Path(os.environ.get("PLASHET_BENCH_DATA") or ".") / "half_cheetah.npz"
    if not path.exists():
        sys.exit(f"no {path}: set PLASHET_BENCH_DATA to the folder that holds half_cheetah.npz")
    found = study(load(path), asked.seeds, asked.epochs)
    command = f"python benchmarks/online.py --seeds {asked.seeds} --epochs {asked.epochs}"
    found = {"machine": common.machine(), "command": command, "seeds": asked.seeds, **found}
    here = Path(__file__).resolve().parent
    (here / "online.json").write_text(json.dumps(found, ensure_ascii=False) + "\n")
    import online_page

    return online_page.main()


if __name__ == "__main__":
    sys.exit(main())
