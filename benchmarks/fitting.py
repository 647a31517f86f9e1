"""How fast is a readout fitted, the drive included, and how good is it? NARMA-10, 10,000 ticks, one thread.

Everyone fits the same series with the same penalty: plashet by normal equations (which it takes by itself while the
condition estimate allows) and by QR alone (`squaring=0`), on states in float64 and float32; reservoirpy's
`Reservoir >> Ridge`, rclib and resdag by their own. Beside the time: NRMSE on the training ticks and on 2,000 later
ones, and how far the weights are from the float64 SVD solution of the very same features and objective.
"""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Callable
from statistics import median
from typing import Any, NamedTuple

import common
import numpy as np
import peers
from common import Result

import plashet as pl
from plashet.run import study

PENALTY = 1e-2
TEST = 2_000
WASHOUT = 100
LEAST = 0.2  # seconds of a turn
WANTED = {("normal equations", 100): 10.0, ("normal equations", 500): 4.0, ("normal equations", 1000): 3.0}
WANTED |= {("QR", 100): 5.0, ("QR", 500): 1.5, ("QR", 1000): 1.2}
BIAS_SHARE = {"plashet": 1e-4, "reservoirpy": 0.0}  # what part of the penalty each puts on the bias


class Task(NamedTuple):
    u: Any  # (ticks + TEST, 1)
    y: Any
    ticks: int

    def learn(self, kind: str = "float64") -> tuple[Any, Any]:
        return self.u[: self.ticks].astype(kind), self.y[: self.ticks]

    def errors(self, guesses: Any) -> tuple[float, float]:
        """NRMSE on the training ticks and on the later ones."""

        def nrmse(part: slice) -> float:
            return float(np.sqrt(np.mean((guesses[part] - self.y[part]) ** 2)) / self.y[part].std())

        return nrmse(slice(WASHOUT, self.ticks)), nrmse(slice(self.ticks, None))


class Fitted(NamedTuple):
    """A party's way to fit, and what came of it."""

    fit: Callable[[], Any]
    guesses: Callable[[], Any]  # (ticks + TEST, 1), from rest
    path: str
    apart: float | None = None  # |w - w_svd| / |w_svd|


def measure(options: Namespace) -> list[Result]:
    return [result for units in options.units for result in one_size(units, options)]


def one_size(units: int, options: Namespace) -> list[Result]:
    series = pl.data.narma(options.ticks + TEST, seed=options.seed)
    task = Task(series.u, series.y, options.ticks)
    liquid = pl.Leaky.from_leak_rate(pl.wiring.bands(units, 1, seed=options.seed), peers.LEAK)
    parties = {
        f"plashet {name} {kind}": _plashet(liquid, learner, task, kind)
        for kind in ("float64", "float32")
        for name, learner in (("normal equations", pl.Ridge(PENALTY)), ("QR", pl.Ridge(PENALTY, squaring=0)))
    } | _peers(units, liquid, options, task)
    times = common.interleaved({name: party.fit for name, party in parties.items()}, options.repetitions, LEAST)
    return [_result(name, units, party, task, times, options) for name, party in parties.items()]


def _plashet(liquid: Any, learner: Any, task: Task, kind: str) -> Fitted:
    data = task.learn(kind)
    model = pl.fit(pl.unread(liquid), learner, data, WASHOUT)
    path = learner.report(study(pl.unread(liquid), learner, data, WASHOUT)).solver
    features = pl.run(liquid, data[0])[0]
    wanted = reference(features[WASHOUT:].astype(float), data[1][WASHOUT:], "plashet")
    got = np.concatenate([model.readout.weights, model.readout.bias[None]])
    return Fitted(
        lambda: pl.fit(pl.unread(liquid), learner, data, WASHOUT),
        lambda: pl.run(model, task.u.astype(kind))[0], path, _apart(got, wanted),
    )  # fmt: skip


def reference(x: Any, y: Any, objective: str) -> Any:
    """The weights and bias by a float64 SVD of the augmented system, of least squared error + penalty."""
    n = x.shape[1]
    shares = np.append(np.ones(n), BIAS_SHARE[objective])
    rows = np.vstack([np.hstack([x, np.ones((len(x), 1))]), np.diag(np.sqrt(PENALTY * shares))])
    return np.linalg.lstsq(rows, np.vstack([y, np.zeros((n + 1, y.shape[1]))]), rcond=None)[0]


def _apart(got: Any, wanted: Any) -> float:
    return float(np.linalg.norm(got - wanted) / np.linalg.norm(wanted))


def _peers(units: int, liquid: Any, options: Namespace, task: Task) -> dict[str, Fitted]:
    here, parties = common.present(options.peers), {}
    data = task.learn()
    if "reservoirpy" in here:
        parties["reservoirpy"] = _reservoirpy(peers.reservoirpy_reservoir(units, options.seed), task)
        given = peers.reservoirpy_reservoir(units, options.seed, like=liquid)
        parties["reservoirpy given plashet's arrays"] = _reservoirpy(given, task, pl.run(liquid, data[0])[0])
    if "rclib" in here:
        model = peers.rclib_model(units, options.seed, peers.rclib_ridge(PENALTY))
        path = "its choice (auto)"
        parties["rclib"] = Fitted(lambda: model.fit(*data, WASHOUT), lambda: model.predict(task.u), path)
    if "resdag" in here:
        fit, guesses = peers.resdag_fit(units, options.seed, PENALTY, task.u, data[1], WASHOUT)
        parties["resdag"] = Fitted(fit, guesses, "normal equations")
    return parties


def _reservoirpy(reservoir: Any, task: Task, features: Any = None) -> Fitted:
    """features: where its states are known, its weights are compared with the SVD's."""
    esn, data = peers.reservoirpy_esn(reservoir, PENALTY), task.learn()
    esn.fit(*data, warmup=WASHOUT)
    apart = None
    if features is not None:
        node = esn.nodes[-1]
        got = np.concatenate([node.Wout, np.reshape(node.bias, (1, -1))])
        apart = _apart(got, reference(features[WASHOUT:], data[1][WASHOUT:], "reservoirpy"))

    def guesses() -> Any:
        esn.reset()
        return esn.run(task.u)

    return Fitted(lambda: esn.fit(*data, warmup=WASHOUT), guesses, "normal equations", apart)


def _result(name: str, units: int, party: Fitted, task: Task, times: dict[str, Any], options: Namespace) -> Result:
    each = [seconds * 1e3 for seconds in times[name]]
    against = common.ratio(times["reservoirpy"], times[name]) if "reservoirpy" in times else None
    kind = name.removeprefix("plashet ").removesuffix(" float64").removesuffix(" float32")
    wanted = WANTED.get((kind, units)) if against else None
    enough = f"≥ {wanted:g}x" if wanted else ""
    train, test = task.errors(party.guesses())
    return Result(
        "fitting", units, name, median(each), "ms", min(each), max(each), f"{options.command} --units {units}",
        "reservoirpy", against, enough, against[0] >= wanted if enough else None,
        {"path": party.path, "train": train, "test": test, "apart": party.apart},
    )  # fmt: skip


def show(results: list[Result]) -> str:
    rows = []
    for r in results:
        apart = "" if r.notes["apart"] is None else f"{r.notes['apart']:.0e}"
        errors = f"{r.notes['train']:.4f}", f"{r.notes['test']:.4f}"
        rows.append(
            (
                r.units,
                r.who,
                f"{r.value:.3g}",
                common.times(r.ratio),
                common.verdict(r),
                r.notes["path"],
                *errors,
                apart,
            )
        )
    columns = (
        "units",
        "who",
        "ms",
        "reservoirpy takes",
        "wanted",
        "path",
        "NRMSE train",
        "test",
        "weights off the SVD's",
    )
    return common.table(columns, rows)


if __name__ == "__main__":
    common.main("fitting.py", measure, show, units=[100, 500, 1000], ticks=10_000, repetitions=5)
