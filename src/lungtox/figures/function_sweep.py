"""How functional metrics, and fV20 against V20, move with threshold, reference value, shift and attenuation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from lungtox.figures.config import FiguresSettings
from lungtox.figures.language import translate, translate_label
from lungtox.figures.style import FAINT, curve_look, new_figure, page_mm, say_nothing_to_draw, small_pt, style_context

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLUMNS = [
    "panel", "quantity", "series", "x", "tick", "n", "value", "low", "high", "p", "is_base",
]  # fmt: skip
QUANTITIES = {"fv20_pct": "fV20", "fmld_gy": "fMLD", "mpwld_gy": "MPWLD", "difference": "AUC difference"}
TICKS = {"left": "L", "right": "R", "anterior": "A", "posterior": "P", "superior": "S", "inferior": "I"}
ATTENUATION = "AC"
_REFERENCES = {"max": "of maximum", "p99": "of 99th percentile", "mean": "of mean"}
_ROWS = (("fv20_pct",), ("fmld_gy", "mpwld_gy"), ("difference",))
_PANEL_MM = 45.0


def tabulate_function_sweep(sensitivity: pd.DataFrame) -> pd.DataFrame:
    """Put what the figure shows into one long table.

    Parameters
    ----------
    sensitivity : DataFrame
        Of results/function/sensitivity.csv.

    Returns
    -------
    DataFrame
        ``panel`` ``threshold`` (``x`` is the threshold in %, ``series`` the reference value) or ``place`` (``x``
        numbers the directions, ``series`` is the shift; attenuation correction comes last). ``value`` with ``low`` and
        ``high``: median change with 5th and 95th percentile of the patients, or the AUC difference with its 95 %
        interval. What could not be computed has no row.
    """
    found: list[dict[str, Any]] = []
    for row in sensitivity.fillna({"direction": ""}).itertuples():
        for where in _places(row):
            # A threshold is no matter of weighting by function.
            for quantity in (name for name in QUANTITIES if (where["panel"], name) != ("threshold", "mpwld_gy")):
                found.append({**where, "quantity": quantity, "is_base": bool(row.is_base), **_figures(row, quantity)})
    table = pd.DataFrame(found, columns=COLUMNS)
    kept = table[table["value"].notna()].assign(rank=table["quantity"].map({n: i for i, n in enumerate(QUANTITIES)}))
    series = {name: number for number, name in enumerate(dict.fromkeys(kept["series"]))}
    ordered = kept.assign(order=kept["series"].map(series)).sort_values(["panel", "rank", "order", "x"], kind="stable")
    return ordered[COLUMNS].reset_index(drop=True)


def _places(row: Any) -> list[dict[str, Any]]:
    """Say in which panel a setting stands; a region of another form than the sweep's is the zero of the changes."""
    if row.change == "shift":
        tick = TICKS[row.direction]
        return [
            {"panel": "place", "series": f"{row.shift_mm:g} mm", "x": list(TICKS).index(row.direction), "tick": tick}
        ]
    if row.change == "attenuation":
        return [{"panel": "place", "series": ATTENUATION, "x": len(TICKS), "tick": ATTENUATION}]
    share, _, reference = str(row.region).partition("%")
    if reference not in _REFERENCES or "-" in share:
        return []
    return [{"panel": "threshold", "series": _REFERENCES[reference], "x": float(share), "tick": share}]


def _figures(row: Any, quantity: str) -> dict[str, Any]:
    if quantity == "difference":
        return {"n": row.n, "value": row.difference, "low": row.low, "high": row.high, "p": row.p}
    names = {"n": "n", "value": "change", "low": "low", "high": "high"}
    return {**{name: getattr(row, f"{quantity}_{part}") for name, part in names.items()}, "p": np.nan}


def plot_function_sweep(table: pd.DataFrame, *, settings: FiguresSettings) -> Figure:
    """Draw changes of fV20, of fMLD and MPWLD, and the AUC difference: by threshold, and by place of the image.

    Parameters
    ----------
    table : DataFrame
        Of `tabulate_function_sweep`.
    settings : FiguresSettings

    Returns
    -------
    matplotlib Figure
        Two columns wide.
    """
    style = settings.style
    height_mm, width_mm = len(_ROWS) * _PANEL_MM + 8.0, page_mm(style, 2)
    with style_context(style):
        figure = new_figure(style, columns=2, height_mm=height_mm)
        if table.empty:
            say_nothing_to_draw(
                figure.add_axes((0, 0, 1, 1)), translate(settings, "No function image: nothing to vary"), style=style
            )
            return figure
        for number, quantities in enumerate(_ROWS):
            bottom = height_mm - (number + 1) * _PANEL_MM + 4.0
            shown = table[table["quantity"].isin(quantities)]
            together = _limits(shown) if quantities == ("difference",) else None
            for column, panel in enumerate(("threshold", "place")):
                left = column * 0.5 * width_mm + 16.0
                box = (left / width_mm, bottom / height_mm, (0.5 * width_mm - 19.0) / width_mm, 34.0 / height_mm)
                ax = figure.add_axes(box)
                rows = shown[shown["panel"] == panel]
                # The looks of a series are the same in all rows: a legend where they come first.
                legend = number == 0 or (panel == "place" and len(quantities) > 1)
                _draw(ax, rows, settings=settings, legend=legend)
                entries = len(rows[["quantity", "series"]].drop_duplicates()) if legend else 0
                ax.set_ylim(*(together or _limits(rows, lines=-(-entries // 2))))
                title, across, up = _words(panel, quantities, settings)
                ax.set_ylabel(up)
                if number == 0:
                    ax.set_title(title)
                if number == len(_ROWS) - 1:
                    ax.set_xlabel(across)
    return figure


def _words(panel: str, quantities: tuple[str, ...], settings: FiguresSettings) -> tuple[str, str, str]:
    """Give title, abscissa and ordinate of a panel."""
    if "difference" in quantities:
        up = translate(settings, "AUC: fV20 \N{MINUS SIGN} V20")
    elif len(quantities) == 1:
        up = translate(settings, "Change of fV20 (points)")
    else:
        both, one = translate(settings, "Change of dose (Gy)"), translate(settings, "Change of fMLD (Gy)")
        up = both if panel == "place" else one
    if panel == "threshold":
        return translate(settings, "Threshold and reference value"), translate(settings, "Threshold (%)"), up
    return translate(settings, "Place of the image"), translate(settings, "Image moved towards"), up


def _limits(shown: pd.DataFrame, *, lines: int = 0) -> tuple[float, float]:
    """Give the limits of an axis, 0 included, with room for the lines of a legend."""
    values = np.append(shown[["value", "low", "high"]].to_numpy(dtype=np.float64).ravel(), 0.0)
    low, high = float(np.nanmin(values)), float(np.nanmax(values))
    room = max(high - low, 1e-3)
    return low - 0.06 * room, high + (0.06 + 0.17 * lines) * room


def _draw(ax: Axes, rows: pd.DataFrame, *, settings: FiguresSettings, legend: bool) -> None:
    style = settings.style
    ax.axhline(0.0, color=FAINT, linewidth=0.6)
    if rows.empty:
        say_nothing_to_draw(ax, translate(settings, "Nothing to show here"), style=style)
        return
    threshold = rows["panel"].iloc[0] == "threshold"
    drawn = list(rows.groupby(["quantity", "series"], sort=False))
    step = (1.6 if threshold else 0.14) * 4.0 / max(len(drawn), 4)
    for index, ((quantity, series), points) in enumerate(drawn):
        look = curve_look(style, index)
        at = points["x"].to_numpy(dtype=np.float64) + step * (index - 0.5 * (len(drawn) - 1))
        value, low, high = (points[name].to_numpy(dtype=np.float64) for name in ("value", "low", "high"))
        name = QUANTITIES[str(quantity)]
        words = translate_label(settings, str(series))
        label = f"{name}, {words}" if rows["quantity"].nunique() > 1 else words
        ax.errorbar(
            at, value, yerr=np.vstack([value - low, high - value]), color=look.colour, marker=look.marker,
            markersize=3.0, linestyle=look.line if threshold else "none", linewidth=0.9, elinewidth=0.6, label=label,
        )  # fmt: skip
    ticks = rows[["x", "tick"]].drop_duplicates().sort_values("x")
    ax.set_xticks(ticks["x"].tolist(), ticks["tick"].tolist())
    if legend:
        ax.legend(
            loc="upper left", ncols=2, fontsize=small_pt(style), borderpad=0.1, labelspacing=0.25, columnspacing=0.8,
            handletextpad=0.3, handlelength=1.8,
        )  # fmt: skip
