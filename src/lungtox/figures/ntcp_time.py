"""When pneumonitis comes by NTCP fits with a latency, and predicted against observed incidence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from lungtox.figures.config import FiguresSettings
from lungtox.figures.labels import format_interval, format_number
from lungtox.figures.language import translate, translate_label
from lungtox.figures.style import FAINT, INK, PALETTES, new_figure, say_nothing_to_draw, small_pt, style_context

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COURSE = [
    "time_d", "share", "share_low", "share_high", "predicted", "observed", "observed_low", "observed_high", "at_risk",
]  # fmt: skip
COLUMNS = ["panel", *COURSE, "median_d", "median_low", "median_high", "late_d"]
PANEL_MM = 55.0
ABOVE = 1.45  # height of the axes, for the legend above the curves


def tabulate_ntcp_time(fits: Sequence[Mapping[str, Any]], courses: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Put the courses of several fits below each other.

    Parameters
    ----------
    fits : sequence of dict
        Contents of results/ntcp/{ntcp}/fit.json.
    courses : sequence of DataFrame
        Of course.csv beside it.

    Returns
    -------
    DataFrame
        ``panel``, the columns of course.csv, ``median_d, median_low, median_high, late_d`` of the fit.
    """
    parts = []
    for fit, course in zip(fits, courses, strict=True):
        if not len(course):
            continue
        median = next(part for part in fit["parameters"] if part["parameter"] == "latency_median_d")
        parts.append(
            course[COURSE].assign(
                panel=str(fit["ntcp"]), median_d=median["estimate"], median_low=median["low"],
                median_high=median["high"], late_d=fit["time"]["late_d"],
            )
        )  # fmt: skip
    return pd.concat(parts, ignore_index=True)[COLUMNS] if parts else pd.DataFrame(columns=COLUMNS)


def plot_ntcp_time(table: pd.DataFrame, *, settings: FiguresSettings) -> Figure:
    """Draw a row for each fit: share of the complications that have come, and predicted against observed incidence.

    Parameters
    ----------
    table : DataFrame
        Of `tabulate_ntcp_time`.
    settings : FiguresSettings

    Returns
    -------
    matplotlib Figure
        Two columns wide.
    """
    style = settings.style
    panels = list(table.groupby("panel", sort=False))
    down = max(1, len(panels))
    with style_context(style):
        figure = new_figure(style, columns=2, height_mm=down * PANEL_MM + 4.0)
        figure.set_layout_engine("constrained", w_pad=0.05, h_pad=0.05)
        axes = figure.subplots(down, 2, squeeze=False)
        if not panels:
            say_nothing_to_draw(axes[0, 0], translate(settings, "No fit with times"), style=style)
            axes[0, 1].set_visible(False)
        for row, (name, rows) in zip(axes, panels, strict=False):
            _draw_share(row[0], str(name), rows, settings=settings)
            _draw_incidence(row[1], rows, settings=settings)
            for ax in row:
                ax.set_xlim(0, rows["time_d"].max())
                ax.set_xlabel(translate(settings, "Days from the start of RT"))
                ax.legend(loc="upper left", fontsize=small_pt(style))
    return figure


def _draw_share(ax: Axes, name: str, rows: pd.DataFrame, *, settings: FiguresSettings) -> None:
    style, first = settings.style, rows.iloc[0]
    colour = PALETTES[style.palette][0]
    ax.plot(rows["time_d"], rows["share"], color=colour, label=translate(settings, "by the fit, 95 % interval"))
    ax.fill_between(rows["time_d"], rows["share_low"], rows["share_high"], color=colour, alpha=0.2, linewidth=0)
    interval = format_interval(first["median_low"], first["median_high"], decimals=0, to=translate(settings, "to"))
    texts = {
        "median_d": translate(
            settings, "median {days} d ({interval})", days=format_number(first["median_d"], decimals=0),
            interval=interval,
        ),
        "late_d": translate(settings, "95 % by {days} d", days=format_number(first["late_d"], decimals=0)),
    }  # fmt: skip
    for (column, text), line in zip(texts.items(), ("--", ":"), strict=True):
        if first[column] <= rows["time_d"].max():
            ax.axvline(first[column], color=FAINT, linestyle=line, linewidth=1.0, label=text, ymax=1.0 / ABOVE)
    ax.set_ylim(0, ABOVE)
    ax.set_yticks(np.linspace(0.0, 1.0, 5))
    ax.set_ylabel(translate(settings, "Share of RP that has come"))
    ax.set_title(translate_label(settings, name.replace("_", " ")))


def _draw_incidence(ax: Axes, rows: pd.DataFrame, *, settings: FiguresSettings) -> None:
    colour = PALETTES[settings.style.palette][0]
    ax.plot(rows["time_d"], rows["predicted"], color=colour, label=translate(settings, "predicted, mean of the cohort"))
    ax.step(rows["time_d"], rows["observed"], where="post", color=INK, linewidth=1.0,
            label=translate(settings, "observed (1 - Kaplan-Meier), 95 % CI"))  # fmt: skip
    ax.fill_between(
        rows["time_d"], rows["observed_low"], rows["observed_high"], step="post", color=INK, alpha=0.12, linewidth=0
    )
    ax.set_ylim(0, ABOVE * float(rows[["predicted", "observed_high"]].max().max()))
    ax.set_ylabel(translate(settings, "Incidence of RP"))
