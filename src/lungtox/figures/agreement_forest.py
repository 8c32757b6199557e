"""Forest of differences: bias and limits of agreement of every metric in parts of its clinical limit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from lungtox.figures.agreement import comparison_words
from lungtox.figures.config import FiguresSettings
from lungtox.figures.labels import format_interval, format_number, format_p, metric_words, unit_of
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

ENDS = [f"{name}{end}" for name in ("bias", "lower", "upper") for end in ("", "_low", "_high")]
COLUMNS = ["comparison", "structure", "metric", "unit", "n", "limit", *ENDS, "q", "verdict"]
ROW_MM, HEADING_MM = 4.6, 5.4
WIDEST = 3.0
"""Clinical limits that the axis reaches at most; arrows go on."""
LABEL_MM, NUMBERS_MM = 47.0, 70.0
COLUMNS_MM = (2.0, 39.0, 51.0)
"""Where bias, q and verdict begin, right of the axis."""


def tabulate_agreement_forest(metrics: pd.DataFrame, *, labels: Mapping[str, str]) -> pd.DataFrame:
    """Put what the forest shows into one table: bias and limits on the scale of the clinical limit.

    Parameters
    ----------
    metrics : DataFrame
        Of results/agreement/metrics.csv.
    labels : mapping of str to str
        Words for the sources.
    """
    rows = [{str(key): value for key, value in row.items()} for row in metrics.to_dict("records")]
    comparison = [comparison_words(row, labels) for row in rows]
    points = {"%": "points"}
    units = [unit_of(row["metric"]) for row in rows]
    unit = ["%" if row["scale"] == "percent" else points.get(one, one) for row, one in zip(rows, units, strict=True)]
    return metrics.assign(comparison=comparison, unit=unit)[COLUMNS].reset_index(drop=True)


def plot_agreement_forest(table: pd.DataFrame, *, settings: FiguresSettings) -> Figure:
    """Draw bias with its interval, and the limits of agreement with theirs, in parts of each clinical limit.

    Parameters
    ----------
    table : DataFrame
        Of `tabulate_agreement_forest`.
    settings : FiguresSettings

    Returns
    -------
    matplotlib Figure
        Two columns wide.
    """
    style = settings.style
    headings = list(dict.fromkeys(table["comparison"]))
    tall_mm = len(table) * ROW_MM + len(headings) * HEADING_MM + 4.0
    height_mm, width_mm = tall_mm + 18.0, page_mm(style, 2)
    with style_context(style):
        figure = new_figure(style, columns=2, height_mm=max(height_mm, 30.0))
        if table.empty:
            say_nothing_to_draw(
                figure.add_axes((0, 0, 1, 1)), translate(settings, "No metric was compared"), style=style
            )
            return figure
        wide_mm = width_mm - LABEL_MM - NUMBERS_MM - 4.0
        ax = figure.add_axes((LABEL_MM / width_mm, 11.0 / height_mm, wide_mm / width_mm, tall_mm / height_mm))
        _draw(ax, table, headings, settings, wide_mm=wide_mm)
        ax.set_ylim(tall_mm, 0.0)
    return figure


def _draw(ax: Axes, table: pd.DataFrame, headings: list[str], settings: FiguresSettings, *, wide_mm: float) -> None:
    style = settings.style
    size = small_pt(style)
    scaled = table[ENDS].div(table["limit"], axis=0)
    reach = min(WIDEST, max(1.25, 1.06 * float(np.nanmax(np.abs(scaled.to_numpy())))))
    colours = PALETTES[style.palette]
    ax.axvspan(-1.0, 1.0, color=colours[2], alpha=0.10, linewidth=0)
    ax.axvline(0.0, color=FAINT, linewidth=0.6)
    side = ax.get_yaxis_transform()
    across = tuple(1.0 + start / wide_mm for start in COLUMNS_MM)
    heads = (translate(settings, "Bias (95 % CI)"), "q", translate(settings, "Verdict"))
    for x, text in zip(across, heads, strict=True):
        ax.text(x, -1.5, text, transform=side, fontsize=size, fontweight="bold", va="center")
    y = 1.0
    for heading in headings:
        y += HEADING_MM / 2
        words = translate_label(settings, heading)
        ax.text(-(LABEL_MM - 2.0) / wide_mm, y, words, transform=side, fontsize=size, fontweight="bold", va="center")
        y += HEADING_MM / 2
        for place in np.flatnonzero(table["comparison"] == heading):
            row = {str(key): value for key, value in table.iloc[place].items()}
            row["metric_name"] = metric_words(row["metric"])
            middle = y + ROW_MM / 2
            _draw_row(ax, {name: row[name] / row["limit"] for name in ENDS}, middle, reach, colours)
            structure, metric = (translate_label(settings, row[name]) for name in ("structure", "metric_name"))
            label = f"{structure} {metric} (n {row['n']})"
            ax.text(-(LABEL_MM - 4.0) / wide_mm, middle, label, transform=side, fontsize=size, va="center")
            _write_numbers(ax, row, middle, across, settings=settings)
            y += ROW_MM
    ax.set_xlim(-reach, reach)
    ax.set_yticks([])
    ax.spines["left"].set_visible(False)
    ax.set_xlabel(translate(settings, "Difference / clinical limit"))


def _draw_row(ax: Axes, ends: Mapping[str, float], y: float, reach: float, colours: tuple[str, ...]) -> None:
    """Draw the limits as a thin line with shaded intervals, the bias as a square with its interval."""
    for name in ("lower", "upper"):
        low, high = (float(np.clip(ends[f"{name}_{end}"], -reach, reach)) for end in ("low", "high"))
        ax.fill_betweenx([y - 0.9, y + 0.9], low, high, color=colours[0], alpha=0.22, linewidth=0)
        if abs(ends[name]) <= reach:
            ax.plot([ends[name]] * 2, [y - 1.2, y + 1.2], color=colours[0], linewidth=0.9)
        outer = ends[f"{name}_low" if name == "lower" else f"{name}_high"]
        if abs(outer) > reach:
            sign = np.sign(outer)
            ax.plot([sign * reach * 0.985], [y], marker=">" if sign > 0 else "<", color=colours[0], markersize=3.2)
    ax.plot(np.clip([ends["lower"], ends["upper"]], -reach, reach), [y, y], color=colours[0], linewidth=0.8)
    ax.plot(np.clip([ends["bias_low"], ends["bias_high"]], -reach, reach), [y, y], color=INK, linewidth=1.8)
    ax.plot(np.clip([ends["bias"]], -reach, reach), [y], marker="s", markersize=3.2, color=INK)


def _write_numbers(
    ax: Axes, row: Mapping[str, Any], y: float, across: tuple[float, ...], *, settings: FiguresSettings
) -> None:
    side, size = ax.get_yaxis_transform(), small_pt(settings.style)
    unit = translate_label(settings, row["unit"]) if isinstance(row["unit"], str) else ""
    interval = format_interval(row["bias_low"], row["bias_high"], to=translate(settings, "to"))
    bias = f"{format_number(row['bias'])} ({interval}) {unit}".strip()
    ax.text(across[0], y, bias, transform=side, fontsize=size, va="center")
    ax.text(across[1], y, format_p(row["q"], name=""), transform=side, fontsize=size, va="center")
    words = {
        "agree": translate(settings, "agree"),
        "disagree": translate(settings, "do not agree"),
        "open": translate(settings, "open"),
    }[row["verdict"]]
    ax.text(across[2], y, words, transform=side, fontsize=size, va="center")
