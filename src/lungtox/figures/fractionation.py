"""Effects by number of fractions, admissible numbers, effect on the organ against that on the tumour, risk."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from lungtox.figures.config import FiguresSettings
from lungtox.figures.language import translate, translate_label
from lungtox.figures.style import curve_look, new_figure, page_mm, say_nothing_to_draw, small_pt, style_context

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLUMNS = ["panel", "series", "x", "value", "low", "high", "patients"]
ALL = "All organs"
COMMON = "all"
PANEL_MM = 62.0


def tabulate_fractionation(
    effects: pd.DataFrame, *, ranges: pd.DataFrame, trade: pd.DataFrame, risks: pd.DataFrame
) -> pd.DataFrame:
    """Put what the figure shows into one long table.

    Parameters
    ----------
    effects, ranges, trade, risks : DataFrame
        Of results/fractionation.

    Returns
    -------
    DataFrame
        ``panel`` ``effect`` (``series`` the organ, ``x`` fractions, ``value`` median of the patients with smallest and
        largest), ``admissible`` (``value`` share of the patients), ``trade:{organ}`` (``series`` fractions, ``x`` E1,
        ``value`` E0) and ``risk``.
    """
    organs = [name for name in dict.fromkeys(ranges["structure"]) if name != COMMON]
    parts = [_summary(effects, "effect", ["structure", "fractions"], "effect_gy", order=organs)]
    allowed = effects.groupby(["structure", "fractions"], sort=False)["admissible"]
    shares = allowed.agg(["mean", "size"]).reset_index()
    whole = effects.groupby(["patient", "fractions"])["admissible"].all().groupby("fractions").agg(["mean", "size"])
    shares = pd.concat([shares, whole.reset_index().assign(structure=ALL)])
    parts.append(
        shares.rename(columns={"structure": "series", "fractions": "x", "mean": "value", "size": "patients"}).assign(
            panel="admissible"
        )
    )
    middle = trade.groupby(["structure", "fractions", "bed_share_pct"], sort=False).median(numeric_only=True)
    middle = middle.reset_index()
    parts.append(
        middle.assign(
            panel="trade:" + middle["structure"],
            series=middle["fractions"].astype(str) + " fractions",
            patients=trade["patient"].nunique(),
        ).rename(columns={"tumour_effect_gy": "x", "effect_gy": "value"})
    )
    if len(risks):
        named = risks.assign(name=risks["model"].str.replace("_", " ") + ", " + risks["structure"])
        parts.append(_summary(named, "risk", ["name", "fractions"], "ntcp", order=list(dict.fromkeys(named["name"]))))
    return pd.concat([part.reindex(columns=COLUMNS) for part in parts], ignore_index=True)


def _summary(table: pd.DataFrame, panel: str, keys: list[str], value: str, *, order: list[str]) -> pd.DataFrame:
    found = table.groupby(keys, sort=False)[value].agg(["median", "min", "max", "size"]).reset_index()
    names = {keys[0]: "series", keys[1]: "x", "median": "value", "min": "low", "max": "high", "size": "patients"}
    rank = {name: number for number, name in enumerate(order)}
    found = found.rename(columns=names).assign(panel=panel, rank=lambda own: own["series"].map(rank))
    return found.sort_values(["rank", "x"], kind="stable")


def plot_fractionation(table: pd.DataFrame, *, settings: FiguresSettings) -> Figure:
    """Draw the panels two a row.

    Parameters
    ----------
    table : DataFrame
        Of `tabulate_fractionation`.
    settings : FiguresSettings

    Returns
    -------
    matplotlib Figure
        Two columns wide.
    """
    style = settings.style
    panels = list(dict.fromkeys(table["panel"]))
    rows = max(-(-len(panels) // 2), 1)
    height_mm, width_mm = rows * PANEL_MM, page_mm(style, 2)
    with style_context(style):
        figure = new_figure(style, columns=2, height_mm=height_mm)
        if table.empty:
            say_nothing_to_draw(figure.add_axes((0, 0, 1, 1)), translate(settings, "No schedule to show"), style=style)
            return figure
        for number, panel in enumerate(panels):
            left = (number % 2) * 0.5 * width_mm + (20.0 if panel == "admissible" else 15.0)
            bottom = height_mm - (number // 2 + 1) * PANEL_MM + 11.0
            width = (number % 2 + 1) * 0.5 * width_mm - left - 4.0
            ax = figure.add_axes((left / width_mm, bottom / height_mm, width / width_mm, (PANEL_MM - 18.0) / height_mm))
            own = table[table["panel"] == panel]
            draw, title, across, up = _panel(panel, settings)
            draw(ax, own, table, settings)
            ax.set_title(title)
            ax.set_xlabel(across)
            ax.set_ylabel(up)
    return figure


Draw = Callable[["Axes", pd.DataFrame, pd.DataFrame, FiguresSettings], None]


def _panel(panel: str, settings: FiguresSettings) -> tuple[Draw, str, str, str]:
    """Give how a panel is drawn, its title, abscissa and ordinate."""
    fractions = translate(settings, "Fractions")
    if panel == "effect":
        return _draw_effects, translate(settings, "Effect on the organs"), fractions, "E0 (Gy)"
    if panel == "admissible":
        return _draw_ranges, translate(settings, "Admissible numbers"), fractions, ""
    if panel == "risk":
        return _draw_lines, translate(settings, "Risk by published models"), fractions, "NTCP"
    organ = translate_label(settings, panel.removeprefix("trade:"))
    return _draw_lines, translate(settings, "{organ} against tumour", organ=organ), "E1 (Gy)", "E0 (Gy)"


def _draw_effects(ax: Axes, own: pd.DataFrame, table: pd.DataFrame, settings: FiguresSettings) -> None:
    allowed = table[table["panel"] == "admissible"].set_index(["series", "x"])["value"]
    for index, (name, points) in enumerate(own.groupby("series", sort=False)):
        look = curve_look(settings.style, index)
        x, value = points["x"].to_numpy(dtype=np.float64), points["value"].to_numpy(dtype=np.float64)
        ax.plot(
            x, value, color=look.colour, linestyle=look.line, linewidth=0.8, label=translate_label(settings, str(name))
        )
        whole = np.array([allowed.get((name, at), 0.0) >= 1.0 for at in points["x"]])
        ax.plot(x, np.where(whole, value, np.nan), color=look.colour, linewidth=2.4, solid_capstyle="butt", alpha=0.75)
        _band(ax, points, look.colour)
    ax.set_ylim(0.0, float(own["high"].max()) * 1.3)
    ax.legend(loc="upper left", ncols=2, fontsize=small_pt(settings.style), columnspacing=0.9)


def _band(ax: Axes, points: pd.DataFrame, colour: str) -> None:
    if points["patients"].max() > 1:
        ax.fill_between(points["x"], points["low"], points["high"], color=colour, alpha=0.15, linewidth=0)


def _draw_ranges(ax: Axes, own: pd.DataFrame, table: pd.DataFrame, settings: FiguresSettings) -> None:
    names = list(dict.fromkeys(own["series"]))
    for place, name in enumerate(names):
        look = curve_look(settings.style, place)
        points = own[own["series"] == name]
        shown = points[points["value"] > 0]
        colour: Any = "black" if name == ALL else look.colour
        for row in shown.itertuples():
            share = float(str(row.value))
            ax.barh(-place, 1.0, left=float(str(row.x)) - 0.5, height=0.55, color=colour, alpha=share, linewidth=0)
        full = points[points["value"] >= 1.0]["x"]
        words = (
            f"{int(full.min())}\N{EN DASH}{int(full.max())}"
            if len(full) and len(full) == full.max() - full.min() + 1
            else ""
        )
        if words:
            middle = 0.5 * float(full.min() + full.max())
            ax.text(middle, -place + 0.32, words, ha="center", va="bottom", fontsize=small_pt(settings.style))
    ax.set_yticks([-place for place in range(len(names))], [translate_label(settings, str(name)) for name in names])
    ax.set_ylim(-len(names) + 0.4, 0.85)
    ax.set_xlim(float(own["x"].min()) - 0.7, float(own["x"].max()) + 0.7)


def _draw_lines(ax: Axes, own: pd.DataFrame, table: pd.DataFrame, settings: FiguresSettings) -> None:
    for index, (name, points) in enumerate(own.groupby("series", sort=False)):
        look = curve_look(settings.style, index)
        ax.plot(
            points["x"],
            points["value"],
            color=look.colour,
            linestyle=look.line,
            label=translate_label(settings, str(name)),
        )
        if points["low"].notna().all():
            _band(ax, points, look.colour)
    highest = float(np.nanmax(own[["value", "high"]].to_numpy(dtype=np.float64)))
    ax.set_ylim(0.0, highest * 1.25)
    ax.legend(loc="upper left", fontsize=small_pt(settings.style))
