"""Bland-Altman panels: the difference of two sources against their mean, metric by metric."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from lungtox.figures.config import FiguresSettings
from lungtox.figures.labels import metric_words, unit_of
from lungtox.figures.language import translate, translate_label
from lungtox.figures.style import (
    FAINT,
    INK,
    PALETTES,
    new_figure,
    page_mm,
    say_nothing_to_draw,
    small_pt,
    style_context,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

KEYS = ["first", "second", "group", "structure", "metric"]
LIMITS = [
    "scale",
    *(f"{name}{end}" for name in ("bias", "lower", "upper") for end in ("", "_low", "_high")),
    "limit",
    "verdict",
]
COLUMNS = ["panel", "comparison", *KEYS, "patient", "mean", "difference", "unit", "inside", *LIMITS]
MOST_PANELS = 24
ACROSS, PANEL_MM, HEADING_MM, HEAD_MM, FOOT_MM, LEFT_MM = 5, 38.0, 6.0, 5.5, 9.0, 12.0


def comparison_words(row: Mapping[str, Any], labels: Mapping[str, str]) -> str:
    """Give ``thorax: system B v system A``; the group only where there are several."""
    words = f"{labels.get(row['second'], row['second'])} v {labels.get(row['first'], row['first'])}"
    return words if row["group"] == "all" else f"{row['group']}: {words}"


def tabulate_agreement(pairs: pd.DataFrame, metrics: pd.DataFrame, *, labels: Mapping[str, str]) -> pd.DataFrame:
    """Put what the Bland-Altman panels show into one table.

    Parameters
    ----------
    pairs, metrics : DataFrame
        Of results/agreement.
    labels : mapping of str to str
        Words for the sources.

    Returns
    -------
    DataFrame
        One row per point of the first 24 metrics; `difference` on the scale of the clinical limit, in `unit`.
    """
    shown = metrics.head(MOST_PANELS).reset_index(drop=True)
    shown = shown.assign(panel=range(len(shown)), comparison=[comparison_words(row, labels) for row in _rows(shown)])
    table = pairs.merge(shown[["panel", "comparison", *KEYS, *LIMITS]], on=KEYS, how="inner", validate="many_to_one")
    percent = table["scale"] == "percent"
    table = table.assign(
        mean=0.5 * (table["first_value"] + table["second_value"]),
        difference=table["difference"].where(~percent, table["percent"]),
        # Differences of volumes in % are points, not percent of anything.
        unit=table["unit"].replace({"%": "points"}).where(~percent, "%"),
    )
    return table.sort_values(["panel", "patient"], kind="stable").reset_index(drop=True)[COLUMNS]


def plot_agreement(table: pd.DataFrame, *, settings: FiguresSettings) -> Figure:
    """Draw a Bland-Altman panel for each metric.

    Parameters
    ----------
    table : DataFrame
        Of `tabulate_agreement`.
    settings : FiguresSettings

    Returns
    -------
    matplotlib Figure
        Two columns wide, or less where that holds all panels.
    """
    style = settings.style
    with style_context(style):
        figure, placed = place_panels(
            table, settings, panel_mm=PANEL_MM, nothing=translate(settings, "No metric was compared")
        )
        for axes, panel in placed:
            _draw_panel(axes, panel, settings)
    return figure


def place_panels(
    table: pd.DataFrame, settings: FiguresSettings, *, panel_mm: float, nothing: str
) -> tuple[Figure, list[tuple[Axes, pd.DataFrame]]]:
    """Lay out one panel for each number in `panel`, under a heading for each comparison.

    Parameters
    ----------
    table : DataFrame
        With the columns `panel` and `comparison`.
    settings : FiguresSettings
    panel_mm : float
        Height of a panel with title and labels.
    nothing : str
        What is written where there is no panel.

    Returns
    -------
    figure : matplotlib Figure
        One, one and a half or two columns wide.
    placed : list of (Axes, DataFrame)
    """
    style = settings.style
    groups = [
        [panel for _, panel in part.groupby("panel", sort=True)] for _, part in table.groupby("comparison", sort=False)
    ]
    height_mm = sum(HEADING_MM + -(-len(group) // ACROSS) * panel_mm for group in groups)
    # As many panels as the longest row has, in panels of one size, on the narrowest page that holds them.
    step_mm = (page_mm(style, 2) - 2.0) / ACROSS
    across = min(ACROSS, max((len(group) for group in groups), default=ACROSS))
    columns = next(share for share in (1, 1.5, 2) if share == 2 or across * step_mm + 2.0 <= page_mm(style, share))
    width_mm = page_mm(style, columns)
    figure = new_figure(style, columns=columns, height_mm=max(height_mm, 30.0))
    if not groups:
        say_nothing_to_draw(figure.add_axes((0, 0, 1, 1)), nothing, style=style)
    placed: list[tuple[Axes, pd.DataFrame]] = []
    top_mm = height_mm
    for group in groups:
        words = translate_label(settings, str(group[0]["comparison"].iloc[0]))
        figure.text(2.0 / width_mm, (top_mm - HEADING_MM) / height_mm, words, fontweight="bold", va="bottom")
        top_mm -= HEADING_MM
        for place, panel in enumerate(group):
            row, column = divmod(place, ACROSS)
            box_mm = (LEFT_MM + column * step_mm, top_mm - (row + 1) * panel_mm + FOOT_MM)
            size_mm = (step_mm - LEFT_MM - 2.0, panel_mm - FOOT_MM - HEAD_MM)
            axes = figure.add_axes(
                (box_mm[0] / width_mm, box_mm[1] / height_mm, size_mm[0] / width_mm, size_mm[1] / height_mm)
            )
            placed.append((axes, panel))
        top_mm -= -(-len(group) // ACROSS) * panel_mm
    return figure, placed


def _draw_panel(ax: Axes, panel: pd.DataFrame, settings: FiguresSettings) -> None:
    style = settings.style
    colours = PALETTES[style.palette]
    one = panel.iloc[0]
    size = small_pt(style)
    for name in ("lower", "upper"):
        ax.axhspan(one[f"{name}_low"], one[f"{name}_high"], color=colours[0], alpha=0.13, linewidth=0)
        ax.axhline(one[name], color=colours[0], linestyle=(0, (5, 1.6)), linewidth=0.9)
    ax.axhline(one["bias"], color=colours[0], linewidth=1.0)
    ax.axhline(0.0, color=FAINT, linewidth=0.5)
    for sign in (-1.0, 1.0):
        ax.axhline(sign * one["limit"], color=colours[5], linestyle=(0, (1.2, 1.2)), linewidth=1.1)
    for inside, marker in ((True, "o"), (False, "s")):
        part = panel[panel["inside"] == inside]
        face = "none" if inside else INK
        ax.plot(part["mean"], part["difference"], marker, markersize=2.6, markeredgecolor=INK, markerfacecolor=face,
                markeredgewidth=0.6)  # fmt: skip
    # The clinical limits and the intervals always show: the verdict is read from them.
    ends = np.concatenate([panel["difference"], [one["lower_low"], one["upper_high"], -one["limit"], one["limit"]]])
    low, high = float(np.nanmin(ends)), float(np.nanmax(ends))
    ax.set_ylim(low - 0.06 * (high - low), high + 0.06 * (high - low))
    ax.margins(x=0.08)
    ax.locator_params(axis="x", nbins=3)
    ax.locator_params(axis="y", nbins=5)
    name = f"{translate_label(settings, one['structure'])} {translate_label(settings, metric_words(one['metric']))}"
    ax.set_title(name, fontsize=size, fontweight="normal", pad=2.5 * style.scale, x=-0.35, ha="left")
    unit = translate_label(settings, one["unit"]) if isinstance(one["unit"], str) else "1"
    across = translate(settings, "Mean ({unit})", unit=unit_of(one["metric"]) or "1")
    ax.set_xlabel(across, fontsize=size, labelpad=1.0 * style.scale)
    ax.set_ylabel(translate(settings, "Difference ({unit})", unit=unit), fontsize=size, labelpad=1.0 * style.scale)


def _rows(table: pd.DataFrame) -> list[dict[str, Any]]:
    return [{str(key): value for key, value in row.items()} for row in table.to_dict("records")]
