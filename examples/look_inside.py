"""Inside a small trained net: how fast its neurons are, which synapses carry a decision, how many can go, and out to C.

A neural circuit policy of liquid time-constant neurons learns to say the next value of a laser's intensity, from the
last four. Then it is asked about the moment at which it expects most.
"""

import numpy as np

import plashet as pl
from plashet.bridges import c

SPLIT = 3000  # ticks to learn from; those after are unseen


def series() -> tuple[np.ndarray, np.ndarray]:
    """The last four values, and the next one."""
    laser = pl.data.santa_fe_laser()[:4000]
    laser = (laser - laser[:SPLIT].mean()) / laser[:SPLIT].std()
    return np.column_stack([laser[k : len(laser) - 4 + k] for k in range(4)]), laser[4:, None]


def rms(model: pl.Model, u: np.ndarray, y: np.ndarray) -> float:
    return float(np.sqrt(np.mean((pl.run(model, u, 1.0)[0] - y)[SPLIT:] ** 2)))


def main() -> None:
    u, y = series()
    net = pl.wiring.auto_ncp(24, 6, inputs=4, seed=1)
    model = pl.unread(pl.liquids.ltc(net, seed=1), outputs=1, with_input=True)
    lessons = pl.training.windows((u[:SPLIT], y[:SPLIT], np.ones(SPLIT)), length=60, stride=20, washout=10)
    model = pl.train(model, lessons, pl.Training(epochs=25, rate=2e-2, seed=0)).model
    print(
        f"error of the next value, unseen part: {rms(model, u, y):.3f}; saying the last again: {rms_of_last(u, y):.3f}"
    )

    # 1. How fast are its neurons? Their time constants follow the input: that is what is liquid in them.
    tau = pl.measure.time_constants(model, u[SPLIT:], 1.0)
    quick, slow = np.quantile(tau, (0.1, 0.9))
    print(f"time constants: nine in ten below {slow:.2f} ticks, one in ten below {quick:.2f}")
    swing = (tau.max(axis=0) / tau.min(axis=0)).max()
    print(f"the one that moves most is {swing:.0f} times as fast at its fastest as at its slowest")

    # 2. Which synapses carry a decision: the peak that it expects most? They add up to what all synapses do.
    peak = int(pl.run(model, u, 1.0)[0][SPLIT:, 0].argmax()) + SPLIT
    heard = u[peak - 40 : peak + 1]
    carried = pl.measure.integrated_gradients(model, heard, 1.0, asked=0)
    for one in pl.measure.strongest(model, carried, 3):
        print(f"  {one.pre:>10} -> {one.post:<10} {one.value:+.3f}")
    bare = pl.measure.drop(model, np.ones(net.recurrent.edges, bool), np.ones(net.sensory.edges, bool))
    change = pl.measure.decision(model, heard, 1.0, 0) - pl.measure.decision(bare, heard, 1.0, 0)
    assert np.isclose(carried.recurrent.sum() + carried.sensory.sum(), change, rtol=1e-3)

    # 3. How many can go? What each does to the error of the training part says which, the unseen part at what cost.
    slope = 2 * (pl.run(model, u[:SPLIT], 1.0)[0] - y[:SPLIT])
    worth = pl.measure.gradient_times_strength(model, u[:SPLIT], 1.0, slope)
    curve = pl.measure.thinned(model, worth, (0.0, 0.2, 0.4), lambda m: rms(m, u, y))
    for one in curve:
        print(f"{one.synapses:>4} synapses left: error {one.error:.3f}")

    # 4. Out: the thinner net as one C header; its step costs what is left.
    whole, thin = c.cost(curve[0].cell), c.cost(curve[1].cell)
    print(f"as C: {thin.weights:,} bytes and {thin.exponentials} exponentials a step, before {whole.exponentials}")
    assert thin.exponentials < whole.exponentials
    assert curve[0].error < 0.5 * rms_of_last(u, y)
    assert curve[1].error < 1.1 * curve[0].error  # a fifth of the synapses is hardly missed


def rms_of_last(u: np.ndarray, y: np.ndarray) -> float:
    return float(np.sqrt(np.mean((u[SPLIT:, -1:] - y[SPLIT:]) ** 2)))


if __name__ == "__main__":
    main()
