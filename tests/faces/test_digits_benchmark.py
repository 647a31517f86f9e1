"""The benchmark of spoken digits runs, on tones instead of digits, so that it does not rot."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))

import digits
import digits_choice
import digits_data
import digits_page
import digits_readout

from plashet.cells import Pass
from plashet.learn import FoldRidge
from plashet.model import unread
from plashet.sequences import features


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Three speakers say two "digits" seven times: a low tone or a high one, a little off each time."""
    rng = np.random.default_rng(0)
    who, what, index = (a.ravel() for a in np.mgrid[0:3, 0:2, 0:7])
    lengths = rng.integers(1000, 3000, len(who))
    hertz = np.array([400.0, 1500.0])[what] * np.array([0.95, 1.0, 1.05])[who] * rng.uniform(0.98, 1.02, len(who))
    tones = [np.sin(2 * np.pi * f * np.arange(n) / 8000) for f, n in zip(hertz, lengths, strict=True)]
    samples = (8000 * (np.concatenate(tones) + 0.01 * rng.standard_normal(lengths.sum()))).astype(np.int16)
    np.savez(
        tmp_path / "fsdd.npz",
        samples=samples,
        offsets=np.concatenate(([0], np.cumsum(lengths))),
        digit=what.astype(np.uint8),
        speaker=who.astype(np.uint8),
        index=index.astype(np.uint8),
        speakers=np.array(["ann", "bob", "cid"]),
        sample_rate=8000,
    )
    monkeypatch.setenv("PLASHET_BENCH_DATA", str(tmp_path))
    return tmp_path


def test_every_party_is_scored_on_both_protocols_in_noise_and_by_cost(folder, monkeypatch, capsys):
    file = folder / "found.json"
    monkeypatch.setattr(sys, "argv", ["digits.py", "--seeds", "1", "--units", "20", "--json", str(file)])
    digits.main()
    found = json.loads(file.read_text())["results"]
    assert list(found) == list(digits.parties(8000, 20))
    for one in found.values():
        assert one["official"][0] > 80
        assert list(one["speakers"]) == ["ann", "bob", "cid"]
        assert list(one["noise"]) == ["20 dB", "10 dB", "0 dB"]
    assert found["spiking liquid"]["cost"]["synaptic events"] > 0
    assert found["spiking liquid, neurons not connected"]["cost"]["synaptic events"] == 0
    assert found["reservoir"]["cost"]["multiply-adds"] == 100 * (200 + 20 * 41)
    printed = capsys.readouterr().out
    assert "wanted 99.3" in printed
    assert "synaptic events" in printed


def test_what_is_found_later_is_put_beside_what_was_found(folder, monkeypatch):
    file = folder / "found.json"
    for name in ("reservoir", "no liquid, same front end"):
        argv = ["digits.py", "--seeds", "1", "--units", "5", "--only", name, "--keep", "--json", str(file)]
        monkeypatch.setattr(sys, "argv", argv)
        digits.main()
    found = json.loads(file.read_text())
    assert list(found["results"]) == ["no liquid, same front end", "reservoir"]
    page = digits_page.page(found, "noise.png")
    assert "| no liquid, same front end |" in page
    assert "wanted 82" in page
    assert "](noise.png)" in page
    pytest.importorskip("matplotlib")
    digits_page.draw(found, folder / "noise.png")
    assert (folder / "noise.png").stat().st_size > 5000


def test_candidates_are_scored_for_each_speaker_left_out(folder, monkeypatch, capsys):
    one = {"reservoir": dict(list(digits_choice.candidates(8000, 10)["reservoir"].items())[:2])}
    monkeypatch.setattr(digits_choice, "candidates", lambda rate, units: one)
    monkeypatch.setattr(sys, "argv", ["digits_choice.py", "--units", "10"])
    digits_choice.main()
    assert "| reservoir | official split | without ann | without bob | without cid |" in capsys.readouterr().out


@pytest.mark.parametrize("kind", ["reservoir", "spiking liquid"])
def test_every_candidate_is_another_liquid_or_front_end(kind):
    frames = np.random.default_rng(0).standard_normal((30, 40))
    for name, recipe in digits_choice.candidates(8000, 10)[kind].items():
        cell = recipe.liquid(recipe.front.outputs)
        u = frames[:, : cell.inputs] if cell.inputs <= 40 else np.hstack((frames, frames))[:, : cell.inputs]
        found = features(cell, [u], 0.01, recipe.pooling)
        if name == "as it is":
            first = found
        elif recipe.front.outputs == 40 and found.shape == first.shape and not name.startswith("each recording"):
            assert not np.allclose(found, first), name


def test_without_the_data_the_benchmark_says_where_it_looked(tmp_path, monkeypatch):
    monkeypatch.setenv("PLASHET_BENCH_DATA", str(tmp_path))
    with pytest.raises(SystemExit, match="set PLASHET_BENCH_DATA"):
        digits_data.load()


def test_noise_has_the_power_that_was_asked_for():
    sound = np.sin(np.arange(20_000)).astype(np.float32)
    for snr in (20, 10, 0):
        noise = digits_data.noisy(sound, snr, seed=1) - sound
        assert 10 * np.log10(np.mean(sound**2) / np.mean(noise**2)) == pytest.approx(snr, abs=0.1)


def test_the_readout_is_the_ridge_of_the_library():
    rng = np.random.default_rng(0)
    x, labels = rng.standard_normal((60, 90)), np.arange(60) % 3
    taught = digits_readout.teach(x, labels, np.arange(60) % 5, lambda gram, y, fold: 30.0)
    z = (x - x.mean(axis=0)) / x.std(axis=0)
    learner, signs = FoldRidge((30.0,)), np.where(labels[:, None] == np.arange(3), 1.0, -1.0)
    model = learner.model(learner.absorb(learner.init(unread(Pass(90), 3)), z, signs))
    np.testing.assert_allclose(taught.weights, model.readout.weights, rtol=1e-8, atol=1e-12)
    np.testing.assert_allclose(taught.bias, model.readout.bias, rtol=1e-8)


def test_the_penalty_is_the_one_with_the_most_right_answers_on_folds_left_out():
    rng = np.random.default_rng(1)
    labels, fold = np.arange(80) % 2, np.arange(80) // 2 % 4
    x = rng.standard_normal((80, 100)) + 0.3 * labels[:, None]
    z = (x - x.mean(axis=0)) / x.std(axis=0)
    y = np.where(labels[:, None] == np.arange(2), 1.0, -1.0)
    right = []
    for penalty in digits_readout.PENALTIES:
        told = 0
        for f in range(4):
            out, mean = fold == f, z[fold != f].mean(axis=0)
            c = z[~out] - mean
            w = np.linalg.solve(c.T @ c + penalty * np.eye(100), c.T @ (y[~out] - y[~out].mean(axis=0)))
            told += np.sum(((z[out] - mean) @ w + y[~out].mean(axis=0)).argmax(axis=1) == labels[out])
        right.append(told)
    best = max(p for p, r in zip(digits_readout.PENALTIES, right, strict=True) if r == max(right))
    assert digits_readout.choose(z @ z.T, y, fold) == best
