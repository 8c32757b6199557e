"""Cumulative incidence of pneumonitis, by dose group, with death as competing event."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import pandas as pd

from lungtox.figures.config import FiguresSettings
from lungtox.figures.labels import format_p
from lungtox.figures.language import translate, translate_label
from lungtox.figures.style import FAINT, curve_look, new_figure, page_mm, say_nothing_to_draw, small_pt, style_context

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLUMNS = ["group", "label", "level", "outcome", "time_months", "estimate", "low", "high", "n", "p"]
PANEL_MM = 52.0


def tabulate_incidence(curves: pd.DataFrame, groups: pd.DataFrame) -> pd.DataFrame:
    """Put what the incidence figure shows into one table.

    Parameters
    ----------
    curves, groups : DataFrame
        Of results/time: incidence.csv, groups.csv.

    Returns
    -------
    DataFrame
        RP for every group and level; death without RP for all patients together.
    """
    curves, groups = (frame.fillna({"group": ""}) for frame in (curves, groups))
    wanted = curves[(curves["outcome"] == "rp") | (curves["group"] == "")]
    named = wanted.merge(groups[["group", "level", "label", "n", "p"]], on=["group", "level"], how="left")
    return named[COLUMNS]


def plot_incidence(table: pd.DataFrame, *, settings: FiguresSettings) -> Figure:
    """Draw step curves with pointwise 95 % bands, a panel for all patients and one for each grouping.

    Parameters
    ----------
    table : DataFrame
        Of `tabulate_incidence`.
    settings : FiguresSettings

    Returns
    -------
    matplotlib Figure
        Two columns wide where there is more than one panel.
    """
    style = settings.style
    panels = [rows for _, rows in table.fillna({"group": ""}).groupby("group", sort=False)]
    columns: Literal[1, 2] = 1 if len(panels) < 2 else 2
    rows_of_panels = max(1, -(-len(panels) // 2))
    height_mm = rows_of_panels * PANEL_MM + 4.0
    highest = max(float(table["high"].max()), float(table["estimate"].max())) if len(table) else 1.0
    with style_context(style):
        figure = new_figure(style, columns=columns, height_mm=height_mm)
        if not panels:
            say_nothing_to_draw(
                figure.add_axes((0, 0, 1, 1)), translate(settings, "No incidence could be drawn"), style=style
            )
            return figure
        width_mm = page_mm(style, columns)
        side_mm = width_mm / columns
        for index, rows in enumerate(panels):
            left, bottom = (index % columns) * side_mm + 13.0, height_mm - (index // columns + 1) * PANEL_MM + 9.0
            box = (left / width_mm, bottom / height_mm, (side_mm - 16.0) / width_mm, (PANEL_MM - 15.0) / height_mm)
            _draw_panel(figure.add_axes(box), rows, settings=settings, top=min(1.0, 1.05 * highest))
    return figure


def _draw_panel(ax: Axes, rows: pd.DataFrame, *, settings: FiguresSettings, top: float) -> None:
    style = settings.style
    whole = rows["group"].iloc[0] == ""
    drawn = rows.groupby(["outcome", "level"], sort=False)
    for index, ((outcome, level), curve) in enumerate(sorted(drawn, key=lambda each: each[0][0] == "death")):
        look = curve_look(style, index)
        colour = FAINT if outcome == "death" else look.colour
        both = {"rp": translate(settings, "RP"), "death": translate(settings, "death without RP")}
        words = both[str(outcome)] if whole else translate_label(settings, str(level))
        label = f"{words}, n = {int(curve['n'].iloc[0])}"
        x = curve["time_months"].to_numpy()
        ax.step(x, 100 * curve["estimate"], where="post", color=colour, linestyle=look.line, label=label)
        if outcome == "rp":
            low, high = 100 * curve["low"].to_numpy(), 100 * curve["high"].to_numpy()
            ax.fill_between(x, low, high, step="post", color=colour, alpha=0.15, linewidth=0)
    p = rows["p"].iloc[0]
    title = translate(settings, "All patients") if whole else translate_label(settings, str(rows["label"].iloc[0]))
    ax.set_title(title if pd.isna(p) else f"{title}: {format_p(float(p))}")
    ax.set_xlim(0.0, float(rows["time_months"].max()))
    ax.set_ylim(0.0, 100 * top)
    ax.set_xlabel(translate(settings, "Months from the start of the window"))
    ax.set_ylabel(translate(settings, "Cumulative incidence (%)"))
    ax.legend(loc="upper left", fontsize=small_pt(style), borderpad=0.1, labelspacing=0.3)
