"""What digits.py found as a page with a picture: `python benchmarks/digits_page.py`.

Reads digits.json, writes digits.md beside it and ../docs/pictures/digits_noise.png.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import common
import numpy as np
from digits_data import SNR

SHOWN = ("no liquid, same front end", "reservoir", "spiking liquid")
DOTS = 110  # to the inch, as the other pictures
LEGEND = """\
Mean over the seeds [least, most]; a seed draws the liquid. One recording of the official split is 0.33 %, one of the
unseen speakers 0.03 %. *Official split*: 2,700 recordings taught, 300 of the same six speakers asked. *Unseen speaker*:
five speakers taught, the sixth asked, mean over the six. *Noise*: white, added to the 300 test recordings alone, so
many dB below the mean power of each; nothing was taught with noise. The rows with a part taken out (units or neurons
not connected, no memory) tell what that part is worth.
"""
COSTS = """\
Costs are for a second of sound, after the front end, which costs all the same. Of the spiking liquid the
multiply-adds are those of the currents that its inputs give. The readout adds ten multiply-adds for each feature, once
a recording. *Taught in s*: processor time, one thread, to teach the official split from its frames: driving the
liquid, choosing the penalty, solving. Most of it is 26 systems of 2,160 or 2,700 equations, as many for all, so the
readout without a liquid, which could be solved through its 200 features, is not as quick here as it might be. No
energy was measured.
"""


def page(found: dict[str, Any], picture: str = "") -> str:
    """The tables with what is needed to read them."""
    machine = found["machine"]
    parts = [
        "# Spoken digits\n",
        f"`{found['command']}`: {found['units']} units in each liquid, {found['seeds']} seeds; {machine['date']}, "
        f"plashet {machine['plashet']}, {machine['processor']}. The settings are those of `plashet classify`; "
        "how they were chosen: [below](#how-it-was-chosen).\n",
        accuracies(found),
        LEGEND,
        f"![Accuracy in noise]({picture})\n" if picture else "",
        "## Each speaker left out\n",
        speakers(found),
        "## What it costs\n",
        costs(found),
        COSTS,
    ]
    return "\n".join(part for part in parts if part)


def accuracies(found: dict[str, Any]) -> str:
    rows = []
    for name, one in found["results"].items():
        cells = [f"{_spread(one[k])}{_verdict(one, i)}" for i, k in enumerate(("official", "unseen"))]
        rows.append((name, *cells, *(f"{np.mean(v):.1f}" for v in one["noise"].values())))
    return common.table(("% right", "official split", "unseen speaker", *(f"noise {snr} dB" for snr in SNR)), rows)


def speakers(found: dict[str, Any]) -> str:
    names = next(iter(found["results"].values()))["speakers"]
    rows = [
        (name, *(f"{np.mean(one['speakers'][who]):.1f}" for who in names)) for name, one in found["results"].items()
    ]
    return common.table(("% right", *names), rows)


def costs(found: dict[str, Any]) -> str:
    rows = []
    for name, one in found["results"].items():
        c = one["cost"]
        spiking = (_large(c[k]) if k in c else "–" for k in ("spikes", "synaptic events", "neuron updates"))
        rows.append((name, one["features"], _large(c["multiply-adds"]), *spiking, f"{one['seconds']:.1f}"))
    columns = ("a second of sound", "features", "multiply-adds", "spikes", "synaptic events", "neuron updates")
    return common.table((*columns, "taught in s"), rows)


def draw(found: dict[str, Any], path: Path) -> None:
    """How right each party is as noise is added; bars from the least to the most of the seeds."""
    from plashet.plot.looks import SERIES, TEXT, figure, legend, tidy

    picture = figure(6.0, 3.4)
    axes = tidy(picture.add_subplot(), "white noise over the test recordings [dB below the speech]", "right [%]")
    for name, colour in zip(SHOWN, ("#1c2326", *SERIES), strict=False):
        if name in found["results"]:
            one = found["results"][name]
            scores = np.array([one["official"], *(one["noise"][f"{snr} dB"] for snr in SNR)])
            mean = scores.mean(axis=1)
            bars = (mean - scores.min(axis=1), scores.max(axis=1) - mean)
            axes.errorbar(range(len(mean)), mean, bars, color=colour, marker="o", markersize=4, capsize=2, label=name)
    axes.set_xticks(range(1 + len(SNR)), ["none", *map(str, SNR)])
    axes.axhline(10, color="#8b959a", linewidth=0.8, linestyle=":")
    axes.annotate("chance", (0, 10), (0, 3), textcoords="offset points", fontsize=TEXT - 2, color="#8b959a")
    axes.set_ylim(0, 102)
    legend(axes, loc="upper right")
    picture.savefig(path, dpi=DOTS, metadata={"Software": None})


def _spread(scores: list[float]) -> str:
    return f"{np.mean(scores):.2f}" + (f" [{min(scores):.2f}, {max(scores):.2f}]" if len(scores) > 1 else "")


def _verdict(one: dict[str, Any], i: int) -> str:
    return f", wanted {one['wanted'][i]:g} {'yes' if one['holds'][i] else '**no**'}" if "wanted" in one else ""


def _large(value: float) -> str:
    return "0" if value == 0 else f"{value / 1e6:.2g} M" if value >= 1e6 else f"{value / 1e3:.3g} k"


def main() -> None:
    here = Path(__file__).resolve().parent
    found = json.loads((here / "digits.json").read_text())
    picture = Path("../docs/pictures/digits_noise.png")
    draw(found, here / picture)
    told = here / "digits_chosen.md"
    (here / "digits.md").write_text(page(found, str(picture)) + "\n" + told.read_text())


if __name__ == "__main__":
    main()
