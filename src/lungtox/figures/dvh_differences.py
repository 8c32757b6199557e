"""Difference of the groups' mean DVHs, with the band that chance alone stays within at every dose."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from lungtox.figures.config import FiguresSettings
from lungtox.figures.labels import LEVEL
from lungtox.figures.language import translate
from lungtox.figures.panels import draw_panels
from lungtox.figures.style import FAINT, INK, group_look

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLUMNS = [
    "structure", "weighting", "dose_gy", "n", "n_rp", "n_no_rp", "difference_pct", "low_pct", "high_pct", "band_pct",
    "p", "p_adjusted", "finding",
]  # fmt: skip


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
    limits = _limits(table)

    def draw(axes: list[Axes], rows: pd.DataFrame, labelled: bool) -> None:
        _draw_panel(axes[0], rows, settings=settings)
        axes[0].set_ylim(*limits)
        if labelled:
            axes[0].set_ylabel(translate(settings, "Difference of Vx (% points)"))

    heights = (40.0,) if table["p_adjusted"].notna().any() else (14.0,)
    return draw_panels(table, heights, draw, settings=settings)


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
