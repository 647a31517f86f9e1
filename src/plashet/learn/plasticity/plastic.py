"""The learner that moves a liquid by its own spikes, with or without a readout that learns beside it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, ClassVar, NamedTuple

import numpy as np

from ...model import readout_of
from ...types import Array, Evidence
from ...within import exchanged, member, member_state, spiking_path
from .rule import Parts, Spikes, background_of, weights_moved, with_background


class PlasticKnowledge(NamedTuple):
    """What the liquid has become, what each rule remembers, what the readout's learner knows."""

    untaught: Any
    parts: Parts
    memories: tuple[Any, ...]  # one for each rule
    clock: int  # the grid step up to which spikes were seen; -1: none yet
    readout: Any  # the readout learner's knowledge, None without one


@dataclass(frozen=True)
class Plastic:
    """Plasticity inside the liquid: rules that move its weights and neurons by the spikes of each tick, in their order.

        Live(unread(liquid, outputs), Plastic((STDP(), Scaling(rate=5.0)), readout=RLS(memory=1000.0)))
        moved = fit(model, Plastic((STDP(),)), (u, y, dt))

    The liquid is a Spiking one, alone or within Chain, Beside, WithInput or Noisy. Rules: STDP, Triplet, Homeostatic,
    Scaling, Normalised. They look at every tick, labelled or not, and at the spikes alone. At a tick's end each makes
    one pass over its spikes, exact to the grid step; what it moved is at work from the next tick on.

    readout: a learner of the readout (RLS, LMS, ...), which is taught beside; its features are those of the liquid as
    it was at that tick, so let it forget while the liquid moves. Without one the labels are not used, and y may be NaN:
    fit the rules first and a readout (Ridge, ...) to the moved model afterwards.

    One series at a time, for its weights are the batch's. Raises TypeError for a liquid without spikes or a rule that
    is none, ValueError for no rules or for batches.
    """

    rules: tuple[Any, ...]
    readout: Any = None
    wants_events: ClassVar[bool] = True

    def __post_init__(self) -> None:
        if not isinstance(self.rules, tuple) or not self.rules:
            raise ValueError(f"rules is a tuple of one rule or more, for instance (STDP(),); got {self.rules!r}")
        for rule in self.rules:
            if not (hasattr(rule, "prepare") and hasattr(rule, "move")):
                raise TypeError(f"{rule!r} is no rule of plasticity: STDP, Triplet, Homeostatic, Scaling, Normalised")

    @property
    def closed_loop(self) -> bool:
        """Whether the readout's learner lets the model hear itself while it is taught."""
        return getattr(self.readout, "closed_loop", False)

    def init(self, model: Any) -> PlasticKnowledge:
        readout_of(model)
        liquid = member(model.liquid, spiking_path(model.liquid))
        weight = np.array(liquid.circuit.weight, np.float64)
        moves = any(rule.moves_background for rule in self.rules)
        parts = Parts(weight, background_of(liquid.neuron) if moves else None)
        memories = tuple(rule.init(plan) for rule, plan in zip(self.rules, self._plans(liquid), strict=True))
        return PlasticKnowledge(model, parts, memories, -1, self.readout and self.readout.init(model))

    def watch(self, knowledge: PlasticKnowledge, seen: Evidence) -> tuple[PlasticKnowledge, Any]:
        whole = knowledge.untaught.liquid
        path = spiking_path(whole)
        before, after = (member_state(s.inner, path).clock for s in (seen.before, seen.after))
        if np.ndim(after):
            raise ValueError(
                f"a batch of {np.size(after)} series: plasticity moves the one liquid that all rows share, so give "
                "it one series at a time, for instance fit(model, learner, [series, series, ...])"
            )
        spikes = Spikes(seen.events, int(before), int(after), int(before) != knowledge.clock)
        parts, plans = knowledge.parts, self._plans(member(whole, path))
        memories: list[Any] = []
        for rule, plan, memory in zip(self.rules, plans, knowledge.memories, strict=True):
            memory, parts = rule.move(plan, memory, parts, spikes)
            memories.append(memory)
        known, trace = knowledge.readout, ()
        if self.readout is not None:
            known, trace = self.readout.watch(known, seen)
        return PlasticKnowledge(knowledge.untaught, parts, tuple(memories), spikes.end, known), trace

    def credit(self, knowledge: PlasticKnowledge, trace: Any, y: Array) -> tuple[PlasticKnowledge, Any]:
        """Labels teach the readout; the liquid has learnt without them."""
        if self.readout is None:
            return knowledge, trace
        known, trace = self.readout.credit(knowledge.readout, trace, y)
        return knowledge._replace(readout=known), trace

    def model(self, knowledge: PlasticKnowledge) -> Any:
        """The model with the liquid and the readout so far; its weights are views of the knowledge."""
        untaught, parts = knowledge.untaught, knowledge.parts
        path = spiking_path(untaught.liquid)
        liquid = member(untaught.liquid, path)
        readout = untaught.readout if self.readout is None else self.readout.model(knowledge.readout).readout
        *of, moved, model = vars(liquid).get("_taught", (None,) * 6)
        if all(a is b for a, b in zip(of, (untaught, *parts, readout), strict=True)):
            weights_moved(moved)
            return model  # asked for at every tick: all that has changed are numbers in arrays that it holds
        moved = _with_neurons(liquid, parts.background).reweighted(parts.weight)
        model = replace(untaught, liquid=exchanged(untaught.liquid, path, moved), readout=readout)
        vars(liquid)["_taught"] = untaught, *parts, readout, moved, model
        return model

    def _plans(self, liquid: Any) -> tuple[Any, ...]:
        """What each rule has laid out: once for a liquid, kept beside its fields, so neither copied nor saved."""
        rules, plans = vars(liquid).get("_plans_of_rules", (None, ()))
        if rules is not self.rules:
            plans = tuple(rule.prepare(liquid) for rule in self.rules)
            vars(liquid)["_plans_of_rules"] = self.rules, plans
        return plans  # type: ignore[no-any-return]


def _with_neurons(liquid: Any, background: Array | None) -> Any:
    """The liquid with this background, laid out for the kernel anew only where the background is another array."""
    if background is None:
        return liquid
    now, moved = vars(liquid).get("_other_neurons", (None, None))
    if now is not background:
        moved = with_background(liquid, background)
        vars(liquid)["_other_neurons"] = background, moved
    return moved
