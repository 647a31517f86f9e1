"""Exact online gradients: real-time recurrent learning along sparse wiring, and its cheapest approximation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from ..types import Array, Evidence
from . import online
from .adam import Adam
from .losses import Loss, Squared
from .online import OnlineKnowledge, OnlineTrace


@dataclass(frozen=True)
class Following:
    """What RTRL and SnAp1 have in common: their settings, which RTRL explains, and the four parts of a learner."""

    descent: Adam = Adam(1e-3, clip=1.0)  # noqa: RUF009 - frozen
    every: int = 1
    head: Any = None
    loss: Loss = Squared()  # noqa: RUF009 - frozen
    exact: ClassVar[bool]  # whether all influence is held, or only that of a parameter on the unit that owns it
    moves_liquid: ClassVar[bool] = True

    def __post_init__(self) -> None:
        online.check(self)

    def init(self, model: Any) -> OnlineKnowledge:
        return online.begin(self, model)

    def watch(self, knowledge: OnlineKnowledge, seen: Evidence) -> tuple[OnlineKnowledge, OnlineTrace]:
        return online.watch(self, knowledge, seen)

    def credit(self, knowledge: OnlineKnowledge, trace: OnlineTrace, y: Array) -> tuple[OnlineKnowledge, OnlineTrace]:
        return online.credit(self, knowledge, trace, y)

    def model(self, knowledge: OnlineKnowledge) -> Any:
        """The model with the parameters so far."""
        return online.current(self, knowledge)


@dataclass(frozen=True)
class RTRL(Following):
    """Gradient descent at every labelled tick along the exact gradient of all time so far.

    With v the liquid's state, J = dv'/dv and B = dv'/dtheta of a tick (of each unfold of it, in a row):

        M <- J M + B                            M = dv/dtheta, the influence; 0 before the first tick
        G = d(guess)/dtheta = (d(guess)/dv) M   kept of the tick until its labels come
        dL/dtheta = slope(guess - y)' G         summed over the outputs known, mean over rows and over `every` ticks
        theta <- descent(theta, dL/dtheta)      after every `every` labelled ticks

    theta is all that `trainable.parameters` names: the liquid's parameters, those of Motors behind it and, without a
    head, the readout's; positive ones are held as raw values (see theta.Packing). As theta never rests, M mixes
    derivatives by parameters of different moments: exact while nothing changes, and close to it for small rates or a
    larger `every`.
    What cannot influence a unit (a motor neuron's synapses influence no inter neuron) is neither held nor computed.

    Liquids: LTC, Gated and Leaky (what `trainable` frees), in a Model with a Readout; cells without parameters in front
    and beside (Scale, Hold, Pass), Motors right behind; one liquid. Any dt; an input not observed (NaN) has no part.
    Late labels teach by the derivative of their own tick, a label that never comes teaches nothing: an open prediction
    holds (outputs, parameters) numbers, so a Live of a large liquid wants a small `open_limit`.

    descent: the step, `Adam(rate, clip)`.   every: labelled ticks between changes, at least 1.
    head: a readout learner (`RLS`), which then learns the readout, at every label, while the liquid follows the
    gradient through it; None: the readout descends with the rest.   loss: Squared(), Huber(delta), Pinball(level).
    Raises TypeError and ValueError naming what it cannot learn in, at `init`; ValueError for infinite targets. A
    gradient that is not finite is not followed, and counted.

    Source: Williams and Zipser 1989, A Learning Algorithm for Continually Running Fully Recurrent Neural Networks.
    """

    exact: ClassVar[bool] = True


@dataclass(frozen=True)
class SnAp1(Following):
    """As RTRL, keeping of the influence only what a parameter does at once: the row of the unit that owns it.

        m_p <- J_ii m_p + B_p        i the owner of parameter p; an input's affine keeps the units that hear the input

    One number a parameter and no product with J; of a small net a step is hardly quicker than RTRL's, as what surrounds
    it costs more. Exact where no unit hears another; elsewhere the gradient through other units is left out. Fields,
    liquids and errors as those of RTRL.

    Source: Menick et al. 2021, Practical Real Time Recurrent Learning with a Sparse Approximation.
    """

    exact: ClassVar[bool] = False
