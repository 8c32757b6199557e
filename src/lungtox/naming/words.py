"""The table of names.toml as look-ups: every spelling with its side already joined, so that nothing is guessed."""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

WORDS = "names.toml"
PLURALS = {"Lung": "Lungs", "BrachialPlex": "BrachialPlexs"}
_LIGATURES = str.maketrans({"œ": "oe", "æ": "ae", "ø": "o"})
_SEPARATORS = re.compile(r"[\s_.,:;/\\'\"()\[\]{}-]+")


def plain(text: str) -> str:
    """Give a text without case, accents and ligatures."""
    bare = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", text).casefold().translate(_LIGATURES))
    return unicodedata.normalize("NFC", "".join(sign for sign in bare if not unicodedata.combining(sign)))


def tokens(text: str) -> list[str]:
    """Give the words of a name, between blanks, underscores, hyphens, brackets and full stops."""
    return [word for word in _SEPARATORS.split(plain(text)) if word]


def key(text: str) -> str:
    """Give the form in which names are compared: the words joined."""
    return "".join(tokens(text))


@dataclass(frozen=True)
class Vocabulary:
    """Look-ups made of names.toml.

    Attributes
    ----------
    structures : dict of str to str
        Key of a spelling -> canonical name; sides and words for both included.
    stems : dict of str to (str, str)
        Key of a spelling without side -> (structure, kind), kind "one", "both" or "": for fuzzy comparison.
    others : frozenset of str
        Keys of structures that are not asked for.
    sides : dict of str to str
        Word -> "left", "right" or "both".
    derived, versions : frozenset of str
    labels : dict of str to str
        Word beside a target -> group of labels.
    """

    structures: Mapping[str, str]
    stems: Mapping[str, tuple[str, str]]
    others: frozenset[str]
    sides: Mapping[str, str]
    derived: frozenset[str]
    versions: frozenset[str]
    labels: Mapping[str, str]


@cache
def vocabulary() -> Vocabulary:
    """Read names.toml once."""
    raw = tomllib.loads(Path(__file__).with_name(WORDS).read_text(encoding="utf-8"))
    stems: dict[str, tuple[str, str]] = {}
    spellings: dict[str, str] = {}
    for name, groups in raw["structures"].items():
        for kind, language, phrase in _phrases(groups):
            canonical = {"names": name, "left": f"{name}_L", "right": f"{name}_R", "both": PLURALS.get(name, "")}
            if kind == "one":
                stems[key(phrase)] = (name, "one")
                for word in _words(raw, language, "left", "right"):
                    for spelling in _beside(phrase, word):
                        _add(spellings, spelling, f"{name}_{'L' if word in _words(raw, language, 'left') else 'R'}")
            else:
                stems[key(phrase)] = (name, "both" if kind == "both" else "")
                _add(spellings, key(phrase), canonical[kind])
            if kind in ("one", "both"):
                for word in _words(raw, language, "both"):
                    for spelling in _beside(phrase, word):
                        _add(spellings, spelling, PLURALS[name])
    sides = {plain(word): side for side in ("left", "right", "both") for words in raw[side].values() for word in words}
    labels = {key(word): group for group, words in raw["targets"].items() for word in words}
    return Vocabulary(
        structures=spellings,
        stems=stems,
        others=frozenset(map(key, raw["others"]["names"])),
        sides=sides,
        derived=frozenset(map(plain, raw["derived"]["words"])),
        versions=frozenset(map(plain, raw["versions"]["words"])),
        labels=labels,
    )


def _phrases(groups: Mapping[str, Mapping[str, Iterable[str]]]) -> Iterator[tuple[str, str, str]]:
    for kind, languages in groups.items():
        for language, phrases in languages.items():
            yield from ((kind, language, phrase) for phrase in phrases)


def _words(raw: Mapping[str, Any], language: str, *sides: str) -> list[str]:
    return [word for side in sides for group in ("any", language) for word in raw[side].get(group, ())]


def _beside(phrase: str, word: str) -> Iterator[str]:
    yield key(phrase) + key(word)
    # "d poumon": a single letter in front may also mark a structure made for planning.
    if len(word) > 1 or word in ("l", "r") or not word.isascii():
        yield key(word) + key(phrase)


def _add(table: dict[str, str], spelling: str, structure: str) -> None:
    if table.setdefault(spelling, structure) != structure:
        raise ValueError(f"{WORDS}: {spelling!r} is both {table[spelling]} and {structure}")
