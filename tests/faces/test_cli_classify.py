"""Folders of sound through `classify` and `predict`: what is printed, what is left, and every fault by its code."""

import csv
import json
import pickle
import re
import tomllib
from html.parser import HTMLParser

import numpy as np
import pytest
from sounds import RATE, call_folder

import plashet as pl
from plashet.cli import run
from plashet.cli.faults import DataFault
from plashet.cli.trials import trial
from plashet.data import Recordings, birds, calls, write_sound

NAMES = "{speaker}_{index}"
FEW = ("--units", "60")


@pytest.fixture(scope="module")
def learnt(tmp_path_factory):
    """One run of `plashet classify` that several tests look at: (folder of sounds, folder of the run)."""
    path = tmp_path_factory.mktemp("sounds")
    call_folder(path / "calls", each=6)
    out = path / "out"
    assert run(["classify", str(path / "calls"), "--names", NAMES, *FEW, "-o", str(out), "--quiet"]) == 0
    return path / "calls", out


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def fails(capsys, *typed):
    """Exit code and stderr of a command that leaves stdout alone and shows no traceback."""
    code = run(list(typed))
    said = capsys.readouterr()
    assert said.out == ""
    assert "Traceback" not in said.err
    return code, said.err


# what a run leaves


def test_a_run_leaves_a_model_scores_predictions_and_a_report(learnt):
    _, out = learnt
    assert sorted(p.name for p in out.iterdir()) == [
        "config.toml", "metrics.json", "model.plashet", "predictions.csv", "report.html",
    ]  # fmt: skip
    config = tomllib.loads((out / "config.toml").read_text())
    assert config["liquid"] == "reservoir"
    assert config["rate"] == RATE
    metrics = json.loads((out / "metrics.json").read_text())
    assert set(metrics["accuracy"]) == {"liquid", "no liquid", "majority class"}
    assert metrics["accuracy"]["majority class"] == pytest.approx(1 / 3)
    assert metrics["accuracy"]["liquid"] > 0.8
    assert list(metrics["parts"]) == ["bird1", "bird2", "bird3"]


def test_the_scores_are_those_of_the_predictions(learnt):
    _, out = learnt
    metrics = json.loads((out / "metrics.json").read_text())
    rows = list(csv.DictReader((out / "predictions.csv").read_text().splitlines()))
    assert len(rows) == metrics["recordings"] == 54
    for method, column in (("liquid", "liquid"), ("no liquid", "no_liquid")):
        assert metrics["accuracy"][method] == np.mean([r["label"] == r[column] for r in rows])
    counts = np.array(metrics["confusion"])
    names = metrics["classes"]
    for i, truth in enumerate(names):
        for j, guess in enumerate(names):
            assert counts[i, j] == sum(r["label"] == truth and r["liquid"] == guess for r in rows)
    for bird, part in metrics["parts"].items():
        assert part["liquid"] == np.mean([r["label"] == r["liquid"] for r in rows if r["group"] == bird])


def test_the_model_file_is_a_recogniser_of_samples(learnt):
    sounds, out = learnt
    recogniser = pl.load(out / "model.plashet")
    paths = sorted(sounds.glob("*/*.wav"))[::7]
    told = recogniser.predict([pl.data.read_sound(p).samples for p in paths])
    assert [p.parent.name for p in paths] == told.tolist()


def test_a_recogniser_never_heard_the_group_it_is_asked_about(here):
    """Each bird has names of its own for the calls: whoever has not heard it cannot be right."""
    for call, k in zip(calls(birds(2, 0), 3, RATE, 0), range(1000), strict=False):
        if call.label in ("rise", "fall"):
            label = call.label if call.bird == "bird1" else {"rise": "fall", "fall": "rise"}[call.label]
            (here / "s" / label).mkdir(parents=True, exist_ok=True)
            write_sound(here / "s" / label / f"{call.bird}_{k}.wav", call.samples, RATE)
    assert run(["classify", "s", "--names", NAMES, *FEW, "-o", "told", "--quiet"]) == 0
    assert run(["classify", "s", *FEW, "-o", "untold", "--quiet"]) == 0
    told, untold = (
        json.loads((here / f / "metrics.json").read_text())["accuracy"]["liquid"] for f in ("told", "untold")
    )
    assert told < 0.4 < untold


def test_json_is_one_object_and_the_same_seed_gives_the_same_numbers(learnt, here, capsys):
    sounds, out = learnt
    typed = ["classify", str(sounds), "--names", NAMES, *FEW, "--json", "-o", "again"]
    assert run(typed) == 0
    said = json.loads(capsys.readouterr().out)
    before = json.loads((out / "metrics.json").read_text())
    assert said["accuracy"] == before["accuracy"]
    assert said["confusion"] == before["confusion"]
    assert (here / "again" / "model.plashet").read_bytes() == (out / "model.plashet").read_bytes()


def test_a_spiking_liquid_is_learnt_and_its_spikes_are_drawn(learnt, here, capsys):
    sounds, _ = learnt
    assert run(["classify", str(sounds), "--liquid", "spiking", *FEW, "-o", "out"]) == 0
    said = capsys.readouterr().out
    assert "no liquid" in said
    assert "majority class" in said
    page = (here / "out" / "report.html").read_text()
    assert page.count('class="spikes"') == 3
    assert "spiking units" in page
    assert page.count("Cochleagram of") == 3


def test_a_manifest_tells_speakers_and_the_split(here, capsys):
    made = call_folder(here / "wav")
    rows = [
        f"wav/{kind}/{p.name},{kind},{p.name.split('_')[0]},{'test' if 'bird3' in p.name else 'train'}\n"
        for kind, paths in made.items()
        for p in paths
    ]
    (here / "m.csv").write_text("file,label,speaker,split\n" + "".join(rows))
    assert run(["classify", "m.csv", *FEW, "--json", "-o", "out"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["recordings"] == 12
    assert list(said["parts"]) == ["test"]
    assert "24 taught, 12 asked" in said["tried"]
    assert run(["classify", "m.csv", *FEW, "--json", "--folds", "2", "-o", "out2"]) == 0
    assert json.loads(capsys.readouterr().out)["recordings"] == 36


def test_files_are_resampled_when_a_rate_is_asked_for(here, capsys):
    call_folder(here / "s")
    sound = next(iter((here / "s").rglob("*.wav")))
    write_sound(sound, pl.data.resampled(pl.data.read_sound(sound), 16000).samples, 16000)
    assert run(["classify", "s", "--rate", "8000", *FEW, "-o", "out", "--quiet"]) == 0
    config = tomllib.loads((here / "out" / "config.toml").read_text())
    assert config["rate"] == 8000


# the report


class Elements(HTMLParser):
    """What a page refers to, and whether its elements are closed."""

    VOID = ("meta", "link", "br", "img", "input", "circle", "ellipse")

    def __init__(self, text):
        super().__init__()
        self.open, self.wrong, self.tags, self.outside = [], [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.outside += [v for k, v in attrs if k in ("src", "href") and not v.startswith("data:")]
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append(tag)

    def handle_endtag(self, tag):
        if tag not in self.VOID and self.open.pop() != tag:
            self.wrong.append(tag)


def test_the_report_holds_everything_and_no_script(learnt):
    page = (learnt[1] / "report.html").read_text()
    seen = Elements(page)
    assert not seen.wrong
    assert not seen.open
    assert not seen.outside
    assert "script" not in seen.tags
    assert all(u.startswith("data:image/png;base64,") for u in re.findall(r"url\(([^)]*)\)", page))
    for part in ("What is taken for what", "What the liquid does", "How to reproduce", "majority class"):
        assert part in page


def test_a_class_may_be_called_anything(here):
    hostile = "<b onmouseover=alert(1)>&'\""
    made = call_folder(here / "s", kinds=("fall", "rise"))
    (here / "s" / "rise").rename(here / "s" / hostile)
    assert made
    assert run(["classify", "s", *FEW, "-o", "out", "--quiet"]) == 0
    page = (here / "out" / "report.html").read_text()
    assert "<b onmouseover" not in page
    assert not Elements(page).wrong


def test_a_mask_is_a_png_with_the_values_as_its_opacity():
    """Read back by hand: zlib and the filter bytes are all there is to it."""
    import base64
    import struct
    import zlib

    from plashet.report.pictures import mask

    values = np.random.default_rng(0).uniform(size=(5, 7))
    content = base64.b64decode(mask(values).partition(",")[2])
    assert content[:8] == b"\x89PNG\r\n\x1a\n"
    place, parts = 8, {}
    while place < len(content):
        size, name = struct.unpack_from(">I4s", content, place)
        body = content[place + 8 : place + 8 + size]
        assert zlib.crc32(name + body) == struct.unpack_from(">I", content, place + 8 + size)[0]
        parts[name], place = body, place + 12 + size
    assert struct.unpack(">IIBBBBB", parts[b"IHDR"]) == (7, 5, 8, 4, 0, 0, 0)
    pixels = np.frombuffer(zlib.decompress(parts[b"IDAT"]), np.uint8).reshape(5, 15)
    np.testing.assert_array_equal(pixels[:, 2::2], np.round(255 * values))


def test_each_class_is_scored_as_by_counting():
    from plashet.report.matrix import by_class, commonest

    rng = np.random.default_rng(0)
    truth, guess = rng.integers(0, 4, 300), rng.integers(0, 4, 300)
    counts = np.zeros((4, 4), int)
    np.add.at(counts, (truth, guess), 1)
    for k, one in enumerate(by_class(counts)):
        assert one.there == np.sum(truth == k)
        assert one.found == pytest.approx(np.mean(guess[truth == k] == k))
        assert one.right == pytest.approx(np.mean(truth[guess == k] == k))
    first, second, many = commonest(counts, list("abcd"))[0]
    off = counts - np.diag(np.diag(counts))
    assert many == off.max() == counts["abcd".index(first), "abcd".index(second)]


# predict


def test_predict_says_a_line_for_each_file(learnt, capsys):
    sounds, out = learnt
    paths = [str(p) for p in sorted(sounds.glob("*/*.wav"))[::9]]
    assert run(["predict", str(out / "model.plashet"), *paths]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == len(paths)
    for line, path in zip(lines, paths, strict=True):
        assert line.split()[0] == path.split("/")[-2]
        assert line.endswith(path)


def test_predict_for_machines_and_as_a_table(learnt, here, capsys):
    sounds, out = learnt
    paths = [str(p) for p in sorted(sounds.glob("*/*.wav"))[:3]]
    assert run(["predict", str(out / "model.plashet"), *paths, "--json", "-o", "p.csv"]) == 0
    said = json.loads(capsys.readouterr().out)
    rows = list(csv.DictReader((here / "p.csv").read_text().splitlines()))
    for one, row in zip(said["files"], rows, strict=True):
        assert one["label"] == row["label"] == max(one["scores"], key=one["scores"].get)
        assert float(row[f"score_{one['label']}"]) == pytest.approx(one["score"], rel=1e-4)


def test_predict_hears_another_rate_and_says_so(learnt, here, capsys):
    sounds, out = learnt
    path = next(iter(sorted(sounds.glob("trill/*.wav"))))
    write_sound("high.wav", pl.data.resampled(pl.data.read_sound(path), 16000).samples, 16000)
    assert run(["predict", str(out / "model.plashet"), "high.wav"]) == 0
    said = capsys.readouterr()
    assert said.out.startswith("trill")
    assert "16,000 samples per second, the model hears 8,000" in said.err


def test_predict_goes_on_past_a_broken_file(learnt, here, capsys):
    sounds, out = learnt
    (here / "broken.wav").write_bytes(b"RIFF")
    good = str(next(iter(sounds.glob("*/*.wav"))))
    assert run(["predict", str(out / "model.plashet"), "broken.wav", good]) == 3
    said = capsys.readouterr()
    assert len(said.out.splitlines()) == 1
    assert "broken.wav" in said.err
    assert "1 of 2 files" in said.err


# faults


def test_what_is_not_there_is_wrong_usage(here, capsys):
    (here / "sounds").mkdir()
    code, err = fails(capsys, "classify", "sound")
    assert code == 2
    assert "there is no folder or manifest sound" in err
    assert "sounds" in err
    assert fails(capsys, "predict", "no.plashet", "a.wav")[0] == 2


def test_a_folder_without_sound_is_bad_data(here, capsys):
    (here / "s").mkdir()
    code, err = fails(capsys, "classify", "s")
    assert code == 3
    assert "no sound files" in err


def test_one_class_is_not_enough(here, capsys):
    call_folder(here / "s", kinds=("rise",))
    code, err = fails(capsys, "classify", "s")
    assert code == 3
    assert "one class, 'rise'" in err
    assert not (here / "runs").exists()


def test_a_class_of_one_recording_is_named(here, capsys):
    made = call_folder(here / "s", count=1, each=2)
    made["fall"][0].unlink()
    code, err = fails(capsys, "classify", "s")
    assert code == 3
    assert "class 'fall' has 1 recording" in err


def test_rates_that_differ_are_named_with_the_remedy(here, capsys):
    made = call_folder(here / "s")
    write_sound(made["trill"][0], np.zeros(4000), 16000)
    code, err = fails(capsys, "classify", "s")
    assert code == 3
    assert made["trill"][0].name in err
    assert "16000 samples per second, expected 8000" in err
    assert "try: --rate 8000" in err


def test_a_damaged_file_is_named(here, capsys):
    made = call_folder(here / "s")
    made["rise"][2].write_bytes(made["rise"][2].read_bytes()[:60])
    code, err = fails(capsys, "classify", "s")
    assert code == 3
    assert made["rise"][2].name in err


def test_flac_without_its_extra_says_what_to_install(here, capsys, monkeypatch):
    import sys

    made = call_folder(here / "s")
    (made["rise"][0].with_suffix(".flac")).write_bytes(b"fLaC" + bytes(64))
    monkeypatch.setitem(sys.modules, "soundfile", None)
    code, err = fails(capsys, "classify", "s")
    assert code == 4
    assert 'pip install "plashet[audio]"' in err


def test_names_that_do_not_fit_the_pattern_are_bad_data(here, capsys):
    call_folder(here / "s", names="{bird}-{k}")
    code, err = fails(capsys, "classify", "s", "--names", NAMES)
    assert code == 3
    assert "does not fit the pattern" in err


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("name,label\nx.wav,a\n", "no column file"),
        ("file,label\nx.wav,a\n", "line 2: there is no file"),
        ("file,label\n", "lists no files"),
    ],
)
def test_a_manifest_that_does_not_fit_is_bad_data(here, capsys, text, told):
    (here / "m.csv").write_text(text)
    code, err = fails(capsys, "classify", "m.csv")
    assert code == 3
    assert told in err


def test_a_model_of_something_else_is_refused(here, capsys):
    pl.save("other.plashet", {"a": np.zeros(3)})
    (here / "text.plashet").write_text("no model")
    (here / "pickle.plashet").write_bytes(pickle.dumps({"a": 1}))
    refused = (("other.plashet", "holds a dict"), ("text.plashet", "not a plashet"), ("pickle.plashet", "never opened"))
    for name, told in refused:
        code, err = fails(capsys, "predict", name, "a.wav")
        assert code == 3
        assert told in err


def test_a_place_that_cannot_be_written_is_known_before_the_work(learnt, here, capsys):
    sounds, out = learnt
    one = str(next(iter(sounds.glob("*/*.wav"))))
    code, err = fails(capsys, "predict", str(out / "model.plashet"), one, "-o", "no/such/place.csv")
    assert code == 2
    assert "mkdir -p no/such" in err


def test_more_parts_than_groups_and_an_odd_split_are_refused():
    paths = tuple(f"{i}.wav" for i in range(8))
    labels = ("a", "b") * 4
    with pytest.raises(DataFault, match="there are 2 groups"):
        trial(Recordings(paths, labels, ("x", "x", "y", "y") * 2), 3, print)
    with pytest.raises(DataFault, match="split says 'dev'"):
        trial(Recordings(paths, labels, None, ("train", "dev") * 4), None, print)
    with pytest.raises(DataFault, match="no recording is for testing"):
        trial(Recordings(paths, labels, None, ("train",) * 8), None, print)
    with pytest.raises(DataFault, match=r"no recording of \['b'\] is taught"):
        trial(Recordings(paths, labels, None, ("train", "test") * 4), None, print)


def test_a_model_of_a_newer_format_says_how_to_read_it(learnt, capsys, monkeypatch):
    import sys

    monkeypatch.setattr(sys.modules["plashet.save"], "FORMAT", 0)
    path = str(learnt[1] / "model.plashet")
    for typed in (("predict", path, "a.wav"), ("listen", path, "-")):
        code, err = fails(capsys, *typed)
        assert code == 3
        assert "has format 1" in err
        assert "try: pip install --upgrade plashet" in err


# demonstrations


def test_the_demonstration_of_spikes_shows_what_rings_on(here, capsys):
    assert run(["demo", "spikes", "--quick", "--json", "-o", "out"]) == 0
    said = json.loads(capsys.readouterr().out)["accuracy"]
    assert set(said) == {"liquid", "no liquid", "no liquid, all parts", "majority class"}
    assert said["liquid"] > said["no liquid"] + 0.02
    assert said["majority class"] < 0.25
    assert 'class="spikes"' in (here / "out" / "report.html").read_text()


def test_the_demonstration_of_calls_leaves_files_to_go_on_with(here, capsys):
    assert run(["demo", "classify", "--quick", "-o", "out"]) == 0
    said = capsys.readouterr().out
    assert (here / "out" / "long.wav").is_file()
    assert len(list((here / "out" / "calls").glob("*/*.wav"))) == 8 * 5 * 3
    assert "Next: plashet listen out/model.plashet out/long.wav" in said


def test_inspect_says_what_a_recogniser_tells_apart_and_hears(learnt, capsys):
    path = str(learnt[1] / "model.plashet")
    assert run(["inspect", path, "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["kind"] == "recogniser"
    assert said["classes"] == ["fall", "rise", "trill"]
    assert said["features"] == 5 * 60
    assert said["hears"].startswith("8,000 samples per second, through LogMel")
    assert run(["inspect", path]) == 0
    assert f"Next: plashet listen {path} SOUND.wav" in capsys.readouterr().out.replace("\n", "")


def test_noisy_copies_are_taught_and_the_recordings_asked(learnt, here, capsys):
    sounds, out = learnt
    assert run(["classify", str(sounds), "--names", NAMES, "--noisy", *FEW, "--json", "-o", "noisy"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["recordings"] == 54  # the copies are not among what is asked
    assert (here / "noisy" / "model.plashet").read_bytes() != (out / "model.plashet").read_bytes()
    assert "noisy copy" in (here / "noisy" / "report.html").read_text()


def test_a_noisy_copy_is_the_recording_with_noise_as_loud_as_said():
    from plashet.classify.noisy import LOUD, SILENCE, noisy

    samples = np.random.default_rng(0).normal(size=8000).astype(np.float32) / 4
    for key in range(20):
        copy = noisy(samples, RATE, (key,))
        np.testing.assert_array_equal(copy, noisy(samples, RATE, (key,)))
        assert copy.dtype == np.float32
        before = int(np.argmax(np.correlate(copy, samples, "valid")))
        assert before <= SILENCE * RATE
        rest = copy.astype(float)
        rest[before : before + 8000] -= samples
        below = -10 * np.log10(np.mean(rest**2) / np.mean(samples**2))
        assert LOUD[0] - 0.3 < below < LOUD[1] + 0.3
