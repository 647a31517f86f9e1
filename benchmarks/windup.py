"""What forgetting does to recursive least squares: the textbook's, reservoirpy's node, and plashet's.

100 units hear a sine, which excites few of their directions, and in the last quarter a constant. The textbook recursion
divides P by the forgetting factor at every tick, so in the directions that are not visited P grows without end, until
rounding makes it indefinite and the weights leave. plashet pays the prior back as it forgets, so P keeps below e times
its first value (the bias' own entry apart). Errors are a priori, from a tenth of the run on.
"""

from __future__ import annotations

from argparse import Namespace
from typing import Any

import common
import numpy as np
import peers
from common import Result

import plashet as pl

FORGETTING = (0.99, 0.999)
LOST = 10.0  # an error ten times the target's amplitude: it learns no more
PENALTY = 1e-3
WANTED = "P ≤ 2.72/penalty, no error > 10"


def measure(options: Namespace) -> list[Result]:
    results = []
    for units in options.units:
        liquid = pl.Leaky.from_leak_rate(pl.wiring.bands(units, 1, seed=options.seed), peers.LEAK)
        u, y = _sine(options.ticks, options.seed)
        x = pl.run(liquid, u)[0]
        for lam in FORGETTING:
            results.append(_result("plashet", units, lam, _plashet(liquid, lam, u, y), options))
            results.append(_result("textbook, NumPy", units, lam, _textbook(lam, x, y), options))
            if "reservoirpy" in common.present(options.peers):
                results.append(_result("reservoirpy", units, lam, _reservoirpy(lam, x, y), options))
    return results


def _sine(ticks: int, seed: int) -> tuple[Any, Any]:
    """A sine whose phase the seed draws, which stands still for the last quarter; and its next value."""
    values = np.sin(0.2 * np.arange(ticks + 1) + np.random.default_rng(seed).uniform(0, 2 * np.pi))
    values[3 * ticks // 4 :] = 0.5
    return values[:-1, None].copy(), values[1:, None].copy()


def _plashet(liquid: Any, lam: float, u: Any, y: Any) -> tuple[Any, float]:
    """A-priori errors, and the greatest eigenvalue of P beside the bias'."""
    learner = pl.RLS.per_tick(lam, penalty=PENALTY)
    live = pl.Live(pl.unread(liquid), learner)
    errors = np.empty(len(u))
    for t in range(len(u)):
        errors[t] = live.predict(u[t])[0] - y[t, 0]
        live.learn(y[t])
    return errors, _greatest(np.tril(live.knowledge.p)[:-1, :-1])


def _greatest(lower: Any) -> float:
    return float(np.linalg.eigvalsh(lower, UPLO="L")[-1])


def _textbook(lam: float, x: Any, y: Any) -> tuple[Any, float]:
    rls, errors = peers.TextbookRLS(x.shape[1] + 1, lam, PENALTY), np.full(len(x), np.nan)
    with np.errstate(all="ignore"):
        for t in range(len(x)):
            errors[t] = rls.learn(np.append(x[t], 1.0), y[t, 0]) - y[t, 0]
            if not np.isfinite(errors[t]):
                break
    return errors, float(np.abs(rls.p[:-1, :-1]).max())


def _reservoirpy(lam: float, x: Any, y: Any) -> tuple[Any, float]:
    """Its node says what it knows after learning: the errors before are taken with `step`."""
    node, errors = peers.reservoirpy_rls(lam, PENALTY), np.full(len(x), np.nan)
    node.partial_fit(x[:1], y[:1])
    with np.errstate(all="ignore"):
        for t in range(1, len(x)):
            errors[t] = node.step(x[t])[0] - y[t, 0]
            node.partial_fit(x[t : t + 1], y[t : t + 1])
            if not np.isfinite(errors[t]):
                break
    return errors, float(np.abs(node.P).max())


def _result(name: str, units: int, lam: float, run: tuple[Any, float], options: Namespace) -> Result:
    errors, greatest = run
    late = errors[len(errors) // 10 :]
    lost = np.flatnonzero(~(np.abs(errors[units:]) < LOST))
    late = np.where(np.isfinite(late), np.abs(late), np.inf)
    bounded = bool(greatest * PENALTY <= np.e and not len(lost))
    return Result(
        "windup", units, name, float(np.median(late)), "median |error|", float(late.min()), float(late.max()),
        f"{options.command} --units {units}", wanted=WANTED if name == "plashet" else "",
        met=bounded if name == "plashet" else None,
        notes={"forgetting": lam, "P": greatest, "lost": int(lost[0] + units) if len(lost) else None},
    )  # fmt: skip


def show(results: list[Result]) -> str:
    rows = [
        (
            r.notes["forgetting"], r.who, f"{r.value:.1e}", f"{r.most:.1e}", f"{r.notes['P']:.1e}",
            "never" if r.notes["lost"] is None else r.notes["lost"], common.verdict(r),
        )
        for r in results
    ]  # fmt: skip
    columns = ("forgetting", "who", "median error", "worst", "greatest of P", "error > 10 first at tick", "wanted")
    return common.table(columns, rows)


if __name__ == "__main__":
    common.main("windup.py", measure, show, units=[100], ticks=20_000, repetitions=1)
