"""What can be exported: the zoo and some more, and series that try what an exported step must know."""

import numpy as np

from plashet import Beside, Chain, Looped, Model, Noisy, Readout, WithInput, wiring
from plashet.cells import Pass
from plashet.encode import Hold, Mask, Scale
from plashet.liquids import Motors, NoGate, Pure, cfc, gated, ltc, mixed, wired_cfc
from plashet.trainable import trainable
from zoo import LIQUIDS, MODELS, OTHERS, N

_NERVES = wiring.auto_ncp(20, 3, 4, seed=4)
_POLICY = ltc(_NERVES, seed=5)
_READ = np.random.default_rng(9).normal(size=(24, 2))
MADE = {
    "policy": Chain((Hold(4), Scale(np.zeros(4), np.full(4, 2.0)), _POLICY, Motors(20, np.ones(3), np.zeros(3)))),
    "read with its input": Model(WithInput(_POLICY), Readout(_READ, np.ones(2))),
    "two, and what is missing": Beside((gated(_NERVES, seed=6), _POLICY, Mask(4), Pass(4))),
    "signs kept": trainable(_POLICY, "recurrent.w"),
    "CfC, deep": cfc(4, 9, seed=1, backbone=(16, 12), activation="silu"),
    "CfC, gelu": cfc(4, 9, seed=2, backbone=(16,), activation="gelu"),
    "CfC, no gate": cfc(4, 9, seed=3, backbone=(16,), rule=NoGate(), activation="relu"),
    "CfC, pure, no backbone": cfc(4, 9, seed=4, backbone=(), rule=Pure.of(9)),
    "CfC, pure, wired": wired_cfc(_NERVES, seed=5, rule=Pure(np.linspace(-1, 1, 20), np.linspace(0.5, 2, 20))),
    "mixed, over LTC": mixed(_POLICY, seed=8),
    "mixed, over gated": mixed(gated(_NERVES, seed=8), seed=9),
    "mixed, over CfC": mixed(cfc(4, 9, seed=8, backbone=(16,)), seed=10),
    "mixed, over leaky": mixed(LIQUIDS["bands"], seed=11),
    "limits each": Scale(np.zeros(3), np.ones(3), limit=np.array([1.0, 2.0, np.inf])),
    "no limit": Scale(np.zeros(3), np.ones(3), limit=np.inf),
    "loop without inputs": Looped(Chain((Pass(2), LIQUIDS["ring"])), Readout(np.full((N, 2), 0.1), np.ones(2))),
    "large": gated(wiring.dense(30, 4, seed=7), seed=7, tau=(1e-3, 1e3), tau_max=2e3),
}
CELLS = LIQUIDS | OTHERS | MODELS | MADE
CELLS = {name: cell for name, cell in CELLS.items() if not isinstance(cell, Noisy)}


def series(inputs, ticks=120, seed=3):
    """Irregular time, no time at all now and then, and inputs that are missing here and there."""
    rng = np.random.default_rng(seed)
    u = rng.normal(size=(ticks, inputs)).astype(np.float32)
    u[rng.random(u.shape) < 0.1] = np.nan
    dt = rng.gamma(0.5, 0.4, ticks).astype(np.float32)
    dt[rng.random(ticks) < 0.05] = 0
    return u, dt
