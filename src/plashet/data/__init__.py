"""Data to learn from: real sets that the package carries, and generators with a seed."""

from .catalogue import Entry, catalogue, entry
from .sets import (
    JapaneseVowels,
    arrays,
    brent_oil,
    japanese_vowels,
    licence_text,
    load,
    new_york_weather,
    santa_fe_laser,
    victoria_demand,
)

__all__ = [
    "Entry",
    "JapaneseVowels",
    "arrays",
    "brent_oil",
    "catalogue",
    "entry",
    "japanese_vowels",
    "licence_text",
    "load",
    "new_york_weather",
    "santa_fe_laser",
    "victoria_demand",
]
