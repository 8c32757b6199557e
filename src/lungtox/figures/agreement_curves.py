"""Differences of cumulative DVHs along the dose, with pointwise limits of agreement."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import pandas as pd

from lungtox.figures.agreement import comparison_words, place_panels
from lungtox.figures.config import FiguresSettings
from lungtox.figures.language import translate, translate_label
from lungtox.figures.style import FAINT, PALETTES, small_pt, style_context

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLUMNS = ["panel", "comparison", "structure", "dose_gy", "n", "bias", "lower", "upper", "limit_pct"]
MOST_PANELS = 12
PANEL_MM = 36.0


def tabulate_agreement_curves(
    curves: pd.DataFrame, *, limits: Mapping[str, float], labels: Mapping[str, str]
) -> pd.DataFrame:
    """Put what the figure of curves shows into one table.

    Parameters
    ----------
    curves : DataFrame
        Of results/agreement/curves.csv.
    limits : mapping of str to float
        Structure -> clinical limit of the largest difference, in percent of the volume.
    labels : mapping of str to str
        Words for the sources.

    Returns
    -------
    DataFrame
        The first 12 panels.
    """
    parts: list[pd.DataFrame] = []
    for (first, second, group, structure), part in curves.groupby(
        ["first", "second", "group", "structure"], sort=False
    ):
        words = comparison_words({"first": first, "second": second, "group": group}, labels)
        parts.append(part.assign(panel=len(parts), comparison=words, limit_pct=limits[str(structure)]))
    if not parts:
        return pd.DataFrame(columns=COLUMNS)
    return pd.concat(parts[:MOST_PANELS], ignore_index=True)[COLUMNS]


def plot_agreement_curves(table: pd.DataFrame, *, settings: FiguresSettings) -> Figure:
    """Draw the mean difference of the curves with its pointwise limits of agreement.

    Parameters
    ----------
    table : DataFrame
        Of `tabulate_agreement_curves`.
    settings : FiguresSettings

    Returns
    -------
    matplotlib Figure
        Two columns wide, or less where that holds all panels.
    """
    nothing = translate(settings, "No curves were compared (agreement.curves of the config)")
    with style_context(settings.style):
        figure, placed = place_panels(table, settings, panel_mm=PANEL_MM, nothing=nothing)
        for axes, panel in placed:
            _draw_panel(axes, panel, settings)
    return figure


def _draw_panel(ax: Axes, panel: pd.DataFrame, settings: FiguresSettings) -> None:
    colours, size = PALETTES[settings.style.palette], small_pt(settings.style)
    one = panel.iloc[0]
    ax.fill_between(panel["dose_gy"], panel["lower"], panel["upper"], color=colours[0], alpha=0.2, linewidth=0)
    ax.plot(panel["dose_gy"], panel["bias"], color=colours[0])
    ax.axhline(0.0, color=FAINT, linewidth=0.5)
    for sign in (-1.0, 1.0):
        ax.axhline(sign * one["limit_pct"], color=colours[5], linestyle=(0, (1.2, 1.2)), linewidth=1.1)
    ax.set_xlim(left=0.0)
    ax.locator_params(nbins=5)
    structure = translate_label(settings, str(one["structure"]))
    ax.set_title(f"{structure} (n {one['n']})", fontsize=size, fontweight="normal", pad=2.5 * settings.style.scale)
    ax.set_xlabel(translate(settings, "Dose (Gy)"), fontsize=size, labelpad=1.0 * settings.style.scale)
    ax.set_ylabel(translate(settings, "Difference (% volume)"), fontsize=size, labelpad=1.0 * settings.style.scale)
