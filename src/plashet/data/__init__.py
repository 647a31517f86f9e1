"""Data to learn from: real sets that the package carries, and generators with a seed."""

from ..wiring.worm import Worm
from .calls import CALLS, Bird, Call, birds, calls
from .catalogue import Entry, catalogue, entry
from .delays import mackey_glass, mackey_glass_path
from .flows import lorenz63, lorenz63_field, lorenz96, lorenz96_field, rk4, roessler, roessler_field
from .maps import NARMA10, NARMA30, Driven, NarmaRule, narma
from .recordings import Recordings, recordings
from .regimes import (
    Regimes,
    schedule,
    switching_lorenz,
    switching_mackey_glass,
    switching_narma,
    switching_sines,
)
from .sets import (
    JapaneseVowels,
    arrays,
    brent_oil,
    celegans,
    japanese_vowels,
    licence_text,
    load,
    new_york_weather,
    santa_fe_laser,
    victoria_demand,
)
from .signals import MSO8, multiple_sines, noise
from .sound import NoSoundFile, RateError, Sound, SoundError, read_sound, resampled, write_sound
from .streamed import Stream, at_rate, sound_stream

__all__ = [
    "CALLS",
    "MSO8",
    "NARMA10",
    "NARMA30",
    "Bird",
    "Call",
    "Driven",
    "Entry",
    "JapaneseVowels",
    "NarmaRule",
    "NoSoundFile",
    "RateError",
    "Recordings",
    "Regimes",
    "Sound",
    "SoundError",
    "Stream",
    "Worm",
    "arrays",
    "at_rate",
    "birds",
    "brent_oil",
    "calls",
    "catalogue",
    "celegans",
    "entry",
    "japanese_vowels",
    "licence_text",
    "load",
    "lorenz63",
    "lorenz63_field",
    "lorenz96",
    "lorenz96_field",
    "mackey_glass",
    "mackey_glass_path",
    "multiple_sines",
    "narma",
    "new_york_weather",
    "noise",
    "read_sound",
    "recordings",
    "resampled",
    "rk4",
    "roessler",
    "roessler_field",
    "santa_fe_laser",
    "schedule",
    "sound_stream",
    "switching_lorenz",
    "switching_mackey_glass",
    "switching_narma",
    "switching_sines",
    "victoria_demand",
    "write_sound",
]
