"""Parity of a stream of bits that is told by its changes: what holds a state through unequal times, and what does not.

    python benchmarks/xor.py [--only NAME ...] [--seeds 0 1 2] [--passes N] [--all-lengths]

Sequences of 2 to 31 fair bits, the length uniform; the label is their parity. Told as events: one for each run of equal
bits, with its bit (0 or 1) and, as the time since the event before, how many bits it had. So a net must tell even from
odd times after a one, and keep the parity over up to 31 events. 100,000 sequences train (seed 1234984), 2,000 others
choose the pass, 10,000 test (seed 48736; chance is 50.45 %, the share of the commoner label there). All hear the time
of an event as a second input, and for liquids it elapses, too; only "LTC, time elapses only" hears the bit alone, as
the LTC was published. (What decays tells a long time from a longer one, but hardly an even one from an odd one: where
time only elapsed for mixed memory over Gated, it stayed at 61 %, in one run of 100 passes.) Adam at 0.01, 128 sequences
a step, 100 steps a pass, a rate that falls along a cosine; a linear layer reads the last output. Half of a batch comes
from the tenth with the longest runs, which are rare. With --all-lengths all of them are shown from the start, 400
passes; else short sequences first, 200 passes (more by --passes): at most 4 bits, 2 more after a pass in whose last
quarter over 98 % are told rightly. All of it alike for all, and nobody is stopped early. A seed draws the parameters
and the order. What is found is merged into xor.json, and xor.md made from it.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import common
import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from plashet import liquids, wiring
from plashet import nn as plashet_nn

HERE = Path(__file__).resolve().parent
TRAIN, CHOOSE, TEST, LONGEST = 100_000, 2_000, 10_000, 31
SHORTEST, GROWN, MASTERED = 4, 2, 0.98  # [bits] at first, [bits] more whenever this share is told rightly
RARE = 10  # one sequence in so many has a run long enough to be shown more often
UNITS, BATCH, STEPS, PASSES = 32, 128, 100, {False: 200, True: 400}  # with all lengths from the start


TRIED = """Mixed memory was given 400 passes after 200 had left one seed of three short of 99 % (98.54, 99.84, 99.51);
the others have had 200 unless the table says otherwise. The LTC that hears the bit alone had 77.88 % after 200 passes,
more than after 400 (one seed each). With short sequences first the published LTC is well above chance, and with all
lengths from the start it is still, the more the longer it is trained (another seed was at 79 % of the choosing part
after 240 passes, where it was stopped to make room): it is not at chance under any protocol tried here, where the
authors of CfC report 49.11 % for it. Other protocols, the same for all, did no better on average: 64 sequences a step,
ordered by their numbers of events, 24,000 steps, one seed unless told: mixed memory over Gated 99.65, 99.54 and 95.57 %
(this one stayed at 22 bits; 96.78 % when lengths grew every 10 passes at the latest), nn.LSTM 98.20, nn.GRU 95.39,
Gated 71.73, LTC with time that elapses only 65.03; with all lengths from the start and 40,000 steps, mixed memory over
Gated 98.80, LTC with time that elapses only 55.00. Of 20,000 sequences drawn anew, those that the net of seed 100 told
wrongly after 20,000 such steps, short sequences first, are mostly ones with a run of 9 ones or more, which 0.8 % of
them have."""


class Events(NamedTuple):
    """Sequences of events, padded at the end."""

    bit: Any  # (sequences, events) float32
    dt: Any  # (sequences, events) float32, in bits; 0 where there is none
    count: Any  # (sequences,) int64
    label: Any  # (sequences,) int64


def drawn(count: int, seed: int) -> Events:
    """Streams of bits as their runs."""
    rng = np.random.default_rng(seed)
    lengths = rng.integers(2, LONGEST + 1, count)
    bits = rng.integers(0, 2, (count, LONGEST))
    there = np.arange(LONGEST) < lengths[:, None]
    begins = there & np.concatenate((np.ones((count, 1), bool), bits[:, 1:] != bits[:, :-1]), 1)
    run = np.cumsum(begins, axis=1) - 1
    found = np.zeros((2, count, LONGEST), np.float32)
    rows, columns = np.nonzero(there)
    np.add.at(found[1], (rows, run[rows, columns]), 1)
    found[0, rows, run[rows, columns]] = bits[rows, columns]
    return Events(found[0], found[1], begins.sum(axis=1), (bits * there).sum(axis=1) % 2)


class Reader(nn.Module):
    """A recurrent layer and two scores from its output at the last event."""

    def __init__(self, rnn: nn.Module, timed: bool, units: int = UNITS, heard: bool = True) -> None:
        super().__init__()
        self.rnn, self.timed, self.heard, self.head = rnn, timed, heard, nn.Linear(units, 2)

    def forward(self, bit: Tensor, dt: Tensor, count: Tensor) -> Tensor:
        longest = int(count.max())
        dt = dt[:, :longest]
        u = torch.stack((bit[:, :longest], dt), 2) if self.heard else bit[:, :longest, None]
        outputs = self.rnn(u, timespans=dt)[0] if self.timed else self.rnn(u)[0]
        return self.head(outputs[torch.arange(len(count)), count - 1])  # type: ignore[no-any-return]


def _seed() -> int:
    return int(torch.randint(2**31, ()).item())


def _one(cell: Any) -> nn.Module:
    return plashet_nn.Recurrent([[plashet_nn.Liquid(cell)]], plashet_nn.Contract(), None, None)


def _mixed() -> nn.Module:
    return _one(liquids.mixed(liquids.gated(wiring.dense(UNITS, 2, seed=_seed()), seed=_seed()), seed=_seed()))


def _mixed_cfc() -> nn.Module:
    return _one(liquids.mixed(liquids.cfc(2, UNITS, seed=_seed(), backbone=(UNITS,)), seed=_seed()))


def _ltc(inputs: int) -> nn.Module:
    return plashet_nn.LTC(inputs, wiring.auto_ncp(UNITS, UNITS // 2, inputs))


UNHEARD = "LTC, time elapses only"
PARTIES: dict[str, tuple[Callable[[], nn.Module], bool, float]] = {  # module, time elapses for it, rate
    "Gated": (lambda: plashet_nn.Gated(2, UNITS), True, 1e-2),
    "mixed memory over Gated": (_mixed, True, 1e-2),
    "mixed memory over CfC": (_mixed_cfc, True, 1e-2),
    "CfC": (lambda: plashet_nn.CfC(2, UNITS, backbone_units=UNITS), True, 1e-2),
    UNHEARD: (lambda: _ltc(1), True, 1e-2),
    "LTC": (lambda: _ltc(2), True, 1e-2),
    "nn.LSTM": (lambda: nn.LSTM(2, UNITS, batch_first=True), False, 1e-2),
    "nn.GRU": (lambda: nn.GRU(2, UNITS, batch_first=True), False, 1e-2),
}


def _reader(party: str) -> Reader:
    make, timed, _ = PARTIES[party]
    return Reader(make(), timed, UNITS // 2 if party.startswith("LTC") else UNITS, heard=party != UNHEARD)


def shortened(events: Events, longest: int) -> Events:
    """Those of at most so many bits."""
    kept = events.dt.sum(axis=1) <= longest
    return Events(*(part[kept] for part in events))


def right(model: Reader, events: Events) -> float:
    """Share of labels told rightly."""
    found = 0
    with torch.no_grad():
        for rows in np.array_split(np.argsort(events.count, kind="stable"), max(1, len(events.count) // 500)):
            bit, dt, count, label = (torch.from_numpy(part[rows]) for part in events)
            found += int((model(bit, dt, count).argmax(1) == label).sum())
    return found / len(events.count)


def trial(
    party: str, seed: int, passes: int, sizes: tuple[int, int, int], longest: int = SHORTEST, told: bool = False
) -> dict[str, Any]:
    """One training: the share of right answers on the test part, at the pass that was best on the choosing part.

    longest: of the sequences that are shown at first.
    """
    torch.manual_seed(seed)
    both = drawn(sizes[0] + sizes[1], 1234984)
    train, choose = Events(*(a[: sizes[0]] for a in both)), Events(*(a[sizes[0] :] for a in both))
    model, rng = _reader(party), np.random.default_rng(seed)
    optimiser = torch.optim.Adam(model.parameters(), lr=PARTIES[party][2], fused=True)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, passes)
    begun, best, at, kept = time.process_time(), -1.0, 0, {}
    for k in range(passes):
        mastered = _pass(model, optimiser, shortened(train, longest), rng)
        schedule.step()
        now = right(model, choose) if longest == LONGEST or k % 10 == 9 or k == passes - 1 else -1.0
        if told:
            print(time.strftime("%H:%M:%S"), party, seed, k, longest, f"{mastered:.4f} {now:.4f}", flush=True)
        if now > best:
            best, at, kept = now, k, {name: v.clone() for name, v in model.state_dict().items()}
        longest = min(longest + GROWN, LONGEST) if mastered > MASTERED else longest
    seconds = time.process_time() - begun
    model.load_state_dict(kept)
    return {
        "test": right(model, drawn(sizes[2], 48736)),
        "chosen by": best,
        "pass": at,
        "passes": passes,
        "bits at the end": longest,
        "seconds": seconds,
        "parameters": sum(p.numel() for p in model.parameters()),
    }


def _pass(model: Reader, optimiser: torch.optim.Optimizer, events: Events, rng: np.random.Generator) -> float:
    """STEPS steps over random sequences, half of each batch from those with the longest runs; the share told rightly in
    the last quarter of them."""
    found = []
    rare = np.argsort(-events.dt.max(axis=1), kind="stable")[: len(events.count) // RARE + 1]
    for _ in range(STEPS):
        rows = np.concatenate((rng.integers(0, len(events.count), BATCH // 2), rng.choice(rare, BATCH // 2)))
        bit, dt, count, label = (torch.from_numpy(part[rows]) for part in events)
        said = model(bit, dt, count)
        optimiser.zero_grad()
        F.cross_entropy(said, label).backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        found.append((said.argmax(1) == label).float().mean().item())
    return float(np.mean(found[-STEPS // 4 :]))


def page(kept: dict[str, Any]) -> str:
    """xor.md."""
    machine = kept["machine"]
    return (
        f"# Parity of bits, told as events\n\n{__doc__.strip()}\n\n"
        f"## All lengths from the start\n\n{_table(kept.get('all lengths', {}))}\n"
        f"## Short sequences first\n\n{_table(kept['results'])}\n{TRIED}\n\n"
        f"Measured {machine['date']} on {machine['processor']}, one thread. "
        "`python benchmarks/xor.py; python benchmarks/xor.py --all-lengths`\n"
    )


def _table(found: dict[str, Any]) -> str:
    rows = []
    for who, runs in ((who, found[who]) for who in PARTIES if who in found):
        tests = [100 * run["test"] for run in runs.values()]
        spread = f" ± {np.std(tests, ddof=1):.2f} [{min(tests):.2f}, {max(tests):.2f}]" if len(tests) > 1 else ""
        one, seconds = next(iter(runs.values())), np.mean([run["seconds"] for run in runs.values()])
        right_share = f"{np.mean(tests):.2f}{spread}"
        rows.append((who, len(tests), right_share, one["passes"], f"{seconds:.0f}", f"{one['parameters']:,}"))
    columns = ("who", "seeds", "% right of the test part", "passes", "seconds to train", "parameters")
    return common.table(columns, rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="*", default=list(PARTIES), help=f"of {', '.join(PARTIES)}")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--passes", type=int, help=f"other than {PASSES[False]}, {PASSES[True]} with all lengths")
    parser.add_argument("--all-lengths", action="store_true", help="show sequences of all lengths from the start")
    parser.add_argument("--told", action="store_true", help="say how each pass went")
    parser.add_argument("--json", type=Path, default=HERE / "xor.json")
    asked = parser.parse_args()
    torch.set_num_threads(1)
    part, longest = ("all lengths", LONGEST) if asked.all_lengths else ("results", SHORTEST)
    for who in asked.only:
        for seed in asked.seeds:
            passes = asked.passes or PASSES[asked.all_lengths]
            found = trial(who, seed, passes, (TRAIN, CHOOSE, TEST), longest, asked.told)
            print(time.strftime("%H:%M"), who, seed, found, flush=True)
            kept = json.loads(asked.json.read_text()) if asked.json.exists() else {"results": {}}
            kept.setdefault(part, {}).setdefault(who, {})[str(seed)] = found
            kept["machine"] = common.machine()
            asked.json.write_text(json.dumps(kept, indent=1))
            asked.json.with_suffix(".md").write_text(page(kept))


if __name__ == "__main__":
    main()
