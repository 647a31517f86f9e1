"""A forecaster that meets its stream a row at a time, and all that it needs to go on after a restart, as one value."""

from __future__ import annotations

import math
import os
import warnings
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from ..save import FileError
from ..save import load as read_file
from ..save import save as write_file
from .faults import DataFault, UsageFault, data_door, model_fault
from .follow import Row
from .timeline import moment

Complain = Callable[[str], None]


class Watched(NamedTuple):
    """What a watch saves. `model` None: still gathering the rows of its warm-up, which are here too."""

    target: str
    model: Any
    horizon: int
    levels: tuple[float, ...]
    seed: int
    warmup: int
    n: int
    scored: int
    total: float  # of the absolute errors one step ahead
    expected: float  # what was forecast for the next step; NaN: nothing
    due: str  # its stamp, ISO; "": rows have no stamps
    last: str  # stamp of the last row
    exog: tuple[str, ...]  # further columns that the forecaster looks at
    waiting: tuple[str, ...]  # stamps of the rows gathered
    values: Any  # (gathered,) their values


class Watcher:
    """One stream: `tick(row)` answers with the line to print. Like `Live` it is mutable, and goes on bit-equal."""

    def __init__(self, held: Watched, forecaster: Any):
        self._held = held
        self._forecaster = forecaster
        self._values = list(held.values)
        self._behind = 0  # rows in a row that were not later than the last
        self.learning = True

    @classmethod
    def new(cls, target: str, *, horizon: int, levels: tuple[int, ...], seed: int, warmup: int) -> Watcher:
        """A watcher that knows nothing; its forecaster is fitted once `warmup` rows have come."""
        start = (0, 0, 0.0, math.nan, "", "", (), (), np.zeros(0))
        return cls(Watched(target, None, horizon, tuple(levels), seed, warmup, *start), None)

    @classmethod
    def load(cls, path: str, target: str) -> Watcher:
        """From a file that a watch saved, or from a forecaster's (of `plashet forecast`)."""
        from ..forecast import Forecaster
        from ..forecast.forecaster import Saved

        try:
            held = read_file(path, (Watched,))
        except FileError as error:
            raise model_fault(error) from None
        except FileNotFoundError:
            raise UsageFault(f"there is no model file {path}", "leave --model out to begin a new one") from None
        if isinstance(held, Saved):
            held = _adopted(held, path, target)
        if not isinstance(held, Watched):
            told = f"{path} holds a {type(held).__name__}, not a forecaster"
            raise DataFault(told, "a model from plashet forecast or plashet watch")
        if held.target != target:
            told = f"{path} learnt {held.target!r}, and the stream is asked for {target!r}"
            raise DataFault(told, f"--target {held.target}, or another model")
        return cls(held, None if held.model is None else Forecaster.restore(held.model))

    @property
    def exog(self) -> tuple[str, ...]:
        """Further columns that rows must bring."""
        return self._held.exog

    @property
    def n(self) -> int:
        """Rows so far, over all runs."""
        return self._held.n

    @property
    def scored(self) -> int:
        """How many forecasts one step ahead have met their truth."""
        return self._held.scored

    @property
    def mae(self) -> float:
        """Mean absolute error one step ahead, of forecasts made before the value was seen."""
        return self._held.total / self._held.scored if self._held.scored else math.nan

    def tick(self, row: Row, complain: Complain) -> dict[str, Any] | None:
        """Score what was forecast for this row, learn it, forecast on. None for a row that is not new."""
        stamp = self._stamp(row, complain)
        if stamp is None:
            return None
        held = self._held
        error = abs(row.value - held.expected) if stamp == held.due else math.nan
        if math.isfinite(error):
            held = held._replace(total=held.total + error, scored=held.scored + 1)
        self._held = held._replace(n=held.n + 1, expected=math.nan, due="", last=stamp)
        frame = self._forecast(stamp, row, complain)
        answer = {"n": self.n, "time": stamp or None, "value": row.value, "error": error, "mae": self.mae}
        if frame is None:
            return answer | {"forecast": None, "warmup": f"{len(self._values)}/{held.warmup}"}
        due = _iso(frame["time"].iloc[0]) if stamp else ""
        self._held = self._held._replace(expected=float(frame["mean"].iloc[0]), due=due)
        return answer | {"next": due or None, "forecast": frame["mean"].to_numpy()} | _bands(frame)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Everything to one file, atomically."""
        model = None if self._forecaster is None else self._forecaster.snapshot()
        write_file(path, self._held._replace(model=model, values=np.array(self._values)))

    def _stamp(self, row: Row, complain: Callable[[str], None]) -> str | None:
        """The row's stamp as ISO text, "" without stamps; None, and a complaint, where it cannot follow the last."""
        import pandas as pd

        last = self._held.last
        if not last and (self._held.n or not row.time):
            return ""  # what was learnt, or is to be, has no clock: rows are steps
        try:
            stamp = moment(row.time)
        except ValueError:
            complain(f"line {row.line}: {row.time!r} is not a time; the row is skipped")
            return None
        if last and stamp <= pd.Timestamp(last):
            if not self._behind:
                complain(f"line {row.line}: {row.time} is not after {last}; the row is skipped, as are more like it")
            self._behind += 1
            return None
        if self._behind > 1:
            complain(f"line {row.line}: {self._behind:,} rows before it were skipped, none after {last}")
        self._behind = 0
        return str(stamp.isoformat())

    def _forecast(self, stamp: str, row: Row, complain: Complain) -> Any:
        """The frame forecast from here, learning the value; None while rows are being gathered."""
        if self._forecaster is not None:
            y, exog = self._series([stamp], [row.value]), self._beside(stamp, row)
            with warnings.catch_warnings(record=True) as told:
                warnings.simplefilter("always")
                self._forecaster.update(y, exog, learn=self.learning)
            for warning in told:
                complain(f"line {row.line}: {warning.message}")
            return self._forecaster.forecast()
        self._values.append(row.value)
        self._held = self._held._replace(waiting=(*self._held.waiting, stamp))
        return self._begin(complain) if len(self._values) >= self._held.warmup else None

    def _begin(self, complain: Complain) -> Any:
        from ..forecast import Forecaster

        held = self._held
        forecaster = Forecaster(horizon=held.horizon, seed=held.seed, levels=held.levels)
        with data_door(f"the first {held.warmup} rows", complain):
            forecaster.fit(self._series(list(held.waiting), self._values))
        self._forecaster, self._values = forecaster, []
        self._held = held._replace(waiting=())
        return forecaster.forecast()

    def _series(self, stamps: list[str], values: list[float]) -> Any:
        import pandas as pd

        if not stamps[0]:
            return pd.Series(values, name=self._held.target)
        return pd.Series(values, index=pd.DatetimeIndex(stamps), name=self._held.target)

    def _beside(self, stamp: str, row: Row) -> Any:
        import pandas as pd

        if not self.exog:
            return None
        index = pd.DatetimeIndex([stamp]) if stamp else None
        return pd.DataFrame([row.beside], columns=list(self.exog), index=index)


def _bands(frame: Any) -> dict[str, Any]:
    return {str(c): frame[c].to_numpy() for c in frame if str(c).startswith(("lo-", "hi-"))}


def _adopted(saved: Any, path: str, target: str) -> Watched:
    """A watch that begins with a forecaster made elsewhere: it goes on at the end of the data that it knows."""
    from ..forecast import Forecaster

    shape, settings = saved.shape, saved.settings
    if target not in shape.names or len(shape.names) > 1:
        told = f"{path} learnt {', '.join(shape.names)}, and the stream is asked for {target}"
        remedy = f"--target {shape.names[0]}" if len(shape.names) == 1 else "a model of one target"
        raise DataFault(told, f"{remedy}, or another model")
    frame = Forecaster.restore(saved).forecast()
    clock = shape.grid.rule != "rows"
    last = shape.grid.stamps(np.array([saved.fitted[0].track.ticks - 1]))[0]
    due, last = (_iso(frame["time"].iloc[0]), _iso(last)) if clock else ("", "")
    levels = tuple(settings.levels)
    start = (saved.fitted[0].track.ticks, 0, 0.0, float(frame["mean"].iloc[0]), due, last, shape.exog, (), np.zeros(0))
    return Watched(target, saved, settings.horizon, levels, settings.seed, 0, *start)


def _iso(stamp: Any) -> str:
    import pandas as pd

    return str(pd.Timestamp(stamp).isoformat())
