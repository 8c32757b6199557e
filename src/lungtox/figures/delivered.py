"""Planned against delivered dose: paired differences, mean DVHs, volumes over the course."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from lungtox.figures.config import FiguresSettings
from lungtox.figures.labels import format_interval, format_number, format_p, metric_words
from lungtox.figures.language import translate, translate_label
from lungtox.figures.style import (
    FAINT,
    INK,
    curve_look,
    new_figure,
    page_mm,
    say_nothing_to_draw,
    small_pt,
    style_context,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLUMNS = ["panel", "series", "kind", "x", "value", "low", "high", "difference", "difference_low", "difference_high",
           "unit", "p", "n"]  # fmt: skip
ROW_MM, PANEL_MM = 5.2, 66.0
LABEL_MM, NUMBERS_MM = 40.0, 62.0
MOST_SERIES = 7
LINES: dict[str, Any] = {"planned": "-", "delivered": (0, (3, 1.2))}


def tabulate_delivered(
    metrics: pd.DataFrame, *, paired: pd.DataFrame, curves: pd.DataFrame, course: pd.DataFrame
) -> pd.DataFrame:
    """Put what the figure shows into one long table.

    Parameters
    ----------
    metrics, paired, curves, course : DataFrame
        Of results/delivered.

    Returns
    -------
    DataFrame
        ``panel`` ``differences`` (``kind`` ``patient``: ``x`` planned minus delivered in % of the mean planned value;
        ``mean``: the same with its 95 % interval, ``difference`` in the unit of the metric, p of the config's test),
        ``dvh`` (``kind`` planned or delivered, ``x`` Gy, ``value`` %) and ``volumes`` (``x`` number of the session, 0
        for planning; ``value`` mean volume in % of the planned one, ``low`` and ``high`` one standard deviation around
        it).
    """
    # An empty part would make the types of all columns those of text.
    parts = [part for part in (_differences(metrics, paired), _curves(curves), _volumes(course)) if len(part)]
    if not parts:
        return pd.DataFrame(columns=COLUMNS)
    return pd.concat([part.reindex(columns=COLUMNS) for part in parts], ignore_index=True)


def _differences(metrics: pd.DataFrame, paired: pd.DataFrame) -> pd.DataFrame:
    keys = ["structure", "quantity", "metric"]
    rows = []
    for place in range(len(paired)):
        row = {str(key): value for key, value in paired.iloc[place].items()}
        mean = float(row["mean_planned"])
        if str(row["metric"]).startswith("NTCP"):  # of other models and another scale: the report has them
            continue
        if not mean > 0 or not np.isfinite(float(row["difference"])):
            continue
        own = metrics[(metrics[keys] == [row[key] for key in keys]).all(axis=1)]
        series = f"{row['structure']} {metric_words(row['metric'])}{' EQD2' if row['quantity'] == 'eqd2' else ''}"
        head = {"panel": "differences", "series": series, "unit": row["unit"] if isinstance(row["unit"], str) else ""}
        rows += [
            {**head, "kind": "patient", "x": 100.0 * value / mean}
            for value in own["planned_minus_delivered"].dropna()
        ]  # fmt: skip
        rows.append(
            {**head, "kind": "mean", "x": 100.0 * row["difference"] / mean, "low": 100.0 * row["low"] / mean,
             "high": 100.0 * row["high"] / mean, "difference": row["difference"], "difference_low": row["low"],
             "difference_high": row["high"], "p": row["p"], "n": row["n"]}
        )  # fmt: skip
    return pd.DataFrame(rows)


def _curves(curves: pd.DataFrame) -> pd.DataFrame:
    parts = [
        curves.assign(panel="dvh", series=curves["structure"], kind=kind, x=curves["dose_gy"],
                      value=curves[f"{kind}_pct"], n=curves["patients"])
        for kind in ("planned", "delivered")
    ]  # fmt: skip
    return pd.concat(parts, ignore_index=True)


def _volumes(course: pd.DataFrame) -> pd.DataFrame:
    """Take contours where sessions have them, else the volumes that follow from the fields."""
    drawn = course.loc[course["source"] == "contours", "structure"]
    chosen = course[(course["source"] == "contours") | ~course["structure"].isin(drawn)]
    spread = chosen["sd_pct"].fillna(0.0)
    return pd.DataFrame(
        {"panel": "volumes", "series": chosen["structure"], "kind": chosen["source"], "x": chosen["order"],
         "value": chosen["mean_pct"], "low": chosen["mean_pct"] - spread, "high": chosen["mean_pct"] + spread,
         "n": chosen["patients"]}
    )  # fmt: skip


def plot_delivered(table: pd.DataFrame, *, settings: FiguresSettings) -> Figure:
    """Draw differences above, mean DVHs and volumes below.

    Parameters
    ----------
    table : DataFrame
        Of `tabulate_delivered`.
    settings : FiguresSettings

    Returns
    -------
    matplotlib Figure
        Two columns wide.
    """
    style = settings.style
    rows = table[(table["panel"] == "differences") & (table["kind"] == "mean")]
    tall_mm, width_mm = len(rows) * ROW_MM + 2.0, page_mm(style, 2)
    height_mm = PANEL_MM + tall_mm + 22.0
    with style_context(style):
        figure = new_figure(style, columns=2, height_mm=height_mm)
        if table.empty:
            say_nothing_to_draw(
                figure.add_axes((0, 0, 1, 1)), translate(settings, "No dose was accumulated"), style=style
            )
            return figure

        def axes(left: float, bottom: float, width: float, height: float) -> Axes:
            return figure.add_axes((left / width_mm, bottom / height_mm, width / width_mm, height / height_mm))

        wide_mm = width_mm - LABEL_MM - NUMBERS_MM - 4.0
        if len(rows):
            _draw_differences(axes(LABEL_MM, PANEL_MM + 13.0, wide_mm, tall_mm), table, settings, wide_mm=wide_mm)
        column = 0.5 * width_mm - 22.0
        curves, own = (table[table["panel"] == panel] for panel in ("dvh", "volumes"))
        names = list(dict.fromkeys([*curves["series"], *own["series"]]))[:MOST_SERIES]
        _draw_curves(
            axes(17.0, 11.0, column, PANEL_MM - 20.0), curves, names, settings, named_elsewhere=set(own["series"])
        )
        _draw_volumes(axes(0.5 * width_mm + 17.0, 11.0, column, PANEL_MM - 20.0), own, names, settings)
    return figure


def _draw_differences(ax: Axes, table: pd.DataFrame, settings: FiguresSettings, *, wide_mm: float) -> None:
    """Draw one row a metric: patients as points, the mean as a square with its interval, numbers to the right."""
    size = small_pt(settings.style)
    own = table[table["panel"] == "differences"]
    look = curve_look(settings.style, 0)
    side = ax.get_yaxis_transform()
    ax.axvline(0.0, color=FAINT, linewidth=0.7)
    starts = (1.0 + 2.0 / wide_mm, 1.0 + 47.0 / wide_mm)
    heads = (translate(settings, "Planned − delivered (95 % CI)"), "p")
    for x, text in zip(starts, heads, strict=True):
        ax.text(x, -1.0, text, transform=side, fontsize=size, fontweight="bold", va="bottom")
    series = list(dict.fromkeys(own["series"]))
    for number, name in enumerate(series):
        y = 1.0 + (number + 0.5) * ROW_MM
        part = own[own["series"] == name]
        points = part.loc[part["kind"] == "patient", "x"]
        ax.plot(points, np.full(len(points), y + 0.9), color=look.colour, marker="o", markersize=2.6, linestyle="none",
                alpha=0.65, markeredgewidth=0)  # fmt: skip
        mean = part[part["kind"] == "mean"].iloc[0]
        ax.plot([mean["low"], mean["high"]], [y - 0.9] * 2, color=INK, linewidth=1.2)
        ax.plot([mean["x"]], [y - 0.9], color=INK, marker="s", markersize=3.2)
        label = f"{_series_words(str(name), settings)} (n {int(mean['n'])})"
        ax.text(-(LABEL_MM - 2.0) / wide_mm, y, label, transform=side, fontsize=size, va="center")
        ends = format_interval(mean["difference_low"], mean["difference_high"], to=translate(settings, "to"))
        unit = translate_label(settings, mean["unit"]) if isinstance(mean["unit"], str) else ""
        said = f"{format_number(mean['difference'])} ({ends}) {unit}".strip()
        for x, text in zip(starts, (said, format_p(mean["p"], name="")), strict=True):
            ax.text(x, y, text, transform=side, fontsize=size, va="center")
    ax.set_ylim(1.0 + len(series) * ROW_MM + 1.0, 0.0)
    ax.set_yticks([])
    ax.spines["left"].set_visible(False)
    ax.set_xlabel(translate(settings, "Planned − delivered, % of the mean planned value"))


def _series_words(series: str, settings: FiguresSettings) -> str:
    """Give ``Lungs V20Gy EQD2`` word by word in the config's language."""
    return " ".join(translate_label(settings, word) for word in series.split(" "))


def _draw_curves(
    ax: Axes, own: pd.DataFrame, names: list[str], settings: FiguresSettings, *, named_elsewhere: set[str]
) -> None:
    """Draw planned and delivered curves; name the structures that the panel of volumes does not name."""
    from matplotlib.lines import Line2D

    for number, name in enumerate(names):
        look = curve_look(settings.style, number)
        for kind, line in LINES.items():
            points = own[(own["series"] == name) & (own["kind"] == kind)]
            # The marks of the other panel, at a few doses, each structure at its own ones.
            start = (0.02 + 0.012 * number, 0.11)
            ax.plot(points["x"], points["value"], color=look.colour, linestyle=line, linewidth=1.0, markersize=2.6,
                    marker=look.marker if kind == "planned" else "none", markevery=start)  # fmt: skip
    top = float(own["x"].max()) if len(own) else 1.0
    ax.set_xlim(0.0, top)
    ax.set_ylim(0.0, 103.0)
    ax.set_title(translate(settings, "Mean DVH"))
    ax.set_xlabel(translate(settings, "Dose (Gy)"))
    ax.set_ylabel(translate(settings, "Volume (%)"))
    words = {"planned": translate(settings, "planned"), "delivered": translate(settings, "delivered")}
    kinds = [
        Line2D([], [], color=INK, linewidth=1.0, linestyle=LINES[kind], label=text) for kind, text in words.items()
    ]
    kinds += [
        Line2D(
            [],
            [],
            color=curve_look(settings.style, number).colour,
            marker=curve_look(settings.style, number).marker,
            markersize=2.6,
            label=translate_label(settings, name),
        )
        for number, name in enumerate(names)
        if name not in named_elsewhere
    ]
    place: Any = {"loc": "upper center", "bbox_to_anchor": (0.6, 0.9)}
    ax.legend(handles=kinds, fontsize=small_pt(settings.style), labelspacing=0.25, **place)


def _draw_volumes(ax: Axes, own: pd.DataFrame, names: list[str], settings: FiguresSettings) -> None:
    shown = [(number, name) for number, name in enumerate(names) if name in set(own["series"])]
    shift = np.linspace(-0.16, 0.16, len(names)) if len(shown) > 1 else np.zeros(len(names))
    for number, name in shown:
        look = curve_look(settings.style, number)
        points = own[own["series"] == name]
        value = points["value"].to_numpy(dtype=np.float64)
        ends = np.vstack([value - points["low"].to_numpy(dtype=np.float64),
                          points["high"].to_numpy(dtype=np.float64) - value])  # fmt: skip
        ax.errorbar(points["x"].to_numpy(dtype=np.float64) + shift[number], value, yerr=ends, color=look.colour,
                    marker=look.marker, markersize=3.0, linewidth=1.0, elinewidth=0.7,
                    label=translate_label(settings, str(name)))  # fmt: skip
    ax.axhline(100.0, color=FAINT, linewidth=0.6)
    ax.set_title(translate(settings, "Volume over the course"))
    ax.set_xlabel(translate(settings, "Session (0: planning)"))
    ax.set_ylabel(translate(settings, "Volume (% of planning)"))
    if shown:
        ax.legend(loc="lower left", fontsize=small_pt(settings.style), labelspacing=0.25)
