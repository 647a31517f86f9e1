"""Sound as features: against direct sums, other libraries and closed forms; a stream gives what the whole gives."""

import os
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import plashet as pl
from plashet import _kernels, tree
from plashet.cells import Pass, tick
from plashet.encode import Scale
from plashet.encode.audio import (
    MFCC,
    Cepstra,
    Cochleagram,
    Deltas,
    Front,
    LogMel,
    LyonEar,
    PeakNorm,
    PeakScale,
    RunningNorm,
    RunningPeak,
    UtteranceNorm,
    as_samples,
    erb,
    erb_spaced,
    from_mel,
    gammatone,
    hear,
    hops,
    to_mel,
)

RATE = 8000
EARS = {
    "log-mel": LogMel(RATE),
    "log-mel, windows apart": LogMel(RATE, bands=20, window=0.02, hop=0.03),
    "log-mel, window of two hops": LogMel(RATE, bands=20, window=0.02, hop=0.01),
    "MFCC": MFCC(LogMel(RATE), lifter=22.0),
    "cochleagram": Cochleagram(RATE, channels=5),
    "Lyon's ear": LyonEar(RATE, quality=4.0, spacing=0.5),
}
every = pytest.mark.parametrize("ear", EARS.values(), ids=EARS.keys())


def noise(time, seed=0, dtype=np.float64):
    return (0.1 * np.random.default_rng(seed).normal(size=time)).astype(dtype)


def sine(hertz, seconds=0.5, amplitude=1.0, rate=RATE):
    return amplitude * np.sin(2 * np.pi * hertz * np.arange(int(seconds * rate)) / rate)


# LogMel


def test_log_mel_is_the_direct_sum():
    x, ear = noise(700), LogMel(RATE, bands=6, low=100, high=3000)
    edges = 700 * (10 ** (np.linspace(2595 * np.log10(1 + 100 / 700), 2595 * np.log10(1 + 3000 / 700), 8) / 2595) - 1)
    found = ear(x)
    assert found.shape == (1 + (700 - 200) // 80, 6)
    n = np.arange(200)
    hann = 0.5 - 0.5 * np.cos(2 * np.pi * n / 199)
    for t in range(len(found)):
        for b, (left, top, right) in enumerate(zip(edges, edges[1:], edges[2:], strict=False)):
            energy = 0.0
            for k in range(129):
                f = k * RATE / 256
                weight = min((f - left) / (top - left), (right - f) / (right - top))
                if weight > 0:
                    power = abs(np.sum(x[80 * t : 80 * t + 200] * hann * np.exp(-2j * np.pi * k * n / 256))) ** 2
                    energy += weight * power
            assert found[t, b] == pytest.approx(np.log(energy + 1e-8), rel=1e-12)


def test_its_parts_agree_with_python_speech_features():
    psf = pytest.importorskip("python_speech_features")
    x, ear = noise(2000), LogMel(RATE, points=1 << 16)
    frames = psf.sigproc.framesig(x, 200, 80, winfunc=np.hanning)[: len(ear(x))]
    power = psf.sigproc.powspec(frames, 1 << 16) * (1 << 16)
    np.testing.assert_allclose(ear(x), np.log(power @ ear.filters + 1e-8), rtol=1e-10)
    rounded = psf.base.get_filterbanks(40, 1 << 16, RATE, 60, 4000).T  # its edges are rounded to whole points
    np.testing.assert_allclose(np.exp(ear(x)), power @ rounded + 1e-8, rtol=1e-2)
    f = np.linspace(0, 4000, 9)
    np.testing.assert_allclose(to_mel(f), psf.base.hz2mel(f))
    np.testing.assert_allclose(from_mel(to_mel(f)), f, atol=1e-9)


def test_a_pure_tone_is_loudest_in_the_band_that_it_is_the_top_of():
    ear = LogMel(RATE, bands=30, points=1024)
    for b in (0, 3, 10, 20, 29):
        frames = ear(sine(ear.edges[b + 1], amplitude=0.3))
        assert (frames.argmax(axis=1) == b).all()


def test_the_bands_hold_the_energy_that_the_sound_has():
    """Parseval: triangles that add up to 1 share out the power of the spectrum, half of which is at f > 0."""
    ear, x = LogMel(RATE, bands=25, points=1024), sine(1500.0)
    between = slice(*np.searchsorted(np.fft.rfftfreq(1024, 1 / RATE), [ear.edges[1], ear.edges[-2]]))
    np.testing.assert_allclose(ear.filters[between].sum(axis=1), 1.0, rtol=1e-12)
    total = 1024 * ((x[:200] * np.hanning(200)) ** 2).sum() / 2
    assert np.exp(ear(x)[0]).sum() == pytest.approx(total, rel=1e-4)  # what the Hann window leaks beyond the ends


def test_silence_is_the_floor_and_a_window_the_shortest_recording():
    ear = LogMel(RATE, floor=1e-6)
    assert np.allclose(ear(np.zeros(1000)), np.log(1e-6))
    x = noise(150)
    assert np.array_equal(ear(x), ear(np.pad(x, (0, 50))))
    assert ear(x).shape == (1, 40)
    assert ear(x[:1]).shape == (1, 40)
    assert [ear.frames(n) for n in (1, 199, 200, 279, 280)] == [1, 1, 1, 1, 2]


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        (dict(rate=0), "rate is in samples per second and must be positive, got 0"),
        (dict(rate=float("nan")), "must be positive, got nan"),
        (dict(rate=RATE, high=4100.0), "0 <= low < high <= 4000"),
        (dict(rate=RATE, low=-1.0), "0 <= low < high <= 4000"),
        (dict(rate=RATE, low=500.0, high=500.0), "from 500.0 to 500.0 Hz"),
        (dict(rate=RATE, points=128), "points is 128, but a window has 200 samples"),
        (dict(rate=RATE, hop=1e-5), "0.025 s and a hop of 1e-05 s are 200 and 0 samples"),
        (dict(rate=RATE, bands=0), "bands must be at least 1"),
        (dict(rate=RATE, floor=0.0), "floor positive"),
        (dict(rate=RATE, bands=128), r"band 1, 70\.8 to 92\.9 Hz, holds no frequency of a spectrum of 256 points"),
    ],
)
def test_settings_that_do_not_fit_are_refused(settings, says):
    with pytest.raises(ValueError, match=says):
        LogMel(**settings)


# cepstra and slopes


def test_cepstra_are_the_cosine_transform_of_scipy_and_the_lifter_of_python_speech_features():
    from scipy.fft import dct

    x = noise(2000)
    frames = LogMel(RATE)(x)
    wanted = dct(frames, norm="ortho")[:, :13]
    np.testing.assert_allclose(MFCC(LogMel(RATE))(x), wanted, atol=1e-12)
    psf = pytest.importorskip("python_speech_features")
    np.testing.assert_allclose(MFCC(LogMel(RATE), lifter=22)(x), psf.lifter(wanted, 22), atol=1e-12)


def test_all_coefficients_are_a_rotation():
    basis = Cepstra(7, 7).basis
    np.testing.assert_allclose(basis @ basis.T, np.eye(7), atol=1e-14)
    for wrong in (0, 8):
        with pytest.raises(ValueError, match="coefficients of 7 inputs: wanted 1 to 7"):
            Cepstra(7, wrong)
    with pytest.raises(ValueError, match="99 coefficients of 40 inputs"):
        MFCC(LogMel(RATE), coefficients=99)


def test_slopes_are_those_of_python_speech_features_and_of_a_straight_line():
    line = np.arange(20.0)[:, None] * [3.0, -1.0]
    found = Deltas(2, order=2)(line)
    np.testing.assert_allclose(found[4:-4, 2:], [[3.0, -1.0, 0.0, 0.0]] * 12, atol=1e-12)
    psf = pytest.importorskip("python_speech_features")
    x = np.random.default_rng(0).normal(size=(15, 3))
    np.testing.assert_allclose(Deltas(3, width=3)(x)[:, 3:], psf.delta(x, 3), atol=1e-14)
    twice = psf.delta(psf.delta(x, 2), 2)
    np.testing.assert_allclose(Deltas(3, order=2)(x)[2:-2, 6:], twice[2:-2], atol=1e-14)
    with pytest.raises(ValueError, match="width must be at least 1 and order 1 or 2"):
        Deltas(3, width=0)


@pytest.mark.parametrize("order", [1, 2])
def test_slopes_of_a_stream_come_late_and_are_those_of_the_whole(order):
    x, part = np.random.default_rng(1).normal(size=(12, 3)), Deltas(3, order=order)
    held = np.concatenate((x, np.repeat(x[-1:], part.lag, axis=0)))
    outputs, _ = pl.run(part, held)
    assert np.array_equal(outputs[part.lag :], part(x))
    batch, _ = pl.run(part, np.stack((held, held[::-1]), axis=1))
    assert np.array_equal(batch[:, 0], outputs)


def test_a_missing_feature_is_as_in_the_frame_before():
    x = np.random.default_rng(2).normal(size=(8, 2))
    held, missing = x.copy(), x.copy()
    missing[[0, 3, 4], 0] = np.nan
    held[0, 0], held[3:5, 0] = 0.0, x[2, 0]
    part = Deltas(2)
    assert np.array_equal(part(missing), part(held))
    whole, _ = pl.run(part, held)
    left, state = pl.run(part, missing[:4])
    assert np.array_equal(np.concatenate((left, pl.run(part, missing[4:], state=state)[0])), whole)


# gammatone filters and the cochleagram


@pytest.mark.parametrize(("hertz", "rate"), [(300, 8000), (1000, 8000), (3000, 8000), (440, 16000), (4000, 44100)])
def test_a_gammatone_filter_is_that_of_scipy(hertz, rate):
    from scipy import signal

    impulse = np.eye(1, 2000)[0]
    b, a = signal.gammatone(hertz, "iir", fs=rate)
    wanted = signal.lfilter(b, a, impulse)  # one polynomial of order 8: less exact the lower the frequency
    np.testing.assert_allclose(
        signal.sosfilt(gammatone(hertz, rate), impulse), wanted, atol=1e-5 * np.abs(wanted).max()
    )


@pytest.mark.parametrize("hertz", [100, 500, 2000])
def test_a_gammatone_filter_has_gain_one_and_the_bandwidth_and_response_that_it_should(hertz):
    from scipy import signal

    rate = 48000
    f, h = signal.freqz_sos(gammatone(hertz, rate), worN=1 << 16, fs=rate)
    assert np.abs(h).max() == pytest.approx(1.0, rel=2e-3)
    assert (np.abs(h) ** 2).sum() * f[1] == pytest.approx(erb(hertz), rel=0.01)
    t = np.arange(9600) / rate
    wanted = t**3 * np.exp(-2 * np.pi * 1.019 * erb(hertz) * t) * np.cos(2 * np.pi * hertz * t)
    found = signal.sosfilt(gammatone(hertz, rate), np.eye(1, len(t))[0])
    likeness = found @ wanted / np.sqrt((found @ found) * (wanted @ wanted))
    assert likeness > 0.98


def test_erbs_are_those_of_the_paper_and_equal_steps_of_the_scale():
    assert erb(1000) == pytest.approx(132.639)
    f = erb_spaced(100, 4000, 30)
    assert f[[0, -1]] == pytest.approx([100, 4000])
    np.testing.assert_allclose(np.diff(f) / erb((f[1:] + f[:-1]) / 2), np.diff(f)[0] / erb(f[:2].mean()), rtol=2e-3)


def test_a_pure_tone_is_loudest_at_its_place_and_as_loud_as_half_a_sine():
    ear = Cochleagram(RATE, channels=24)
    for c in (3, 12, 20):
        steady = ear(sine(ear.frequencies[c], seconds=1.0, amplitude=0.3))[-20:].mean(axis=0)
        assert steady.argmax() == c
        assert steady[c] == pytest.approx((0.3 / np.pi) ** (1 / 3), rel=3e-3)


def test_smoothing_is_a_leaky_integral_of_the_frames():
    x = noise(1600)
    rough, smooth = Cochleagram(RATE, 4, tau=0.0, exponent=1.0)(x), Cochleagram(RATE, 4, tau=0.02, exponent=1.0)(x)
    level = np.zeros(4)
    for r, s in zip(rough, smooth, strict=True):
        level = r + (level - r) * np.exp(-0.01 / 0.02)
        np.testing.assert_allclose(s, level, rtol=1e-12)


def test_an_ear_of_wrong_settings_is_refused():
    for wrong, says in (
        (dict(rate=-1), "rate is in samples per second"),
        (dict(rate=RATE, hop=0.0), "0 samples at 8000 Hz"),
        (dict(rate=RATE, channels=0), "there are 0 channels"),
        (dict(rate=RATE, tau=-1.0), "tau must be zero or more"),
        (dict(rate=RATE, exponent=0.0), r"exponent in \(0, 1\]"),
        (dict(rate=RATE, low=0.0), "0 < low < high < 4000"),
        (dict(rate=RATE, high=4000.0), "0 < low < high < 4000"),
    ):
        with pytest.raises(ValueError, match=says):
            Cochleagram(**wrong)


# Lyon's ear


def test_lyons_ear_has_the_filters_and_the_response_of_the_auditory_toolbox():
    pytest.importorskip("lyon")
    from lyon.calc import LyonCalc
    from lyon.utils import design_lyon_filters, epsilon_from_tau, set_gain

    calc = LyonCalc()
    for rate, channels in ((8000, 64), (12000, 77), (16000, 86)):
        ear, x = LyonEar(rate), noise(rate // 4)
        filters, frequencies = design_lyon_filters(rate)
        assert ear.outputs == channels
        np.testing.assert_allclose(ear.frequencies, frequencies, rtol=1e-12)
        np.testing.assert_allclose(ear.sections, filters.T, atol=1e-12)
        through, _ = calc.soscascade(x, np.ascontiguousarray(filters))
        targets = [(0.0032, 0.64), (0.0016, 0.16), (0.0008, 0.04), (0.0004, 0.01)]
        controls = np.array([[target, epsilon_from_tau(tau, rate)] for target, tau in targets])
        heard, _ = calc.agc(np.clip(through, 0, None), controls)
        kept = 1 - epsilon_from_tau(0.03, rate)
        low = set_gain(np.array([0, 0, 1, -2 * kept, kept**2]), 1, 0, rate)[:, None]
        more = np.clip(heard[:, 1:-1] - heard[:, 2:], 0, None)
        smooth, _ = calc.sosfilters(np.ascontiguousarray(more), np.ascontiguousarray(low))
        np.testing.assert_allclose(ear(x) * 0.0004, smooth[ear.inputs - 1 :: ear.inputs], rtol=1e-9, atol=1e-15)


def test_the_filters_of_lyons_ear_have_the_places_widths_and_gains_of_the_paper():
    ear = LyonEar(16000)
    f, width = ear.frequencies, np.hypot(ear.frequencies, 1000) / 8
    for stage, pole, bandwidth in zip(ear.sections[2:], f, width, strict=True):
        zero = pole + 1.5 * 0.25 * bandwidth
        for place, quality, (one, two) in (
            (pole, pole / bandwidth, stage[3:]),
            (zero, 5 * zero / bandwidth, stage[1:3] / stage[0]),
        ):
            root = np.log(np.roots([1, one, two])[0]) * 16000 / (2 * np.pi)  # its place in the plane of s, in Hz
            assert abs(root) == pytest.approx(place, rel=1e-9)
            assert -root.real == pytest.approx(place / (2 * quality), rel=1e-9)
    at_rest = ear.sections[2:, :3].sum(axis=1) / (1 + ear.sections[2:, 3:].sum(axis=1))
    np.testing.assert_allclose(at_rest[1:], f[:-1] / f[1:])
    quarter = np.exp(0.5j * np.pi)
    for outer in ear.sections[:2]:
        assert abs(np.polyval(outer[:3], quarter) / np.polyval([1, *outer[3:]], quarter)) == pytest.approx(1)


def test_gain_control_ends_where_what_it_takes_and_its_target_balance():
    """g = x (1 - g) / target at rest: each control leaves x / (1 + x / target)."""
    ear, level = LyonEar(400), 2e-3
    gains, sound = np.zeros((4, 5)), np.full(5, level)
    for _ in range(8 * 400):
        gains, left = ear._controlled(gains, sound)
    wanted = level
    for target in (0.0032, 0.0016, 0.0008, 0.0004):
        wanted /= 1 + wanted / target
    np.testing.assert_allclose(left, wanted, rtol=1e-4)


def test_the_channels_of_lyons_ear_lie_a_share_of_their_bandwidth_apart():
    for quality, spacing in ((8.0, 0.25), (4.0, 0.5)):
        f = LyonEar(16000, quality, spacing).frequencies
        middle = (f[:-1] + f[1:]) / 2
        np.testing.assert_allclose(-np.diff(f), spacing * np.hypot(middle, 1000) / quality, rtol=2e-3)
        assert f[0] < 8000
    assert LyonEar(12000).outputs == 77  # as in Verstraeten's studies


def test_a_tone_is_heard_at_its_place_and_loudness_is_controlled():
    ear = LyonEar(RATE)
    for hertz in (400, 1000, 2500):
        quiet, loud = (ear(sine(hertz, 1.0, amplitude))[-10:].mean(axis=0) for amplitude in (0.01, 1.0))
        for found in (quiet, loud):
            assert ear.frequencies[found.argmax()] == pytest.approx(hertz, rel=0.1)
        assert loud.max() < 4 * quiet.max()  # 40 dB more sound
    assert (ear(np.zeros(1000)) == 0).all()


def test_settings_of_lyons_ear_that_do_not_fit_are_refused():
    for wrong, says in (
        (dict(rate=0), "rate is in samples per second"),
        (dict(rate=RATE, hop=0.0), "0 samples at 8000 Hz"),
        (dict(rate=RATE, tau=0.0), "tau is 0.0"),
        (dict(rate=RATE, quality=0.5), "a quality above 0.5"),
        (dict(rate=RATE, spacing=-1.0), "a quality above 0.5, a smaller spacing"),
        (dict(rate=100), "at 100 Hz leave no channels"),
    ):
        with pytest.raises(ValueError, match=says):
            LyonEar(**wrong)


@pytest.mark.parametrize("ear", [Cochleagram(RATE, channels=11), LyonEar(RATE)], ids=["cochleagram", "Lyon's ear"])
def test_the_kernel_computes_the_equation(ear):
    """One tick at a time from the same state along the sound."""
    state = ear.init(np.zeros((2, ear.inputs)))
    for now in noise(12 * ear.inputs).reshape(6, 2, ear.inputs):
        by_run, frames = ear.run(state, now[None], ear.dt)
        state, expected = ear.step(state, now, ear.dt)
        np.testing.assert_allclose(frames[0], expected, rtol=1e-10, atol=1e-12)
        for a, b in zip(by_run, state, strict=True):
            np.testing.assert_allclose(a[..., : b.shape[-1]], b, rtol=1e-10, atol=1e-13)


def test_every_instruction_set_hears_the_same():
    x, bank = noise(800)[None], Cochleagram(RATE, channels=8)
    outs = []
    for name in _kernels.instruction_sets():
        state, out = np.zeros((1, 4, 2, 8)), np.zeros((1, 10, 8))
        _kernels.gammatone(x, bank._constants, state, out, name)
        outs.append((out, state))
    for out, state in outs:
        np.testing.assert_allclose(out, outs[0][0], rtol=1e-12, atol=1e-15)
        np.testing.assert_allclose(state, outs[0][1], rtol=1e-9, atol=1e-15)
    with pytest.raises(ValueError, match="no instruction set abacus"):
        _kernels.gammatone(x, bank._constants, state, out, "abacus")
    with pytest.raises(ValueError, match="sections are"):
        _kernels.gammatone(x, bank._constants[..., :7].copy(), state, out)
    with pytest.raises(ValueError, match=r"x is \(rows, ticks \* hop\)"):
        _kernels.gammatone(x[:, :799].copy(), bank._constants, state, out)


# every ear


@every
@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_chunks_of_any_length_give_the_frames_of_the_whole(ear, data):
    n = data.draw(st.integers(1, 1500))
    cuts = sorted(data.draw(st.lists(st.integers(0, n), max_size=8)))
    x = noise(n, seed=n)
    heard = list(hear(ear, np.split(x, cuts)))
    assert np.array_equal(np.concatenate(heard), ear(x))


@every
def test_frames_come_as_soon_as_they_are_complete(ear):
    def one_by_one():
        for x in noise(600):
            asked.append(x)
            yield np.array([x])

    asked = []
    first = next(hear(ear, one_by_one()))
    assert len(first) == 1
    assert len(asked) == (ear.lag + 1) * ear.inputs
    assert list(hear(ear, [])) == []
    assert list(hear(ear, [np.zeros(0)])) == []


@every
def test_a_run_is_its_ticks_a_batch_its_rows_and_a_cut_no_matter(ear):
    x = noise(24 * ear.inputs).reshape(12, 2, ear.inputs)
    before = x.copy()
    together, last = pl.run(ear, x, ear.dt)
    assert together.shape == (12, 2, ear.outputs)
    for row in range(2):
        alone, state = pl.run(ear, x[:5, row], ear.dt)
        rest, _ = pl.run(ear, x[5:5, row], ear.dt, state)
        assert rest.shape == (0, ear.outputs)
        later, _ = pl.run(ear, x[5:, row], ear.dt, state)
        assert np.array_equal(together[:, row], np.concatenate((alone, later)))
        assert np.array_equal(together[ear.lag :, row], ear(x[:, row].ravel())[: 12 - ear.lag])
    state = ear.init(x[0])
    for now, expected in zip(x, together, strict=True):
        kept = tree.copy(state)
        after, output = tick(ear, state, now, ear.dt)
        assert all(np.array_equal(a, b) for a, b in zip(kept, state, strict=True))
        assert np.array_equal(output, expected)
        np.testing.assert_allclose(ear.step(state, now, ear.dt)[1], expected, rtol=1e-10, atol=1e-12)
        state = after
    assert all(np.array_equal(a, b) for a, b in zip(state, last, strict=True))
    assert np.array_equal(before, x)


@every
def test_single_precision_stays_and_whole_numbers_are_full_range(ear):
    x = np.random.default_rng(0).integers(-20000, 20000, 1000).astype(np.int16)
    wanted = ear(x / 32768)
    assert np.array_equal(ear(x), wanted)
    single = ear((x / 32768).astype(np.float32))
    assert single.dtype == np.float32
    np.testing.assert_allclose(single, wanted, rtol=1e-5, atol=5e-6)
    block = (x / 32768).astype(np.float32)[: ear.inputs * 3].reshape(3, -1)
    assert pl.run(ear, block, ear.dt)[0].dtype == np.float32
    assert np.array_equal(ear(x.astype(np.int32) << 16), wanted)
    low = (x >> 8).astype(np.int8)
    assert np.array_equal(ear((low.astype(int) + 128).astype(np.uint8)), ear(low))


@every
def test_what_is_missing_is_silence(ear):
    x = noise(900)
    x[[0, 5, 400]] = np.nan
    assert np.array_equal(ear(x), ear(np.nan_to_num(x)))
    block = x[: ear.inputs * 3].reshape(3, -1)
    outputs, state = pl.run(ear, block, ear.dt)
    assert np.isfinite(outputs).all()
    assert all(np.isfinite(a).all() for a in state)
    np.testing.assert_allclose(ear.step(ear.init(block[0]), block[0], ear.dt)[1], outputs[0], rtol=1e-10, atol=1e-12)
    assert np.isfinite(ear(np.full(300, np.nan))).all()


@pytest.mark.parametrize(
    ("samples", "says"),
    [
        (np.zeros((5, 2)), r"samples are \(5, 2\).*the mean of the channels is samples.mean\(axis=1\)"),
        (np.zeros(0), "samples are empty"),
        (np.zeros(()), r"samples are \(\), wanted one recording"),
        (np.zeros(4, np.int64), "samples are int64, wanted floats"),
        (np.zeros(4, bool), "samples are bool"),
        (np.array(["a"]), "samples are str"),
        (np.array([0.0, 1.0, -np.inf]), "sample 2 is infinite"),
    ],
)
def test_what_is_no_sound_is_refused(samples, says):
    with pytest.raises(ValueError, match=says):
        LogMel(RATE)(samples)


def test_the_ends_of_the_full_range():
    assert as_samples(np.array([-32768, 32767], np.int16)).tolist() == [-1.0, 32767 / 32768]
    assert as_samples(np.array([0, 128, 255], np.uint8)).tolist() == [-1.0, 0.0, 127 / 128]
    assert as_samples(np.array([-(2**31)], np.int32)).tolist() == [-1.0]
    assert as_samples(np.array([0.5], np.float16)).dtype == np.float64


def test_hops_fill_up_the_last_one():
    blocks = list(hops([np.arange(3.0), np.zeros(0), np.arange(3.0, 7.0)], 2))
    assert np.array_equal(np.concatenate(blocks).ravel(), [0, 1, 2, 3, 4, 5, 6, 0])


# norms


def test_norms_of_a_whole_recording():
    x = np.random.default_rng(0).normal(size=(30, 4)) * [1, 2, 3, 0] + 5
    assert PeakNorm()(x).max() == 0
    np.testing.assert_allclose(PeakNorm()(x) - x, -x.max())
    assert np.array_equal(PeakScale()(x), x / x.max())
    assert np.array_equal(PeakScale()(0 * x), 0 * x)
    normal = UtteranceNorm()(x)
    np.testing.assert_allclose(normal.mean(axis=0), 0, atol=1e-12)
    np.testing.assert_allclose(normal.std(axis=0), [1, 1, 1, 0], atol=1e-12)
    assert UtteranceNorm()(x.astype(np.float32)).dtype == np.float32


def test_a_norm_with_endless_memory_is_that_of_all_that_was_heard():
    x = np.random.default_rng(0).normal(size=(40, 3)) * [1, 2, 3] + 5
    outputs, _ = pl.run(RunningNorm(3, tau=1e9, limit=100.0), x, 0.01)
    for t in range(3, 40):
        heard = x[: t + 1]
        np.testing.assert_allclose(outputs[t], (x[t] - heard.mean(axis=0)) / heard.std(axis=0), rtol=1e-4)
    assert (outputs[0] == 0).all()


def test_a_running_norm_forgets_and_what_is_missing_changes_nothing():
    x = np.concatenate((np.full((500, 1), 9.0), np.random.default_rng(0).normal(size=(2000, 1))))
    outputs, state = pl.run(RunningNorm(1, tau=2.0), x, 0.01)
    assert abs(outputs[-1000:].mean()) < 0.1
    assert outputs[-1000:].std() == pytest.approx(1.0, abs=0.1)
    after, missing = RunningNorm(1, tau=2.0).step(state, np.array([np.nan]), 0.01)
    assert missing == 0.0
    assert after.mean == state.mean
    assert after.variance == state.variance
    with pytest.raises(ValueError, match="tau, least and limit must be positive"):
        RunningNorm(1, tau=0.0)


def test_a_running_peak_follows_at_once_and_sinks_with_tau():
    part = RunningPeak(2, tau=0.5, least=-4.0)
    x = np.array([[-9.0, -8.0], [1.0, 3.0], [-1.0, -2.0], [-1.0, -2.0], [np.nan, np.nan]])
    outputs, state = pl.run(part, x, 0.1)
    e = np.exp(-0.1 / 0.5)
    peaks = [-4.0, 3.0, -1 + 4 * e, -1 + 4 * e * e, -4 + (3 + 4 * e * e) * e]
    np.testing.assert_allclose(outputs, np.nan_to_num(x, nan=-4.0) - np.array(peaks)[:, None], rtol=1e-12)
    assert state.peak == pytest.approx(peaks[-1])
    quiet, _ = pl.run(part, np.full((2000, 2), -18.0), 0.1)
    assert quiet[-1] == pytest.approx([-14.0, -14.0])
    with pytest.raises(ValueError, match="tau must be positive"):
        RunningPeak(2, tau=0.0)


# fronts


def test_a_front_is_its_parts_in_turn():
    x, mel = noise(2000), LogMel(RATE)
    front = Front(MFCC(mel), (Deltas(13, order=2), UtteranceNorm()))
    assert front.outputs == 39
    assert front.dt == 0.01
    assert np.array_equal(front(x), UtteranceNorm()(Deltas(13, order=2)(MFCC(mel)(x))))
    scale = Scale(np.full(40, -3.0), np.full(40, 2.0))
    assert np.array_equal(Front(mel, (scale,))(x), np.clip((mel(x) + 3) / 2, -5, 5))
    with pytest.raises(ValueError, match="Deltas takes 12 features, but 13 come before it"):
        Front(MFCC(mel), (Deltas(12),))
    with pytest.raises(ValueError, match="PeakNorm needs the whole recording; for a stream there are RunningPeak"):
        Front(mel, (PeakNorm(),)).cell()


def test_a_front_of_cells_hears_a_stream_and_can_be_saved_in_the_middle(tmp_path):
    x = noise(80 * 60)
    front = Front(MFCC(LogMel(RATE)), (Deltas(13), RunningNorm(26)))
    cell, block = front.cell(), x.reshape(60, 80)
    outputs, _ = pl.run(cell, block, front.dt)
    assert front.lag == 4
    slopes = Front(MFCC(LogMel(RATE)), (Deltas(13),))
    np.testing.assert_array_equal(pl.run(slopes.cell(), block, front.dt)[0][6:], slopes(x)[2:-2])
    left, state = pl.run(cell, block[:23], front.dt)
    pl.save(tmp_path / "ear.plashet", (front, state))
    again, state = pl.load(tmp_path / "ear.plashet")
    right, _ = pl.run(again.cell(), block[23:], front.dt, state)
    assert np.array_equal(outputs, np.concatenate((left, right)))


@pytest.mark.slow
def test_the_front_end_is_that_of_the_baseline_for_spoken_digits():
    """Free Spoken Digit Dataset, ridge on five segments of 40 log-mel: 95.67 % official, 72.0 % of unseen speakers."""
    folder = os.environ.get("PLASHET_BENCH_DATA")
    if not folder:
        pytest.skip("PLASHET_BENCH_DATA names no folder")
    with np.load(Path(folder) / "fsdd.npz") as stored:
        samples, offsets, digit, speaker, index = (
            stored[k] for k in ("samples", "offsets", "digit", "speaker", "index")
        )
    front = Front(LogMel(8000), (PeakNorm(),))
    frames = [front(samples[a:b]) for a, b in pairwise(offsets)]
    features = np.stack([np.concatenate([part.mean(axis=0) for part in np.array_split(f, 5)]) for f in frames])
    targets = np.where(digit[:, None] == np.arange(10), 1.0, -1.0)

    def accuracy(test, penalty):
        scaled = (features - features[~test].mean(axis=0)) / features[~test].std(axis=0)
        model = pl.fit(pl.unread(Pass(200), 10), pl.Ridge(penalty=penalty), (scaled[~test], targets[~test]))
        return (pl.run(model, scaled[test])[0].argmax(axis=1) == digit[test]).mean() * 100

    assert accuracy(index < 5, 10.0) == pytest.approx(95.67, abs=0.005)
    assert accuracy(speaker == 0, 100.0) == pytest.approx(58.2)
    assert np.mean([accuracy(speaker == s, 100.0) for s in range(6)]) == pytest.approx(72.0, abs=0.05)
