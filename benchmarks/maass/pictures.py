"""The figures as pictures: the mean of each curve over the seeds, and its standard deviation as a band."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from plashet.plot.looks import INK, SERIES, SOFT, TEXT, figure, legend, tidy

from .found import Figure, spread

LEAST = 3e-4  # of what is drawn on a logarithmic axis
DOTS = 110  # to the inch: sharp enough on a page, and small files


def draw(found: Figure, folder: Path) -> Path:
    """maass2002_figure<number>.png in the folder."""
    picture = figure(7.6, 3.8)
    axes = tidy(picture.add_subplot(), found.x[0], found.y.replace("x_u - x_v", "$x_u - x_v$"))
    for (name, values), colour in zip(found.curves.items(), SERIES, strict=False):
        _curve(axes, found.x[1], values, colour, name)
    if found.y.endswith("[%]"):
        axes.axhline(50, color=SOFT, linewidth=0.8, linestyle=":", zorder=0)
        axes.annotate("chance", (1, 50), (4, 0), ("axes fraction", "data"), "offset points", va="center",
                      fontsize=TEXT - 2, color=SOFT)  # fmt: skip
        axes.set_ylim(45, 102)
    else:
        axes.set_yscale("log")
        axes.set_ylim(LEAST, 1.0)
    if len(found.x[1]) <= 4:
        axes.set_xticks(found.x[1])
    legend(axes, loc="upper left", bbox_to_anchor=(1.01, 1))
    axes.set_title(found.title, fontsize=TEXT + 1, loc="left", color=INK)
    seeds = max(len(values) for values in found.curves.values())
    axes.text(1, -0.17, f"mean and standard deviation over {seeds} seeds", transform=axes.transAxes, ha="right",
              fontsize=TEXT - 2, color=SOFT)  # fmt: skip
    path = folder / f"maass2002_figure{found.number}.png"
    picture.savefig(path, dpi=DOTS, metadata={"Software": None})
    return path


def _curve(axes: Any, x: Any, values: Any, colour: str, name: str) -> None:
    mean, off, few = values.mean(axis=0), spread(values), len(x) < 50
    axes.plot(x, mean, color=colour, linewidth=1.4, marker="o" if few else None, markersize=3.5, label=name)
    top = np.minimum(mean + off, 100) if few else mean + off
    axes.fill_between(x, np.maximum(mean - off, LEAST), top, color=colour, alpha=0.12, linewidth=0)
