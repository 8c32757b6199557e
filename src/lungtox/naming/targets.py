"""Names of targets: which kind, which label, which dose."""

from __future__ import annotations

import re
from dataclasses import dataclass

from lungtox.naming.words import plain, vocabulary

_BASE = re.compile(r"(?<![a-z])(i[\s_.-]?gtv|i[\s_.-]?ctv|gtv|ctv|itv|ptv)")
_LENGTH = re.compile(r"\d[\s_.]*(mm|cm)(?![a-z])|[+±][\s_.]*\d")
_CROPPED = re.compile(r"-\s*(0\d|[a-z]*tv)|[-+&]\s*lungs?(?![a-z])")  # TG-263: PTV-03 is cropped by 3 mm
_OTHER_BEFORE = re.compile(r"[+&]|(?<![a-z])lungs?(?![a-z])|-[\s_.]*$")  # a difference, a union, or an overlap
_DOSE = re.compile(
    r"(?P<number>\d{1,4}(?:\.\d{1,2})?)(?!\d)(?:[\s_.]*(?P<unit>gy|cgy))?"
    r"(?:[\s_.]*(?:x|/|in)[\s_.]*\d{1,2}(?!\d|\.\d)(?:[\s_.]*(?:fx|fr|f))?(?![a-z]))?"
)
_WORD = re.compile(r"4d(?![^\W\d_])|[^\W\d_]+")
_GAP = re.compile(r"[\s_.,:;/()\[\]&+-]+")
_INDEX = re.compile(r"\d{1,2}(?!\d|\.\d|[\s_.]*c?gy)")
_LOWEST_BARE_GY = 20.0  # smaller numbers without a unit count targets
_HIGHEST_GY = 90.0
_YEARS = range(1990, 2036)


@dataclass(frozen=True)
class Target:
    """What the name of a target says.

    Attributes
    ----------
    kind : str
        GTV, IGTV, ICTV, ITV, CTV or PTV.
    labels : tuple of str
        Groups of labels: primary, node, metastasis, place, level, doubtful, number.
    words : tuple of str
        The labels themselves: only words of the table, and numbers.
    dose_gy : float or None
        Prescribed dose in the name.
    """

    kind: str
    labels: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    dose_gy: float | None = None

    @property
    def doubtful(self) -> bool:
        """Whether a label may mean another contour of the same tumour."""
        return "doubtful" in self.labels

    @property
    def note(self) -> str:
        """What the name says beside the kind."""
        dose = f"{self.dose_gy:g} Gy" if self.dose_gy is not None else ""
        return ", ".join(part for part in (" ".join(self.words), dose) if part)


def parse_target(name: str) -> Target | None:
    """Read the name of a target.

    Parameters
    ----------
    name : str
        Such as ``GTVp``, ``igtv 60``, ``PTV_41.4``, ``GTV-N 2``.

    Returns
    -------
    Target or None
        None where the name is no target, or a part of it is not understood: margins, rings, differences, two targets.
    """
    text = re.sub(r"(\d),(\d)", r"\1.\2", plain(name)).strip()
    bases = list(_BASE.finditer(text))
    if len(bases) != 1 or text.startswith(("_", "~", "z")) or _LENGTH.search(text):
        return None
    base = bases[0]
    if _OTHER_BEFORE.search(text[: base.start()]) or _CROPPED.search(text[base.end() :]):
        return None
    kind = re.sub(r"[\s_.-]", "", base[0]).upper()
    dose_gy: float | None = None
    labels: list[str] = []
    words: list[str] = []
    for part in (text[: base.start()], text[base.end() :]):
        found = _read_labels(part)
        if found is None:
            return None
        labels += found.labels
        words += found.words
        if found.dose_gy is not None:
            if dose_gy is not None:
                return None
            dose_gy = found.dose_gy
    return Target(kind, tuple(labels), tuple(words), dose_gy)


def _read_labels(text: str) -> Target | None:
    """Take a text apart into labels and at most one dose; None where something is left."""
    labels: list[str] = []
    words: list[str] = []
    doses_gy: list[float] = []
    place = 0
    while place < len(text):
        if gap := _GAP.match(text, place):
            place = gap.end()
            continue
        word = _longest_label(text, place)
        number = None if word else _DOSE.match(text, place)
        value = _dose_gy(number) if number else None
        index = None if word or value else _INDEX.match(text, place)
        if word is not None:
            labels.append(vocabulary().labels[word])
            words.append(word)
            place += len(word)
        elif number is not None and value is not None:
            doses_gy.append(value)
            place = number.end()
        elif index is not None:
            labels.append("number")
            words.append(index[0])
            place = index.end()
        else:
            return None
    return None if len(doses_gy) > 1 else Target("", tuple(labels), tuple(words), next(iter(doses_gy), None))


def _dose_gy(number: re.Match[str]) -> float | None:
    text, unit = number["number"], number["unit"]
    value = float(text)
    if text.startswith("0") or (unit is None and value in _YEARS):
        return None
    dose_gy = value / 100.0 if unit == "cgy" or (unit is None and value >= 1000) else value
    return dose_gy if (1.0 if unit else _LOWEST_BARE_GY) <= dose_gy <= _HIGHEST_GY else None


def _longest_label(text: str, place: int) -> str | None:
    """Find the label at this place; letters that run on are at most two labels, such as ``pn``."""
    letters = _WORD.match(text, place)
    if letters is None or letters[0] in vocabulary().derived:
        return None
    run, labels = letters[0], vocabulary().labels
    if run in labels:
        return run
    return next((run[:n] for n in range(len(run) - 1, 0, -1) if run[:n] in labels and run[n:] in labels), None)
