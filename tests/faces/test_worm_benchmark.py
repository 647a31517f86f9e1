"""The benchmark of the worm runs, on a toy, so that it does not rot; and its tasks are split as they say."""

import json
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))

import worm
import worm_page
import worm_tasks


def toy(seed):
    rng = np.random.default_rng(seed)
    u = rng.normal(size=(12, 10, 1))
    y = np.cumsum(u, axis=0)
    y[:2] = np.nan
    return worm_tasks.Split((u[:, :6], y[:, :6]), (u[:, 6:8], y[:, 6:8]), (u[:, 8:], y[:, 8:]))


TOY = replace(worm_tasks.NARMA, load=toy, batch=3, epochs=2)


@pytest.fixture
def small(monkeypatch):
    for module in (worm, worm_page):
        monkeypatch.setattr(module, "TASKS", (TOY,))
    part = ["ASE", "ALM", "AVA", "AVB", "AIB", "DB", "DD", "VD"]
    monkeypatch.setattr(worm, "NEURONS", part)
    monkeypatch.setattr(worm, "UNITS", 30)
    for name in ("RADII", "SCALES", "TAUS"):
        monkeypatch.setattr(worm, name, getattr(worm, name)[:1])


def test_every_party_is_scored_and_the_page_tells_who_was_better(small, tmp_path, monkeypatch, capsys):
    file = tmp_path / "worm.json"
    monkeypatch.setattr(
        sys, "argv", ["worm.py", "--seeds", "2", "--trained", "2", "--tasks", TOY.name, "--json", str(file)]
    )
    worm.main()
    found = json.loads(file.read_text())
    assert list(found["reservoir"][TOY.name]["parties"]) == [*worm.RESERVOIRS, "the input alone, linear"]
    assert list(found["trained"][TOY.name]["parties"]) == list(worm.TRAINED)
    for study in ("reservoir", "trained"):
        for one in found[study][TOY.name]["parties"].values():
            assert len(one["scores"]) == 2
            assert np.isfinite(one["scores"]).all()
    page = worm_page.page(found)
    assert "In 3 comparisons" in page
    assert TOY.says in page


def test_the_page_counts_what_the_seeds_show():
    def study(own, twin):
        return {"toy": {"seconds": 1.0, "parties": {"worm": {"scores": own}, "worm, dealt anew": {"scores": twin}}}}

    told = lambda own, twin: worm_page.against("trained", study(own, twin)["toy"], "worm", "{:.1f}")
    assert told([1.0, 2.0, 3.0], [2.0, 3.1, 4.0]) == ("1.0 ± 0.0", "3 of 3", "better")
    assert told([2.0, 3.1, 4.0], [1.0, 2.0, 3.0]) == ("-1.0 ± 0.0", "0 of 3", "worse")
    assert told([1.0, 2.0, 3.0], [2.0, 1.0, 3.5])[1:] == ("2 of 3", "undecided")


def test_vowels_and_narma_are_split_without_sharing_anything():
    split = worm_tasks.vowels(0)
    assert [part[0].shape[1] for part in split] == [216, 54, 370]
    counts = [np.bincount(np.nanmean(y, axis=0).argmax(-1)) for _, y in split]
    assert set(counts[0]) == {24}
    assert set(counts[1]) == {6}
    taught, held = ({row.tobytes() for row in np.moveaxis(u, 1, 0)} for u, _ in split[:2])
    assert not taught & held
    split = worm_tasks.narma(0)
    assert [part[0].shape for part in split] == [(200, n, 1) for n in (24, 6, 12)]
    assert np.isnan(split.test[1][:50]).all()
    assert split.train[0].mean() == pytest.approx(0, abs=1e-12)


def test_the_twin_differs_in_who_listens_to_whom_alone():
    own, strength = worm.net(1, 3, False)
    other, dealt = worm.net(1, 3, True)
    for end in ("pre", "post"):
        ends = [np.bincount(getattr(n.recurrent, end), minlength=302) for n in (own, other)]
        np.testing.assert_array_equal(*ends)
    spoken = [np.bincount(n.recurrent.pre, s, 302) for n, s in ((own, strength), (other, dealt))]
    np.testing.assert_allclose(*spoken)  # strengths stay with the presynaptic neuron
    assert (own.recurrent.pre != other.recurrent.pre).any()


def test_scores_are_what_they_are_called():
    y = np.array([[[1.0, -1.0], [np.nan, np.nan]], [[1.0, -1.0], [-1.0, 1.0]]])
    guess = np.array([[[0.2, 0.4], [9.0, 0.0]], [[0.5, 0.0], [0.3, 0.1]]])
    assert worm_tasks.wrong(guess, y) == 50.0  # the second: its first tick does not count
    assert worm_tasks.nrmse(np.zeros(4), np.array([1.0, -1.0, 1.0, -1.0])) == 1.0
