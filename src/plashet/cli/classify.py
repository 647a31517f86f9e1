"""`plashet classify`: a folder of sounds in; a model, its score on what it never heard, and a report out."""

from __future__ import annotations

import shlex
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from .console import Say, seeded, speaking
from .recordings import Heard, find, hear
from .trials import Trial, trial

LIQUIDS = ("reservoir", "spiking")


@dataclass(frozen=True)
class Asked:
    """What was typed."""

    data: str
    names: str | None
    rate: int | None
    liquid: str
    units: int
    folds: int | None
    noisy: bool
    seed: int


@click.command("classify", short_help="Learn to tell sounds apart: a folder of sounds in, a model and a report out.")
@click.argument("data", metavar="DIR|MANIFEST")
@click.option(
    "--names",
    metavar="PATTERN",
    help='What file names tell, such as "{label}_{speaker}_{index}"; speakers (or groups) are then left out whole.',
)
@click.option("--rate", type=click.IntRange(1000, 384000), metavar="HZ", help="Resample to it  [default: the files']")
@click.option("--liquid", type=click.Choice(LIQUIDS), default="reservoir", show_default=True, help="Which liquid.")
@click.option("--units", type=click.IntRange(2, 100_000), default=1000, show_default=True, help="Units of the liquid.")
@click.option(
    "--folds",
    type=click.IntRange(2),
    metavar="N",
    help="Parts left out in turn  [default: each speaker or group; 5 where none are known].",
)
@click.option(
    "--noisy",
    is_flag=True,
    help="Teach noisy copies too, with silence around, for `plashet listen`: several times the work.",
)
@click.option("-o", "--output", metavar="DIR", help="Folder for the results  [default: runs/<time>-classify].")
@click.option("--open", "open_page", is_flag=True, help="Open the report in the browser.")
@seeded
@speaking
def command(say: Say, output: str | None, open_page: bool, **given: Any) -> None:
    """Learn to tell the sounds of DIR apart: one sub-folder per class, of WAV or FLAC files.

    Or those of a MANIFEST: a CSV with the columns file and label, and, where known, speaker (or group) and split
    (train, test). Every answer that is counted is of a recogniser that never heard the recording, nor its speaker if
    speakers are known. Beside it stand the same readout without a liquid, and the most frequent class. Results go to
    a folder with config.toml, metrics.json, predictions.csv, model.plashet and report.html.

    \b
    plashet classify sounds/
    plashet classify digits/ --names "{label}_{speaker}_{index}" --liquid spiking --json
    """
    from .runs import Run

    asked, began = Asked(**given), time.perf_counter()
    trial(find(asked.data, asked.names), asked.folds, lambda text: None)  # before a folder is made
    run = Run.begin("classify", output)
    learn(say, run, asked, began)
    model, first = str(run.folder / "model.plashet"), find(asked.data, asked.names).paths[0]
    say.show(f"\nNext: {shlex.join(['plashet', 'predict', model, str(first)])}")
    if open_page:
        click.launch(str(run.folder / "report.html"))


def learn(say: Say, run: Any, asked: Asked, began: float, notes: tuple[str, ...] = ()) -> Any:
    """Hear, try, teach; leave everything in the run's folder, and give back the recogniser."""
    from .learnt import finish

    found = find(asked.data, asked.names)
    how = trial(found, asked.folds, say.note)
    parts: dict[str, Any] = {}
    with say.waiting(f"hearing {len(found)} files", len(found)) as moved:
        heard = hear(
            found,
            asked.rate,
            lambda rate: _recipe(asked, rate, parts).front,
            moved,
            asked.seed if asked.noisy else None,
        )
    with say.waiting(f"learning {len(found.classes)} classes, {how.words}"):
        learnt = work(heard, how, parts["recipe"], asked.seed)
    finish(say, run, learnt, _told(asked, heard, how, time.perf_counter() - began, notes), _config(asked, heard))
    return learnt.recogniser


def _recipe(asked: Asked, rate: int, kept: dict[str, Any]) -> Any:
    """The recipe for sounds of this rate; `kept`, so that the liquid is the one whose frames were taken."""
    from ..classify.recipes import recipe

    kept["recipe"] = recipe(asked.liquid, rate, asked.units, asked.seed)
    return kept["recipe"]


def work(heard: Heard, how: Trial, parts: Any, seed: int) -> Any:
    """Try the recogniser on what is kept from it, beside what it must beat; then teach it everything."""
    from dataclasses import replace
    from functools import partial

    from ..classify import fit_recogniser
    from ..classify.noisy import fit_pairs
    from .learnt import Learnt
    from .trials import run_trial

    given = {"liquid": parts.liquid, "dt": parts.front.dt, "pooling": parts.pooling}
    if heard.copies is None:
        fit: Any = partial(fit_recogniser, **given)
        tried = run_trial(fit, heard.frames, heard.labels, how, seed)
        whole = fit(heard.frames, heard.labels, groups=how.groups)
    else:
        pairs, fit = list(zip(heard.frames, heard.copies, strict=True)), partial(fit_pairs, **given)
        tried = run_trial(fit, pairs, heard.labels, how, seed)
        whole = fit(pairs, heard.labels, groups=how.groups).recogniser
    recogniser = replace(whole, model=replace(whole.model, front=parts.front))
    names = tuple(path.name for path in heard.recordings.paths)
    known = (heard.frames, heard.labels, names, parts.about, how.groups)
    return Learnt(recogniser, tried, *known, sound=heard.samples)


def _told(asked: Asked, heard: Heard, how: Trial, seconds: float, notes: tuple[str, ...]) -> Any:
    from ..report import About
    from .learnt import Told
    from .results import facts

    place = Path(asked.data).resolve()
    name = place.stem if place.is_file() else place.name
    lead = (
        f"{len(heard.labels):,} recordings of {len(set(heard.labels))} classes, {_minutes(sum(heard.seconds))} at "
        f"{heard.rate:,} samples per second. Tried with {how.words}."
    )
    if asked.noisy:
        notes += ("A noisy copy of each recording was taught too; what is asked is always the recording itself.",)
    if how.groups is None:
        notes += (
            "Nothing was known of who or what made the recordings: those of one source may lie on both sides of a "
            "split. Expect less for sources that were never heard; speakers can be told with --names or a manifest.",
        )
    about = About(
        f"{name}: which of {len(set(heard.labels))} classes?",
        "",
        lead,
        _typed(asked),
        facts(asked.seed, f"{asked.data} ({len(heard.labels):,} files)", heard.digest),
        notes,
    )
    return Told(about, _minutes(sum(heard.seconds)), seconds)


def _minutes(seconds: float) -> str:
    return (
        f"{seconds:.1f} s"
        if seconds < 120
        else f"{seconds / 60:.1f} min"
        if seconds < 7200
        else f"{seconds / 3600:.1f} h"
    )


def _typed(asked: Asked) -> str:
    """The command line again, every choice in it."""
    words = ["plashet", "classify", asked.data]
    words += ["--names", asked.names] if asked.names else []
    words += ["--rate", str(asked.rate)] if asked.rate else []
    words += ["--liquid", asked.liquid, "--units", str(asked.units)]
    words += ["--folds", str(asked.folds)] if asked.folds else []
    words += ["--noisy"] if asked.noisy else []
    return shlex.join([*words, "--seed", str(asked.seed)])


def _config(asked: Asked, heard: Heard) -> dict[str, Any]:
    return {
        "command": "classify",
        "data": asked.data,
        "names": asked.names,
        "rate": heard.rate,
        "liquid": asked.liquid,
        "units": asked.units,
        "folds": asked.folds,
        "noisy": asked.noisy,
        "seed": asked.seed,
        "sha256": heard.digest,
    }
