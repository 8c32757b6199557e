"""Descriptions of the dose side by side: performance, differences from the reference, AIC weights, profile of n."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from lungtox.figures.config import FiguresSettings
from lungtox.figures.labels import format_number
from lungtox.figures.language import translate, translate_label
from lungtox.figures.style import (
    FAINT,
    INK,
    PALETTES,
    curve_look,
    new_figure,
    page_mm,
    say_nothing_to_draw,
    small_pt,
    style_context,
)
from lungtox.ntcp import step_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLUMNS = ["panel", "group", "model", "dose", "x", "value", "low", "high", "reference", "note"]
# Panel -> column of comparison.csv, vertical line; limits of the column where it has an interval.
PANELS: dict[str, tuple[str, float | None]] = {
    "auc": ("auc_corrected", None),
    "auc_difference": ("auc_difference", 0.0),
    "net_benefit_difference": ("net_benefit_difference", 0.0),
    "slope": ("slope_corrected", 1.0),
    "weight": ("aic_weight", None),
}
_LIMITS = {"auc": "auc", "auc_difference": "auc_difference", "net_benefit_difference": "net_benefit_difference"}
_ROW_MM, _TOP_MM, _BOTTOM_MM, _LABEL_MM, _PROFILE_MM = 4.4, 9.5, 7.0, 24.0, 50.0


def tabulate_ntcp_comparison(comparison: pd.DataFrame, profile: pd.DataFrame) -> pd.DataFrame:
    """Put what the figure shows into one long table.

    Parameters
    ----------
    comparison, profile : DataFrame
        Of results/ntcp/comparison.csv and volume_profile.csv.

    Returns
    -------
    DataFrame
        ``panel`` names a figure of the models (``auc``, ``auc_difference``, ``net_benefit_difference``, ``slope``,
        ``weight``), ``profile`` (``x`` is n, ``value`` the log-likelihood below its maximum) or ``limit`` (``value``
        is the fall that ends the interval of n). ``group`` names the steps; a model that could not be fitted has its
        finding as ``note``.
    """
    rows: list[dict[str, Any]] = []
    for row in comparison.to_dict("records"):
        group = step_of(str(row["model"]), str(row["dose"])) or "dose alone"
        shared = {"group": group, "model": row["model"], "dose": row["dose"], "reference": bool(row["reference"])}
        note = row["finding"] if isinstance(row["finding"], str) else ""
        for panel, (column, _) in PANELS.items():
            name = _LIMITS.get(panel)
            low, high = (row[f"{name}_low"], row[f"{name}_high"]) if name else (np.nan, np.nan)
            rows.append({**shared, "panel": panel, "value": row[column], "low": low, "high": high, "note": note})
    for part in profile.to_dict("records"):
        rows.append({"panel": "profile", "model": part["model"], "x": part["n_volume"], "value": -part["below_best"]})
    for part in profile.head(1).to_dict("records"):
        rows.append({"panel": "limit", "value": -part["interval_ends"], "note": f"{100 * part['confidence']:g} %"})
    numbers = dict.fromkeys(("x", "value", "low", "high"), float)
    return pd.DataFrame(rows, columns=COLUMNS).astype(numbers)


def plot_ntcp_comparison(table: pd.DataFrame, *, settings: FiguresSettings) -> Figure:
    """Draw a row for each model, groups of models one below the other, and the profile of n below.

    Parameters
    ----------
    table : DataFrame
        Of `tabulate_ntcp_comparison`.
    settings : FiguresSettings

    Returns
    -------
    matplotlib Figure
        Two columns wide; as high as the rows need.
    """
    style = settings.style
    models = table[table["panel"] == "auc"]
    places, lines = _places(models)
    profile = table[table["panel"].isin(["profile", "limit"])]
    width_mm = page_mm(style, 2)
    rows_mm = max(lines, 1.0) * _ROW_MM
    below_mm = _PROFILE_MM if len(profile) else 0.0
    height_mm = _TOP_MM + rows_mm + _BOTTOM_MM + below_mm
    with style_context(style):
        figure = new_figure(style, columns=2, height_mm=height_mm)
        if models.empty:
            say_nothing_to_draw(
                figure.add_axes((0, 0, 1, 1)), translate(settings, "No model was compared"), style=style
            )
            return figure
        left_mm, gap_mm = _LABEL_MM, 5.5
        each_mm = (width_mm - left_mm - 2.0) / len(PANELS)
        for number, panel in enumerate(PANELS):
            at_mm = left_mm + number * each_mm
            box = (at_mm / width_mm, (height_mm - _TOP_MM - rows_mm) / height_mm, (each_mm - gap_mm) / width_mm,
                   rows_mm / height_mm)  # fmt: skip
            ax = figure.add_axes(box)
            ax.set_ylim(lines, 0.0)
            _draw_panel(ax, table[table["panel"] == panel], panel, places, settings=settings)
            if number == 0:
                _write_labels(ax, models, places, left_mm / (each_mm - gap_mm), settings=settings)
        if len(profile):
            box = (
                left_mm / width_mm,
                11.0 / height_mm,
                (0.5 * width_mm - left_mm + 20.0) / width_mm,
                (below_mm - 20.0) / height_mm,
            )
            _draw_profile(figure.add_axes(box), profile, settings=settings)
    return figure


def _places(models: pd.DataFrame) -> tuple[dict[str, float], float]:
    """Give the place of each model, and how many lines there are with a heading for each group."""
    places: dict[str, float] = {}
    at = 0.0
    for _, part in models.groupby("group", sort=False):
        at += 1.0
        for model in part["model"]:
            places[str(model)] = at + 0.5
            at += 1.0
        at += 0.4
    return places, at


def _write_labels(
    ax: Axes, models: pd.DataFrame, places: dict[str, float], width: float, *, settings: FiguresSettings
) -> None:
    size = small_pt(settings.style)
    looks: dict[str, Any] = {"transform": ax.get_yaxis_transform(), "va": "center", "fontsize": size}
    for group, part in models.groupby("group", sort=False):
        first = places[str(part["model"].iloc[0])]
        words = translate_label(settings, str(group))
        text = words if group == "dose alone" else f"+ {words}"
        ax.text(-width + 0.04, first - 1.0, text, fontweight="bold", **looks)
        for row in part.to_dict("records"):
            dose = translate_label(settings, str(row["dose"]))
            name = translate(settings, "{dose} (reference)", dose=dose) if row["reference"] else dose
            ax.text(-width + 0.12, places[str(row["model"])], name, **looks)


def _draw_panel(
    ax: Axes, rows: pd.DataFrame, panel: str, places: dict[str, float], *, settings: FiguresSettings
) -> None:
    from matplotlib.ticker import MaxNLocator

    style = settings.style
    colour = PALETTES[style.palette][0]
    _, line = PANELS[panel]
    known = rows[rows["value"].notna()]
    if line is not None:
        ax.axvline(line, color=FAINT, linewidth=0.6)
    for row in known.to_dict("records"):
        at = places[str(row["model"])]
        if panel == "weight":
            ax.barh(at, row["value"], height=0.6, color=colour)
            ax.text(row["value"] + 0.03, at, format_number(row["value"]), va="center", fontsize=small_pt(style))
            continue
        if np.isfinite(row["low"]) and not (row["reference"] and line == 0.0):
            ax.plot((row["low"], row["high"]), (at, at), color=INK, linewidth=0.9, solid_capstyle="butt")
        fill = "white" if row["reference"] else colour
        ax.plot([row["value"]], [at], marker="o", markersize=3.4, color=colour, markerfacecolor=fill, zorder=3)
    if panel == "weight":
        ax.set_xlim(0.0, 1.3)
        ax.set_xticks([0.0, 0.5, 1.0])
    else:
        values = known[["value", "low", "high"]].to_numpy(dtype=np.float64).ravel()
        values = np.append(values[np.isfinite(values)], [] if line is None else line)
        if values.size:
            room = max(float(np.ptp(values)), 0.02)
            ax.set_xlim(values.min() - 0.08 * room, values.max() + 0.08 * room)
        ax.xaxis.set_major_locator(MaxNLocator(2))
    ax.set_yticks([])
    ax.spines["left"].set_visible(False)
    title = {
        "auc": translate(settings, "Corrected\nAUC"),
        "auc_difference": translate(settings, "Difference\nof AUC"),
        "net_benefit_difference": translate(settings, "Difference of\nnet benefit"),
        "slope": translate(settings, "Calibration\nslope"),
        "weight": translate(settings, "Akaike\nweight"),
    }[panel]
    ax.set_title(title, fontsize=small_pt(style))


def _draw_profile(ax: Axes, rows: pd.DataFrame, *, settings: FiguresSettings) -> None:
    style = settings.style
    limit = rows[rows["panel"] == "limit"]
    fall = float(limit["value"].iloc[0])
    curves = rows[rows["panel"] == "profile"]
    for index, (model, part) in enumerate(curves.groupby("model", sort=False)):
        look = curve_look(style, index)
        ax.plot(
            part["x"],
            part["value"],
            color=look.colour,
            linestyle=look.line,
            label=translate_label(settings, str(model)),
        )
    ax.axhline(fall, color=FAINT, linewidth=0.8)
    above = translate(settings, "{confidence} interval above", confidence=limit["note"].iloc[0])
    ax.text(0.0105, fall, above, fontsize=small_pt(style), va="bottom")
    ax.set_xscale("log")
    ax.set_xlim(0.01, 1.0)
    ax.set_xticks([0.01, 0.03, 0.1, 0.3, 1.0], labels=["0.01", "0.03", "0.1", "0.3", "1"])
    ax.minorticks_off()
    ax.set_ylim(min(3.0 * fall, 1.05 * float(curves["value"].clip(lower=6.0 * fall).min())), 0.4)
    ax.set_xlabel(translate(settings, "Volume parameter n of gEUD (1: mean dose, near 0: maximum)"))
    ax.set_ylabel(translate(settings, "Log-likelihood\nbelow its maximum"))
    ax.legend(loc="center left", bbox_to_anchor=(1.02, 0.5), fontsize=small_pt(style))
