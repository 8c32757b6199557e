"""Odds ratio and p of Vx at every dose x, alone and adjusted over all doses."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from lungtox.figures.config import FiguresSettings
from lungtox.figures.dvh_differences import LEVEL, panel_title, untested_words
from lungtox.figures.language import translate
from lungtox.figures.panels import PanelGrid, draw_legend
from lungtox.figures.style import FAINT, INK, PALETTES, new_figure, page_mm, say_nothing_to_draw, style_context

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLUMNS = [
    "structure", "weighting", "dose_gy", "n", "n_rp", "step_pct", "odds_ratio", "odds_low", "odds_high", "p",
    "p_adjusted", "permutations", "finding",
]  # fmt: skip
# Intervals beyond these go on outside of the panel.
LOWEST_RATIO, HIGHEST_RATIO = 0.05, 50.0


def tabulate_dose_levels(levels: pd.DataFrame) -> pd.DataFrame:
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


def plot_dose_levels(table: pd.DataFrame, *, settings: FiguresSettings) -> Figure:
    """Draw odds ratios above p values, a pair of panels for each structure and weighting.

    Parameters
    ----------
    table : DataFrame
        Of `tabulate_dose_levels`.
    settings : FiguresSettings

    Returns
    -------
    matplotlib Figure
        Two columns wide where there is more than one panel.
    """
    style = settings.style
    panels = [] if table.empty else list(table.groupby(["structure", "weighting"], sort=False))
    grid = PanelGrid(len(panels), (39.0, 26.0) if table["p_adjusted"].notna().any() else (10.0, 2.0))
    with style_context(style):
        figure = new_figure(style, columns=grid.columns, height_mm=grid.height_mm)
        width_mm = page_mm(style, grid.columns)
        placed = grid.place(figure, width_mm=width_mm)
        ratios = _ratio_limits(table)
        lowest_p = min(0.007, 0.7 * float(table["p"].min())) if table["p"].notna().any() else 0.007
        if not panels:
            text = translate(settings, "No DVH of a patient with a known outcome")
            say_nothing_to_draw(placed[0][0], text, style=style)
            placed[0][1].set_visible(False)
        for index, (_, rows) in enumerate(panels):
            upper, lower = placed[index]
            upper.set_title(panel_title(rows, settings), x=grid.title_x(width_mm))
            if not rows["p_adjusted"].notna().any():
                why = untested_words(rows, settings)
                say_nothing_to_draw(upper, translate(settings, "Not tested: {why}", why=why), style=style)
                lower.set_visible(False)
                continue
            first = index % grid.across == 0
            _draw_ratios(upper, rows, ratios, labelled=first, settings=settings)
            _draw_p(lower, rows, lowest_p, labelled=first, settings=settings)
        draw_legend(figure, grid)
    return figure


def _ratio_limits(table: pd.DataFrame) -> tuple[float, float]:
    low, high = table["odds_low"].min(), table["odds_high"].max()
    lowest = LOWEST_RATIO if pd.isna(low) else max(LOWEST_RATIO, min(0.5, 0.9 * float(low)))
    highest = HIGHEST_RATIO if pd.isna(high) else min(HIGHEST_RATIO, max(2.0, 1.1 * float(high)))
    return lowest, highest


def _draw_ratios(
    ax: Axes, rows: pd.DataFrame, limits: tuple[float, float], *, labelled: bool, settings: FiguresSettings
) -> None:
    style = settings.style
    colour = PALETTES[style.palette][0]
    dose = rows["dose_gy"].to_numpy(dtype=float)
    ratio, low, high = (rows[name].to_numpy(dtype=float) for name in ("odds_ratio", "odds_low", "odds_high"))
    # Infinite limits would leave a gap in the band.
    shown = np.clip(low, 0.1 * limits[0], None), np.clip(high, None, 10.0 * limits[1])
    ax.fill_between(dose, *shown, color=colour, alpha=0.2, linewidth=0,
                    label=translate(settings, "95 % CI at each dose alone"))  # fmt: skip
    ax.plot(dose, ratio, color=colour, label=translate(settings, "odds ratio"))
    ax.axhline(1.0, color=INK, linewidth=0.6)
    ax.set_yscale("log")
    ax.set_ylim(*limits)
    _plain_numbers(ax, limits)
    ax.set_xlim(0, float(dose.max()))
    ax.tick_params(labelbottom=False)
    if labelled:
        ax.set_ylabel(translate(settings, "Odds ratio per {step:g} % points", step=float(rows["step_pct"].iloc[0])))


def _plain_numbers(ax: Axes, limits: tuple[float, float]) -> None:
    from matplotlib.ticker import FixedLocator, FuncFormatter, NullFormatter

    steps = (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50) if limits[1] / limits[0] < 100 else (0.1, 1, 10, 50)
    ax.yaxis.set_major_locator(FixedLocator([step for step in steps if limits[0] <= step <= limits[1]]))
    ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    ax.yaxis.set_minor_formatter(NullFormatter())


def _draw_p(ax: Axes, rows: pd.DataFrame, lowest_p: float, *, labelled: bool, settings: FiguresSettings) -> None:
    from matplotlib.ticker import FixedLocator, FuncFormatter, NullFormatter

    colour = PALETTES[settings.style.palette][0]
    dose = rows["dose_gy"].to_numpy(dtype=float)
    alone, adjusted = (rows[name].to_numpy(dtype=float) for name in ("p", "p_adjusted"))
    ax.plot(dose, alone, color=FAINT, linewidth=0.9, linestyle=(0, (3, 1.2)),
            label=translate(settings, "p at each dose alone"))  # fmt: skip
    ax.plot(dose, adjusted, color=colour, linewidth=1.6, label=translate(settings, "p adjusted over all doses"))
    ax.axhline(LEVEL, color=INK, linewidth=0.6)
    ax.set_yscale("log")
    ax.set_ylim(lowest_p, 1.4)
    ax.yaxis.set_major_locator(FixedLocator([1e-4, 1e-3, 0.01, LEVEL, 0.2, 1.0]))
    ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    ax.yaxis.set_minor_formatter(NullFormatter())
    ax.tick_params(axis="y", which="minor", length=0)
    ax.set_xlim(0, float(dose.max()))
    ax.set_xlabel(translate(settings, "Dose x (Gy)"))
    if labelled:
        ax.set_ylabel("p")
