"""A first reservoir, twice: as many tutorials write it, with what goes wrong, and with plashet.

The task: a sine of amplitude 1, ten ticks a second; say the next value. Both are tested on the continuation that they
have not seen, with clean input, with 1 % noise on the input, and from rest (started in the middle, without a past).
"""

import numpy as np

import plashet as pl

DT = 0.1
sine = np.sin(DT * np.arange(2001))[:, None]
noisy = sine + 0.01 * np.random.default_rng(0).normal(size=sine.shape)
unseen = slice(1000, 2000)  # the ticks tested on; the target is the tick after


def error(guesses: np.ndarray) -> float:
    """Root mean square error over the last guesses of the unseen part."""
    return float(np.sqrt(np.mean((guesses - sine[2001 - len(guesses) :]) ** 2)))


def the_pattern_that_is_copied(seed: int) -> dict[str, float]:
    """Dense uniform weights at radius 0.95, no bias, no washout, and a pseudo-inverse on 100 rows for 100 units."""
    rng = np.random.default_rng(seed)
    w, w_in = rng.uniform(-1, 1, (100, 100)), rng.uniform(-1, 1, (100, 1))
    w *= 0.95 / np.abs(np.linalg.eigvals(w)).max()

    def states(u: np.ndarray) -> np.ndarray:
        x, rows = np.zeros(100), []
        for value in u:
            x = np.tanh(w @ x + w_in @ value)
            rows.append(x)
        return np.array(rows)

    readout = np.linalg.pinv(states(sine[:100])) @ sine[1:101]
    return {
        "largest weight": float(np.abs(readout).max()),
        "clean": error(states(sine[:2000])[unseen] @ readout),
        "noise": error(states(noisy[:2000])[unseen] @ readout),
        "from rest": error(states(sine[unseen]) @ readout),
        "from rest, after 100 ticks": error(states(sine[unseen])[100:] @ readout),
    }


def with_plashet(seed: int) -> dict[str, float]:
    # 1. Define the reservoir: units with a time constant of one second, sparsely wired, with a bias.
    liquid = pl.Leaky(pl.wiring.bands(units=100, inputs=1, seed=seed), tau=1.0)

    # 2. Set up input and readout: one series in, one value out.
    model = pl.unread(liquid, outputs=1)

    # 3. Train: ridge regression on 1,000 ticks; the first 100 only wash out the state at rest.
    model = pl.fit(model, pl.Ridge(penalty=1e-2), (sine[:1000], sine[1:1001], DT), washout=100)

    # 4. Test and evaluate on what comes after.
    clean, _ = pl.run(model, sine[:2000], DT)
    noise, _ = pl.run(model, noisy[:2000], DT)
    rest, _ = pl.run(model, sine[unseen], DT)
    return {
        "largest weight": float(np.abs(model.readout.weights).max()),
        "clean": error(clean[unseen]),
        "noise": error(noise[unseen]),
        "from rest": error(rest),
        "from rest, after 100 ticks": error(rest[100:]),
    }


def main() -> None:
    persistence = error(sine[unseen])
    copied = [the_pattern_that_is_copied(seed) for seed in range(5)]
    ours = [with_plashet(seed) for seed in range(5)]
    print(f"{'root mean square error, median (worst) of 5 seeds':<52}{'as copied':>22}{'plashet':>20}")
    for what in copied[0]:
        cells = [(np.median([r[what] for r in rows]), max(r[what] for r in rows)) for rows in (copied, ours)]
        print(f"{what:<52}" + "".join(f"{f'{median:.2g} ({worst:.2g})':>21}" for median, worst in cells))
    print(f"{'saying the last value again (persistence)':<52}{persistence:>21.2g}{persistence:>21.2g}")

    # What is wrong with the pattern: as many units as rows, so that the readout fits rounding errors.
    assert np.median([r["largest weight"] for r in copied]) > 1e5
    assert min(r["largest weight"] for r in copied) > 1e4
    assert min(r["noise"] for r in copied) > 50 > np.sqrt(0.5)  # a constant zero has an error of sqrt(1/2)
    assert np.median([r["noise"] for r in copied]) > 3e2
    assert min(r["from rest"] for r in copied) > 50  # no washout: the states of a start were never seen in training
    for result in ours:
        assert result["largest weight"] < 1
        assert max(result["clean"], result["noise"], result["from rest, after 100 ticks"]) < persistence / 10
        assert result["from rest"] < 0.1  # the first guesses of a liquid without a past are poor, and no more than that


if __name__ == "__main__":
    main()
