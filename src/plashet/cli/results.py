"""What `demo` and `forecast` do with what was found: show it, write it down, hand it to machines."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from ..report import About, words
from .console import Say
from .runs import Run, versions


@dataclass(frozen=True)
class Findings:
    """The forecaster after its run, its backtest (None if not asked for), and Brent's backtest of volatility.

    `forecast`: the frame from the end of the data. `ahead`: show it; else the last one whose truth is known.
    """

    model: Any
    backtest: Any
    volatility: Any = None
    forecast: Any = None
    ahead: bool = True
    reference: str = ""  # the baseline that errors are divided by; "": the best


def finish(say: Say, run: Run, found: Findings, about: About, config: Mapping[str, Any]) -> None:
    """Show the findings, write the folder, and print the JSON object where that is asked for."""
    summary = summarise(found)
    told = about
    if found.volatility is not None:
        told = replace(about, notes=(*about.notes, volatility_verdict(found.volatility)))
    config = {**config, "versions": versions()}
    run.leave(config, {**summary, "versions": versions()}, found, told)
    show(say, found, about)
    say.result({**summary, "folder": str(run.folder)})
    kept = "config.toml, metrics.json, forecast.csv, model.plashet"
    if found.backtest is not None:
        say.show(f"\nReport: {run.folder / 'report.html'}", f"beside it: {kept}")
    else:
        say.show(f"\nFolder: {run.folder}", f"in it: {kept}")


def summarise(found: Findings) -> dict[str, Any]:
    """The keys that `--json` prints and metrics.json holds."""
    summary: dict[str, Any] = {} if found.backtest is None else dict(found.backtest.summary())
    if found.backtest is not None and found.backtest.others:
        summary["others"] = {name: test.summary() for name, test in found.backtest.others.items()}
    if found.volatility is not None:
        summary["volatility"] = found.volatility.summary() | {"verdict": volatility_verdict(found.volatility)}
    if found.forecast is not None and found.ahead:
        frame = found.forecast
        summary["forecast"] = {
            str(c): [words.stamp(v) if c == "time" else v for v in frame[c].to_numpy()] for c in frame
        }
    return summary


def show(say: Say, found: Findings, about: About) -> None:
    """The findings on the terminal."""
    if say.json or say.quiet:
        return
    from . import show as pictures

    say.show(pictures.heading(about.title, about.lead), "")
    if found.forecast is not None and found.ahead:
        say.show(pictures.outlook(found.forecast, about.unit), "")
    if (tested := found.backtest) is not None:
        say.show(pictures.standings(tested, about.unit, found.reference), "", pictures.verdict(tested, about.unit))
        say.show(words.retold(tested.verdict()), "", pictures.intervals(tested), "")
        for name, other in tested.others.items():
            say.show(pictures.heading(name), "", pictures.standings(other, about.unit), "", pictures.verdict(other, ""))
            say.show(words.retold(other.verdict()), "", pictures.intervals(other), "")
        say.show(pictures.listing("Chosen", {k: words.retold(v) for k, v in tested.chosen.items()}))
    if found.volatility is not None:
        say.show("", pictures.heading("Volatility of the next five days"), "")
        say.show(pictures.standings(found.volatility, "%", "persistence"), "", volatility_verdict(found.volatility))
    notes = [*about.notes, *(tested.warnings if tested is not None else ())]
    say.show("", *(pictures.bullet(n) for n in notes))
    if tested is not None:
        made = f"{words.count(len(tested.origins))} forecasts of {len(tested.horizons)} steps"
        say.show("", f"{made}, learning on after each, in {words.number(tested.seconds)} s")


def volatility_verdict(tested: Any) -> str:
    """Does anything here beat EWMA and persistence in volatility? Said as it is; no claim about trading."""
    mae = {name: found["mean"] for name, found in tested.mae().items()}
    own = mae["plashet"]
    known = [name for name in ("ewma", "persistence") if name in mae]
    beaten = [words.name(n) for n in known if own < 0.99 * mae[n]]
    others = [words.name(n) for n in known if words.name(n) not in beaten]
    told = ", ".join(f"{words.name(n)} {words.number(mae[n])}" for n in known)
    said = f"Five-day volatility: plashet is off by {words.number(own)} percentage points ({told})."
    if not others:
        said += f" It beats {' and '.join(beaten)}."
    else:
        said += f" It does not beat {' and '.join(others)}" + (
            f", but does beat {' and '.join(beaten)}." if beaten else "."
        )
    return said + " That is no claim that one could trade on it."


def facts(seed: int, data: str, digest: str) -> dict[str, str]:
    """The rows of "How to reproduce"."""
    found = versions()
    return {
        "seed": str(seed),
        "data": data,
        "SHA-256": digest,
        "versions": ", ".join(f"{k} {v}" for k, v in found.items() if k != "machine"),
        "machine": found["machine"],
    }
