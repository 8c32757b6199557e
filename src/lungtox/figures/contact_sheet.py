"""The contact sheet: the transversal plane of every page, beside each other."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from lungtox.figures.config import FiguresSettings
from lungtox.figures.finish import set_upright
from lungtox.figures.language import translate
from lungtox.figures.page_planes import GROUND, LETTERS
from lungtox.figures.patient_page import PAGE_MM, TRANSVERSAL_MM
from lungtox.figures.style import FAINT, MM_PER_INCH, say_nothing_to_draw, style_context

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_COLUMNS = 5
_EDGE_MM, _GAP_MM, _CAPTION_MM, _TOP_MM = 4.0, 3.0, 9.0, 9.0
_FONT_PT, _MARK_PT = 8.0, 6.0


def plot_contact_sheet(chosen: pd.DataFrame, folder: str | Path, *, settings: FiguresSettings) -> Figure:
    """Put the pages together.

    Parameters
    ----------
    chosen : DataFrame
        pages.csv of docs/file-contracts.md.
    folder : path
        With ``{patient}.png`` for each of its rows, 150 dpi.
    settings : FiguresSettings

    Returns
    -------
    matplotlib Figure
        As wide as a page, five to a row.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    wide = (PAGE_MM[0] - 2.0 * _EDGE_MM - (_COLUMNS - 1) * _GAP_MM) / _COLUMNS
    high = wide * TRANSVERSAL_MM[3] / TRANSVERSAL_MM[2]
    rows = max(1, -(-len(chosen) // _COLUMNS))
    height = _TOP_MM + rows * (high + _CAPTION_MM) + _EDGE_MM
    with style_context(settings.style):
        figure = Figure(figsize=(PAGE_MM[0] / MM_PER_INCH, height / MM_PER_INCH))
        FigureCanvasAgg(figure)
        title = translate(
            settings, "Transversal plane through the tumour: CT, perfusion, isodose lines. Most quality flags first."
        )
        figure.text(_EDGE_MM / PAGE_MM[0], 1.0 - 6.0 / height, title, fontsize=_FONT_PT, color=FAINT)
        if chosen.empty:
            text = translate(settings, "No patient has images to show.")
            say_nothing_to_draw(figure.add_subplot(), text, style=settings.style)
        for number, row in enumerate(chosen.to_dict("records")):
            left = _EDGE_MM + (number % _COLUMNS) * (wide + _GAP_MM)
            top = height - _TOP_MM - (number // _COLUMNS) * (high + _CAPTION_MM)
            box = (left / PAGE_MM[0], (top - high) / height, wide / PAGE_MM[0], high / height)
            axes = figure.add_axes(box)
            axes.set_axis_off()
            axes.imshow(_transversal(Path(folder) / f"{row['patient']}.png"), aspect="auto")
            _write_larger(axes)
            figure.text(box[0], (top - high - 3.6) / height, str(row["patient"]), fontsize=_FONT_PT, weight="bold")
            words = _words(row, settings)
            figure.text(box[0] + box[2], (top - high - 3.6) / height, words, fontsize=_FONT_PT - 1.0, ha="right")
        set_upright(figure, settings.style)
    return figure


def _write_larger(axes: Axes) -> None:
    """Cover the words of the page, which are too small here, with letters of the same places."""
    from matplotlib.patches import Rectangle

    axes.add_patch(Rectangle((0.0, 0.93), 0.36, 0.07, color=GROUND, linewidth=0, transform=axes.transAxes))
    behind = {"facecolor": GROUND, "linewidth": 0.0, "pad": 1.0}
    places = ((0.015, 0.5, "left", "center"), (0.985, 0.5, "right", "center"), (0.5, 0.985, "center", "top"),
              (0.5, 0.015, "center", "bottom"))  # fmt: skip
    marks = [*zip(LETTERS["transversal"], places, strict=True), ("5 cm", (0.97, 0.06, "right", "bottom"))]
    for words, (x, y, across, up) in marks:
        axes.text(x, y, words, color="white", fontsize=_MARK_PT, weight="bold" if len(words) == 1 else "normal",
                  ha=across, va=up, transform=axes.transAxes, bbox=behind)  # fmt: skip


def _words(row: dict[Any, Any], settings: FiguresSettings) -> str:
    one, many = translate(settings, "1 flag"), translate(settings, "{count} flags", count=row["flags"])
    spect = {"none": translate(settings, "without SPECT"), "unusable": translate(settings, "SPECT not used")}
    no_ct = "" if row["planning_ct"] == "yes" else translate(settings, "no CT")
    parts = [one if row["flags"] == 1 else many, spect.get(str(row["spect"]), ""), no_ct]
    return ", ".join(part for part in parts if part)


def _transversal(path: Path) -> Any:
    """Cut the transversal plane out of a page."""
    from matplotlib.image import imread

    page = imread(path)
    scale = page.shape[1] / PAGE_MM[0]
    left, bottom, width, height = TRANSVERSAL_MM
    top = PAGE_MM[1] - bottom - height
    return page[round(top * scale) : round((top + height) * scale), round(left * scale) : round((left + width) * scale)]
