"""One of each liquid, encoder and learner, small, for the contract tests. A new liquid is one line here."""

import numpy as np

from plashet import (
    ALIF,
    FORCE,
    LIF,
    LMS,
    NLMS,
    RLS,
    Beside,
    Chain,
    Leaky,
    Looped,
    Model,
    Noisy,
    Products,
    Readout,
    Ridge,
    Spiking,
    Squares,
    WithInput,
    wiring,
)
from plashet.encode import (
    BSA,
    TBR,
    Centres,
    Convolve,
    Delta,
    FirstSpikes,
    Hold,
    Latency,
    Levels,
    Mask,
    Poisson,
    Population,
    Rates,
    Scale,
    StepForward,
    lowpass,
)
from plashet.encode.audio import MFCC, Cochleagram, Deltas, LogMel, LyonEar, RunningNorm, RunningPeak
from plashet.learn import RTRL, Adam, FoldRidge, Gradient, SnAp1
from plashet.liquids import Exponential, Fused, NoGate, Pure, cfc, diagonal, gated, ltc, mixed, wired_cfc

U, N = 2, 12
TAUS = np.linspace(0.3, 2.0, N)


def _bands(seed):
    return wiring.bands(N, U, seed=seed, degree=5, bias_scaling=0.3)


LIQUIDS = {
    "bands": Leaky(_bands(0), tau=0.5),
    "bands, tau each": Leaky(_bands(1), tau=TAUS),
    "random": Leaky(wiring.random(N, U, seed=2, degree=4), tau=0.5),
    "ring": Leaky(wiring.ring(N, U, seed=3), tau=0.7),
    "small world": Leaky(wiring.small_world(N, U, seed=4, degree=4), tau=TAUS),
    "logistic": Leaky(_bands(5), tau=0.5, activation="logistic"),
    "linear": Leaky(wiring.bands(N, U, seed=6, degree=5, spectral_radius=0.7), tau=0.5, activation="identity"),
    "relu": Leaky(wiring.bands(N, U, seed=7, degree=3, spectral_radius=0.5), tau=0.5, activation="relu"),
    "from leak rate": Leaky.from_leak_rate(_bands(8), alpha=0.3, dt=0.1),
    "deep": Chain((Leaky(_bands(9), tau=0.3), Leaky(wiring.random(N, N, seed=10), tau=0.6))),
    "beside": Beside((Leaky(_bands(11), tau=0.2), Leaky(_bands(12), tau=1.0))),
    "with input": WithInput(Leaky(_bands(13), tau=0.5)),
    "squared": Chain((Leaky(_bands(14), tau=0.5), Squares(N))),
    "behind encoders": Chain((Hold(U), Scale(np.array([0.1, -0.2]), np.array([0.5, 2.0])), Leaky(_bands(15), tau=0.5))),
}

_NERVES = wiring.auto_ncp(N, 2, U, seed=1)

# What gradients go through: each cell's compiled `pull` is held to autograd through its `step`.
TRAINABLE = {
    "LTC": ltc(_NERVES, seed=0),
    "LTC, exponential": ltc(_NERVES, seed=1, solver=Exponential(3)),
    "LTC, dense": ltc(wiring.dense(N, U, seed=2), seed=2, solver=Fused(2)),
    "gated": gated(_NERVES, seed=3, tau=(0.2, 3.0)),
    "gated, dense": gated(wiring.dense(N, U, seed=4), seed=4, tau=(0.1, 3.0), tau_max=10.0),
    "CfC": cfc(U, N, seed=5, backbone=(7,)),
    "CfC, two layers": cfc(U, N, seed=6, backbone=(7, 5), rule=NoGate(), activation="silu"),
    "CfC, pure": cfc(U, N, seed=7, backbone=(6,), rule=Pure.of(N), activation="gelu"),
    "CfC, no backbone": cfc(U, N, seed=8, backbone=()),
    "leaky, bands": Leaky(_bands(30), tau=TAUS),
    "leaky, synapses": Leaky(wiring.random(N, U, seed=31, degree=4), tau=np.array(0.5), activation="logistic"),
    "leaky, linear": Leaky(wiring.bands(N, U, seed=32, degree=5, spectral_radius=0.7), 0.5, "identity"),
    "leaky, relu": Leaky(wiring.ring(N, U, seed=33), tau=TAUS, activation="relu"),
    "diagonal": diagonal(U, N, seed=15, tau=(0.2, 3.0), tau_max=5.0),
    "mixed, gated": mixed(gated(_NERVES, seed=11, tau=(0.2, 3.0)), seed=11),
    "mixed, CfC": mixed(cfc(U, N, seed=12, backbone=(5,)), seed=12),
    "mixed, wired CfC": mixed(wired_cfc(_NERVES, seed=13, rule=Pure.of(N)), seed=13),
    "mixed, LTC": mixed(ltc(_NERVES, seed=14), seed=14),
    "CfC, wired": wired_cfc(_NERVES, seed=9),
    "CfC, wired, pure": wired_cfc(_NERVES, seed=10, rule=Pure.of(N)),
}

LIQUIDS |= TRAINABLE

# Cells without a fading memory of their own, or that are not deterministic in their input alone.
OTHERS = {
    "hold": Hold(U),
    "mask": Mask(U),
    "scale": Scale(np.zeros(U), np.ones(U), limit=1.0),
    "products": Products(U),
    "noisy": Noisy(Leaky(_bands(16), tau=0.5), sd=0.1, seed=3),
}

# Sound as frames, and what is done with frames.
EARS = {
    "log-mel": LogMel(200, bands=3, low=0.0),
    "MFCC": MFCC(LogMel(200, bands=3, low=0.0), 2),
    "cochleagram": Cochleagram(200, channels=3, low=20.0, high=70.0),
    "Lyon's ear": LyonEar(8000, quality=4.0, spacing=1.0, hop=2.5e-4),
    "slopes": Deltas(U),
    "running norm": RunningNorm(U),
    "running peak": RunningPeak(U),
}

_LOW, _HIGH = np.array([-1.0, -2.0]), np.array([1.5, 2.0])
_FIELDS = Population(U, 6, _LOW, _HIGH)
_FIR = lowpass(2.0, 0.1, 5)

# Values to spikes, and spikes to values.


def _circuit(seed, units=N, dynamic=True, currents=1):
    """A dozen units, a third inhibitory, that spike under the signals of the contract tests."""
    rng = np.random.default_rng(seed)
    pre, post = rng.integers(units, size=(2, 5 * units))
    size = len(pre)
    dynamics = wiring.Dynamics(rng.uniform(0.1, 0.9, size), rng.uniform(0.1, 1, size), rng.uniform(0.1, 1, size))
    return wiring.circuit(
        pre,
        post,
        rng.gamma(1.0, 8.0, size),
        rng.integers(1, 7, size) * 0.05,
        inhibitory=np.arange(units) % 3 == 0,
        inputs=wiring.Inputs(4 * rng.normal(size=(units, currents)), 8 * rng.normal(size=(units, U - currents))),
        dynamics=dynamics if dynamic else None,
    )


_LIF = LIF(N, tau=np.linspace(0.02, 0.2, N), refractory=0.1, background=14.5)

SPIKING = {
    "LIF": Spiking(_circuit(20), _LIF, h=0.05),
    "LIF, static": Spiking(_circuit(21, dynamic=False, currents=U), _LIF, h=0.05, tau_trace=0.2),
    "LIF, counts": Spiking(_circuit(22, currents=0), _LIF, h=0.05, tau_synapse=(0.05, 0.08), tau_trace=None),
    "LIF, tau of the synapses": Spiking(_circuit(23), LIF(N, tau=0.03), h=0.05, tau_synapse=(0.03, 0.06)),
    "ALIF": Spiking(_circuit(24), ALIF(_LIF, 0.2, threshold_jump=0.3, current_jump=0.5), h=0.05),
    "behind an encoder": Chain((Scale(np.zeros(U), np.ones(U)), Spiking(_circuit(26), _LIF, h=0.05))),
    "noise": Spiking(_circuit(27), _LIF, h=0.05, noise=2.0, seed=5),
    "random beginning": Spiking(_circuit(28), LIF(N, start=(13.5, 15.0)), h=0.05, seed=6),
}

ENCODERS = {
    "poisson": Poisson(U, gain=np.array([20.0, 30.0]), base=5.0, seed=4),
    "latency": Latency(U, 0.7, _LOW, _HIGH),
    "delta": Delta(U, np.array([0.3, 0.7])),
    "delta, from a start": Delta(U, 0.3, start=np.array([0.5, -0.5]), limit=2),
    "step forward": StepForward(U, 0.4),
    "TBR": TBR(U, np.array([0.6, 0.9])),
    "BSA": BSA(U, _FIR, 0.2, _LOW, _HIGH),
    "population": _FIELDS,
    "poisson, read": Chain((Poisson(U, gain=20.0, base=5.0, seed=4), Rates(U, 0.5, 20.0, 5.0))),
    "latency, read": Chain((Latency(U, 0.7), FirstSpikes(U, 0.7, _LOW, _HIGH))),
    "delta, read": Chain((Delta(U, 0.3), Levels(U, 0.3))),
    "convolved": Convolve(U, _FIR, np.array([1.0, 2.0]), 0.5),
    "population, read": Chain((_FIELDS, Centres(_FIELDS.centres))),
}

_FED = Leaky(wiring.with_feedback(_bands(17), 2, seed=17, scaling=0.3), tau=0.5)
_READ = np.random.default_rng(0).normal(size=(N + U + 2, 2)) / 10

MODELS = {
    "model": Model(LIQUIDS["random"], Readout(_READ[:N], np.array([0.1, -0.1]))),
    "model, input read": Model(LIQUIDS["with input"], Readout(_READ[: N + U], np.zeros(2))),
    "looped": Looped(_FED, Readout(_READ[:N], np.array([0.1, -0.1]))),
    "looped, input read": Looped(WithInput(_FED), Readout(_READ, np.zeros(2))),
    "looped, squared": Looped(Chain((_FED, Squares(N))), Readout(np.vstack((_READ[:N], _READ[:N])), np.zeros(2))),
}

CELLS = LIQUIDS | OTHERS | EARS | ENCODERS | SPIKING | MODELS

# The rows of a batch have random numbers of their own: a row alone is the row only under its key.
OWN_NUMBERS = {"noisy", "noise", "random beginning", "poisson", "poisson, read"}

ONLINE = {
    "RLS": RLS(penalty=1e-2),
    "RLS, forgetting": RLS(memory=5.0, penalty=1e-2),
    "LMS": LMS(rate=0.01),
    "NLMS": NLMS(rate=0.5),
    "FORCE": FORCE(penalty=1.0),
}

LEARNERS = ONLINE | {"Ridge": Ridge(penalty=1e-2), "FoldRidge": FoldRidge((1e-2,))}

# Learners that move the liquid along slopes; their contract is tests/contract/test_slope_learners.py.
SLOPES = {
    "Gradient": Gradient(window=8, optimizer=Adam(1e-2)),
    "Gradient, stride": Gradient(window=8, stride=3, optimizer=Adam(1e-2, clip=1.0)),
    "RTRL": RTRL(Adam(1e-2)),
    "SnAp1": SnAp1(Adam(1e-2)),
}
