"""Published models on this cohort: calibration, decision curves, and their curves before and after an update."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from lungtox.figures.config import FiguresSettings
from lungtox.figures.language import translate, translate_label
from lungtox.figures.style import (
    FAINT,
    INK,
    PALETTES,
    curve_look,
    legend_columns,
    new_figure,
    say_nothing_to_draw,
    style_context,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLUMNS = ["panel", "title", "curve", "x", "y", "low", "high", "unit"]
PANEL_MM, LEGEND_MM = 64.0, 14.0
FORMS = {
    "original": "kept as published",
    "intercept": "new intercept",
    "recalibration": "recalibrated",
    "revision": "revised",
}
DOSES = {"physical": "Mean dose or gEUD (Gy)", "eqd2": "Mean dose or gEUD, EQD2 (Gy)"}
EVERYBODY = "treat all as RP"
PUBLISHED, CHOSEN, BAYES = "as published", "by closed testing", "Bayesian update"


def tabulate_published(
    calibration: pd.DataFrame, net_benefit: pd.DataFrame, curves: pd.DataFrame, updates: pd.DataFrame
) -> pd.DataFrame:
    """Put calibration, net benefit and curves of the published models into one table.

    Parameters
    ----------
    calibration, net_benefit, curves, updates : DataFrame
        Of results/ntcp/published: calibration.csv, net_benefit.csv, curves.csv, update_curves.csv.

    Returns
    -------
    DataFrame
        ``panel (calibration|benefit|name of a model), title, curve, x, y, low, high, unit``.
    """
    parts = [
        calibration.rename(columns={"label": "curve", "predicted": "x", "observed": "y"}).assign(
            panel="calibration", title="Calibration as published"
        ),
        net_benefit.rename(columns={"label": "curve", "threshold": "x", "net_benefit": "y"}).assign(
            panel="benefit", title="Net benefit as published"
        ),
    ]
    if len(net_benefit):
        # Models with factors may have fewer patients, and so another rate: the line is that of the first model.
        first = net_benefit[net_benefit["model"] == net_benefit["model"].iloc[0]]
        everyone = first.rename(columns={"threshold": "x", "all": "y"}).assign(curve=EVERYBODY)
        parts.append(everyone.assign(panel="benefit", title="Net benefit as published"))
    for model, rows in updates.groupby("model", sort=False):
        forms = [FORMS[method] for method in rows["method"].unique() if method in FORMS]
        title = "\n".join([str(rows["label"].iloc[0]), *forms])
        unit = DOSES[str(rows["quantity"].iloc[0])]
        own = curves[(curves["model"] == model) & (curves["dose_gy"] <= rows["dose_gy"].max())]
        both = [own.assign(curve=PUBLISHED), rows.assign(curve=np.where(rows["method"] == "bayes", BAYES, CHOSEN))]
        parts += [
            part.rename(columns={"dose_gy": "x", "ntcp": "y"}).assign(panel=model, title=title, unit=unit)
            for part in both
        ]
    filled = [part.reindex(columns=COLUMNS).astype(object) for part in parts if len(part)]
    if not filled:
        return pd.DataFrame(columns=COLUMNS)
    return pd.concat(filled, ignore_index=True).astype({name: float for name in ("x", "y", "low", "high")})


def plot_published(table: pd.DataFrame, *, settings: FiguresSettings) -> Figure:
    """Draw the published models: calibration and net benefit of all, then one panel for each model that was updated.

    Parameters
    ----------
    table : DataFrame
        Of `tabulate_published`.
    settings : FiguresSettings

    Returns
    -------
    matplotlib Figure
        Two columns wide.
    """
    style = settings.style
    panels = list(table.groupby("panel", sort=False))
    down = max(1, math.ceil(len(panels) / 2))
    with style_context(style):
        figure = new_figure(style, columns=2, height_mm=down * PANEL_MM + LEGEND_MM)
        figure.set_layout_engine("constrained", w_pad=0.05 * style.scale, h_pad=0.05 * style.scale)
        axes = figure.subplots(down, 2, squeeze=False).ravel()
        if not panels:
            say_nothing_to_draw(axes[0], translate(settings, "No published model could be judged"), style=style)
        looks = _looks(table, settings=settings)
        handles: dict[str, Any] = {}
        for ax, (name, rows) in zip(axes, panels, strict=False):
            draw = {"calibration": _draw_calibration, "benefit": _draw_benefit}.get(str(name), _draw_curves)
            draw(ax, rows, looks, settings)
            ax.set_title(translate_label(settings, str(rows["title"].iloc[0])))
            for handle, label in zip(*ax.get_legend_handles_labels(), strict=True):
                handles.setdefault(label, handle)
        for ax in axes[max(1, len(panels)) :]:
            ax.set_visible(False)
        if handles:
            figure.legend(handles.values(), handles.keys(), loc="outside lower center",
                          ncols=min(3, legend_columns(handles, style, columns=2)))  # fmt: skip
    return figure


Looks = dict[str, dict[str, Any]]


def _looks(table: pd.DataFrame, *, settings: FiguresSettings) -> Looks:
    """Give each curve of the figure one look, the same in all panels."""
    style = settings.style
    colours = PALETTES[style.palette]
    looks: Looks = {
        EVERYBODY: {"color": FAINT, "linestyle": (0, (3, 1, 1, 1, 1, 1)), "linewidth": 1.0},
        PUBLISHED: {"color": INK, "linestyle": (0, (5, 1.6)), "linewidth": 1.0},
        BAYES: {"color": colours[5], "linestyle": (0, (6, 1.5, 1.2, 1.5))},
        CHOSEN: {"color": colours[0]},
    }
    models = table.loc[table["panel"].isin(["calibration", "benefit"]), "curve"].drop_duplicates()
    for index, name in enumerate(name for name in models if name not in looks):
        look = curve_look(style, index + 2)
        looks[str(name)] = {"color": look.colour, "linestyle": look.line}
    return looks


def _draw_lines(ax: Axes, rows: pd.DataFrame, looks: Looks, settings: FiguresSettings) -> None:
    for name, curve in rows.groupby("curve", sort=False):
        look = looks[str(name)]
        ax.plot(curve["x"], curve["y"], label=translate_label(settings, str(name)), **look)
        if curve["low"].notna().any():
            ax.fill_between(curve["x"], curve["low"], curve["high"], color=look["color"], alpha=0.15, linewidth=0)


def _draw_calibration(ax: Axes, rows: pd.DataFrame, looks: Looks, settings: FiguresSettings) -> None:
    top = min(1.0, math.ceil(10.0 * float(rows[["x", "y"]].max().max())) / 10.0)
    ax.plot([0, top], [0, top], color=FAINT, linewidth=0.6)
    _draw_lines(ax, rows, looks, settings)
    ax.set_xlim(0.0, top)
    ax.set_ylim(0.0, top)
    ax.set_xlabel(translate(settings, "Predicted risk"))
    ax.set_ylabel(translate(settings, "Observed share with RP"))


def _draw_benefit(ax: Axes, rows: pd.DataFrame, looks: Looks, settings: FiguresSettings) -> None:
    rows = rows.assign(x=100.0 * rows["x"])
    ax.axhline(0.0, color=FAINT, linewidth=0.6)
    _draw_lines(ax, rows, looks, settings)
    highest = max(float(rows["y"].max()), 0.01)
    ax.set_ylim(-0.35 * highest, 1.08 * highest)
    ax.set_xlim(float(rows["x"].min()), float(rows["x"].max()))
    ax.set_xlabel(translate(settings, "Threshold risk (%)"))
    ax.set_ylabel(translate(settings, "Net benefit"))


def _draw_curves(ax: Axes, rows: pd.DataFrame, looks: Looks, settings: FiguresSettings) -> None:
    _draw_lines(ax, rows, looks, settings)
    ax.set_xlim(0.0, float(rows["x"].max()))
    ax.set_ylim(0.0, 1.0)
    ax.set_xlabel(translate_label(settings, str(rows["unit"].iloc[0])))
    ax.set_ylabel(translate(settings, "Probability of RP"))
