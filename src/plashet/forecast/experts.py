"""The experts that learn: a readout of past values, of the calendar, and of a liquid, each with a memory of its own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..cells import Pass
from ..learn.late import LateRLS
from ..liquids import Leaky
from ..model import Model, unread
from ..types import Array
from ..wiring import bands

LIQUID_SHARE = 0.3  # scale of liquid features beside lags of spread one: a penalty of 1 on a lag is 11 on a unit
CALENDAR_SHARE = 0.1


@dataclass(frozen=True)
class Draft:
    """An expert before its penalty is chosen.

    leak: the liquid's leak rate a step, 0 for no liquid.   wide: sees the season's lags too.
    near: the penalty is chosen for the first step, not for all.   forgets: memory of the last weeks, not of everything.
    """

    name: str
    leak: float
    wide: bool
    near: bool
    forgets: bool


DRAFTS = (
    Draft("recent_lags", 0.0, wide=False, near=False, forgets=True),
    Draft("season_lags", 0.0, wide=True, near=True, forgets=True),
    Draft("lasting_lags", 0.0, wide=True, near=False, forgets=False),
    Draft("slow_liquid", 0.1, wide=False, near=False, forgets=False),
    Draft("fast_liquid", 0.8, wide=True, near=True, forgets=True),
    Draft("faster_liquid", 1.0, wide=True, near=True, forgets=True),
)


@dataclass(frozen=True, eq=False)
class Expert:
    """An expert whose penalty is chosen: what it sees, what carries its memory, and what learns its readout."""

    draft: Draft
    liquid: Any  # a cell whose state has its output as x; None for none
    learner: LateRLS

    def untaught(self, features: int, horizon: int) -> Model:
        """Its model: features straight to the answers for every step, and the probe of LateRLS."""
        return unread(Pass(features), horizon + 1)


def liquid(draft: Draft, units: int, inputs: int, seed: int) -> Leaky | None:
    """The liquid of a draft; its random streams depend on the seed and on the draft's place among all."""
    if draft.leak == 0:
        return None
    own = 1000 * seed + DRAFTS.index(draft)
    wiring = bands(units, inputs, seed=own, spectral_radius=0.9, input_scaling=0.7, bias_scaling=0.3)
    return Leaky.from_leak_rate(wiring, draft.leak, 1.0)


def parts(draft: Draft, recent: Array, season: Array, waves: Array, states: Array | None) -> list[Array]:
    """What an expert sees, joined on the last axis by the caller; `states`: of its liquid."""
    seen = [recent]
    seen += [season] if draft.wide else []
    seen += [CALENDAR_SHARE * waves]
    return seen if states is None else [*seen, LIQUID_SHARE * states]
