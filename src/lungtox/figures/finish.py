"""What a figure gets when everything is drawn: widths of lines and markers, letters that its fonts have."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from lungtox.figures.config import StyleSettings

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.figure import Figure


def finish_figure(figure: Figure, style: StyleSettings) -> None:
    """Give lines and markers their widths, and Chinese its letters."""
    for axes in figure.axes:
        for axis in (axes.xaxis, axes.yaxis):
            axis.get_major_ticks(1)  # the first tick has the context's looks, and hands them on to all others
    if style.lines != 1.0:
        _widen([*_artists(figure)], style.lines)
    set_upright(figure, style)


def set_upright(figure: Figure, style: StyleSettings) -> None:
    """Take bold and slanted letters out of a Chinese figure: the fonts of Chinese have none of their own."""
    from matplotlib.text import Text

    for text in figure.findobj(Text) if style.chinese_font else []:
        if isinstance(text, Text):
            text.set_fontweight("normal")
            text.set_fontstyle("normal")


def _artists(figure: Figure) -> Iterator[Artist]:
    """Give what was drawn, without spines and ticks."""
    yield from [*figure.lines, *figure.patches, *figure.artists]
    legends = [*figure.legends, *(legend for axes in figure.axes if (legend := axes.get_legend()) is not None)]
    for axes in figure.axes:
        yield from [*axes.lines, *axes.patches, *axes.collections]
    for legend in legends:
        yield from [handle for handle in legend.legend_handles if handle is not None]


def _widen(artists: Sequence[Artist], factor: float) -> None:
    import numpy as np
    from matplotlib.collections import Collection
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    for artist in artists:
        if isinstance(artist, Line2D):
            artist.set_linewidth(factor * artist.get_linewidth())
            artist.set_markersize(factor * artist.get_markersize())
            artist.set_markeredgewidth(factor * artist.get_markeredgewidth())
        elif isinstance(artist, Patch):
            artist.set_linewidth(factor * artist.get_linewidth())
        elif isinstance(artist, Collection):
            artist.set_linewidth((factor * np.atleast_1d(artist.get_linewidth())).tolist())
