"""`plashet predict`: sound files in, a line for each out: what is heard in it, and how sure that is."""

from __future__ import annotations

import csv
import sys
from pathlib import Path
from typing import Any

import click
import numpy as np

from .console import Say, speaking
from .faults import DataFault, Fault, UsageFault
from .recordings import sound_door
from .voices import fitted, open_recogniser, rate_of


@click.command("predict", short_help="Say what is heard in sound files, with a model from classify.")
@click.argument("model", metavar="MODEL")
@click.argument("files", metavar="FILES...", nargs=-1, required=True)
@click.option("-o", "--output", metavar="CSV", help="Write file, label and all scores to this file too.")
@speaking
def command(say: Say, model: str, files: tuple[str, ...], output: str | None) -> None:
    """Say what is heard in each of FILES, by a MODEL that `plashet classify` made.

    A line for each file: label, score, the next best label with its score, file. Scores are the readout's: about 1 for
    the class that it is, about -1 for the others. A file that cannot be read is told on stderr, the others go on, and
    the exit code is 3.

    \b
    plashet predict runs/.../model.plashet new/*.wav
    """
    recogniser = open_recogniser(model)
    _writable(output)
    told, failed = [], 0
    for file in files:
        try:
            told.append(_one(recogniser, file, say))
        except Fault as error:
            if len(files) == 1:
                raise
            failed += 1
            print(f"error: {error.message}", file=sys.stderr)
            continue
        if not (say.json or say.quiet):
            print(_line(told[-1]), flush=True)  # a path is never wrapped
    say.result({"model": model, "classes": [str(c) for c in recogniser.classes], "files": told})
    if output is not None:
        _write(output, told, recogniser.classes)
        say.note(f"written: {output}")
    if failed:
        raise DataFault(f"{failed} of {len(files)} files could not be read")


def _one(recogniser: Any, file: str, say: Say) -> dict[str, Any]:
    from ..data import read_sound

    if not Path(file).exists():
        raise UsageFault(f"there is no file {file}")
    with sound_door():
        sound = read_sound(file)
    sound = fitted(sound, rate_of(recogniser), file, say.note)
    scores = recogniser.scores([sound.samples])[0]
    best = int(np.argmax(scores))
    named = {str(c): float(s) for c, s in zip(recogniser.classes, scores, strict=True)}
    return {"file": file, "label": str(recogniser.classes[best]), "score": float(scores[best]), "scores": named}


def _line(one: dict[str, Any]) -> str:
    ranked = sorted(one["scores"].items(), key=lambda item: -item[1])
    (first, score), (second, less) = ranked[:2]
    width = max(map(len, one["scores"]))
    return f"{first:<{width}} {score:6.2f}   {second:<{width}} {less:6.2f}   {one['file']}"


def _writable(output: str | None) -> None:
    if output is not None and not Path(output).parent.is_dir():
        raise UsageFault(f"there is no folder {Path(output).parent} to write to", f"mkdir -p {Path(output).parent}")
    if output is not None and Path(output).is_dir():
        raise UsageFault(f"{output} is a folder; give a file to write to", "-o labels.csv")


def _write(output: str, told: list[dict[str, Any]], classes: Any) -> None:
    with open(output, "w", newline="", encoding="utf-8") as file:
        out = csv.writer(file)
        out.writerow(["file", "label", "score", *(f"score_{c}" for c in classes)])
        for one in told:
            out.writerow(
                [one["file"], one["label"], f"{one['score']:.6g}", *(f"{s:.6g}" for s in one["scores"].values())]
            )
