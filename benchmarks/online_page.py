"""What online.py found as a page with a picture: `python benchmarks/online_page.py`.

Reads online.json; writes online.md beside it and ../docs/pictures/online.png.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import common
import numpy as np
from online import BEFORE, BIN, CHANGES

HERE = Path(__file__).resolve().parent
PICTURE = HERE.parent / "docs" / "pictures" / "online.png"
MARKS = (0.2, 0.3, 0.5, 1.0, 2.0)  # on the axis of errors
SMOOTH = 200  # ticks of the running mean that is drawn
CHANGED = BEFORE // BIN  # the bin of the first guess in the changed world
DRAWN = ("frozen", "RLS readout, liquid frozen", "truncated BPTT, equal cost", "RTRL", "RTRL, RLS readout")
DOTS = 110  # to the inch, as the other pictures
READING = """\
RTRL follows both changes, and in every seed it is below truncated backpropagation of equal cost, by some 6 % in the
first 500 ticks and not any more in the last 1,000. It gains that by moving at every tick instead of every second: a
window of a single tick, at every tick, does as well as the exact gradient (and costs a little more), for at ticks as
long as these the net forgets within a tick or two, and longer credit has nothing to add; SnAp-1 is as good, too.
Least squares on the readout alone, the liquid frozen, ends below every gradient here, at a fifth of the cost. Moving
the liquid under it adds nothing to it in the one change and 2 % in the other. Before the change, where there is nothing
to follow, the frozen net is the best: every learner pays for its readiness.
"""


def errors(party: dict[str, Any]) -> Any:
    """(seeds, bins of BIN ticks)"""
    return np.array(party["errors"])


def spans(bins: int) -> dict[str, slice]:
    return {
        "before": slice(100 // BIN, CHANGED),
        "500 ticks after": slice(CHANGED, CHANGED + 500 // BIN),
        "all after": slice(CHANGED, bins),
        "the last 1,000": slice(bins - 1000 // BIN, bins),
    }


def table(parties: dict[str, Any]) -> str:
    rows = []
    for who, party in parties.items():
        found = errors(party)
        cells = []
        for span in spans(found.shape[1]).values():
            means = found[:, span].mean(axis=1)
            cells.append(f"{means.mean():.3f} ± {means.std(ddof=1):.3f}")
        cost = f"{np.median(party['µs']):.0f}" if np.median(party["µs"]) > 0 else "–"
        rows.append((who, *cells, cost, party["chosen"]))
    names = (*spans(len(errors(next(iter(parties.values())))[0])), "µs a tick", "chosen")
    return common.table(("who learns on", *names), rows)


def paired(parties: dict[str, Any], one: str, other: str) -> tuple[str, ...]:
    """How the errors of two learners compare over all ticks after the change, seed by seed."""
    a, b = (errors(parties[who])[:, CHANGED:].mean(axis=1) for who in (one, other))
    share = 100 * (a / b - 1)
    return one, other, f"{share.mean():+.1f} % [{share.min():+.1f}, {share.max():+.1f}]", f"{(a < b).sum()} of {len(a)}"


def comparisons(parties: dict[str, Any]) -> str:
    others = [who for who in parties if who not in ("RTRL", "RTRL, RLS readout", "persistence")]
    rows = [paired(parties, "RTRL", who) for who in others]
    rows += [paired(parties, "RTRL, RLS readout", who) for who in ("RTRL", "RLS readout, liquid frozen")]
    return common.table(("error after the change of", "against", "less or more [over seeds]", "seeds below"), rows)


def running(party: dict[str, Any]) -> Any:
    """The mean error of the last SMOOTH ticks, at every bin from the first that has as many: (seeds, bins)."""
    sums, wide = np.cumsum(np.insert(errors(party), 0, 0.0, axis=1), axis=1), SMOOTH // BIN
    return (sums[:, wide:] - sums[:, :-wide]) / wide


def draw(found: dict[str, Any]) -> None:
    """Each party's running error, above; below as a share of RTRL's of the same seed. Means, least to most as bands."""
    from plashet.plot.looks import INK, SERIES, SOFT, TEXT, figure, legend, tidy

    picture = figure(9.6, 5.6)
    for place, change in enumerate(CHANGES):
        parties = found["results"][change]
        above = tidy(picture.add_subplot(2, 2, place + 1), "", "squared error" if place == 0 else "")
        below = tidy(picture.add_subplot(2, 2, place + 3), "ticks since the change", "" if place else "of RTRL's error")
        for who, colour in zip(DRAWN, SERIES, strict=False):
            curves = running(parties[who])
            ticks = BIN * (np.arange(curves.shape[1]) + SMOOTH // BIN) - BEFORE
            above.plot(ticks, curves.mean(axis=0), color=colour, linewidth=1.2, label=who)
            if who == "frozen":
                continue
            share = curves / running(parties["RTRL"])
            below.fill_between(ticks, share.min(axis=0), share.max(axis=0), color=colour, alpha=0.2, linewidth=0)
            below.plot(ticks, share.mean(axis=0), color=colour, linewidth=1.2)
        for axes in (above, below):
            axes.axvline(0, color=SOFT, linewidth=0.8, linestyle=":")
        above.set_yscale("log")
        above.set_yticks(MARKS, [f"{mark:g}" for mark in MARKS])
        above.set_yticks([], minor=True)
        above.set_title(change, fontsize=TEXT + 1, loc="left", color=INK)
        if place == len(CHANGES) - 1:
            legend(above, loc="upper left", bbox_to_anchor=(1.01, 1))
    picture.savefig(PICTURE, dpi=DOTS, metadata={"Software": None})


def page(found: dict[str, Any]) -> str:
    machine, cost = found["machine"], found["cost"]
    from online import __doc__ as about

    told = about.split("\n", 2)[2].rsplit("\n\nReads", 1)[0].strip()
    windows = ", ".join(f"stride {s}: window {w} ({took} µs)" for s, (w, took) in cost["windows"].items())
    parts = [
        "# An NCP that learns online\n",
        f"`{found['command']}`: {found['seeds']} seeds, mean ± standard deviation; {machine['date']}, plashet "
        f"{machine['plashet']}, {machine['processor']}, one thread.\n",
        told + "\n",
        f"![The error as the world changes](../{PICTURE.relative_to(HERE.parent)})\n",
        f"Running mean of {SMOOTH} ticks, means over the seeds; below as a share of RTRL's error with the same seed, "
        "from the least to the most of the seeds.\n",
        READING,
    ]
    for change in CHANGES:
        parties = found["results"][change]
        parts += [f"## {change[0].upper()}{change[1:]}\n", table(parties), comparisons(parties)]
    parts += [
        "## Costs\n",
        "Processor time of predict and learn of the whole Live, medians over the seeds, on a machine that did other "
        f"work too. RTRL took {cost['RTRL']} µs a tick where windows were fitted to it; the longest windows "
        f"of truncated backpropagation that cost no more: {windows}. Windows at every tick are shown beside them, "
        "whatever they cost.\n",
    ]
    return "\n".join(parts)


def main() -> int:
    found = json.loads((HERE / "online.json").read_text())
    PICTURE.parent.mkdir(exist_ok=True)
    draw(found)
    (HERE / "online.md").write_text(page(found))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
