"""Words in figures, in the language of the config; English texts are the keys."""

from __future__ import annotations

import re
import tomllib
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lungtox.figures.config import FiguresSettings


# Written out, because the workflow looks for the names of data files among a module's texts.
_TEXTS = {"zh": "zh.toml"}
_TABLE_WORDS = {"zh": "zh_labels.toml"}


@cache
def _dictionary(language: str) -> dict[str, str]:
    """Give English text -> text of a language; empty for English."""
    return _read(_TEXTS[language]) if language in _TEXTS else {}


@cache
def _labels(language: str) -> tuple[dict[str, str], list[tuple[re.Pattern[str], str]]]:
    """Give the words of tables: whole labels, and patterns of composed ones in the order of the file."""
    entries = _read(_TABLE_WORDS[language]) if language in _TABLE_WORDS else {}
    patterns = [(_pattern(english), text) for english, text in entries.items() if "{" in english]
    return {english: text for english, text in entries.items() if "{" not in english}, patterns


def _read(name: str) -> dict[str, str]:
    return tomllib.loads(files("lungtox.figures").joinpath(name).read_text(encoding="utf-8"))


def _pattern(template: str) -> re.Pattern[str]:
    parts = re.split(r"\{(\w+)\}", template)
    return re.compile("".join(f"(?P<{part}>.+?)" if n % 2 else re.escape(part) for n, part in enumerate(parts)), re.S)


def translate(settings: FiguresSettings, text: str, **values: object) -> str:
    """Give a text of a figure in the config's language.

    Parameters
    ----------
    settings : FiguresSettings
    text : str
        English, with ``{name}`` or ``{name:.2f}`` where values stand; it is the key of ``zh.toml``.
    **values
        What stands there.

    Returns
    -------
    str
        English where the dictionary does not have the text.
    """
    words = _dictionary(settings.language).get(text, text)
    return words.format(**values) if values else words


def translate_label(settings: FiguresSettings, label: str) -> str:
    """Give a label that stands in a table in the config's language.

    Tables are English. A composed label (``V20 (per 5 %)``) is taken apart by the patterns of ``zh_labels.toml``,
    and its parts are looked up in turn; what nobody knows, such as the user's own names, stays as it is.

    Parameters
    ----------
    settings : FiguresSettings
    label : str
    """
    whole, patterns = _labels(settings.language)
    if not patterns or label in whole:
        return whole.get(label, label)
    if "\n" in label:
        return "\n".join(translate_label(settings, line) for line in label.split("\n"))
    for pattern, text in patterns:
        found = pattern.fullmatch(label)
        if found:
            return text.format(**{name: translate_label(settings, part) for name, part in found.groupdict().items()})
    return label
