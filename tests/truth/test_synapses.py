"""Synapses against closed forms: potentials, delays, short-term plasticity, the statistics of the column."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import binom, chi2, expon, kstest, norm

from plashet import LIF, Spiking, run, wiring
from plashet.liquids import maass2002
from plashet.wiring.column import PAPER, _half_spread

H = 1e-4
QUIET = LIF(2, threshold=1e9, background=0.0, reset=0.0)


def pair(weight=1.0, delay=H, inhibitory=False, dynamics=None, **settings):
    """Unit 0, which spikes in each grid step in which it is given a current, onto unit 1, which never spikes."""
    inputs = wiring.Inputs(np.array([[1e3], [0.0]]), np.zeros((2, 0)))
    circuit = wiring.circuit(
        [0], [1], weight, delay, inhibitory=np.array([inhibitory, False]), inputs=inputs, dynamics=dynamics
    )
    neuron = replace(QUIET, threshold=np.array([1.0, 1e9]), refractory=0.0, tau=np.array([1e-3, 0.03]))
    return Spiking(circuit, neuron, **({"h": H, "tau_synapse": (3e-3, 6e-3)} | settings))


def psp(t, tau_s, tau=0.03):
    return tau_s / (tau - tau_s) * (np.exp(-t / tau) - np.exp(-t / tau_s))


def course(cell, steps, dtype=np.float64, events=(0,)):
    """(steps, 2) potentials, and the excitatory and inhibitory currents of unit 1, after each grid step."""
    state = cell.init(np.zeros(1, dtype))
    v, current = [], []
    for n in range(steps):
        state, _ = cell.tick(state, np.array([1.0 if n in events else 0.0], dtype), cell.h)
        v.append(state.neuron.v)
        current.append(state.current[:, 1])
    return np.array(v), np.array(current)


@pytest.mark.parametrize(
    ("kind", "amplitude", "tau_s", "peak"),
    [
        ("EE", 30 * 0.5, 3e-3, 1.16),
        ("EI", 60 * 0.05, 3e-3, 0.23),
        ("input to E", 18, 3e-3, 1.39),
        ("input to I", 9, 3e-3, 0.70),
        ("IE", -19 * 0.25, 6e-3, -0.64),
        ("II", -19 * 0.32, 6e-3, -0.81),
    ],
)
@pytest.mark.parametrize(("dtype", "tolerance"), [(np.float64, 1e-12), (np.float32, 2e-6)])
def test_a_postsynaptic_potential_has_the_papers_shape_and_peak(kind, amplitude, tau_s, peak, dtype, tolerance):
    inputs = wiring.Inputs(np.zeros((1, 0)), np.array([[amplitude]]))
    circuit = wiring.circuit([], [], [], [], inhibitory=[False], inputs=inputs)
    cell = Spiking(circuit, replace(QUIET, units=1), H)
    u = np.zeros((400, 1), dtype)
    u[0] = 1
    state, v = cell.init(u[0]), []
    for now in u:
        state, _ = cell.tick(state, now, H)
        v.append(state.neuron.v[0])
    t = H * np.arange(400)  # the current jumps at the end of the first step
    np.testing.assert_allclose(v, amplitude * psp(t, tau_s), atol=tolerance * abs(amplitude))
    best = np.argmax(np.abs(v))
    assert v[best] == pytest.approx(peak, abs=0.005)
    assert t[best] == pytest.approx(7.68e-3 if tau_s == 3e-3 else 12.07e-3, abs=H)


def test_equal_time_constants_are_no_special_case():
    """tau_s = tau: the potential is A t/tau exp(-t/tau)."""
    for tau_s in (0.03, 0.03 * (1 + 1e-12), 0.03 * (1 - 1e-9)):
        cell = pair(weight=2.0, tau_synapse=(tau_s, 6e-3))
        v, _ = course(cell, 600)
        t = H * np.arange(599)  # a spike at step 0, a delay of one step: the current jumps at the end of step 1
        np.testing.assert_allclose(v[1:, 1], 2 * t / 0.03 * np.exp(-t / 0.03), atol=1e-8)


@pytest.mark.parametrize("steps", [1, 2, 3, 7, 8, 9, 16, 31, 32, 100])
def test_a_delay_is_exact_to_the_step(steps):
    """A spike at step n moves the current at the end of n + d, whatever the ring's length; 8, 16, 32 fill it."""
    cell = pair(weight=5.0, delay=steps * H)
    assert steps <= cell.slots < 2 * steps
    assert cell.slots & (cell.slots - 1) == 0
    u = np.zeros((150, 1))
    u[[0, 40]] = 1
    _, _, events = cell.record(cell.init(u[0]), u, np.full(150, H))
    arrived, state = [], cell.init(u[0])
    for n, now in enumerate(u):
        before = state.current[0, 1] * np.exp(-H / 3e-3)
        state, _ = cell.tick(state, now, H)
        if state.current[0, 1] > before + 1:
            arrived.append(n)
    sent = events[events[:, 1] == 0, 0]
    assert np.array_equal(arrived, [n + steps for n in sent if n + steps < 150])


def test_the_sign_is_the_presynaptic_units():
    for inhibitory, sign in ((False, 1), (True, -1)):
        v, current = course(pair(weight=5.0, inhibitory=inhibitory), 60)
        assert np.sign(v[-1, 1]) == sign
        assert (current >= 0).all()


KINDS = {  # U, D, F and the steady factor u R at 1, 5, 10, 20, 50 Hz
    "EE": ((0.5, 1.1, 0.05), (0.374, 0.143, 0.081, 0.043, 0.018)),
    "EI": ((0.05, 0.125, 1.2), (0.085, 0.240, 0.300, 0.263, 0.141)),
    "IE": ((0.25, 0.7, 0.02), (0.232, 0.142, 0.095, 0.058, 0.027)),
    "II": ((0.32, 0.144, 0.06), (0.320, 0.296, 0.269, 0.217, 0.120)),
}


def amplitudes(cell, spikes):
    """What each presynaptic spike adds to the current of unit 1; spikes: grid steps of unit 0's spikes."""
    u = np.zeros((max(spikes) + 4, 1))
    u[list(spikes)] = 1
    cell, jumps, last = replace(cell, tau_synapse=(1e-9, 1e-9)), [], 0  # then the current is what has just arrived
    state = cell.init(u[0])
    for n in sorted({m + 2 for m in spikes}):  # a step after a spike it arrives
        state, _ = run(cell, u[last:n], cell.h, state)[::-1]
        jumps.append(state.current[0, 1])
        last = n
    return np.array(jumps)


def dynamic(U, D, F, h):
    return pair(delay=h, dynamics=wiring.Dynamics(*(np.array([p]) for p in (U, D, F))), h=h)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("column", range(5))
def test_short_term_plasticity_settles_at_the_closed_form(kind, column):
    (U, D, F), table = KINDS[kind]
    rate, h = (1, 5, 10, 20, 50)[column], 1e-3
    gap = 1 / rate
    u = U / (1 - (1 - U) * np.exp(-gap / F))
    R = (1 - np.exp(-gap / D)) / (1 - (1 - u) * np.exp(-gap / D))
    assert u * R == pytest.approx(table[column], abs=6e-4)
    found = amplitudes(dynamic(U, D, F, h), range(0, int(max(80 * gap, 15) / h), int(gap / h)))
    assert found[-1] == pytest.approx(u * R, rel=1e-5)


def test_short_term_plasticity_is_the_recursion_spike_by_spike():
    rng = np.random.default_rng(3)
    spikes = np.cumsum(rng.integers(5, 300, 60))
    for U, D, F in (KINDS[k][0] for k in KINDS):
        u, R, last, expected = U, 1.0, None, []
        for n in spikes:
            if last is not None:
                gap = (n - last) * 1e-3
                u, R = U + u * (1 - U) * np.exp(-gap / F), 1 + (R - R * u - 1) * np.exp(-gap / D)
            expected.append(u * R)
            last = n
        np.testing.assert_allclose(amplitudes(dynamic(U, D, F, 1e-3), spikes), expected, rtol=1e-10)


def test_under_poisson_input_the_mean_use_is_the_closed_form():
    """<u> = U (1 + r F) / (1 + U r F): exact for Poisson arrivals at rate r."""
    U, D, F, rate, h = 0.05, 0.125, 1.2, 10.0, 1e-3
    cell, rng, used = dynamic(U, D, F, h), np.random.default_rng(0), []
    u = (rng.random((400_000, 1)) < rate * h).astype(float)
    state = cell.init(u[0])
    for block in u.reshape(400, 1000, 1):
        _, state = run(cell, block, h, state)
        used.append(state.u[0])
    assert np.mean(used[10:]) == pytest.approx(U * (1 + rate * F) / (1 + U * rate * F), rel=0.05)


# ------------------------------------------------------------------------------------------------------- the column

EXPECTED = {1: 114, 1.5: 345, 2: 637, 2.5: 943, 3: 1242, 4: 1790, 6: 2684, 8: 3347}


@pytest.mark.parametrize("length", EXPECTED)
def test_the_column_has_as_many_synapses_as_the_distance_rule_says(length):
    counts = [wiring.column(seed=seed, length=length).topology.edges for seed in range(12)]
    assert np.mean(counts) == pytest.approx(
        EXPECTED[length], abs=4 * np.sqrt(EXPECTED[length] / 12) + 0.02 * EXPECTED[length]
    )


def kinds_of(column):
    return column.inhibitory[column.topology.pre], column.inhibitory[column.topology.post]


def test_the_column_is_the_papers():
    seeds = range(40)
    columns = [wiring.column(inputs=3, seed=seed) for seed in seeds]
    assert all(c.units == 135 and c.inhibitory.sum() == 27 for c in columns)
    assert all((c.topology.pre != c.topology.post).all() for c in columns)
    assert all(((c.inputs.w_events > 0).sum(axis=0) == round(0.3 * 135)).all() for c in columns)
    pre, post = (np.concatenate(k) for k in zip(*map(kinds_of, columns), strict=True))
    per_kind = [np.sum((pre == a) & (post == b)) / len(columns) for a in (False, True) for b in (False, True)]
    np.testing.assert_allclose(per_kind, [418, 70, 141, 8.5], rtol=0.08)
    weight = np.concatenate([c.weight for c in columns]) / PAPER.weight.of(pre, post)
    assert kstest(weight, expon.cdf).pvalue > 1e-3  # gamma of shape 1: exponential, CV 1
    for kind, mean in ((False, 18.0), (True, 9.0)):
        heard = np.concatenate([c.inputs.w_events[c.inhibitory == kind].ravel() for c in columns])
        assert kstest(heard[heard > 0] / mean, expon.cdf).pvalue > 1e-3
    delay = np.concatenate([c.delay for c in columns])
    assert set(np.unique(delay[~(pre | post)])) == {1.5e-3}
    assert set(np.unique(delay[pre | post])) == {0.8e-3}
    D = np.concatenate([c.dynamics.D for c in columns])[~(pre | post)]
    assert (D > 0).all()
    assert np.median(D) == pytest.approx(1.1, rel=0.03)
    U = np.concatenate([c.dynamics.U for c in columns])
    assert ((U > 0) & (U <= 1)).all()


@pytest.mark.parametrize(("mean", "top"), [(0.5, 1.0), (0.32, 1.0), (1.1, np.inf)])
def test_parameters_that_fall_outside_are_drawn_again_from_a_uniform_distribution(mean, top):
    """Gaussian with half the mean as deviation within (0, top], and what is outside uniform."""
    drawn = _half_spread(np.random.default_rng(0), np.full(200_000, mean), top)
    bell, widest = norm(mean, mean / 2), min(top, 2 * mean)
    outside = bell.cdf(0) + bell.sf(top)

    def share_below(x):
        return bell.cdf(x) - bell.cdf(0) + outside * np.clip(x / widest, 0, 1)

    assert ((drawn > 0) & (drawn <= top)).all()
    assert kstest(drawn, share_below).pvalue > 1e-3


def test_connections_follow_the_distance_rule():
    """The number of excitatory pairs joined at each distance against C exp(-(D/2)^2), by chi squared."""
    joined, expected, variance = {}, {}, {}
    for seed in range(30):
        c = wiring.column(seed=seed)
        e = np.flatnonzero(~c.inhibitory)
        squared = ((c.places[e][:, None] - c.places[e][None]) ** 2).sum(axis=2)
        on = np.zeros((135, 135), bool)
        on[c.topology.pre, c.topology.post] = True
        for d in (1, 2, 3, 4, 5, 6, 8, 9):
            p, here = 0.3 * np.exp(-d / 4), squared == d
            joined[d] = joined.get(d, 0) + on[np.ix_(e, e)][here].sum()
            expected[d] = expected.get(d, 0) + p * here.sum()
            variance[d] = variance.get(d, 0) + p * (1 - p) * here.sum()
    statistic = sum((joined[d] - expected[d]) ** 2 / variance[d] for d in joined)
    assert statistic < chi2.ppf(0.999, len(joined))


def test_a_role_has_random_numbers_of_its_own():
    one, three = (wiring.column(inputs=n, seed=4) for n in (1, 3))
    assert np.array_equal(one.weight, three.weight)
    assert np.array_equal(one.topology.post, three.topology.post)
    far = wiring.column(seed=4, length=3)
    assert np.array_equal(far.inhibitory, one.inhibitory)


@pytest.mark.parametrize("draw", [wiring.small_world, wiring.random, wiring.bands, wiring.ring])
def test_any_topology_becomes_a_spiking_circuit_with_the_columns_numbers(draw):
    topology = draw(200, seed=1).topology
    circuit = wiring.from_topology(topology, inputs=2, seed=1)
    edges = topology.synapses()
    joined = set(zip(circuit.topology.pre.tolist(), circuit.topology.post.tolist(), strict=True))
    assert joined == set(zip(edges.pre.tolist(), edges.post.tolist(), strict=True))
    assert circuit.inhibitory.sum() == 40
    means = circuit.weight / PAPER.weight.of(*kinds_of(circuit))
    assert means.mean() == pytest.approx(1.0, abs=4 / np.sqrt(len(means)))
    u = np.zeros((200, 2))
    u[::20] = 1
    liquid = maass2002(seed=1, circuit=circuit)
    assert len(liquid.record(liquid.init(u[0]), u, np.full(200, 1e-3))[2]) > 50


def test_four_columns_side_by_side_are_not_connected():
    parts = tuple(wiring.column(seed=s) for s in range(4))
    whole = wiring.columns(parts)
    assert whole.units == 540
    assert whole.topology.edges == sum(c.topology.edges for c in parts)
    assert np.array_equal(whole.topology.pre // 135, whole.topology.post // 135)
    u = np.zeros((600, 1))
    u[::50] = 1
    liquid = maass2002(seed=0, circuit=whole)
    quiet = replace(liquid, neuron=replace(liquid.neuron, start=None))
    together, _ = run(quiet, u, 1e-3)
    for k, part in enumerate(parts):
        refractory = np.where(part.inhibitory, 2e-3, 3e-3)
        alone, _ = run(
            replace(quiet, circuit=part, neuron=replace(quiet.neuron, units=135, refractory=refractory)), u, 1e-3
        )
        assert np.array_equal(together[:, 135 * k : 135 * (k + 1)], alone)


def test_ten_input_spikes_make_as_many_liquid_spikes_as_other_simulators_found():
    """10 spikes in half a second, 30 % of the cells hear them: 228-449 spikes in NEST, 437 in a C program."""
    counts = []
    for seed in range(12):
        liquid, u = maass2002(seed=seed), np.zeros((5000, 1), np.float32)
        u[np.random.default_rng(seed).choice(5000, 10, replace=False)] = 1
        counts.append(len(liquid.record(liquid.init(u[0]), u, np.full(5000, 1e-4))[2]))
    assert 150 < np.median(counts) < 600


def test_without_input_the_papers_liquid_falls_silent():
    liquid = maass2002(seed=0)
    _, _, events = liquid.record(liquid.init(np.zeros(1)), np.zeros((1, 1)), np.array([2.0]))
    assert len(events) == 0 or events[:, 0].max() < 1000


def test_the_band_of_the_papers_mean_is_that_of_a_binomial():
    """637 +- 4 deviations, which a sum of independent draws with these probabilities allows."""
    counts = [wiring.column(seed=seed).topology.edges for seed in range(60)]
    assert abs(np.mean(counts) - 637) < 4 * np.std(counts) / np.sqrt(60)
    assert np.std(counts) < 2.5 * binom.std(135 * 134, 637 / (135 * 134))
