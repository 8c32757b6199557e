"""From ROI names to proposals of canonical structures. A person accepts them; nothing here decides."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Literal

from lungtox.naming.canonical import CANONICAL_STRUCTURES, TARGETS
from lungtox.naming.targets import parse_target
from lungtox.naming.words import PLURALS, key, plain, tokens, vocabulary

Match = Literal["exact", "alias", "fuzzy", ""]
EXACT_SCORE, ALIAS_SCORE, HIGHEST_FUZZY_SCORE = 100.0, 99.0, 95.0
VERSION_SCORE, UNDIVIDED_SCORE = 85.0, 70.0
LOWEST_SIMILARITY = 0.8
LOWEST_SWAPPED = 0.75  # the same letters in another order ("Lnug")
SHORTEST_FUZZY = 4  # letters; shorter words are other words when one letter changes
# Spellings that may stand beside a side, no side, a word for both.
_KINDS: Mapping[frozenset[str], tuple[str, ...]] = {
    frozenset({"left"}): ("one",),
    frozenset({"right"}): ("one",),
    frozenset(): ("", "both"),
    frozenset({"both"}): ("one", "both"),
}
_MINUS = re.compile(r"[\s_.]*[-\\][\s_.]*|[\s_.]+(?:minus|ohne|without|w/o|excl|sans|senza|menos|zonder|not)[\s_.]+")
_LENGTH = re.compile(r"\d[\s_.]*(mm|cm)(?![a-z])")


@dataclass(frozen=True)
class Proposal:
    """What a ROI name may mean.

    Attributes
    ----------
    roi_number : int
    roi_name : str
    structure : str
        Canonical name; empty where nothing is proposed.
    match : {"exact", "alias", "fuzzy", ""}
    score : float
        0 to 100: 100 exact, 99 alias, at most 95 fuzzy.
    note : str
        What a person should know; never a part of the ROI name that the table of words does not have.
    """

    roi_number: int
    roi_name: str
    structure: str = ""
    match: Match = ""
    score: float = 0.0
    note: str = ""


def propose_names(names: Mapping[int, str]) -> list[Proposal]:
    """Propose canonical structures for the ROI names of one structure set.

    Parameters
    ----------
    names : mapping of int to str
        ROI number -> ROI name.

    Returns
    -------
    list of Proposal
        One for each ROI, by ROI number; independent of the order of `names`. Where several ROIs fit one organ, the
        better match keeps the proposal; equal ones keep it both, and say so.
    """
    single = [propose_name(name, number=number) for number, name in sorted(names.items())]
    return [_among(proposal, single) for proposal in single]


def propose_name(name: str, *, number: int = 0) -> Proposal:
    """Propose a structure for one ROI name, as if it stood alone."""
    structure, match, score, note = _read(name)
    return Proposal(number, name, structure, match, score, note)


def _among(proposal: Proposal, all_of_them: Iterable[Proposal]) -> Proposal:
    rivals = [
        other
        for other in all_of_them
        if other.structure == proposal.structure and other.roi_number != proposal.roi_number
    ]
    if not proposal.structure or not rivals:
        return proposal
    if proposal.structure in TARGETS:
        return replace(proposal, note=_joined(proposal.note, f"{len(rivals) + 1} ROIs of {proposal.structure}"))
    better = [other for other in rivals if other.score > proposal.score]
    if better:
        note = f"ROI {better[0].roi_number} fits {proposal.structure} better"
        return replace(proposal, structure="", match="", score=0.0, note=_joined(proposal.note, note))
    equal = sorted(other.roi_number for other in rivals if other.score == proposal.score)
    if equal:
        note = f"ROI {', '.join(map(str, equal))} fits {proposal.structure} as well: accept one"
        return replace(proposal, note=_joined(proposal.note, note))
    return proposal


def _joined(*notes: str) -> str:
    return "; ".join(note for note in notes if note)


_Reading = tuple[str, Match, float, str]


def _nothing(note: str) -> _Reading:
    return "", "", 0.0, note


def _read(name: str) -> _Reading:
    text = plain(name).strip()
    if not text:
        return _nothing("no name")
    compared = key(name)
    structure = vocabulary().structures.get(compared)
    if text.startswith(("_", "~")) or (text.startswith("z") and structure is None):
        return _nothing("marked as partly contoured" if text[0] == "~" else "marked as made for planning")
    if structure is not None:
        exact = structure in CANONICAL_STRUCTURES and compared == key(structure)
        return structure, "exact" if exact else "alias", EXACT_SCORE if exact else ALIAS_SCORE, ""
    if (target := _target(name)) is not None:
        return target
    return _difference(text) or _derived(name, text) or _undivided(name) or _version(name) or _fuzzy(name)


def _target(name: str) -> _Reading | None:
    found = parse_target(name)
    if found is None:
        return None
    if found.kind not in TARGETS:
        return _nothing(f"{found.kind} is not used")
    if found.doubtful:
        return found.kind, "fuzzy", VERSION_SCORE, _joined(found.note, "may be another contour of the same target")
    bare = not found.labels and found.dose_gy is None
    return found.kind, "exact" if bare else "alias", EXACT_SCORE if bare else ALIAS_SCORE, found.note


def _difference(text: str) -> _Reading | None:
    """Read both lungs without the GTV; every other difference is a structure made for planning."""
    parts = [part for part in _MINUS.split(text) if part]
    if len(parts) < 2:
        return None
    taken = parse_target(parts[-1])
    if taken is None:
        return None
    whole = vocabulary().structures.get(key(parts[0]))
    if len(parts) == 2 and whole == "Lungs" and taken.kind == "GTV" and not taken.labels and taken.dose_gy is None:
        exact = key(text) == "lungsgtv"
        return "Lungs-GTV", "exact" if exact else "alias", EXACT_SCORE if exact else ALIAS_SCORE, ""
    return _nothing(f"a structure without the {taken.kind}")


def _derived(name: str, text: str) -> _Reading | None:
    words = set(tokens(name))
    vocabular = vocabulary()
    sides = {vocabular.sides.get(word) for word in words}
    if {"left", "right"} <= sides:
        return _nothing("the name has both sides")
    if _LENGTH.search(text) or words & vocabular.derived or any(sign in text for sign in "+&<>=^!~%"):
        return _nothing("a margin, a part, a copy or a structure made for planning")
    if any(base in text for base in ("gtv", "ctv", "itv", "ptv")):
        return _nothing("a target with something that is not understood")
    without_number = re.sub(r"\d+$", "", key(name))
    if without_number != key(name):
        found = vocabular.structures.get(without_number)
        return _nothing(f"a number after {found}: a margin or a copy" if found else "a number in the name")
    return None


def _undivided(name: str) -> _Reading | None:
    """Read the name of one of a pair without its side: often the pair, and a person has to look."""
    structure, kind = vocabulary().stems.get(key(name), ("", ""))
    if kind != "one":
        return None
    return PLURALS[structure], "fuzzy", UNDIVIDED_SCORE, "one or both? The name has no side"


def _version(name: str) -> _Reading | None:
    vocabular = vocabulary()
    words = tokens(name)
    kept = [word for word in words if word not in vocabular.versions]
    if len(kept) == len(words):
        return None
    structure = vocabular.structures.get("".join(kept))
    if structure is None:
        return None
    return structure, "fuzzy", VERSION_SCORE, "a word for its version stands beside it"


def _fuzzy(name: str) -> _Reading:
    """Compare what is left without the side with every spelling; the side itself is never guessed."""
    vocabular = vocabulary()
    words = tokens(name)
    sides = {vocabular.sides[word] for word in words if word in vocabular.sides}
    stem = "".join(word for word in words if word not in vocabular.sides)
    if len(stem) < SHORTEST_FUZZY or any(sign.isdigit() for sign in stem):
        return _nothing("not known")
    if stem in vocabular.stems:
        return _nothing("the side does not fit")
    similarity, spelling = _nearest(stem, _KINDS.get(frozenset(sides), ()))
    swapped = sorted(stem) == sorted(spelling)
    if similarity < (LOWEST_SWAPPED if swapped else LOWEST_SIMILARITY) or spelling in vocabular.others:
        return _nothing("not known")
    structure, kind = vocabular.stems[spelling]
    score = min(HIGHEST_FUZZY_SCORE, round(100.0 * similarity))
    if sides & {"left", "right"}:
        structure = f"{structure}_{'L' if 'left' in sides else 'R'}"
    elif kind:
        structure = PLURALS[structure]
    return structure, "fuzzy", score, f"spelt nearly like {spelling}"


def _nearest(stem: str, kinds: Collection[str]) -> tuple[float, str]:
    """Find the most similar spelling; none where the name is that and more letters ("xLung", "Heartblock")."""
    from rapidfuzz.distance import OSA

    vocabular = vocabulary()
    own = [spelling for spelling, (_, kind) in vocabular.stems.items() if kind in kinds]
    candidates = [spelling for spelling in (*own, *vocabular.others) if len(spelling) >= SHORTEST_FUZZY]
    best = max((OSA.normalized_similarity(stem, spelling), spelling) for spelling in candidates)
    return (0.0, "") if best[1] in stem and not _doubled(stem, best[1]) else best


def _doubled(stem: str, spelling: str) -> bool:
    """Say whether a name is a spelling with one letter typed twice."""
    return len(stem) == len(spelling) + 1 and any(
        stem[:n] + stem[n + 1 :] == spelling and stem[n] in (stem[n - 1 : n] or stem[n + 1 : n + 2])
        for n in range(len(stem))
    )
