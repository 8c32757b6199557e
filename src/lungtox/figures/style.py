"""Looks of the figures: sizes, fonts, colours that also differ in lightness, line styles, markers."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from lungtox.figures.config import StyleSettings

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

Group = Literal["no_rp", "rp"]
GROUPS: tuple[Group, ...] = ("no_rp", "rp")
GROUP_LABELS: dict[str, str] = {"no_rp": "No RP", "rp": "RP"}


@dataclass(frozen=True)
class Look:
    """Colour, line style and marker of one curve; any one of the three tells it from its neighbours."""

    colour: str
    line: Any
    marker: str


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
    """Give the size of the smallest text in points; never below 6."""
    return max(6.0, style.font_pt - 1.0)


def rc_parameters(style: StyleSettings) -> dict[str, Any]:
    """Give the matplotlib parameters of a style."""
    return {
        "font.family": "DejaVu Sans",
        "font.size": style.font_pt,
        "axes.titlesize": style.font_pt,
        "axes.titleweight": "bold",
        "axes.titlelocation": "left",
        "axes.labelsize": style.font_pt,
        "axes.linewidth": 0.6,
        "axes.edgecolor": INK,
        "axes.labelcolor": INK,
        "text.color": INK,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "xtick.labelsize": small_pt(style),
        "ytick.labelsize": small_pt(style),
        "xtick.color": INK,
        "ytick.color": INK,
        "xtick.major.width": 0.6,
        "ytick.major.width": 0.6,
        "xtick.major.size": 2.5,
        "ytick.major.size": 2.5,
        "xtick.minor.size": 1.5,
        "ytick.minor.size": 1.5,
        "legend.fontsize": small_pt(style),
        "legend.frameon": False,
        "legend.handlelength": 2.6,
        "lines.linewidth": 1.2,
        "figure.constrained_layout.use": False,
        "mathtext.default": "regular",
    }


def style_context(style: StyleSettings) -> AbstractContextManager[None]:
    """Give the context in which everything has the looks of a style."""
    import matplotlib as mpl

    parameters: Any = rc_parameters(style)
    return mpl.rc_context(parameters)


def new_figure(style: StyleSettings, *, columns: Literal[1, 2], height_mm: float) -> Figure:
    """Give an empty figure of one or two printed columns, without pyplot and its global state."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(columns * style.width_mm / MM_PER_INCH, height_mm / MM_PER_INCH))
    FigureCanvasAgg(figure)
    return figure


def text_width_mm(text: str, size_pt: float) -> float:
    """Give how wide a line of text is printed."""
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import text_to_path

    font = FontProperties(family="DejaVu Sans", size=size_pt)
    width_pt, _, _ = text_to_path.get_text_width_height_descent(text, font, ismath=False)
    return width_pt * MM_PER_INCH / 72.0


def wrap_text(text: str, width_mm: float, *, size_pt: float) -> list[str]:
    """Break a text at its blanks into lines that are printed no wider than this; a single long word may be."""
    words = text.split(" ")
    lines = [words[0]]
    for word in words[1:]:
        longer = f"{lines[-1]} {word}"
        if text_width_mm(longer, size_pt) <= width_mm:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines


def say_nothing_to_draw(axes: Axes, text: str, *, style: StyleSettings) -> None:
    """Write into an empty panel why it is empty."""
    import textwrap

    axes.set_axis_off()
    wrapped = "\n".join(textwrap.wrap(text, 42))
    axes.text(0.5, 0.5, wrapped, ha="center", va="center", fontsize=small_pt(style), transform=axes.transAxes)
