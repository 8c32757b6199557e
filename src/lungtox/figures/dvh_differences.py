"""Difference of the groups' mean DVHs, with the band that chance alone stays within at every dose."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from lungtox.figures.config import FiguresSettings
from lungtox.figures.labels import weighting_label
from lungtox.figures.language import translate, translate_label
from lungtox.figures.panels import PanelGrid, draw_legend
from lungtox.figures.style import FAINT, INK, group_look, new_figure, page_mm, say_nothing_to_draw, style_context

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLUMNS = [
    "structure", "weighting", "dose_gy", "n", "n_rp", "n_no_rp", "difference_pct", "low_pct", "high_pct", "band_pct",
    "p", "p_adjusted", "finding",
]  # fmt: skip
LEVEL = 0.05


def tabulate_dvh_differences(levels: pd.DataFrame) -> pd.DataFrame:
    """Take what is drawn from the table of dose levels.

    Parameters
    ----------
    levels : DataFrame
        Of results/association/dose_levels.csv.

    Returns
    -------
    DataFrame
        A row for each structure, weighting and dose.
    """
    return levels[COLUMNS].astype({"finding": object})


def plot_dvh_differences(table: pd.DataFrame, *, settings: FiguresSettings) -> Figure:
    """Draw a panel for each structure and weighting.

    Parameters
    ----------
    table : DataFrame
        Of `tabulate_dvh_differences`.
    settings : FiguresSettings

    Returns
    -------
    matplotlib Figure
        Two columns wide where there is more than one panel.
    """
    style = settings.style
    panels = [] if table.empty else list(table.groupby(["structure", "weighting"], sort=False))
    grid = PanelGrid(len(panels), (40.0,) if table["p_adjusted"].notna().any() else (14.0,))
    with style_context(style):
        figure = new_figure(style, columns=grid.columns, height_mm=grid.height_mm)
        width_mm = page_mm(style, grid.columns)
        placed = grid.place(figure, width_mm=width_mm)
        if not panels:
            text = translate(settings, "No DVH of a patient with a known outcome")
            say_nothing_to_draw(placed[0][0], text, style=style)
        limits = _limits(table)
        for index, (_, rows) in enumerate(panels):
            ax = placed[index][0]
            ax.set_title(panel_title(rows, settings), x=grid.title_x(width_mm))
            if not rows["p_adjusted"].notna().any():
                why = untested_words(rows, settings)
                say_nothing_to_draw(ax, translate(settings, "Not tested: {why}", why=why), style=style)
                continue
            _draw_panel(ax, rows, settings=settings)
            ax.set_ylim(*limits)
            if index % grid.across == 0:
                ax.set_ylabel(translate(settings, "Difference of Vx (% points)"))
        draw_legend(figure, grid)
    return figure


def _limits(table: pd.DataFrame) -> tuple[float, float]:
    """Give limits that hold all panels."""
    lowest = min(table["low_pct"].min(), -table["band_pct"].replace(math.inf, math.nan).max())
    highest = max(table["high_pct"].max(), table["band_pct"].replace(math.inf, math.nan).max())
    margin = 0.05 * (highest - lowest)
    return (lowest - margin, highest + margin) if margin > 0.0 else (-1.0, 1.0)


def _draw_panel(ax: Axes, rows: pd.DataFrame, *, settings: FiguresSettings) -> None:
    style = settings.style
    tested = rows["p_adjusted"].notna()
    dose, difference, band = (rows[name].to_numpy(dtype=float) for name in ("dose_gy", "difference_pct", "band_pct"))
    colour = group_look(style, "rp").colour
    found = (rows["p_adjusted"] < LEVEL).to_numpy()
    ax.fill_between(dose, -band, band, color=FAINT, alpha=0.35, linewidth=0,
                    label=translate(settings, "95 % of permutations, all doses"))  # fmt: skip
    for number, name in enumerate(("low_pct", "high_pct")):
        label = translate(settings, "95 % CI at each dose alone") if number == 0 else None
        ax.plot(
            dose, rows[name].to_numpy(dtype=float), color=colour, linewidth=0.7, linestyle=(0, (3, 1.5)), label=label
        )
    ax.axhline(0.0, color=INK, linewidth=0.6)
    ax.plot(dose, np.where(tested, difference, np.nan), color=colour, linewidth=0.9,
            label=translate(settings, "difference"))  # fmt: skip
    if found.any():
        ax.plot(dose, np.where(found, difference, np.nan), color=colour, linewidth=2.6, solid_capstyle="butt",
                marker="o", markersize=1.4, label=translate(settings, "p < 0.05, adjusted over all doses"))  # fmt: skip
    ax.set_xlim(0, float(dose.max()))
    ax.set_xlabel(translate(settings, "Dose x (Gy)"))


def panel_title(rows: pd.DataFrame, settings: FiguresSettings) -> str:
    """Give structure, numbers of patients and weighting of a panel."""
    first = rows.iloc[0]
    counts = translate(settings, "n = {n}, {events} RP", n=int(first["n"]), events=int(first["n_rp"]))
    structure, weighting = (
        translate_label(settings, label)
        for label in (str(first["structure"]), weighting_label(str(first["weighting"])))
    )
    return f"{structure}, {counts}\n{weighting}"


def untested_words(rows: pd.DataFrame, settings: FiguresSettings) -> str:
    """Say why no dose of a panel was tested."""
    reasons: Sequence[str] = rows["finding"].dropna().astype(str).value_counts().index.tolist()
    return translate_label(settings, reasons[0]) if reasons else ""
