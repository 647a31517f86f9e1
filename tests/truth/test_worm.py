"""The worm: its published counts, the signs that were chosen for it, any part of it, and its degrees dealt anew."""

import csv
import gzip
from collections import Counter
from importlib.resources import files

import numpy as np
import pytest

from plashet import data, run, wiring
from plashet.liquids import Leaky

WHOLE = wiring.celegans(3)


def pairs(synapses):
    return set(zip(synapses.pre.tolist(), synapses.post.tolist(), strict=True))


def listed():
    """The file, read once more by itself: (pre, post) names by kind, with their sections."""
    stored = files("plashet.data").joinpath("embedded", "celegans.csv.gz").read_bytes()
    rows = list(csv.DictReader(gzip.decompress(stored).decode().splitlines()))
    return {
        kind: {(r["pre"], r["post"]): int(r["weight"]) for r in rows if r["kind"] == kind}
        for kind in ("chemical", "electrical")
    }


def test_the_counts_are_those_that_are_published():
    worm = data.celegans()
    assert len(worm.names) == len(set(worm.names)) == 302
    assert (len(worm.chemical.pre), int(worm.chemical.sections.sum())) == (3709, 20965)
    assert int((worm.chemical.pre == worm.chemical.post).sum()) == 38
    assert len(worm.electrical.pre) == 1105
    assert int((worm.electrical.pre == worm.electrical.post).sum()) == 14
    assert Counter(worm.kinds) == {"sensory": 83, "inter": 89, "motor": 123, "polymodal": 5, "unknown": 2}
    assert Counter(worm.transmitters)["GABA"] == 31
    assert np.bincount(worm.chemical.post)[worm.names.index("AVAL")] == 65


def test_the_connectome_has_every_synapse_of_the_file_and_no_other():
    file = listed()
    expected = set(file["chemical"])
    chemical = wiring.celegans(1, electrical=False)
    assert {(chemical.names[a], chemical.names[b]) for a, b in pairs(chemical.recurrent)} == expected
    expected |= set(file["electrical"]) | {(b, a) for a, b in file["electrical"]}
    assert {(WHOLE.names[a], WHOLE.names[b]) for a, b in pairs(WHOLE.recurrent)} == expected


def test_motor_neurons_stand_first_and_sensory_ones_last():
    worm = data.celegans()
    kind = dict(zip(worm.names, worm.kinds, strict=True))
    assert (WHOLE.units, WHOLE.motor, WHOLE.inputs) == (302, 123, 3)
    found = [kind[name] for name in WHOLE.names]
    assert set(found[:123]) == {"motor"}
    assert set(found[123:219]) == {"inter", "polymodal", "unknown"}
    assert set(found[219:]) == {"sensory"}
    assert wiring.kinds(WHOLE) == tuple(found)
    assert WHOLE.layer.tolist() == [2] * 123 + [1] * 96 + [0] * 83
    assert set(WHOLE.sensory.post.tolist()) == set(range(219, 302))
    assert WHOLE.sensory.edges == 3 * 83


def test_a_chemical_synapse_has_the_sign_of_its_transmitter_and_an_electrical_one_is_positive():
    worm, file = data.celegans(), listed()
    transmitter = dict(zip(worm.names, worm.transmitters, strict=True))
    for inhibitory in (("GABA",), ("GABA", "glutamate"), ()):
        net = wiring.celegans(1, inhibitory=inhibitory)
        for a, b, sign in zip(net.recurrent.pre, net.recurrent.post, net.sign, strict=True):
            pair = net.names[a], net.names[b]
            negative = pair in file["chemical"] and transmitter[pair[0]] in inhibitory
            assert sign == (-1 if negative else 1)


def test_contacts_are_the_sections_of_both_kinds_where_they_have_one_sign():
    file = listed()
    for (a, b), sign, sections in zip(edges(WHOLE), WHOLE.sign, wiring.contacts(WHOLE), strict=True):
        pair = WHOLE.names[a], WHOLE.names[b]
        electrical = file["electrical"].get(pair) or file["electrical"].get(pair[::-1], 0)
        assert sections == file["chemical"].get(pair, 0) + (electrical if sign > 0 else 0)


@pytest.mark.parametrize(
    ("asked", "names"),
    [
        (["AVAL", "DD1"], {"AVAL", "DD1"}),
        (["AVA"], {"AVAL", "AVAR"}),
        (["VB"], {f"VB{k}" for k in range(1, 12)}),
        (["IL1"], {"IL1L", "IL1R", "IL1DL", "IL1DR", "IL1VL", "IL1VR"}),
        (["Phasmid"], {"PHAL", "PHAR", "PHBL", "PHBR", "PHCL", "PHCR"}),
        (["unknown", "AVAL"], {"CANL", "CANR", "AVAL"}),
    ],
)
def test_neurons_are_chosen_by_name_row_class_or_type(asked, names):
    net = wiring.celegans(1, asked, sensors=asked, motors=asked)
    assert set(net.names) == names
    assert net.motor == len(names)


def test_a_part_of_the_worm_is_its_neurons_among_themselves():
    touch = ["ALM", "AVM", "PLM", "AVA", "AVB", "AVD", "PVC", "motor"]
    net = wiring.celegans(2, touch)
    whole = {(WHOLE.names[a], WHOLE.names[b]): s for (a, b), s in zip(edges(WHOLE), WHOLE.sign, strict=True)}
    part = {(net.names[a], net.names[b]): s for (a, b), s in zip(edges(net), net.sign, strict=True)}
    assert part == {pair: s for pair, s in whole.items() if set(pair) <= set(net.names)}
    assert {net.names[k] for k in net.sensory.post} == {"ALML", "ALMR", "AVM", "PLML", "PLMR"}


def edges(net):
    return zip(net.recurrent.pre.tolist(), net.recurrent.post.tolist(), strict=True)


def test_with_a_fanout_every_sensor_hears_something():
    net = wiring.celegans(5, fanout=10, seed=3)
    assert (np.bincount(net.sensory.pre) >= 10).all()
    assert set(net.sensory.post.tolist()) == set(range(219, 302))
    assert len(pairs(net.sensory)) == net.sensory.edges
    many = wiring.celegans(20, fanout=60)
    assert many.sensory.edges == 20 * 60  # with so many nobody was left out


@pytest.mark.parametrize(
    ("ask", "told"),
    [
        (lambda: wiring.celegans(1, ["AVAl"]), "called 'AVAl'; near it: .*AVAL"),
        (lambda: wiring.celegans(1, ["XYZ"]), "called 'XYZ'; classes are inter, motor"),
        (lambda: wiring.celegans(1, ["AVA"]), r"none of the 2 neurons is a motor neuron \(motor\)"),
        (lambda: wiring.celegans(1, ["motor"]), r"none of the 123 neurons is a sensor \(sensory\)"),
        (lambda: wiring.celegans(1, []), "none of the 0 neurons"),
        (lambda: wiring.celegans(0), "inputs must be at least 1"),
        (lambda: wiring.celegans(1, fanout=84), "wanted 1 to 83"),
        (lambda: wiring.celegans(1, fanout=0), "wanted 1 to 83"),
        (lambda: wiring.celegans(1, inhibitory=("gaba",)), r"transmitter \['gaba'\]; there are \['GABA'"),
        (lambda: wiring.contacts(wiring.dense(2, 1)), "they have no names"),
        (lambda: wiring.contacts(wiring.rewired(WHOLE, seed=0)[0]), "has the connectome been rewired"),
        (lambda: wiring.reservoir(WHOLE, -1.0, seed=0), "at least 0"),
        (lambda: wiring.reservoir(WHOLE, np.ones(3), seed=0), r"strength is \(3,\)"),
        (lambda: wiring.reservoir(wiring.celegans(1, ["DVA", "DD1"]), seed=0), "hold no loop"),
    ],
)
def test_what_cannot_be_is_told_at_the_door(ask, told):
    with pytest.raises(ValueError, match=told):
        ask()


def test_a_bare_text_is_no_list_of_names():
    with pytest.raises(TypeError, match=r"wanted \['AVAL'\]"):
        wiring.celegans(1, "AVAL")


def test_the_reservoir_has_the_signs_the_sizes_and_the_radius():
    strength = np.log1p(wiring.contacts(WHOLE))
    made = wiring.reservoir(WHOLE, strength, seed=1, spectral_radius=0.8, input_scaling=0.5)
    assert wiring.spectral_radius(made.topology, made.weights) == pytest.approx(0.8)
    ratio = made.weights / (WHOLE.sign * strength)
    np.testing.assert_allclose(ratio, ratio[0])
    assert ratio[0] > 0
    assert not made.w_in[:219].any()
    assert made.w_in[219:].all()
    assert abs(made.w_in).max() < 0.5
    states, _ = run(Leaky(made, tau=1.0), np.random.default_rng(0).normal(size=(50, 3)), 1.0)
    assert np.isfinite(states).all()
    assert (states.std(axis=0) > 0).all()


@pytest.mark.parametrize("net", [WHOLE, wiring.auto_ncp(64, 8, 3), wiring.sparse(12, 2)], ids=["worm", "ncp", "sparse"])
def test_rewiring_keeps_every_degree_sign_and_loop(net):
    mixed, old = wiring.rewired(net, seed=1)
    before, after = net.recurrent, mixed.recurrent
    for end in ("pre", "post"):
        np.testing.assert_array_equal(
            np.bincount(getattr(before, end), minlength=net.units),
            np.bincount(getattr(after, end), minlength=net.units),
        )
    np.testing.assert_array_equal(after.pre, before.pre[old])
    np.testing.assert_array_equal(mixed.sign, net.sign[old])
    assert sorted(old.tolist()) == list(range(before.edges))
    assert {p for p in pairs(after) if p[0] == p[1]} == {p for p in pairs(before) if p[0] == p[1]}
    assert len(pairs(after)) == after.edges
    np.testing.assert_array_equal(mixed.sensory.post, net.sensory.post)


def test_rewiring_forgets_who_listened_to_whom():
    mixed, _ = wiring.rewired(WHOLE, seed=1)
    more, _ = wiring.rewired(WHOLE, seed=1, swaps=30)
    other, _ = wiring.rewired(WHOLE, seed=2)
    old = pairs(WHOLE.recurrent)
    shared = [len(old & pairs(net.recurrent)) / len(old) for net in (mixed, more, other)]
    assert max(shared) < 0.25  # the density is 0.06, and hubs find each other again
    assert abs(shared[0] - shared[1]) < 0.03  # more swaps change nothing any more
    assert pairs(mixed.recurrent) != pairs(other.recurrent)


def test_a_net_without_two_synapses_to_swap_stays_as_it_is():
    net = wiring.connectome(([0], [0], [1]), ([0], [0], [1]), inputs=1, units=1)
    mixed, old = wiring.rewired(net, seed=0)
    assert pairs(mixed.recurrent) == {(0, 0)}
    assert old.tolist() == [0]


def test_what_is_shared_cannot_be_changed():
    with pytest.raises(ValueError, match="read-only"):
        data.celegans().chemical.pre[0] = 1
