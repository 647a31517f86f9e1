"""Folders of made-up sounds for the tests of the commands."""

from plashet.data import birds, calls, write_sound

RATE = 8000


def call_folder(folder, count=3, each=4, rate=RATE, kinds=("fall", "rise", "trill"), names="{bird}_{k}"):
    """A sub-folder for each kind of call, files named after birds; the paths by kind."""
    made = {}
    for call in calls(birds(count, 1), each, rate, 1):
        if call.label not in kinds:
            continue
        own = made.setdefault(call.label, [])
        path = folder / call.label / f"{names.format(bird=call.bird, k=len(own))}.wav"
        path.parent.mkdir(parents=True, exist_ok=True)
        write_sound(path, call.samples, rate)
        own.append(path)
    return made
