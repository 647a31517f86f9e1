"""The nervous system of the worm *C. elegans*: who its 302 neurons are, and who touches whom."""

from __future__ import annotations

import csv
import gzip
import re
from collections.abc import Sequence
from difflib import get_close_matches
from functools import cache
from importlib.resources import files
from typing import NamedTuple

import numpy as np

from ..types import Array
from .connectome import Connectome, connectome
from .topology import Ints

FAMILY = re.compile(r"(?:[DV]?[LR]|[DV]|\d+)")  # what tells the members of one of White's classes apart: AVAL, AVAR


class Contacts(NamedTuple):
    """Synapses by the numbers of their neurons, and in how many sections of the electron microscope they touch."""

    pre: Ints
    post: Ints
    sections: Ints


class Worm(NamedTuple):
    """The neurons of the hermaphrodite, one entry each, and their synapses (Cook et al. 2019, corrected 2020)."""

    names: tuple[str, ...]
    kinds: tuple[str, ...]  # sensory, inter, motor, polymodal, unknown
    types: tuple[str, ...]  # finer: "Amphid", "Layer 1 interneuron", ...
    transmitters: tuple[str, ...]  # the first that Wang et al. 2024 list
    cotransmitters: tuple[tuple[str, ...], ...]  # the others
    dim: tuple[tuple[str, ...], ...]  # those of both whose expression they call dim and variable
    chemical: Contacts  # directed
    electrical: Contacts  # each pair once; gap junctions lead both ways


@cache
def worm() -> Worm:
    """All that is known here of the worm: 302 neurons, 3,709 chemical and 1,105 electrical synapses between them.

    Six electrical ones between ALA, CANL/R and PVDL/R weigh 100 to 401 sections, extrapolated by the authors; the next
    has 81: take a logarithm or cap them. Signs are not in the source. Neurotransmitters ending in `_uptake` are taken
    up, not made. S. J. Cook et al., Nature 571, 2019; C. Wang et al., eLife 13, 2024; through cect 0.3.5 (OpenWorm).
    """
    folder = files(__package__.rsplit(".", 1)[0]) / "data" / "embedded"
    rows = list(csv.DictReader(folder.joinpath("celegans_neurons.csv").read_text().splitlines()))
    place = {row["name"]: k for k, row in enumerate(rows)}
    edges = list(csv.DictReader(gzip.decompress(folder.joinpath("celegans.csv.gz").read_bytes()).decode().splitlines()))

    def contacts(kind: str) -> Contacts:
        mine = [(place[e["pre"]], place[e["post"]], int(e["weight"])) for e in edges if e["kind"] == kind]
        columns = np.array(mine, np.int64).T.copy()
        columns.flags.writeable = False  # shared by all who ask
        return Contacts(*columns)

    def column(key: str) -> tuple[str, ...]:
        return tuple(row[key] for row in rows)

    def several(key: str) -> tuple[tuple[str, ...], ...]:
        return tuple(tuple(filter(None, row[key].split(";"))) for row in rows)

    return Worm(
        names=column("name"),
        kinds=column("class"),
        types=column("type"),
        transmitters=column("neurotransmitter"),
        cotransmitters=several("cotransmitters"),
        dim=several("dim"),
        chemical=contacts("chemical"),
        electrical=contacts("electrical"),
    )


def chosen(neurons: Sequence[str] | None) -> Ints:
    """The numbers of neurons, in the order of the table, by any mixture of names: "AVAL" is a neuron, "AVA" both of
    its kind, "DB" the whole row DB1 to DB7, "sensory" a class, "Amphid" a type; None for all 302.

    Raises ValueError for a name under which there is none, TypeError for a bare text.
    """
    if isinstance(neurons, str):
        raise TypeError(f"neurons is a list of names, wanted [{neurons!r}] for {neurons!r}")
    known = worm()
    if neurons is None:
        return np.arange(len(known.names))
    found: set[int] = set()
    for asked in neurons:
        own = [
            k
            for k, (name, *of) in enumerate(zip(known.names, known.kinds, known.types, strict=True))
            if asked in (name, *of) or (name.startswith(asked) and FAMILY.fullmatch(name[len(asked) :]))
        ]
        if not own:
            near = get_close_matches(asked, sorted({*known.names, *known.kinds, *known.types}))
            hint = f"near it: {', '.join(near)}" if near else f"classes are {', '.join(sorted({*known.kinds}))}"
            raise ValueError(f"no neuron, class or type of the worm is called {asked!r}; {hint}")
        found.update(own)
    return np.array(sorted(found), np.int64)


def celegans(
    inputs: int,
    neurons: Sequence[str] | None = None,
    *,
    sensors: Sequence[str] = ("sensory",),
    motors: Sequence[str] = ("motor",),
    fanout: int | None = None,
    inhibitory: Sequence[str] = ("GABA",),
    electrical: bool = True,
    seed: int = 0,
) -> Connectome:
    """The worm's wiring, or that of some of its neurons among themselves, as a network that learns.

    neurons, sensors, motors: names, classes or types, as `chosen` takes them; who hears the inputs, and who is read.
    fanout: how many sensors each input reaches, drawn with `seed`, and a sensor whom none reached hears one; None for
    all of them. These signs are fair draws: nature does not say how to wire your inputs.

    The sign of a chemical synapse is a modelling choice, for the source gives none: -1 where the presynaptic neuron's
    first transmitter is among `inhibitory`, else +1. GABA alone is usual; glutamate opens chloride channels too:
    `inhibitory=("GABA", "glutamate")`. An electrical synapse becomes two positive ones, one each way, but where a
    chemical one leads already. Units stand in the order motor (layer 2), inter and all others (1), sensors (0).

    Raises ValueError for unknown names, a selection without sensors or motors, and transmitters that none has.
    """
    known, mine = worm(), chosen(neurons)
    reads, hears = (np.intersect1d(mine, chosen(names)) for names in (motors, sensors))
    for what, found, names in (("motor neuron", reads, motors), ("sensor", hears, sensors)):
        if not len(found):
            raise ValueError(
                f"none of the {len(mine)} neurons is a {what} ({', '.join(names)}): choose others to be it"
            )
    others = np.setdiff1d(mine, np.concatenate((reads, hears)))
    order = np.concatenate((reads, others, np.setdiff1d(hears, reads)))
    layer = np.repeat([2, 1, 0], [len(reads), len(others), len(order) - len(reads) - len(others)])
    place = np.full(len(known.names), -1)
    place[order] = np.arange(len(order))
    pre, post, sign = _joined(inhibitory, electrical)
    within = (place[pre] >= 0) & (place[post] >= 0)
    return connectome(
        _heard(inputs, place[hears], fanout, seed),
        (place[pre[within]], place[post[within]], sign[within]),
        inputs=inputs,
        units=len(order),
        motor=len(reads),
        layer=layer,
        names=tuple(known.names[k] for k in order),
    )


def contacts(net: Connectome) -> Ints:
    """(recurrent edges,) in how many sections each synapse of a worm's connectome touches.

    Those of a chemical and an electrical synapse between the same two add up, where they have the same sign; where the
    chemical one is negative, its own count. From 1 to 402: take a logarithm or cap them before you use them.
    Raises ValueError for units that are no neurons of the worm, and for synapses that it has not.
    """
    known = worm()
    strangers = [name for name in net.names if name not in known.names]
    if strangers or not net.names:
        raise ValueError(f"the units are not the worm's neurons: {', '.join(strangers[:5]) or 'they have no names'}")
    place = np.array([known.names.index(name) for name in net.names])
    ends = place[net.recurrent.pre], place[net.recurrent.post]
    sections, gaps = np.zeros((2, len(known.names), len(known.names)), np.int64)
    sections[known.chemical.pre, known.chemical.post] = known.chemical.sections
    gaps[known.electrical.pre, known.electrical.post] = known.electrical.sections
    gaps = np.maximum(gaps, gaps.T)
    found: Ints = sections[ends] + np.where(np.asarray(net.sign) > 0, gaps[ends], 0)
    if not found.all():
        raise ValueError(f"{int((found == 0).sum())} synapses are not the worm's: has the connectome been rewired?")
    return found


def _joined(inhibitory: Sequence[str], electrical: bool) -> tuple[Ints, Ints, Ints]:
    """Who leads to whom with what sign, each pair once."""
    known = worm()
    unknown = set(inhibitory) - set(known.transmitters)
    if unknown:
        raise ValueError(
            f"no neuron has the transmitter {sorted(unknown)}; there are {sorted(set(known.transmitters))}"
        )
    pre, post = known.chemical.pre, known.chemical.post
    sign = np.where(np.isin(np.array(known.transmitters)[pre], inhibitory), -1, 1)
    if not electrical:
        return pre, post, sign
    a, b = known.electrical.pre, known.electrical.post
    more = {*zip(a.tolist(), b.tolist(), strict=True), *zip(b.tolist(), a.tolist(), strict=True)}
    added = np.array(sorted(more - set(zip(pre.tolist(), post.tolist(), strict=True))), np.int64)
    return (
        np.concatenate((pre, added[:, 0])),
        np.concatenate((post, added[:, 1])),
        np.concatenate((sign, np.ones(len(added), np.int64))),
    )


def _heard(inputs: int, sensors: Ints, fanout: int | None, seed: int) -> tuple[Array, Array, Array]:
    """Which sensor hears which input, with what sign."""
    if inputs < 1:
        raise ValueError(f"inputs must be at least 1, got {inputs}")
    many = len(sensors) if fanout is None else fanout
    if not 1 <= many <= len(sensors):
        raise ValueError(f"fanout is {fanout}, wanted 1 to {len(sensors)}: so many sensors there are")
    rng = np.random.default_rng(seed)
    heard = np.concatenate([rng.permutation(sensors)[:many] for _ in range(inputs)])
    alone = np.setdiff1d(sensors, heard)
    pre = np.concatenate((np.repeat(np.arange(inputs), many), rng.integers(0, inputs, len(alone))))
    return pre, np.concatenate((heard, alone)), 2 * rng.integers(0, 2, len(pre)) - 1
