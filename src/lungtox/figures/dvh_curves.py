"""DVH curves of a moved structure, and what changes with the distance."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from lungtox.figures.config import FiguresSettings
from lungtox.figures.cytokines import plain_log_axis
from lungtox.figures.language import translate, translate_label
from lungtox.figures.style import FAINT, curve_look, new_figure, page_mm, say_nothing_to_draw, small_pt, style_context

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLUMNS = ["panel", "series", "x", "value", "low", "high", "patients", "beyond_margin"]
PANEL_MM = 62.0
PANELS = ("curves", "breathing", "mean", "sd", "rss", "lead")


def tabulate_dvh_curves(fits: pd.DataFrame, *, comparison: pd.DataFrame, curves: pd.DataFrame) -> pd.DataFrame:
    """Put what the figure shows into one long table: the first axis of the shifts only.

    Parameters
    ----------
    fits, comparison, curves : DataFrame
        Of results/dvh_curves.

    Returns
    -------
    DataFrame
        ``panel`` ``curves`` and ``breathing`` (``series`` the position, ``x`` dose), ``mean`` and ``sd`` (``x`` shift,
        ``value`` mean of the patients with their standard deviation around it), ``rss`` (``series`` the model) and
        ``lead`` (one row a patient).
    """
    shifted = fits[fits["kind"] == "shift"]
    axis = shifted["axis"].iloc[0] if len(shifted) else ""
    parts = []
    for kind, source in (("shift", "structure"), ("breathing", "dose")):
        own = curves[(curves["kind"] == kind) & (curves["axis"] == axis) & (curves["source"] == source)]
        own = own[own["dose_gy"] >= _start(own)]
        words = own["amount_mm"].map("{:+g} mm".format if kind == "shift" else "{:g} mm".format)
        words = words.replace("+0 mm", "0 mm")
        parts.append(
            own.assign(panel="curves" if kind == "shift" else kind, series=words).rename(
                columns={"dose_gy": "x", "share": "value"}
            )
        )
    own = shifted[shifted["axis"] == axis]
    first = own.drop_duplicates(["patient", "amount_mm"])
    for panel, column in (("mean", "dvh_mean_gy"), ("sd", "dvh_sd_gy")):
        found = first.groupby("amount_mm")[column].agg(["mean", "std", "size"]).reset_index().fillna({"std": 0.0})
        found = found.assign(
            panel=panel, series=axis, low=found["mean"] - found["std"], high=found["mean"] + found["std"]
        )
        parts.append(found.rename(columns={"amount_mm": "x", "mean": "value", "size": "patients"}))
    best = own.groupby(["model", "amount_mm"], sort=False)["rss"].agg(["mean", "size"]).reset_index()
    names = {"model": "series", "amount_mm": "x", "mean": "value", "size": "patients"}
    parts.append(best.rename(columns=names).assign(panel="rss"))
    wide = own.pivot_table(index=["patient", "amount_mm"], columns="model", values="aic")
    if {"fermi", "gaussian"} <= set(wide.columns):
        lead = (wide["fermi"] - wide["gaussian"]).dropna().rename("value").reset_index()
        known = comparison[(comparison["kind"] == "shift") & (comparison["axis"] == axis)]
        beyond = known.drop_duplicates("amount_mm").set_index("amount_mm")["beyond_margin"]
        lead = lead.assign(panel="lead", series=axis, patients=1, beyond_margin=lead["amount_mm"].map(beyond))
        parts.append(lead.rename(columns={"amount_mm": "x"}).drop(columns="patient"))
    return pd.concat([part.reindex(columns=COLUMNS) for part in parts if len(part)], ignore_index=True)


def _start(curves: pd.DataFrame) -> float:
    """Give the dose from which something is to be seen: a little below the one that all get."""
    falling = curves[curves["share"] < 0.998]["dose_gy"]
    return max(float(falling.min()) - 2.0, 0.0) if len(falling) else 0.0


def plot_dvh_curves(table: pd.DataFrame, *, settings: FiguresSettings) -> Figure:
    """Draw the panels two a row.

    Parameters
    ----------
    table : DataFrame
        Of `tabulate_dvh_curves`.
    settings : FiguresSettings

    Returns
    -------
    matplotlib Figure
        Two columns wide.
    """
    style = settings.style
    panels = [name for name in PANELS if (table["panel"] == name).any()]
    rows = max(-(-len(panels) // 2), 1)
    height_mm, width_mm = rows * PANEL_MM, page_mm(style, 2)
    with style_context(style):
        figure = new_figure(style, columns=2, height_mm=height_mm)
        if not panels:
            say_nothing_to_draw(figure.add_axes((0, 0, 1, 1)), translate(settings, "No curve to show"), style=style)
            return figure
        axis = str(table.loc[table["panel"] == "mean", "series"].iloc[0]) if "mean" in panels else ""
        for number, panel in enumerate(panels):
            left = (number % 2) * 0.5 * width_mm + 18.0
            bottom = height_mm - (number // 2 + 1) * PANEL_MM + 11.0
            width = 0.5 * width_mm - 22.0
            ax = figure.add_axes((left / width_mm, bottom / height_mm, width / width_mm, (PANEL_MM - 18.0) / height_mm))
            own = table[table["panel"] == panel]
            title, up = _words(panel, settings)
            if panel in ("curves", "breathing"):
                _draw_curves(ax, own, settings)
                ax.set_xlabel(translate(settings, "Dose (Gy)"))
            else:
                _draw_points(ax, own, table, settings)
                ax.set_xlabel(_shift_words(axis, settings))
            ax.set_title(title)
            ax.set_ylabel(up)
    return figure


def _words(panel: str, settings: FiguresSettings) -> tuple[str, str]:
    """Give title and ordinate of a panel."""
    share = translate(settings, "Share of the volume")
    return {
        "curves": (translate(settings, "Structure moved"), share),
        "breathing": (translate(settings, "Dose blurred by breathing"), share),
        "mean": (translate(settings, "Mean dose"), translate(settings, "Mean dose (Gy)")),
        "sd": (translate(settings, "Width of the doses"), translate(settings, "Standard deviation (Gy)")),
        "rss": (translate(settings, "Distance of the models from the curve"), translate(settings, "RSS")),
        "lead": (
            translate(settings, "Fermi against Gaussian"),
            translate(settings, "AIC Fermi \N{MINUS SIGN} Gaussian"),
        ),
    }[panel]


def _shift_words(axis: str, settings: FiguresSettings) -> str:
    return {
        "left_right": translate(settings, "Shift towards the left (mm)"),
        "anterior_posterior": translate(settings, "Shift towards the back (mm)"),
        "superior_inferior": translate(settings, "Shift towards the head (mm)"),
    }.get(axis, translate(settings, "Shift (mm)"))


def _draw_curves(ax: Axes, own: pd.DataFrame, settings: FiguresSettings) -> None:
    amounts = {name: float(str(name).removesuffix(" mm")) for name in dict.fromkeys(own["series"])}
    distances = sorted({abs(amount) for amount in amounts.values()})
    for name in sorted(amounts, key=lambda one: (abs(amounts[one]), amounts[one])):
        points = own[own["series"] == name]
        look = curve_look(settings.style, distances.index(abs(amounts[name])))
        line: Any = (0, (4, 1.5)) if amounts[name] < 0 else "-"
        words = str(name).replace("-", "\N{MINUS SIGN}")
        # The marks tell the distances apart in print without colours.
        ax.plot(points["x"], points["value"], color=look.colour, linestyle=line, linewidth=1.0, label=words,
                marker=look.marker if amounts[name] else "none", markersize=2.4, markevery=0.12)  # fmt: skip
    ax.set_ylim(0.0, 1.03)
    ax.set_xlim(float(own["x"].min()), float(own["x"].max()))
    ax.legend(loc="lower left", fontsize=small_pt(settings.style), labelspacing=0.25)


def _draw_points(ax: Axes, own: pd.DataFrame, table: pd.DataFrame, settings: FiguresSettings) -> None:
    look = curve_look(settings.style, 0)
    lead = table[table["panel"] == "lead"]
    beyond = lead[lead["beyond_margin"].eq(True)]["x"].abs()
    within = lead[lead["beyond_margin"].eq(False)]["x"].abs()
    if len(beyond) and len(within):
        for sign in (-1.0, 1.0):
            ax.axvline(sign * 0.5 * (beyond.min() + within.max()), color=FAINT, linestyle=(0, (4, 2)), linewidth=0.7)
    if own["panel"].iloc[0] == "rss":
        for index, (name, points) in enumerate(own.groupby("series", sort=False)):
            one, points = curve_look(settings.style, index), points.sort_values("x")
            ax.plot(points["x"], points["value"], color=one.colour, linestyle=one.line, marker=one.marker,
                    markersize=3.0, linewidth=1.0, label=translate_label(settings, str(name)))  # fmt: skip
        ax.set_yscale("log")
        plain_log_axis(ax, own["value"])  # powers of ten would have exponents below 6 pt
        ax.legend(loc="upper center", fontsize=small_pt(settings.style))
        return
    x, value = own["x"].to_numpy(dtype=np.float64), own["value"].to_numpy(dtype=np.float64)
    if own["panel"].iloc[0] == "lead":
        ax.axhline(0.0, color=FAINT, linewidth=0.6)
        ax.plot(x, value, color=look.colour, marker=look.marker, markersize=2.6, linestyle="none", alpha=0.7)
        middle = own.groupby("x")["value"].median()
        ax.plot(middle.index, middle, color=look.colour, linewidth=1.0, label=translate(settings, "median"))
        ax.legend(loc="best", fontsize=small_pt(settings.style))
        return
    low, high = (own[name].to_numpy(dtype=np.float64) for name in ("low", "high"))
    ax.errorbar(x, value, yerr=np.vstack([value - low, high - value]), color=look.colour, marker=look.marker,
                markersize=3.0, elinewidth=0.7, linewidth=1.0)  # fmt: skip
