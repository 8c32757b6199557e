"""Fonts by the name of their family, wherever the machine keeps them; what is missing is said before anything runs."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from lungtox.errors import Fault, InputError

if TYPE_CHECKING:
    from lungtox.figures.config import FiguresSettings, StyleSettings

ALWAYS_THERE = "DejaVu Sans"
"""Comes with matplotlib, and has the signs that other fonts lack."""
PACKAGES = {
    "Liberation Sans": "fonts-liberation",
    "Droid Sans Fallback": "fonts-droid-fallback",
    "WenQuanYi Micro Hei": "fonts-wqy-microhei",
    "WenQuanYi Zen Hei": "fonts-wqy-zenhei",
}
"""Debian and Ubuntu packages."""
_OTHERS = {
    "font": "Arial is on Windows and macOS, and in the conda package mscorefonts; DejaVu Sans is always there",
    "chinese_font": "or a TrueType font of Chinese that the machine has, such as Microsoft YaHei or SimHei (Windows)",
}


def font_faults(settings: FiguresSettings) -> list[Fault]:
    """Give what is wrong with the fonts that the config names.

    Parameters
    ----------
    settings : FiguresSettings

    Returns
    -------
    list of Fault
        A font that is not installed, or whose letters cannot be embedded as TrueType.
    """
    return [fault for key in ("font", "chinese_font") for fault in _judge(key, getattr(settings.style, key))]


def font_families(style: StyleSettings) -> list[str]:
    """Give the families in which a sign is looked for, in this order.

    Raises
    ------
    InputError
        Where one is not installed: another font in its place would be another figure.
    """
    faults = [fault for key in ("font", "chinese_font") for fault in _judge(key, getattr(style, key))]
    if faults:
        raise InputError(faults)
    return list(dict.fromkeys(name for name in (style.font, style.chinese_font, ALWAYS_THERE) if name))


def find_font(name: str) -> Path | None:
    """Give the file of a font family; None where it is not installed."""
    return _find(name)


@cache
def _find(name: str) -> Path | None:
    from matplotlib.font_manager import findfont

    try:
        return Path(findfont(name, fallback_to_default=False))
    except ValueError:
        _read_new_fonts()
    try:
        return Path(findfont(name, fallback_to_default=False))
    except ValueError:
        return None


@cache
def _read_new_fonts() -> None:
    """Read the fonts that were installed after matplotlib made its list."""
    from matplotlib.font_manager import findSystemFonts, fontManager

    known = {entry.fname for entry in fontManager.ttflist}
    for path in sorted(set(findSystemFonts()) - known):
        try:
            fontManager.addfont(path)
        except (OSError, RuntimeError, ValueError):  # a damaged file is no font
            continue


def _judge(key: str, name: str) -> list[Fault]:
    if not name or name == ALWAYS_THERE:
        return []
    who = f"figures.style.{key}"
    path = find_font(name)
    if path is None:
        package = f"install {PACKAGES[name]} (Debian, Ubuntu)" if name in PACKAGES else "install it"
        action = f"Please {package}, or name another font there; {_OTHERS[key]}."
        return [Fault(who, f"the font {name}", "no such font on this machine", action, "font-missing")]
    if _has_postscript_outlines(path):
        action = "Please name a TrueType font there, such as WenQuanYi Micro Hei."
        found = f"{name}, whose outlines are PostScript and cannot be embedded so"
        return [Fault(who, "a font with TrueType outlines", found, action, "font-outlines")]
    return []


def _has_postscript_outlines(path: Path) -> bool:
    """Tell whether a font file, or the first font of a collection, begins as OpenType with PostScript outlines."""
    with path.open("rb") as file:
        head = file.read(16)
        if head[:4] == b"ttcf":
            file.seek(int.from_bytes(head[12:16], "big"))
            head = file.read(4)
    return head[:4] == b"OTTO"
