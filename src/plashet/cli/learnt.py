"""What `classify` and `demo spikes` do with what was learnt: show it, write it down, hand it to machines."""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ..report import About, words
from .console import Say, tidy
from .runs import Run, toml, versions

OWN, REST = "liquid", "no liquid"
SHOWN = 3  # recordings in the report whose liquid is drawn


@dataclass(frozen=True)
class Learnt:
    """A recogniser taught with everything, what came of its trial (trials.Tried), and what it was taught."""

    recogniser: Any
    tried: Any
    frames: Sequence[Any]
    labels: Sequence[Any]
    names: Sequence[str]  # of the recordings
    about: Mapping[str, str]
    groups: Sequence[str] | None = None
    thing: str = "recording"
    sound: Callable[[int], Any] | None = None  # the samples of a recording, by its place


@dataclass(frozen=True)
class Told:
    """What goes with the findings: the words of the report, how much was heard, and how long it took."""

    about: About
    sound: str
    seconds: float


def finish(say: Say, run: Run, learnt: Learnt, told: Told, config: Mapping[str, Any]) -> None:
    """Show the findings, write the folder, and print the JSON object where that is asked for."""
    from ..report import recognition
    from ..save import save

    summary = {**summarise(learnt), "seconds": told.seconds}
    used = {**config, "versions": versions()}
    (run.folder / "config.toml").write_text(toml(used), encoding="utf-8")
    content = json.dumps(tidy({**summary, "versions": versions()}), indent=1, ensure_ascii=False, allow_nan=False)
    (run.folder / "metrics.json").write_text(content + "\n", encoding="utf-8")
    _predictions(run.folder / "predictions.csv", learnt)
    save(run.folder / "model.plashet", learnt.recogniser)
    page = findings(learnt, told, summary)
    recognition.write(run.folder / "report.html", page, told.about)
    if not (say.json or say.quiet):
        _show(say, page, told.about)
    say.result({**summary, "folder": str(run.folder)})
    say.show(f"\nReport: {run.folder / 'report.html'}")
    say.show("beside it: config.toml, metrics.json, predictions.csv, model.plashet")


def summarise(learnt: Learnt) -> dict[str, Any]:
    """The keys that `--json` prints and metrics.json holds."""
    from ..report.matrix import by_class

    methods = learnt.tried.by_method
    own = methods[OWN]
    each = {
        str(c): {"count": s.there, "found": s.found, "right": s.right}
        for c, s in zip(own.classes, by_class(own.confusion), strict=True)
    }
    return {
        "accuracy": {name: one.accuracy for name, one in methods.items()},
        "verdict": verdict(learnt),
        "parts": {n: {k: v.by_fold[i] for k, v in methods.items()} for i, n in enumerate(learnt.tried.parts)},
        "tried": learnt.tried.words,
        "classes": [str(c) for c in own.classes],
        "confusion": own.confusion,
        "each class": each,
        f"{learnt.thing}s": len(own.truth),
    }


def verdict(learnt: Learnt) -> str:
    """The one sentence to take home: what the liquid adds, if it is more than chance would."""
    own, rest = learnt.tried.by_method[OWN], learnt.tried.by_method[REST]
    right, other = own.truth == own.guesses, rest.truth == rest.guesses
    more = [f"{name} {words.percent(v.accuracy)}" for name, v in _rivals(learnt) if v.accuracy > own.accuracy]
    better = f" Better is: {', '.join(more)}." if more else ""
    won, lost = int(np.sum(right & ~other)), int(np.sum(other & ~right))
    said = f"{words.percent(own.accuracy)} of {words.count(len(right))} are told right"
    against = f"the same readout without a liquid tells {words.percent(rest.accuracy)}"
    if won + lost == 0 or abs(won - lost) <= 1.96 * math.sqrt(won + lost):
        return f"{said}; {against}: no difference that could not be chance.{better}"
    if won > lost:
        return f"{said}; {against}.{better}"
    return f"{said}; {against}. Here the liquid is in the way.{better}"


def _rivals(learnt: Learnt) -> list[tuple[str, Any]]:
    """What else was tried, beside the same readout without a liquid."""
    return [(name, one) for name, one in learnt.tried.by_method.items() if name not in (OWN, REST)]


def findings(learnt: Learnt, told: Told, summary: Mapping[str, Any]) -> Any:
    """What the report shows."""
    from ..report.recognition import Recognition
    from .pictured import examples

    own = learnt.tried.by_method[OWN]
    wrong = np.flatnonzero(own.truth != own.guesses)
    titled = [learnt.names[learnt.tried.asked[i]] for i in wrong]
    return Recognition(
        classes=tuple(summary["classes"]),
        confusion=own.confusion,
        accuracy=summary["accuracy"],
        parts={name: one.by_fold for name, one in learnt.tried.by_method.items()},
        part_names=learnt.tried.parts,
        verdict=summary["verdict"],
        seconds=told.seconds,
        sound=told.sound,
        thing=learnt.thing,
        mistakes=tuple((t, str(own.truth[i]), str(own.guesses[i])) for t, i in zip(titled, wrong, strict=True)),
        examples=examples(learnt.recogniser, learnt.frames, learnt.labels, SHOWN, learnt.sound),
        chosen=learnt.about,
    )


def _predictions(path: Path, learnt: Learnt) -> None:
    own, rest = learnt.tried.by_method[OWN], learnt.tried.by_method[REST]
    with path.open("w", newline="", encoding="utf-8") as file:
        out = csv.writer(file)
        out.writerow([learnt.thing, "label", "group", "liquid", "no_liquid"])
        for i, place in enumerate(learnt.tried.asked):
            group = learnt.groups[place] if learnt.groups is not None else ""
            out.writerow([learnt.names[place], own.truth[i], group, own.guesses[i], rest.guesses[i]])


def _show(say: Say, page: Any, about: About) -> None:
    from . import show as pictures

    say.show(pictures.heading(about.title, about.lead), "", _standings(page), "", page.verdict)
    if page.mistakes:
        from ..report.matrix import commonest

        worst = commonest(page.confusion, page.classes)
        say.show("most often: " + "; ".join(f"{a} taken for {b} ({n}×)" for a, b, n in worst))
    say.show("", pictures.listing("Made of", dict(page.chosen)))
    say.show("", *(pictures.bullet(n) for n in about.notes))
    say.show(f"heard {page.sound} in all, computed in {words.number(page.seconds)} s")


def _standings(page: Any) -> Any:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False, padding=(0, 1))
    table.add_column("method", overflow="fold")
    several = len(page.part_names) > 1
    for head in ("told right", "worst part", "best part") if several else ("told right",):
        table.add_column(head, justify="right", no_wrap=True)
    for name, share in page.accuracy.items():
        ends = (min(page.parts[name]), max(page.parts[name])) if several else ()
        each = [words.percent(v) for v in (share, *ends)]
        table.add_row(Text(name), *each, style="bold cyan" if name == OWN else None)
    return table
