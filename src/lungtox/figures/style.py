"""Looks of the figures: sizes, fonts, colours that also differ in lightness, line styles, markers."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from lungtox.figures.config import FiguresSettings, StyleSettings
from lungtox.figures.finish import finish_figure
from lungtox.figures.fonts import ALWAYS_THERE, font_families
from lungtox.figures.language import translate

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MM_PER_INCH = 25.4
INK = "#1a1a1a"
FAINT = "#8c8c8c"
# Okabe & Ito 2008 (without yellow, which vanishes on white), and the "colorblind" palette of seaborn; the first
# two are the groups without and with pneumonitis, a dark and a lighter one.
PALETTES: dict[str, tuple[str, ...]] = {
    "okabe-ito": ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#000000"),
    "colorblind": ("#0173B2", "#DE8F05", "#029E73", "#CC78BC", "#56B4E9", "#D55E00", "#949494"),
}
LINE_STYLES: tuple[Any, ...] = ("-", (0, (5, 1.6)), (0, (1.2, 1.2)), (0, (6, 1.5, 1.2, 1.5)), (0, (9, 2)))
MARKERS = ("o", "s", "^", "D", "v")

# No line begins with these, none ends with those: rules of Chinese type.
_NOT_FIRST, _NOT_LAST = "\uff0c\u3002\uff1b\uff1a\u3001\uff09)%\u201d", "\uff08(\u201c"
_BREAKS = re.compile(r" |(?<=[\u3000-\u9fff\uff00-\uffef])(?=\S)|(?<=\S)(?=[\u3000-\u9fff])")

Group = Literal["no_rp", "rp"]
GROUPS: tuple[Group, ...] = ("no_rp", "rp")


@dataclass(frozen=True)
class Look:
    """Colour, line style and marker of one curve; any one of the three tells it from its neighbours."""

    colour: str
    line: Any
    marker: str


def group_label(settings: FiguresSettings, group: str) -> str:
    """Give the name of the patients with (``rp``) or without (``no_rp``) pneumonitis."""
    return translate(settings, "RP") if group == "rp" else translate(settings, "No RP")


def group_look(style: StyleSettings, group: str) -> Look:
    """Give the look of the patients with (``rp``) or without (``no_rp``) pneumonitis, the same in every figure."""
    index = GROUPS.index("rp" if group == "rp" else "no_rp")
    # The darker vermilion instead of orange: 1 pt lines on white need the contrast.
    return Look((PALETTES[style.palette][0], PALETTES[style.palette][5])[index], LINE_STYLES[index], MARKERS[index])


def curve_look(style: StyleSettings, index: int) -> Look:
    """Give the look of the curve with this number; looks repeat only after 35 curves."""
    order = (0, 5, 2, 3, 4, 1, 6)
    colours = PALETTES[style.palette]
    return Look(
        colours[order[index % len(order)]], LINE_STYLES[index % len(LINE_STYLES)], MARKERS[index % len(MARKERS)]
    )


def small_pt(style: StyleSettings) -> float:
    """Give the size of ticks, legends and notes in points."""
    return max(style.smallest_pt, 0.875 * style.font_pt)


def tiny_pt(style: StyleSettings) -> float:
    """Give the size of the counts within a panel in points: the smallest that the style allows."""
    return max(style.smallest_pt, 0.75 * style.font_pt)


def rc_parameters(style: StyleSettings) -> dict[str, Any]:
    """Give the matplotlib parameters of a style.

    Raises
    ------
    InputError
        A font of the style is not installed.
    """
    wide = style.lines
    return {
        "font.family": font_families(style),
        "font.size": style.font_pt,
        "axes.titlesize": style.font_pt,
        "axes.titleweight": "bold",
        "axes.titlelocation": "left",
        "axes.titlepad": 6.0 * style.scale,
        "axes.labelsize": style.font_pt,
        "axes.labelpad": 4.0 * style.scale,
        "axes.linewidth": 0.6 * wide,
        "axes.edgecolor": INK,
        "axes.labelcolor": INK,
        "text.color": INK,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "xtick.labelsize": small_pt(style),
        "ytick.labelsize": small_pt(style),
        "xtick.major.pad": 3.5 * style.scale,
        "ytick.major.pad": 3.5 * style.scale,
        "xtick.color": INK,
        "ytick.color": INK,
        "xtick.major.width": 0.6 * wide,
        "ytick.major.width": 0.6 * wide,
        "xtick.major.size": 2.5 * wide,
        "ytick.major.size": 2.5 * wide,
        "xtick.minor.size": 1.5 * wide,
        "ytick.minor.size": 1.5 * wide,
        "legend.fontsize": small_pt(style),
        "legend.frameon": False,
        "legend.handlelength": 2.6,
        "lines.linewidth": 1.2,
        "figure.constrained_layout.use": False,
        "mathtext.default": "regular",
    }


_drawn: ContextVar[list[Figure] | None] = ContextVar("_drawn", default=None)


@contextmanager
def style_context(style: StyleSettings) -> Iterator[None]:
    """Give the context in which everything has the looks of a style.

    At its end the lines and markers of the figures that `new_figure` made in it get the widths of the style.

    Raises
    ------
    InputError
        A font of the style is not installed.
    """
    import matplotlib as mpl

    parameters: Any = rc_parameters(style)
    figures: list[Figure] = []
    token = _drawn.set(figures)
    try:
        with mpl.rc_context(parameters):
            yield
            for figure in figures:
                finish_figure(figure, style)
    finally:
        _drawn.reset(token)


def new_figure(style: StyleSettings, *, columns: float, height_mm: float) -> Figure:
    """Give an empty figure of one, one and a half or two printed columns, without pyplot and its global state.

    Parameters
    ----------
    style : StyleSettings
    columns : float
        1, 1.5 or 2.
    height_mm : float
        For letters of 8 pt; larger letters make it higher.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    width_mm = style.scale * page_mm(style, columns)
    figure = Figure(figsize=(width_mm / MM_PER_INCH, style.scale * height_mm / MM_PER_INCH))
    FigureCanvasAgg(figure)
    figures = _drawn.get()
    if figures is not None:
        figures.append(figure)
    return figure


def page_mm(style: StyleSettings, columns: float) -> float:
    """Give the width of a figure in the mm of its layout, in which letters have 8 pt.

    Lengths in the code of figures are written for letters of 8 pt, and grow with them. A column of 160 mm with letters
    of 14 pt has the layout of one of 91 mm with letters of 8 pt.
    """
    return {1.0: style.width_mm, 1.5: style.middle_mm, 2.0: style.wide_mm}[float(columns)] / style.scale


def text_width_mm(text: str, size_pt: float, style: StyleSettings | None = None) -> float:
    """Give how wide a line of text is printed, in mm of paper.

    Parameters
    ----------
    text : str
    size_pt : float
    style : StyleSettings, optional
        Whose fonts; without it those of the context.
    """
    import matplotlib as mpl
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import text_to_path

    families = font_families(style) if style else mpl.rcParams["font.family"]
    # Outside of any context matplotlib would look for fonts of the machine.
    font = FontProperties(family=[ALWAYS_THERE] if families == ["sans-serif"] else families, size=size_pt)
    width_pt, _, _ = text_to_path.get_text_width_height_descent(text, font, ismath=False)
    return width_pt * MM_PER_INCH / 72.0


def legend_columns(labels: Iterable[str], style: StyleSettings, *, columns: float) -> int:
    """Give how many columns of a legend fit side by side into a figure; the entries run down the columns.

    Parameters
    ----------
    labels : iterable of str
    style : StyleSettings
    columns : float
        Width of the figure in printed columns.
    """
    import numpy as np

    widths = [text_width_mm(label, small_pt(style), style) for label in labels]
    sample_mm = 5.5 * small_pt(style) * MM_PER_INCH / 72.0  # line, its distance to the text, and between columns
    for across in range(len(widths), 1, -1):
        widest = [max(part) + sample_mm for part in np.array_split(widths, across)]  # as matplotlib fills them
        if sum(widest) <= page_mm(style, columns) * style.scale:
            return across
    return 1


def wrap_text(text: str, width_mm: float, *, size_pt: float, style: StyleSettings | None = None) -> list[str]:
    """Break a text into lines that are printed no wider than this: at blanks, and between Chinese characters.

    A single long word may be wider.
    """
    lines = [""]
    for piece, blank in _pieces(text):
        longer = f"{lines[-1]}{blank if lines[-1] else ''}{piece}"
        if not lines[-1] or text_width_mm(longer, size_pt, style) <= width_mm:
            lines[-1] = longer
        else:
            lines.append(piece)
    return lines


def _pieces(text: str) -> list[tuple[str, str]]:
    """Give what stays together, each with the blank before it if there is one."""
    pieces: list[tuple[str, str]] = []
    at, blank = 0, ""
    for found in [*_BREAKS.finditer(text), None]:
        end = len(text) if found is None else found.start()
        if found is not None and not found.group() and _holds(text, end):
            continue
        pieces.append((text[at:end], blank))
        if found is not None:
            at, blank = found.end(), found.group()
    return pieces


def _holds(text: str, at: int) -> bool:
    return at in (0, len(text)) or text[at] in _NOT_FIRST or text[at - 1] in _NOT_LAST


def say_nothing_to_draw(axes: Axes, text: str, *, style: StyleSettings) -> None:
    """Write into an empty panel why it is empty."""
    axes.set_axis_off()
    wrapped = "\n".join(wrap_text(text, 56.0 * style.scale, size_pt=small_pt(style), style=style))
    axes.text(0.5, 0.5, wrapped, ha="center", va="center", fontsize=small_pt(style), transform=axes.transAxes)
