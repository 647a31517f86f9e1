"""Ten million ticks through 500 units are fitted within 600 MB: memory does not grow with the series."""

import json
import subprocess
import sys

import pytest

resource = pytest.importorskip("resource")

FIT = """
import json, resource, sys
import numpy as np
import plashet as pl

ticks, units = int(sys.argv[1]), int(sys.argv[2])
u = np.random.default_rng(0).uniform(-1, 1, (ticks, 1)).astype(np.float32)
y = np.zeros((ticks, 1), np.float32)
y[2:] = u[1:-1] * u[:-2]  # what the liquid must remember, and multiply
liquid = pl.Leaky.from_leak_rate(pl.wiring.bands(units, 1, seed=0), 0.9)
learner = pl.Ridge(1.0)  # large enough for normal equations all the way: half the work of QR
model = pl.fit(pl.unread(liquid), learner, (u, y), washout=100)
guess = pl.run(model, u[-5000:])[0][100:]
error = float(np.sqrt(np.mean((guess - y[-4900:]) ** 2)) / y.std())
print(json.dumps({"megabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, "nrmse": error}))
"""


def fitted(ticks: int, units: int) -> dict[str, float]:
    """The greatest resident size of a process that fits, and how well it fits."""
    child = [sys.executable, "-c", FIT, str(ticks), str(units)]
    return json.loads(subprocess.run(child, capture_output=True, text=True, check=True).stdout)


linux = pytest.mark.skipif(sys.platform != "linux", reason="ru_maxrss is in kB on Linux only")


@linux
def test_four_times_the_ticks_take_only_the_room_of_their_data():
    short, long = fitted(50_000, 100), fitted(200_000, 100)
    data = 150_000 * 8 / 2**20  # u and y in float32
    assert long["megabytes"] - short["megabytes"] < data + 8  # states would be 60 MB in float32
    assert long["nrmse"] < 0.4


@linux
@pytest.mark.slow
def test_ten_million_ticks_through_500_units_are_fitted_within_600_mb():
    found = fitted(10_000_000, 500)
    assert found["megabytes"] < 600
    assert found["nrmse"] < 0.2
