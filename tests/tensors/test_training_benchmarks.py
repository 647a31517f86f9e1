"""The training benchmarks run, at a toy size, and their streams of parity are what they say. Needs the extra torch."""

import json
import sys
from functools import partial
from pathlib import Path

import numpy as np
import pytest

pytestmark = pytest.mark.torch
pytest.importorskip("torch")

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Recordings of a noisy rotation: the next observation is nearly linear in this one."""
    rng = np.random.default_rng(0)
    turn = np.linalg.qr(rng.normal(size=(17, 17)))[0]
    traces = np.empty((31, 83, 17))
    traces[:, 0] = rng.normal(size=(31, 17))
    for t in range(1, 83):
        traces[:, t] = traces[:, t - 1] @ turn + 0.1 * rng.normal(size=(31, 17))
    np.savez(tmp_path / "half_cheetah.npz", traces=traces.astype(np.float32))
    monkeypatch.setenv("PLASHET_BENCH_DATA", str(tmp_path))
    return tmp_path


def test_a_recipe_is_chosen_then_seeds_are_trained_and_told_beside_baselines(folder, monkeypatch):
    import half_cheetah

    file = folder / "found.json"
    names = ["Gated 32", "nn.LSTM 32", "LTC 32, NCP"]
    monkeypatch.setattr(half_cheetah, "GRID", half_cheetah.GRID[:2])
    monkeypatch.setattr(half_cheetah.data, "echo_state", partial(half_cheetah.data.echo_state, units=20))
    common = ["half_cheetah.py", "--epochs", "2", "--json", str(file), "--only", *names]
    for more in (["--choose"], ["baselines", "--seeds", "0", "1"]):
        monkeypatch.setattr(sys, "argv", [*common, *more])
        half_cheetah.main()
    kept = json.loads(file.read_text())
    assert all(len(kept["choice"][name]) == 2 for name in names)
    assert all("test" not in tried for tried in kept["choice"]["Gated 32"])
    assert all(list(kept["results"][name]["runs"]) == ["0", "1"] for name in names)
    page = file.with_suffix(".md").read_text()
    assert "**Gated 32**" in page
    assert "Gated 32 less nn.LSTM 32, 2 paired seeds" in page


def test_a_seed_gives_the_same_training_again_and_training_helps(folder):
    import half_cheetah
    import half_cheetah_data as data
    from half_cheetah_fit import Recipe

    parts = data.parts(data.load())
    recipe = Recipe(epochs=15)
    first, again = (half_cheetah.trial("Gated 32", recipe, parts, 3, test=True) for _ in range(2))
    assert first["test"] == again["test"]
    assert first["test"] < 0.25 * data.persistence(parts[2])


def test_ticks_are_dropped_and_the_time_between_those_left_is_told(folder):
    import half_cheetah_data as data

    train = data.parts(data.load())[0]
    for thin in (data.thinned, data.ahead):
        whole, half = thin(train, 0.0, 1), thin(train, 0.5, 1)
        assert all(np.array_equal(a, b) for a, b in zip(whole, data.whole(train), strict=True))
        assert half.now.shape == (16, *train.shape[1:]) == half.then.shape
        assert np.array_equal(half.now[0], train[0])
    ticks, windows = half.dt.shape
    at = np.cumsum(half.dt, axis=0).astype(int)
    assert np.array_equal(half.then, train[at, np.arange(windows)])
    assert np.array_equal(half.now[1:], half.then[:-1])
    assert ticks < at[-1].max() <= 32


def test_thinned_recordings_are_told_by_question_share_and_seed(folder, monkeypatch):
    import irregular
    from half_cheetah_fit import Recipe

    file = folder / "thin.json"
    real = irregular.trial
    names = ["nn.GRU 32, dt an input", "CfC 32", "dense 32, no memory, dt an input"]
    monkeypatch.setattr(irregular, "trial", lambda *a: real(*a, Recipe(epochs=1)))
    monkeypatch.setattr(irregular, "GRID", (Recipe(epochs=1), Recipe(epochs=2)))
    monkeypatch.setattr(irregular, "RECIPE", Recipe(epochs=1))
    common = ["irregular.py", "--json", str(file), "--only", *names]
    for more in (["--choose"], ["--seeds", "0", "1", "--asked", "next", "own", "any"]):
        monkeypatch.setattr(sys, "argv", [*common, *more])
        irregular.main()
    kept, page = json.loads(file.read_text()), file.with_suffix(".md").read_text()
    assert all(len(tried) == 2 for tried in kept["choice"].values())
    assert all(list(kept[asked]) == names for asked in ("next", "any", "results"))
    assert kept["next"]["CfC 32"]["0.5"].keys() == {"0", "1"}
    assert "more at 50 %, trained at 0 %" in page
    assert "| CfC 32 | " in page.split("loses more than nn.GRU 32, dt an input")[1]


def test_events_are_the_runs_of_bits_and_the_label_their_parity():
    import xor

    events = xor.drawn(500, seed=1)
    lengths = events.dt.sum(axis=1)
    assert lengths.min() == 2
    assert lengths.max() == xor.LONGEST
    np.testing.assert_array_equal((events.dt > 0).sum(axis=1), events.count)
    np.testing.assert_array_equal((events.bit * events.dt).sum(axis=1) % 2, events.label)
    for bit, count in zip(events.bit, events.count, strict=True):
        assert (np.abs(np.diff(bit[:count])) == 1).all()  # every event is a change
    assert abs(events.label.mean() - 0.5) < 0.1


def test_every_party_of_the_parity_is_trained_and_scored(tmp_path, monkeypatch):
    import xor

    file = tmp_path / "xor.json"
    for name, value in (("TRAIN", 256), ("CHOOSE", 100), ("TEST", 200), ("STEPS", 3)):
        monkeypatch.setattr(xor, name, value)
    monkeypatch.setattr(sys, "argv", ["xor.py", "--passes", "1", "--seeds", "0", "--json", str(file)])
    xor.main()
    found = json.loads(file.read_text())["results"]
    assert list(found) == list(xor.PARTIES)
    assert all(0.3 < runs["0"]["test"] < 0.7 for runs in found.values())
