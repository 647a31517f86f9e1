"""A first spiking network, twice: as many tutorials show it, and with plashet.

As tutorials show it: a hundred leaky integrate-and-fire units that nothing drives, and an empty raster. With plashet:
the liquid of Maass, Natschläger & Markram 2002 hears one spike train of half a second, and a linear readout tells from
its state at the end which of four templates it was, each spike moved by 4 ms (standard deviation) from trial to trial.
Every score is on jitters that training has not seen. The same readout of the input's own filtered spikes stands beside.
"""

import numpy as np

import plashet as pl

TEMPLATES, TICKS = 4, 500  # of 1 ms


def units_at_rest() -> np.ndarray:
    """The raster of 100 unconnected LIF units in a second without input."""
    spikes, _ = pl.run(pl.LIF(units=100, background=0.0), np.zeros((1000, 100)), dt=1e-3)
    return np.argwhere(spikes)


def with_plashet(seed: int) -> tuple[float, float, np.ndarray]:
    # 1. Templates: Poisson trains of 20 Hz; a trial moves every spike of its template by 4 ms.
    rng = np.random.default_rng(seed)
    templates = [np.flatnonzero(rng.random(TICKS) < 0.02) for _ in range(TEMPLATES)]

    def trials(each: int) -> tuple[np.ndarray, np.ndarray]:
        labels, trains = np.repeat(np.arange(TEMPLATES), each), np.zeros((TEMPLATES * each, TICKS, 1))
        for train, label in zip(trains, labels, strict=True):
            moved = np.rint(templates[label] + rng.normal(0, 4, len(templates[label])))
            np.add.at(train, moved.clip(0, TICKS - 1).astype(int), 1)
        return trains, labels

    # 2. The liquid: 135 units in a column, short-term plasticity, delays; and for comparison no liquid at all.
    liquid = pl.liquids.maass2002(inputs=1, seed=seed)
    dry = pl.encode.Rates(inputs=1, tau=0.03)

    # 3. Train the readout on 60 trials of each template, test it on 25 others.
    (x, y), unseen = trials(60), trials(25)
    settings = {"pooling": pl.sequences.Last(), "dt": 1e-3, "scale": False}
    wet, without = (pl.SequenceClassifier(cell, **settings).fit(x, y).score(*unseen) for cell in (liquid, dry))
    _, _, raster = liquid.record(liquid.init(x[0, 0]), x[0], np.full(TICKS, 1e-3))
    return wet, without, raster


def drawn(raster: np.ndarray, steps: int, units: int) -> str:
    """A raster, (spikes, 2) of (grid step, unit), as text: a line for five units, a column for a 72nd of the time."""
    page = np.full((units // 5, 72), " ")
    page[raster[:, 1] // 5, raster[:, 0] * 72 // steps] = "."
    return "\n".join("|" + "".join(line) + "|" for line in page)


def main() -> None:
    empty = units_at_rest()
    print(f"100 unconnected units at rest, as tutorials show them: {len(empty)} spikes in a second")
    print(drawn(empty, 1000, 100))
    found = [with_plashet(seed) for seed in range(3)]
    raster = found[0][2]
    print(
        f"\nplashet, 135 units hearing one train: {len(raster)} spikes in half a second\n{drawn(raster, 5000, 135)}\n"
    )
    print(f"{TEMPLATES} templates, unseen jitters, share recognised (chance {1 / TEMPLATES:.2f})")
    for what, column in (("the liquid's state at the end", 0), ("the same readout without a liquid", 1)):
        print(f"{what:<36}" + "".join(f"{scores[column]:>7.3f}" for scores in found))

    assert len(empty) == 0  # no input, no spike: the raster of the tutorials says nothing
    assert min(wet for wet, _, _ in found) >= 0.95
    assert max(dry for _, dry, _ in found) < 0.7


if __name__ == "__main__":
    main()
