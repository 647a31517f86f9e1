"""Forecaster: fit once, then learn on, row by row."""

from __future__ import annotations

import os
import warnings as python_warnings
from collections.abc import Iterable
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from ..save import FileError
from ..save import load as read_file
from ..save import save as write_file
from ..threads import one_blas_thread
from ..training import Training
from ..types import Array
from .backtest import Backtest
from .clock import Grid
from .door import Door, Shape, beside
from .outgo import frame
from .own import DRAFT
from .prepare import Fitted, Settings, fit, least_rows
from .replay import backtest, strayed_words
from .track import advance, ahead_again

MISSING = ("auto", "error")


class Saved(NamedTuple):
    """A fitted forecaster as one value."""

    settings: Settings
    missing: str
    known: tuple[str, ...]
    shape: Shape
    fitted: tuple[Fitted, ...]
    notices: tuple[str, ...]


class Forecaster:
    """Forecasts the next `horizon` steps of a series, with intervals, and learns on as time passes, without refitting.

    Learnt experts (RLS on past values, on the calendar, and on the states of liquids, forgetting and not) and naive
    methods (persistence, the day, the week before) are mixed online by MLpol, for each step ahead on its own. Each
    learnt expert corrects the base, the naive method that was best on the training part. Half widths of the intervals
    follow the errors as they become known. Everything chosen is chosen on the data given to `fit`.

    horizon: steps ahead.   levels: of the intervals, per cent.   units: of each liquid.   seed: of the liquids.
    calendar: whether waves of the day, week and year may help.   missing: "auto" (gaps are held and never learnt from)
    or "error".   known: names of exogenous columns whose future is known, such as holidays.
    liquid: of your own, one expert more: a Cell, or a rule from the number of inputs (which depends on the data) to
    one.   training: plashet.Training(...): `fit` trains what it names to be learnt (without a liquid: that of 32 gated
    units) to correct the base, and keeps what did best on the latest stretches; from then on it stays, and its readout
    learns on like all others. Without training it is a reservoir.

    Data: a pandas Series or DataFrame with a DatetimeIndex (or an integer index: no clock), a polars frame with one
    time column, or an array (time,) or (time, targets). Irregular stamps are resampled to their commonest step, with a
    notice in `warnings`. What comes back is in the units that came in.
    """

    def __init__(
        self,
        horizon: int = 24,
        *,
        seed: int = 0,
        levels: tuple[float, ...] = (80, 95),
        units: int = 300,
        missing: str = "auto",
        calendar: bool = True,
        known: tuple[str, ...] = (),
        liquid: Any = None,
        training: Training | None = None,
    ):
        for name, value in (("horizon", horizon), ("units", units)):
            if int(value) != value or value < 1:
                raise ValueError(f"{name} counts and must be at least 1: got {value}")
        if missing not in MISSING:
            raise ValueError(f"missing is {missing!r}, wanted one of {', '.join(map(repr, MISSING))}")
        if isinstance(known, str):
            raise TypeError(f"known is a tuple of column names: got the string {known!r}")
        followed = _per_cent(levels)
        if training is not None and not isinstance(training, Training):
            raise TypeError(f"training is a {type(training).__name__}, wanted plashet.Training(epochs=...), or None")
        if liquid is not None and not (callable(liquid) or hasattr(liquid, "step")):
            raise TypeError(f"liquid is {liquid!r}, wanted a Cell, or a rule from the number of inputs to one")
        self.settings = Settings(int(horizon), int(seed), followed, int(units), bool(calendar), liquid, training)
        self.missing, self.known = missing, tuple(known)
        self._door = Door(missing == "error", self.known)
        self._shape = Shape(Grid(), (), (), "numpy")
        self._fitted: tuple[Fitted, ...] = ()
        self._notices: tuple[str, ...] = ()

    @property
    def horizon(self) -> int:
        return self.settings.horizon

    def fit(self, y: Any, exog: Any = None) -> Forecaster:
        """Choose and learn from y (and exog, on the same times) alone; whatever was known before is dropped.

        Raises ValueError for too few rows (saying how many are needed), infinite values, and with missing="error" for
        missing ones.
        """
        entry = self._door.enter(y, exog)
        self._enough(entry.rows)
        with one_blas_thread():
            self._fitted = tuple(fit(series, self.settings) for series in entry.series)
        self._shape, self._notices = entry.shape, ()
        self._tell(entry.notices)
        return self

    def update(self, y: Any, exog: Any = None, *, learn: bool = True) -> Forecaster:
        """Learn on from new rows, one after the other, never refitting: the same bits in one call or in many.

        Steps left out between are taken as missing. Rows no later than the last one known are left out, and said.
        exog: the new rows' exogenous columns; rows beyond y's are the future of the `known` columns.
        learn: False goes on to the new rows without learning from them.
        """
        fitted = self._ready()
        last = _rows(fitted) - 1
        values, left_out, count = self._door.later(y, self._shape, last)
        outer = self._door.later_exog(exog, self._shape, last, count + self.horizon)
        if len(left_out):
            said = f"{len(left_out)} rows were left out, the first at row {left_out[0]}: no later than what is known"
            self._tell((said,))
        self._fitted = tuple(self._advanced(k, f, values, outer, learn) for k, f in enumerate(fitted))
        return self

    def forecast(self, levels: tuple[float, ...] | None = None, exog: Any = None) -> Any:
        """The next `horizon` steps: a frame with time, mean, lo-80, hi-80, ...; with several targets also target.

        A pandas frame, or a polars frame if polars came in; time is the row number where no times came in.
        levels: some of those the forecaster was made with.   exog: the coming rows of the `known` columns.
        """
        fitted, chosen = self._ready(), self._levels(levels)
        if exog is not None and not self.known:
            raise ValueError("exog of the coming steps serves only columns named in Forecaster(known=...)")
        last = _rows(fitted) - 1
        if exog is not None:
            later = self._door.later_exog(exog, self._shape, last, self.horizon)
            fitted = tuple(f._replace(track=ahead_again(f.plan, f.track, _known(f, later))) for f in fitted)
        stamps = self._shape.grid.stamps(last + 1 + np.arange(self.horizon))
        return frame(self._shape, stamps, fitted, self.settings.levels, chosen)

    def backtest(self, y: Any, start: int, exog: Any = None) -> Backtest:
        """Fit on the first `start` rows; then take in each later row, forecast all steps from it, and learn on.

        The rows are those of the grid of time. Afterwards the forecaster knows all of y. With several targets the
        result is the first one's; the others are in its `others`. Raises ValueError if `start` leaves too few rows.
        """
        entry = self._door.enter(y, exog)
        self._enough(start)
        if start + self.horizon >= entry.rows:
            raise ValueError(
                f"start={start} of {entry.rows} rows leaves no row with {self.horizon} after it: "
                f"start at {entry.rows - self.horizon - 1} or earlier"
            )
        shape = entry.shape
        both = zip(entry.series, shape.names, strict=True)
        with one_blas_thread():
            found = [backtest(series, self.settings, start, shape.grid, name) for series, name in both]
        self._fitted = tuple(fitted for _, fitted in found)
        self._shape, self._notices = shape, ()
        self._tell(entry.notices)
        tests = [replace(test, warnings=(*entry.notices, *test.warnings)) for test, _ in found]
        seconds = sum(test.seconds for test in tests)
        return replace(tests[0], seconds=seconds, others={t.target: t for t in tests[1:]})

    @property
    def warnings(self) -> tuple[str, ...]:
        """What was mended in the data and which experts diverged, since `fit`."""
        strayed = [words for f in self._fitted for words in strayed_words(f.plan.names, f.track.strayed)]
        return (*self._notices, *strayed)

    @property
    def chosen(self) -> dict[str, str]:
        """What was chosen on the training part, and why; of the first target."""
        return dict(self._ready()[0].chosen)

    def snapshot(self) -> Saved:
        """All of it as one value, to be saved or restored at once: its arrays are this forecaster's own."""
        fitted, s = self._ready(), self.settings
        if s.liquid is not None and not hasattr(s.liquid, "step"):  # a rule: the file gets what it gives
            inputs = next(e.liquid.inputs for e in fitted[0].plan.experts if e.draft.name == DRAFT.name)
            s = replace(s, liquid=s.liquid(inputs))
        return Saved(s, self.missing, self.known, self._shape, fitted, self._notices)

    def save(self, path: str | os.PathLike[str]) -> None:
        """To one file, atomically and without pickle; `Forecaster.load` goes on bit-equal."""
        write_file(path, self.snapshot())

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Forecaster:
        """From a file that `save` wrote. Raises FileError (a ValueError) for any other file."""
        held = read_file(path)
        if not isinstance(held, Saved):
            raise FileError(f"{path} holds a {type(held).__name__}, not a Forecaster; read it with plashet.load")
        return cls.restore(held)

    @classmethod
    def restore(cls, held: Saved) -> Forecaster:
        """A forecaster that goes on where the snapshot was taken, with the snapshot's arrays."""
        s = held.settings
        made = cls(
            s.horizon,
            seed=s.seed,
            levels=s.levels,
            units=s.units,
            missing=held.missing,
            calendar=s.calendar,
            known=held.known,
            liquid=s.liquid,
            training=s.training,
        )
        made._shape, made._fitted, made._notices = held.shape, held.fitted, held.notices
        return made

    def _advanced(self, target: int, fitted: Fitted, values: Array, exog: Array, learn: bool) -> Fitted:
        plan, track, chosen = fitted
        z = (values[:, target] - plan.center) / plan.spread
        outer = (beside(values, exog, target) - plan.exog_center) / plan.exog_spread
        later = _known(fitted, exog)
        for t in range(len(values)):
            track = advance(plan, track, float(z[t]), outer[t], later[t + 1 : t + 1 + self.horizon], learn)
        return Fitted(plan, track, chosen)

    def _levels(self, levels: tuple[float, ...] | None) -> tuple[float, ...]:
        followed = self.settings.levels
        asked = followed if levels is None else _per_cent(levels)
        strange = [f"{level:g}" for level in asked if level not in followed]
        if strange:
            have = ", ".join(f"{level:g}" for level in followed)
            raise ValueError(f"level {strange[0]} is not followed here, only {have}: Forecaster(levels=(...))")
        return asked

    def _enough(self, rows: int) -> None:
        need = least_rows(self.horizon)
        if rows < need:
            raise ValueError(
                f"too few rows to learn from: have {rows}, a horizon of {self.horizon} needs {need}; "
                "give more rows, or a smaller horizon"
            )

    def _ready(self) -> tuple[Fitted, ...]:
        if not self._fitted:
            raise RuntimeError("nothing is known yet: call fit(y) first")
        return self._fitted

    def _tell(self, notices: tuple[str, ...]) -> None:
        self._notices += notices
        for notice in notices:
            python_warnings.warn(notice, stacklevel=3)

    def __repr__(self) -> str:
        state = f"knows {_rows(self._fitted)} rows" if self._fitted else "not fitted"
        return f"Forecaster(horizon={self.horizon}, seed={self.settings.seed}, units={self.settings.units}): {state}"


def _per_cent(levels: tuple[float, ...]) -> tuple[float, ...]:
    if not isinstance(levels, Iterable) or isinstance(levels, str):
        raise TypeError(f"levels is a tuple of percentages, such as (80, 95): got {levels!r}")
    asked = tuple(sorted(float(level) for level in levels))
    if any(0 < level < 1 for level in asked):
        raise ValueError(f"levels are per cent, such as (80, 95), not shares: got {asked}")
    return asked


def _rows(fitted: tuple[Fitted, ...]) -> int:
    return fitted[0].plan.first + fitted[0].track.ticks


def _known(fitted: Fitted, exog: Array) -> Array:
    """The known columns of exog (time, columns), standardised."""
    known = list(fitted.plan.known)
    return np.asarray((exog[:, known] - fitted.plan.exog_center[known]) / fitted.plan.exog_spread[known])
