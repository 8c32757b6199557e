"""Figures of the internal validation: calibration, decision curves, stability of the predictions."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
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

PANEL_MM, LEGEND_MM = 78.0, 7.0
DOTS = (0, (1.2, 1.2))
FOOT, RISK_BINS = -0.28, 25  # where the panel of a calibration ends below 0, in parts of its side
CALIBRATION = ["model", "title", "kind", "predicted", "apparent", "corrected", "low", "high", "rp", "note"]
DECISION = ["model", "title", "threshold", "apparent", "corrected", "low", "high", "all", "note"]
STABILITY = ["model", "title", "patient", "rp", "probability", "low", "high", "note"]


def tabulate_calibration(
    fits: Sequence[Mapping[str, Any]],
    curves: Sequence[pd.DataFrame],
    stability: Sequence[pd.DataFrame],
    validation: Sequence[pd.DataFrame],
) -> pd.DataFrame:
    """Put the calibration curves of all models into one table.

    Parameters
    ----------
    fits : sequence of dict
        Contents of fit.json.
    curves, stability, validation : sequence of DataFrame
        Of calibration.csv, stability.csv and validation.csv, in the order of the fits.

    Returns
    -------
    DataFrame
        ``model, title, kind (curve|patient|finding), predicted, apparent, corrected, low, high, rp, note``; `note` of a
        curve holds the corrected figures that are printed.
    """
    parts = []
    for fit, curve, patients, measures in zip(fits, curves, stability, validation, strict=True):
        if not len(curve):
            parts.append(pd.DataFrame({"kind": ["finding"], "note": [_finding(fit)]}).assign(**_names(fit)))
            continue
        parts.append(curve.assign(kind="curve", note=_figures(measures, str(fit.get("leads"))), **_names(fit)))
        risks = patients[["probability", "rp"]].rename(columns={"probability": "predicted"})
        parts.append(risks.assign(kind="patient", **_names(fit)))
    return _stacked(parts, CALIBRATION)


def tabulate_decision(fits: Sequence[Mapping[str, Any]], curves: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Put the decision curves of all models into one table; arguments as for `tabulate_calibration`."""
    return _stacked([_named(fit, curve) for fit, curve in zip(fits, curves, strict=True)], DECISION)


def tabulate_stability(fits: Sequence[Mapping[str, Any]], tables: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Put the predictions of all models with their range into one table; arguments as for `tabulate_calibration`."""
    return _stacked([_named(fit, table) for fit, table in zip(fits, tables, strict=True)], STABILITY)


def plot_calibration(table: pd.DataFrame, *, settings: FiguresSettings) -> Figure:
    """Draw observed against predicted risk, a panel for each model.

    Parameters
    ----------
    table : DataFrame
        Of `tabulate_calibration`.
    settings : FiguresSettings

    Returns
    -------
    matplotlib Figure
        One column wide for a single model, else two.
    """
    return _panels(table, _draw_calibration, settings=settings, square=True)


def plot_decision(table: pd.DataFrame, *, settings: FiguresSettings) -> Figure:
    """Draw the net benefit over the threshold, a panel for each model; arguments as for `plot_calibration`."""
    return _panels(table, _draw_decision, settings=settings)


def plot_stability(table: pd.DataFrame, *, settings: FiguresSettings) -> Figure:
    """Draw what the refits predict against the model's risk; arguments as for `plot_calibration`."""
    return _panels(table, _draw_stability, settings=settings, square=True)


def _names(fit: Mapping[str, Any]) -> dict[str, str]:
    name = str(fit["model"])
    counts = f"\nn = {fit['n']}, {fit['events']} RP" if "n" in fit else ""
    return {"model": name, "title": f"{name.replace('_', ' ')}{counts}"}


def _finding(fit: Mapping[str, Any]) -> str:
    return f"Not fitted: {fit['finding']}" if fit.get("finding") else "Could not be validated"


def _named(fit: Mapping[str, Any], table: pd.DataFrame) -> pd.DataFrame:
    rows = table if len(table) else pd.DataFrame({"note": [_finding(fit)]})
    return rows.assign(**_names(fit))


def _figures(measures: pd.DataFrame, leads: str) -> str:
    """Give the corrected figures of the leading approach as they are printed into the panel."""
    rows = measures[measures["approach"] == leads].set_index("measure")["corrected"]
    words = "cross-validated" if leads == "cross-validation" else "corrected"
    named = {"slope": "slope", "citl": "in the large", "ici": "ICI"}
    return "\n".join([f"{words}:", *(f"{text} {format_number(float(rows[key]))}" for key, text in named.items())])


def _stacked(parts: list[pd.DataFrame], columns: list[str]) -> pd.DataFrame:
    filled = [part.reindex(columns=columns).astype(object) for part in parts]
    if not filled:
        return pd.DataFrame(columns=columns)
    table = pd.concat(filled, ignore_index=True)
    numbers = [name for name in columns if name not in ("model", "title", "kind", "patient", "note", "rp")]
    return table.astype(dict.fromkeys(numbers, float)).astype({"rp": "Int64"} if "rp" in columns else {})


def _panels(table: pd.DataFrame, draw: Any, *, settings: FiguresSettings, square: bool = False) -> Figure:
    style = settings.style
    panels = list(table.groupby("model", sort=False))
    across = 2 if len(panels) > 1 else 1
    down = max(1, math.ceil(len(panels) / across))
    height_mm = down * (PANEL_MM if square else PANEL_MM - 14.0) + LEGEND_MM
    with style_context(style):
        figure = new_figure(style, columns=2 if across == 2 else 1, height_mm=height_mm)
        figure.set_layout_engine("constrained", w_pad=0.05 * style.scale, h_pad=0.05 * style.scale)
        axes = figure.subplots(down, across, squeeze=False).ravel()
        if not panels:
            say_nothing_to_draw(axes[0], translate(settings, "No logistic model is part of this analysis"), style=style)
        handles: dict[str, Any] = {}
        for ax, (_, rows) in zip(axes, panels, strict=False):
            finding = rows["note"].iloc[0] if len(rows) == 1 and isinstance(rows["note"].iloc[0], str) else None
            if finding is not None:
                say_nothing_to_draw(ax, translate_label(settings, finding), style=style)
            else:
                draw(ax, rows, settings=settings)
            ax.set_title(translate_label(settings, str(rows["title"].iloc[0])))
            for handle, label in zip(*ax.get_legend_handles_labels(), strict=True):
                handles.setdefault(label, handle)
        for ax in axes[max(1, len(panels)) :]:
            ax.set_visible(False)
        if handles:
            figure.legend(handles.values(), handles.keys(), loc="outside lower center",
                          ncols=legend_columns(handles, style, columns=2 if across == 2 else 1))  # fmt: skip
    return figure


def _draw_calibration(ax: Axes, rows: pd.DataFrame, *, settings: FiguresSettings) -> None:
    style = settings.style
    curve, patients = rows[rows["kind"] == "curve"], rows[rows["kind"] == "patient"]
    top = _risk_axis(max(float(curve["high"].max()), float(patients["predicted"].max())))
    colour = PALETTES[style.palette][0]
    ax.plot([0, top], [0, top], color=FAINT, linewidth=0.6, label=translate(settings, "ideal"))
    ax.fill_between(
        curve["predicted"],
        curve["low"],
        curve["high"],
        color=colour,
        alpha=0.15,
        linewidth=0,
        label=translate(settings, "95 % band"),
    )
    ax.plot(curve["predicted"], curve["corrected"], color=colour, label=translate(settings, "corrected for optimism"))
    ax.plot(
        curve["predicted"],
        curve["apparent"],
        color=INK,
        linestyle=DOTS,
        linewidth=0.8,
        label=translate(settings, "apparent"),
    )
    _draw_risks(ax, patients, top, settings=settings)
    note = translate_label(settings, str(curve["note"].iloc[0]))
    ax.text(0.03, 0.97, note, transform=ax.transAxes, va="top", fontsize=small_pt(style))
    ax.set_xlim(0.0, top)
    ax.set_ylim(FOOT * top, top)
    ticks = [0.1 * step for step in range(0, round(10 * top) + 1, 1 if top < 0.5 else 2)]
    ax.set_xticks(ticks)
    ax.set_yticks(ticks)
    ax.set_aspect("equal")
    ax.set_xlabel(translate(settings, "Predicted risk"))
    ax.set_ylabel(translate(settings, "Observed share with RP"))


def _draw_risks(ax: Axes, patients: pd.DataFrame, top: float, *, settings: FiguresSettings) -> None:
    """Draw the histograms of the predicted risks at the foot: patients with RP upwards, without downwards."""
    edges = np.linspace(0.0, top, RISK_BINS + 1)
    counts = {
        group: np.histogram(patients.loc[patients["rp"] == value, "predicted"].to_numpy(float), edges)[0]
        for group, value in (("rp", 1), ("no_rp", 0))
    }
    # One patient is as high in both; the two tallest bars fill the room between the axis and the foot.
    step = (-FOOT - 0.035) * top / max(1, sum(int(each.max()) for each in counts.values()))
    base = FOOT * top + step * int(counts["no_rp"].max()) + 0.01 * top
    for group, sign in (("rp", 1.0), ("no_rp", -1.0)):
        look = group_look(settings.style, group)
        face = look.colour if group == "rp" else "white"
        ax.bar(edges[:-1], sign * step * counts[group], width=np.diff(edges), bottom=base, align="edge", color=face,
               edgecolor=look.colour, linewidth=0.5)  # fmt: skip
        ax.text(1.02 * top, base + 0.032 * sign * top, group_label(settings, group), fontsize=small_pt(settings.style),
                color=look.colour, va="center")  # fmt: skip
    ax.axhline(base, color=INK, linewidth=0.4)


def _draw_decision(ax: Axes, rows: pd.DataFrame, *, settings: FiguresSettings) -> None:
    colour = PALETTES[settings.style.palette][0]
    x = 100.0 * rows["threshold"].to_numpy(float)
    ax.fill_between(
        x,
        rows["low"],
        rows["high"],
        color=colour,
        alpha=0.15,
        linewidth=0,
        label=translate(settings, "instability range"),
    )
    ax.plot(x, rows["corrected"], color=colour, label=translate(settings, "model, corrected"))
    ax.plot(x, rows["apparent"], color=INK, linestyle=DOTS, linewidth=0.8, label=translate(settings, "model, apparent"))
    ax.plot(
        x,
        rows["all"],
        color=PALETTES[settings.style.palette][5],
        linestyle=(0, (5, 1.6)),
        label=translate(settings, "treat all as RP"),
    )
    ax.axhline(0.0, color=FAINT, linewidth=0.8, label=translate(settings, "treat none"))
    highest = max(float(rows["high"].max()), float(rows["all"].max()), 0.01)
    ax.set_ylim(-0.35 * highest, 1.08 * highest)
    ax.set_xlim(float(x.min()), float(x.max()))
    ax.set_xlabel(translate(settings, "Threshold risk (%)"))
    ax.set_ylabel(translate(settings, "Net benefit"))


def _draw_stability(ax: Axes, rows: pd.DataFrame, *, settings: FiguresSettings) -> None:
    style = settings.style
    top = _risk_axis(float(np.nanmax(rows[["probability", "high"]].to_numpy(float))))
    ax.plot([0, top], [0, top], color=FAINT, linewidth=0.6)
    for group, value in (("no_rp", 0), ("rp", 1)):
        part, look = rows[rows["rp"] == value], group_look(style, group)
        ax.vlines(part["probability"], part["low"], part["high"], color=look.colour, linewidth=0.5, alpha=0.45)
        face = look.colour if value else "white"
        ax.plot(part["probability"], part["probability"], look.marker, color=look.colour, markersize=2.4,
                markeredgewidth=0.5, markerfacecolor=face, label=group_label(settings, group))  # fmt: skip
    ax.set_xlim(0.0, top)
    ax.set_ylim(0.0, top)
    ax.set_aspect("equal")
    ax.set_xlabel(translate(settings, "Predicted risk"))
    ax.set_ylabel(translate(settings, "Risk by 95 % of the refits"))


def _risk_axis(highest: float) -> float:
    """Give the end of an axis of risks: the next tenth."""
    return min(1.0, max(0.2, math.ceil(10.0 * highest - 1e-9) / 10.0))
