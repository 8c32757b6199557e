"""Words in figures, in the language of the config; English texts are the keys."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lungtox.figures.config import FiguresSettings


@cache
def _dictionary(language: str) -> dict[str, str]:
    """Give English text -> text of a language; empty for English."""
    if language == "en":
        return {}
    return tomllib.loads(files("lungtox.figures").joinpath(f"{language}.toml").read_text(encoding="utf-8"))


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
