"""What the pictures have in common: the way to matplotlib, colours, sizes. No state of matplotlib is changed."""

from __future__ import annotations

from typing import Any

# Okabe and Ito 2008: told apart by all kinds of colour vision, and in grey by their lightness.
EXCITATORY, INHIBITORY, INK, SOFT = "#0072B2", "#D55E00", "#1c2326", "#8b959a"
SERIES = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#1c2326")
TEXT = 9.0  # points: legible in print at the width the figure has
FEW = 12  # as many names or numbers fit on an axis


def figure(width: float, height: float) -> Any:
    """A Figure of so many inches, drawn by Agg, unknown to pyplot: nothing to close and no window.

    Raises ImportError that names the extra where matplotlib is not installed.
    """
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError as error:
        raise ImportError('pictures need matplotlib: pip install "plashet[plot]"') from error
    made = Figure(figsize=(width, height), layout="constrained", facecolor="white")
    FigureCanvasAgg(made)
    return made


def tidy(axes: Any, x: str = "", y: str = "") -> Any:
    """Labels with their units, ticks that can be read, no frame where there is nothing to read off."""
    axes.set_xlabel(x, fontsize=TEXT, color=INK)
    axes.set_ylabel(y, fontsize=TEXT, color=INK)
    axes.tick_params(labelsize=TEXT - 1, colors=INK, length=3)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    for side in ("left", "bottom"):
        axes.spines[side].set_color(SOFT)
    return axes


def legend(axes: Any, **where: Any) -> Any:
    """Names beside what they name, without a box."""
    return axes.legend(frameon=False, fontsize=TEXT - 1, labelcolor=INK, handlelength=1.2, borderaxespad=0.2, **where)


def kinds(inhibitory: Any) -> list[tuple[str, str, Any]]:
    """(name, colour, mask) of the excitatory and the inhibitory units that there are."""
    import numpy as np

    is_i = np.asarray(inhibitory, bool)
    found = (("excitatory", EXCITATORY, ~is_i), ("inhibitory", INHIBITORY, is_i))
    return [(name, colour, held) for name, colour, held in found if held.any()]
