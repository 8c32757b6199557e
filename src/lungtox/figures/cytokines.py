"""Cytokines before and during radiotherapy: boxes by group, paired lines, detection limits."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from lungtox.figures.config import FiguresSettings
from lungtox.figures.labels import format_p
from lungtox.figures.language import translate, translate_label
from lungtox.figures.style import (
    FAINT,
    GROUPS,
    INK,
    group_label,
    group_look,
    legend_columns,
    new_figure,
    say_nothing_to_draw,
    small_pt,
    style_context,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

TIMES = ("pre", "during")
GROUP_DISTANCE = 2.3
COLUMNS = [
    "cytokine", "label", "unit", "patient", "group", "timepoint", "value", "below_limit", "detection_limit",
    "groups_p", "groups_q",
]  # fmt: skip


def tabulate_cytokines(analysis: pd.DataFrame, dictionary: pd.DataFrame, comparisons: pd.DataFrame) -> pd.DataFrame:
    """Put the drawn values of all cytokines into one long table.

    Parameters
    ----------
    analysis : DataFrame
        Of results/cohort/analysis.csv; ``{cytokine}_pre``, ``{cytokine}_during`` and their ``_below`` flags. A value
        below its limit x stands there as x/2.
    dictionary : DataFrame
        Of results/cohort/dictionary.csv: labels and units.
    comparisons : DataFrame
        Of results/association/cytokines.csv: the tests between the groups.

    Returns
    -------
    DataFrame
        One row per patient, cytokine and time point; ``detection_limit`` only where the value lies below it.
    """
    names = [match.group(1) for column in analysis if (match := re.fullmatch(r"(\w+)_pre", str(column)))]
    named = dictionary.set_index("column")
    parts = []
    for name in names:
        for time in TIMES:
            column = f"{name}_{time}"
            if column in analysis:
                parts.append(_values(analysis, column).assign(
                    cytokine=name, timepoint=time, label=_label(named, comparisons, name),
                    unit=_unit(named, column), **_test(comparisons, name, time),
                ))  # fmt: skip
    if not parts:
        return pd.DataFrame(columns=COLUMNS)
    return pd.concat(parts, ignore_index=True)[COLUMNS]


def _values(analysis: pd.DataFrame, column: str) -> pd.DataFrame:
    known = analysis[analysis["rp"].notna() & analysis[column].notna()]
    flag = f"{column}_below"
    # The flag is text "True"/"False" or a truth value, and missing where nothing was measured.
    below = known[flag].astype(str).str.lower().eq("true") if flag in known else pd.Series(False, index=known.index)
    value = known[column].astype(float)
    return pd.DataFrame(
        {
            "patient": known["patient"],
            "group": np.where(known["rp"].astype(int) == 1, "rp", "no_rp"),
            "value": value,
            "below_limit": below,
            "detection_limit": (2.0 * value).where(below),
        }
    )


def _label(named: pd.DataFrame, comparisons: pd.DataFrame, name: str) -> str:
    found = comparisons.loc[comparisons["cytokine"] == name, "label"]
    if len(found):
        return str(found.iloc[0])
    column = f"{name}_pre"
    return str(named.loc[column, "label"]) if column in named.index else name


def _unit(named: pd.DataFrame, column: str) -> str:
    unit = named.loc[column, "unit"] if column in named.index else None
    return unit if isinstance(unit, str) else ""


def _test(comparisons: pd.DataFrame, name: str, time: str) -> dict[str, float]:
    row = comparisons[(comparisons["cytokine"] == name) & (comparisons["comparison"] == f"groups_{time}")]
    if row.empty:
        return {"groups_p": math.nan, "groups_q": math.nan}
    return {"groups_p": float(row["p"].iloc[0]), "groups_q": float(row["q"].iloc[0])}


def plot_cytokines(table: pd.DataFrame, *, settings: FiguresSettings) -> Figure:
    """Draw one panel for each cytokine: boxes by time and group, a line for each patient, open marks below the limit.

    Parameters
    ----------
    table : DataFrame
        Of `tabulate_cytokines`.
    settings : FiguresSettings

    Returns
    -------
    matplotlib Figure
        Two columns wide.
    """
    style = settings.style
    panels = list(table.groupby("cytokine", sort=False))
    across = min(4, max(1, len(panels)))
    down = max(1, math.ceil(len(panels) / across))
    with style_context(style):
        figure = new_figure(style, columns=2, height_mm=down * 68.0 + 8.0)
        figure.set_layout_engine("constrained", w_pad=0.03 * style.scale, h_pad=0.04 * style.scale)
        axes = figure.subplots(down, across, squeeze=False).ravel()
        if not panels:
            say_nothing_to_draw(
                axes[0], translate(settings, "No cytokine was measured in a patient with a known outcome"), style=style
            )
        for ax, (_, rows) in zip(axes, panels, strict=False):
            _draw_panel(ax, rows, settings=settings)
        for ax in axes[len(panels) :]:
            ax.set_visible(False)
        if panels:
            _legend(figure, table, settings=settings)
    return figure


def _draw_panel(ax: Axes, rows: pd.DataFrame, *, settings: FiguresSettings) -> None:
    import seaborn as sns

    style = settings.style
    place = {(group, time): GROUP_DISTANCE * g + t for g, group in enumerate(GROUPS) for t, time in enumerate(TIMES)}
    positions = [place[key] for key in zip(rows["group"], rows["timepoint"], strict=True)]
    drawn = rows.assign(position=positions)
    colours = {place[group, time]: group_look(style, group).colour for group in GROUPS for time in TIMES}
    sns.boxplot(
        data=drawn, x="position", y="value", hue="position", palette=colours, legend=False, native_scale=True, ax=ax,
        width=0.55, fliersize=0, linewidth=0.8, linecolor=INK, boxprops={"alpha": 0.35}, zorder=1,
    )  # fmt: skip
    _draw_patients(ax, drawn, settings=settings)
    ax.set_yscale("log")
    plain_log_axis(ax, drawn["value"])
    limits = drawn["detection_limit"].dropna().drop_duplicates()
    for limit in limits:
        ax.axhline(limit, color=FAINT, linewidth=0.7, linestyle=(0, (2, 2)), zorder=0)
    names = {"pre": translate(settings, "pre"), "during": translate(settings, "during")}
    ax.set_xticks(sorted(place.values()), [*names.values()] * 2)
    ax.set_xlim(-0.55, GROUP_DISTANCE + 1.55)
    for centre, group in zip((0.5, GROUP_DISTANCE + 0.5), GROUPS, strict=True):
        counts = drawn[drawn["group"] == group].groupby("timepoint")["patient"].nunique()
        sizes = " | ".join(str(counts.get(time, 0)) for time in TIMES)
        # Below the names of the times, whatever the height of the panel.
        down = -5.0 * style.scale - 1.5 * small_pt(style)
        ax.annotate(f"{group_label(settings, group)}\nn = {sizes}", (centre, 0.0), xycoords=ax.get_xaxis_transform(),
                    xytext=(0.0, down), textcoords="offset points", ha="center", va="top", fontsize=small_pt(style),
                    annotation_clip=False)  # fmt: skip
    ax.set_xlabel(" \n ")
    first = rows.iloc[0]
    ax.set_ylabel(first["unit"])
    tests = rows.drop_duplicates("timepoint").set_index("timepoint")["groups_q"]
    text = "\n".join(f"{names[time]}: {format_p(tests.get(time), name='q')}" for time in TIMES)
    ax.text(0.0, 1.01, text, transform=ax.transAxes, fontsize=small_pt(style), va="bottom")
    ax.set_title(translate_label(settings, str(first["label"])), pad=2 * style.scale + 2 * 1.3 * small_pt(style))


def _draw_patients(ax: Axes, drawn: pd.DataFrame, *, settings: FiguresSettings) -> None:
    for group, rows in drawn.groupby("group", sort=False):
        look = group_look(settings.style, str(group))
        pairs = rows.pivot(index="patient", columns="timepoint", values="value").dropna()
        if set(TIMES) <= set(pairs.columns):
            at = [float(rows.loc[rows["timepoint"] == time, "position"].iloc[0]) for time in TIMES]
            ax.plot(at, pairs[list(TIMES)].to_numpy().T, color=look.colour, linewidth=0.35, alpha=0.45, zorder=2)
        for below, part in rows.groupby("below_limit"):
            ax.plot(
                part["position"], part["value"], linestyle="none", color=look.colour, zorder=3,
                marker="v" if below else look.marker, markersize=3.0 if below else 1.8,
                markerfacecolor="white" if below else look.colour, markeredgewidth=0.6 if below else 0.0,
            )  # fmt: skip


def plain_log_axis(ax: Axes, values: pd.Series[Any]) -> None:
    """Label a log axis with plain numbers, enough of them on a short axis."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    decades = math.log10(values.max() / values.min()) if values.min() > 0 else 1.0
    subs = (1.0, 2.0, 5.0) if decades < 2 else (1.0, 3.0) if decades < 3 else (1.0,)
    ax.yaxis.set_major_locator(LogLocator(base=10, subs=subs))
    ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    ax.yaxis.set_minor_formatter(NullFormatter())


def _legend(figure: Figure, table: pd.DataFrame, *, settings: FiguresSettings) -> None:
    from matplotlib.lines import Line2D

    handles = []
    for group in GROUPS:
        look = group_look(settings.style, group)
        label = translate(settings, "{group} (line: one patient)", group=group_label(settings, group))
        handles.append(Line2D([], [], color=look.colour, marker=look.marker, markersize=3, linewidth=0.6, label=label))
    if table["below_limit"].any():
        handles.append(Line2D([], [], color=INK, marker="v", markerfacecolor="white", markeredgewidth=0.6, markersize=4,
                              linestyle="none",
                              label=translate(settings, "below detection limit, drawn at half of it")))  # fmt: skip
        handles.append(
            Line2D(
                [], [], color=FAINT, linewidth=0.7, linestyle=(0, (2, 2)), label=translate(settings, "detection limit")
            )
        )
    across = legend_columns([str(handle.get_label()) for handle in handles], settings.style, columns=2)
    figure.legend(handles=handles, loc="outside lower center", ncols=across)
