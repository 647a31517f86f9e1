"""Parity of a stream of bits that is told by its changes: what holds a state through unequal times, and what does not.

    python benchmarks/xor.py [--only NAME ...] [--seeds 0 1 2] [--epochs N]

Sequences of 2 to 31 fair bits, the length uniform; the label is their parity. Told as events: one for each run of equal
bits, with its bit (0 or 1) and, as the time since the event before, how many bits it had. So a net must tell even from
odd times after a one, and keep the parity over up to 31 events. 100,000 sequences train (seed 1234984), 2,000 others
choose the epoch, 10,000 test (seed 48736). Liquids hear times as their elapsed time alone, LSTM and GRU as a second
input. Adam, 128 sequences a step, a rate that falls along a cosine; a linear layer reads the last output.
Sequences of few bits are shown first, the limit grows to all over the first half of the epochs, alike for all. A seed
draws the parameters and the order. What is found is merged into xor.json, and xor.md made from it.
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
SHORTEST, GROWN = 4, 0.5  # [bits] at the beginning of training; the share of it after which all are shown
UNITS, BATCH, EPOCHS = 64, 128, 12


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

    def __init__(self, rnn: nn.Module, timed: bool, units: int = UNITS) -> None:
        super().__init__()
        self.rnn, self.timed, self.head = rnn, timed, nn.Linear(units, 2)

    def forward(self, bit: Tensor, dt: Tensor, count: Tensor) -> Tensor:
        longest = int(count.max())
        u, dt = bit[:, :longest, None], dt[:, :longest]
        outputs = self.rnn(u, timespans=dt)[0] if self.timed else self.rnn(torch.cat((u, dt[..., None]), 2))[0]
        return self.head(outputs[torch.arange(len(count)), count - 1])  # type: ignore[no-any-return]


def _seed() -> int:
    return int(torch.randint(2**31, ()).item())


def _one(cell: Any) -> nn.Module:
    return plashet_nn.Recurrent([[plashet_nn.Liquid(cell)]], plashet_nn.Contract(), None, None)


def _mixed() -> nn.Module:
    return _one(liquids.mixed(liquids.gated(wiring.dense(UNITS, 1, seed=_seed()), seed=_seed()), seed=_seed()))


def _mixed_cfc() -> nn.Module:
    return _one(liquids.mixed(liquids.cfc(1, UNITS, seed=_seed(), backbone=(UNITS,)), seed=_seed()))


PARTIES: dict[str, tuple[Callable[[], nn.Module], bool, float]] = {  # module, hears time, rate
    "Gated": (lambda: plashet_nn.Gated(1, UNITS), True, 5e-3),
    "mixed memory over Gated": (_mixed, True, 5e-3),
    "mixed memory over CfC": (_mixed_cfc, True, 5e-3),
    "CfC": (lambda: plashet_nn.CfC(1, UNITS, backbone_units=UNITS), True, 5e-3),
    "LTC": (lambda: plashet_nn.LTC(1, wiring.auto_ncp(UNITS, 32, 1)), True, 5e-3),
    "nn.LSTM": (lambda: nn.LSTM(2, UNITS, batch_first=True), False, 5e-3),
    "nn.GRU": (lambda: nn.GRU(2, UNITS, batch_first=True), False, 5e-3),
}


def batches(events: Events, longest: float, rng: np.random.Generator) -> list[Any]:
    """Rows of at most so many bits, in random batches."""
    order = rng.permutation(np.flatnonzero(events.dt.sum(axis=1) <= longest))
    return [order[k : k + BATCH] for k in range(0, len(order), BATCH)]


def right(model: Reader, events: Events) -> float:
    """Share of labels told rightly."""
    found = 0
    with torch.no_grad():
        for rows in np.array_split(np.argsort(events.count, kind="stable"), max(1, len(events.count) // 500)):
            bit, dt, count, label = (torch.from_numpy(part[rows]) for part in events)
            found += int((model(bit, dt, count).argmax(1) == label).sum())
    return found / len(events.count)


def trial(
    party: str, seed: int, epochs: int, sizes: tuple[int, int, int], rate: float | None = None, told: bool = False
) -> dict[str, Any]:
    """One training: the share of right answers on the test part, at the epoch that was best on the choosing part."""
    torch.manual_seed(seed)
    make, timed, usual = PARTIES[party]
    both = drawn(sizes[0] + sizes[1], 1234984)
    train, choose = Events(*(a[: sizes[0]] for a in both)), Events(*(a[sizes[0] :] for a in both))
    model, rng = Reader(make(), timed, 32 if party == "LTC" else UNITS), np.random.default_rng(seed)
    optimiser = torch.optim.AdamW(model.parameters(), lr=rate or usual, weight_decay=0.0, fused=True)
    lengths = [min(SHORTEST + (LONGEST - SHORTEST) * k / (GROWN * epochs), LONGEST) for k in range(epochs)]
    steps = sum(len(batches(train, longest, rng)) for longest in lengths)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, steps)
    begun, best, at, kept = time.process_time(), -1.0, 0, {}
    for epoch, longest in enumerate(lengths):
        for rows in batches(train, longest, rng):
            bit, dt, count, label = (torch.from_numpy(part[rows]) for part in train)
            optimiser.zero_grad()
            F.cross_entropy(model(bit, dt, count), label).backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimiser.step()
            schedule.step()
        now = right(model, choose)
        if told:
            print(time.strftime("%H:%M:%S"), party, epoch, f"{now:.4f}", f"{time.process_time():.0f}", flush=True)
        if now > best:
            best, at, kept = now, epoch, {k: v.clone() for k, v in model.state_dict().items()}
    seconds = time.process_time() - begun
    model.load_state_dict(kept)
    return {
        "test": right(model, drawn(sizes[2], 48736)),
        "chosen by": best,
        "epoch": at,
        "epochs": epochs,
        "seconds": seconds,
        "parameters": sum(p.numel() for p in model.parameters()),
    }


def page(kept: dict[str, Any]) -> str:
    """xor.md."""
    rows = []
    for who, runs in kept["results"].items():
        tests = [100 * run["test"] for run in runs.values()]
        spread = f" ± {np.std(tests, ddof=1):.2f} [{min(tests):.2f}, {max(tests):.2f}]" if len(tests) > 1 else ""
        one = next(iter(runs.values()))
        seconds = np.mean([run["seconds"] for run in runs.values()])
        rows.append(
            (
                who,
                len(tests),
                f"{np.mean(tests):.2f}{spread}",
                one["epochs"],
                f"{seconds:.0f}",
                f"{one['parameters']:,}",
            )
        )
    columns = ("who", "seeds", "% right of the test part", "epochs", "seconds to train", "parameters")
    machine = kept["machine"]
    return (
        f"# Parity of bits, told as events\n\n{__doc__.strip()}\n\n{common.table(columns, rows)}\n"
        f"Measured {machine['date']} on {machine['processor']}, one thread. `python benchmarks/xor.py`\n"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="*", default=list(PARTIES), help=f"of {', '.join(PARTIES)}")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--epochs", type=int, default=EPOCHS)
    parser.add_argument("--json", type=Path, default=HERE / "xor.json")
    asked = parser.parse_args()
    torch.set_num_threads(1)
    kept = json.loads(asked.json.read_text()) if asked.json.exists() else {"results": {}}
    for who in asked.only:
        for seed in asked.seeds:
            found = trial(who, seed, asked.epochs, (TRAIN, CHOOSE, TEST))
            kept["results"].setdefault(who, {})[str(seed)] = found
            print(time.strftime("%H:%M"), who, seed, found, flush=True)
            kept["machine"] = common.machine()
            asked.json.write_text(json.dumps(kept, indent=1))
            asked.json.with_suffix(".md").write_text(page(kept))


if __name__ == "__main__":
    main()
