"""What liquids are good for, in one table for the README: `python benchmarks/studies.py`.

Reads what the studies have kept beside this file (digits.json, listening.json, robot.json, maass2002.json, worm.json,
half_cheetah.json, irregular.json, xor.json), each made by the script of that name, and puts the tables between the
markers of README.md. Nothing is measured here.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import common
import numpy as np
import summary
import worm_page

HERE = Path(__file__).resolve().parent
BEGIN, END = "<!-- studies -->", "<!-- /studies -->"
COLUMNS = ("task, its score", "the same readout without a liquid", "reservoir", "spiking liquid", "by")


def kept(name: str) -> dict[str, Any]:
    """What the study of that name has found."""
    found: dict[str, Any] = json.loads((HERE / f"{name}.json").read_text())
    return found


def spread(values: list[float], digits: int = 1) -> str:
    """Mean and, of several seeds, least and most."""
    mean = f"{np.mean(values):.{digits}f}"
    return mean if len(values) < 2 else f"{mean} [{min(values):.{digits}f}, {max(values):.{digits}f}]"


def digits_rows() -> list[tuple[str, ...]]:
    found = kept("digits")
    parties = [found["results"][k] for k in ("no liquid, same front end", "reservoir", "spiking liquid")]
    asked = {
        "spoken digits (FSDD), official split, % right": lambda one: one["official"],
        "spoken digits, a speaker who was never heard, % right": lambda one: one["unseen"],
        "the same split, 10 dB of noise in the test part alone, % right": lambda one: one["noise"]["10 dB"],
    }
    return [(what, *(spread(of(one)) for one in parties), "digits.py") for what, of in asked.items()]


def listening_rows() -> list[tuple[str, ...]]:
    results = kept("listening")["results"]
    cells = []
    for party in ("no liquid", "reservoir", "spiking liquid"):
        one = results.get(party)
        alarms = "" if one is None else f", {np.mean(one['false alarms a minute']):.1f} false alarms a minute"
        cells.append("–" if one is None else f"{spread(one['F1'])}{alarms}")
    return [("digits of unseen speakers in continuous sound, F1 of events, %", *cells, "listening.py")]


def robot_rows() -> list[tuple[str, ...]]:
    rows = []
    for inputs, parties in kept("robot")["results"].items():
        scores = {who: [100 * s[2] for s in one["accuracy"]] for who, one in parties.items()}
        without = spread(scores["no liquid"], 2)
        if "the class before" in scores:
            without += f" (saying the class before: {spread(scores['the class before'], 2)})"
        spiking = spread(next(v for who, v in scores.items() if who.startswith("spiking")), 2)
        what = f"a robot's next turn online, last quarter, from {inputs}, % right"
        rows.append((what, without, "–", spiking, "robot.py"))
    return rows


def trained_table() -> str:
    """Liquids that were trained, beside what is not liquid: half-cheetah, the same with ticks missing, parity."""
    cheetah, thin, parity = (kept(name) for name in ("half_cheetah", "irregular", "xor"))

    def cell(party: str) -> str:
        runs = cheetah["results"][party]["runs"].values()
        return spread([run["test"] for run in runs], 3)

    def thinned(asked: str, party: str) -> str:
        shares = {share: [run["test"] for run in runs.values()] for share, runs in thin[asked][party].items()}
        return f"{spread(shares['0.5'], 2)} (+{np.mean(shares['0.5']) - np.mean(shares['0.0']):.2f})"

    def told(party: str) -> str:
        runs = parity["results"].get(party, {}).values()
        return spread([100 * run["test"] for run in runs], 2) if runs else "–"

    rows = [
        (
            "half-cheetah, next observation, squared error", f"gated, 32 units: {cell('Gated 32')}", cell("LTC 32"),
            f"LSTM of 32: {cell('nn.LSTM 32')}; ridge AR(8) {cheetah['baselines']['ridge AR(8), penalty to 0'][0]:.2f}",
            "half_cheetah.py",
        ),
        (
            "the same, half of the ticks missing: the next one seen, its time told (more than with none missing)",
            f"CfC, 32 units, dt an input too: {thinned('next', 'CfC 32, dt an input too')}; gated: "
            f"{thinned('next', 'Gated 32')}, with dt an input too {thinned('next', 'Gated 32, dt an input too')}", "–",
            f"GRU of 32, dt an input: {thinned('next', 'nn.GRU 32, dt an input')}; behind a dense layer: "
            f"{thinned('next', 'dense 32, nn.GRU 32, dt an input')}", "irregular.py",
        ),
        (
            "the same, half missing: the very next one, trained with as few",
            f"CfC, 32 units: {thinned('results', 'CfC 32')}; gated: {thinned('results', 'Gated 32')}", "–",
            f"GRU of 32, dt an input: {thinned('results', 'nn.GRU 32, dt an input')}", "irregular.py",
        ),
        (
            "parity of bits told as events, % right", f"mixed memory over gated: {told('mixed memory over Gated')}",
            f"{told('LTC, time elapses only')}; hearing the time, too {told('LTC')}",
            f"LSTM {told('nn.LSTM')}, GRU {told('nn.GRU')}", "xor.py",
        ),
    ]  # fmt: skip
    linked = [(*row[:-1], f"[{row[-1]}](benchmarks/{row[-1]})") for row in rows]
    return common.table(("trained", "the liquid", "the published LTC", "beside", "by"), linked)


def main() -> int:
    rows = [*digits_rows(), *listening_rows(), *robot_rows()]
    linked = [(*row[:-1], f"[{row[-1]}](benchmarks/{row[-1]})") for row in rows]
    orderings = [r for r in kept("maass2002")["results"] if r["met"] is not None]
    held = sum(bool(r["met"]) for r in orderings)
    dates = sorted({kept(name)["machine"]["date"] for name in ("digits", "listening", "robot", "maass2002", "worm")})
    bare = kept("digits")["results"]["reservoir, no memory at all"]
    said = (
        "Means over seeds [least, most]; how settings were chosen is said in each script. On the digits a random layer "
        f"as wide as the reservoir, without any memory, has {spread(bare['official'])} and {spread(bare['unseen'])}: "
        "most of the gain there is its width ([benchmarks/digits.md](benchmarks/digits.md)). The experiments of Maass, "
        f"Natschläger & Markram 2002 with the paper's own circuit: {held} of {len(orderings)} orderings of its Figures "
        "2, 5, 6 and 7 hold, the others are undecided ([benchmarks/maass2002.md](benchmarks/maass2002.md)). "
        "The worm *C. elegans* was a reservoir and a trained net on three tasks "
        f"([benchmarks/worm.md](benchmarks/worm.md)). {worm_page.verdict(kept('worm'))} Measured "
        f"{', '.join(dates)}; one command each, `python benchmarks/NAME`."
    )
    summary.into_readme(
        HERE.parent / "README.md", f"{common.table(COLUMNS, linked)}\n{trained_table()}\n{said}\n", BEGIN, END
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
