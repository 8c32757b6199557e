"""Figures as data addresses: the report carries them along."""

from __future__ import annotations

import base64
import re
from pathlib import Path

from lungtox.figures import ALTERNATIVES, CAPTIONS
from lungtox.report.blocks import Picture, Text

MM_PER_PT = 25.4 / 72.0
MOST_BYTES = 3_000_000


def picture(folder: Path, name: str) -> Picture | Text:
    """Give a figure of the results folder as a vector image, or the sentence that it is not there.

    The image is referred to as data and not pasted into the page: ids inside of matplotlib's SVGs repeat between
    figures.
    """
    path = folder / "figures" / f"{name}.svg"
    if not path.is_file():
        return Text(f"The figure {name} is not part of these results.")
    content = path.read_bytes()
    found = re.search(rb'<svg[^>]*?\swidth="([0-9.]+)pt"', content)
    width_mm = float(found.group(1)) * MM_PER_PT if found else 180.0
    address = f"data:image/svg+xml;base64,{base64.b64encode(content).decode('ascii')}"
    return Picture(name, CAPTIONS[name], ALTERNATIVES[name], address, width_mm)


def sheet_picture(folder: Path, name: str, *, caption: str, alternative: str) -> Picture | Text:
    """Give a PNG of the results folder, or the sentence that it is not there or too large to carry along."""
    path = folder / "figures" / f"{name}.png"
    if not path.is_file():
        return Text(f"The figure {name} is not part of these results.")
    if path.stat().st_size > MOST_BYTES:
        return Text(f"The sheet of all pages is too large for this report: figures/{name}.png.")
    address = f"data:image/png;base64,{base64.b64encode(path.read_bytes()).decode('ascii')}"
    return Picture(name, caption, alternative, address, width_mm=180.0)
