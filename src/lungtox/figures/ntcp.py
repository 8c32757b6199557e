"""Dose-response curves fitted to this cohort, binned outcomes, and published models over them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from lungtox.figures.config import FiguresSettings
from lungtox.figures.labels import format_interval, format_number
from lungtox.figures.language import translate, translate_label
from lungtox.figures.ntcp_names import dose_name, fit_title, is_mean_dose
from lungtox.figures.style import (
    INK,
    LINE_STYLES,
    PALETTES,
    curve_look,
    legend_columns,
    new_figure,
    page_mm,
    say_nothing_to_draw,
    small_pt,
    style_context,
    tiny_pt,
    wrap_text,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLUMNS = ["panel", "kind", "label", "dose_gy", "ntcp", "low", "high", "n", "events", "note"]
# The literature's parameters, estimated or derived; other models show those that were estimated.
LATENCY = ("latency_median_d", "latency_sigma")
SHOWN_PARAMETERS = {
    "lkb": ("td50", "td50_gy", "m", "n", LATENCY[0]),
    "logistic": ("td50", "td50_gy", "x50", "gamma50", LATENCY[0]),
}
EXTRAPOLATED = "extrapolated"
# Dots are the extrapolated part of the cohort's own curve.
PUBLISHED_LINES = (LINE_STYLES[1], LINE_STYLES[3], LINE_STYLES[4], (0, (3, 1, 1, 1, 1, 1)))
HIGHEST_COUNT = 0.85
SYMBOLS = {
    "td50": "TD50",
    "td50_gy": "TD50",
    "d50_gy": "D50",
    "gamma50": "\N{GREEK SMALL LETTER GAMMA}50",
    "latency_median_d": "median latency",
    "latency_sigma": "latency \N{GREEK SMALL LETTER SIGMA}",
}


def tabulate_ntcp(
    fits: Sequence[Mapping[str, Any]],
    curves: Sequence[pd.DataFrame],
    bins: Sequence[pd.DataFrame],
    published: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Put the fitted curves, the binned outcomes and the published curves into one table.

    A published curve is a function of the mean dose of the anatomical lung; it is laid only over panels with
    that dose (mean dose, anatomical weighting, and the same quantity where the table of curves names one).

    Parameters
    ----------
    fits, curves, bins : sequences of the same length
        Contents of fit.json, curve.csv and bins.csv of results/ntcp/{ntcp}.
    published : DataFrame, optional
        Of results/ntcp/published/curves.csv.

    Returns
    -------
    DataFrame
        ``panel, kind (title|axis|parameter|finding|curve|bin|published), label, dose_gy, ntcp, low, high, n, events,
        note``; parameters have their estimate in ``ntcp``; a curve beyond the doses of the cohort has the note
        ``extrapolated``, and no band.
    """
    parts: list[pd.DataFrame] = []
    for fit, curve, binned in zip(fits, curves, bins, strict=True):
        panel = str(fit["ntcp"])
        rows = [{"kind": "title", "label": fit_title(fit)}, {"kind": "axis", "label": dose_name(fit)}]
        if fit.get("finding"):
            rows.append({"kind": "finding", "note": str(fit["finding"])})
        else:
            rows.extend(_parameter_rows(fit))
        parts.append(pd.DataFrame(rows).assign(panel=panel))
        parts.append(_marked_curve(curve, fit).assign(panel=panel, kind="curve", label="fitted"))
        parts.append(binned.rename(columns={"rate": "ntcp"}).assign(panel=panel, kind="bin", label="observed"))
        if published is not None and _takes_published(fit):
            same = _same_quantity(published, str(fit["quantity"]))
            parts.append(same.assign(panel=panel, kind="published"))
    if not parts:
        return pd.DataFrame(columns=COLUMNS)
    table = pd.concat([part.reindex(columns=COLUMNS).astype(object) for part in parts if len(part)], ignore_index=True)
    types = {name: float for name in ("dose_gy", "ntcp", "low", "high")}
    return table.astype(types).astype({"n": "Int64", "events": "Int64"})


def _marked_curve(curve: pd.DataFrame, fit: Mapping[str, Any]) -> pd.DataFrame:
    """Take the band away where the cohort has no doses: what stands there is the model's, not the data's."""
    low_gy, high_gy = fit.get("dose_range_gy") or (-math.inf, math.inf)
    beyond = ~curve["dose_gy"].between(low_gy, high_gy)
    marked = curve.astype({"low": float, "high": float}).assign(note=None)
    marked.loc[beyond, ["low", "high"]] = np.nan
    marked.loc[beyond, "note"] = EXTRAPOLATED
    return marked


def _parameter_rows(fit: Mapping[str, Any]) -> list[dict[str, Any]]:
    rows = []
    free = tuple(
        entry["parameter"]
        for entry in fit.get("parameters", [])
        if not entry.get("derived") and "[" not in entry["parameter"]
    )  # those of covariates would fill the panel
    shown = SHOWN_PARAMETERS.get(str(fit["model"]), free)
    for entry in fit.get("parameters", []):
        if entry["parameter"] not in shown or entry["estimate"] is None:
            continue
        note = "fixed" if entry["fixed"] else "at boundary" if entry.get("at_boundary") else None
        rows.append(
            {
                "kind": "parameter", "label": SYMBOLS.get(entry["parameter"], entry["parameter"]), "note": note,
                "ntcp": entry["estimate"], "low": entry["low"], "high": entry["high"],
            }
        )  # fmt: skip
    return rows


def _takes_published(fit: Mapping[str, Any]) -> bool:
    plain = not fit.get("covariates") and not fit.get("time")
    return is_mean_dose(fit) and fit["weighting"] == "anatomical" and plain


def _same_quantity(published: pd.DataFrame, quantity: str) -> pd.DataFrame:
    return published[published["quantity"] == quantity] if "quantity" in published else published


def plot_ntcp(table: pd.DataFrame, *, settings: FiguresSettings) -> Figure:
    """Draw one panel for each fit: curve with 95 % band, observed rates with intervals, published curves.

    The band ends where the doses of the cohort end; beyond, the curve is dotted.

    Parameters
    ----------
    table : DataFrame
        Of `tabulate_ntcp`.
    settings : FiguresSettings

    Returns
    -------
    matplotlib Figure
        One column wide for a single fit, else two.
    """
    style = settings.style
    panels = list(table.groupby("panel", sort=False))
    across = 2 if len(panels) > 1 else 1
    down = max(1, math.ceil(len(panels) / across))
    legend_mm = 9.0
    with style_context(style):
        figure = new_figure(style, columns=2 if across == 2 else 1, height_mm=down * 70.0 + legend_mm)
        figure.set_layout_engine("constrained", w_pad=0.05 * style.scale, h_pad=0.05 * style.scale)
        axes = figure.subplots(down, across, squeeze=False).ravel()
        if not panels:
            say_nothing_to_draw(axes[0], translate(settings, "No NTCP model was fitted"), style=style)
        names = table.loc[table["kind"] == "published", "label"].drop_duplicates()
        looks = {
            name: replace(curve_look(style, index + 1), line=PUBLISHED_LINES[index % len(PUBLISHED_LINES)])
            for index, name in enumerate(names)
        }
        handles: dict[str, Any] = {}
        for ax, (_, rows) in zip(axes, panels, strict=False):
            _draw_panel(ax, rows, looks, settings=settings)
            for handle, label in zip(*ax.get_legend_handles_labels(), strict=True):
                handles.setdefault(label, handle)
        for ax in axes[len(panels) :]:
            ax.set_visible(False)
        if handles:
            figure.legend(
                handles.values(),
                handles.keys(),
                loc="outside lower center",
                ncols=legend_columns(handles, style, columns=2 if across == 2 else 1),
            )
    return figure


def _draw_panel(ax: Axes, rows: pd.DataFrame, looks: Mapping[str, Any], *, settings: FiguresSettings) -> None:
    style = settings.style
    kinds = {str(kind): part for kind, part in rows.groupby("kind", sort=False)}
    title = translate_label(settings, str(kinds["title"]["label"].iloc[0]))
    if "finding" in kinds and "curve" not in kinds:
        finding = translate_label(settings, str(kinds["finding"]["note"].iloc[0]))
        say_nothing_to_draw(ax, translate(settings, "Not fitted: {finding}", finding=finding), style=style)
        ax.set_title(title)
        return
    colour = PALETTES[style.palette][0]
    if "curve" in kinds:
        curve = kinds["curve"]
        within = curve[curve["note"] != EXTRAPOLATED]
        ax.plot(within["dose_gy"], within["ntcp"], color=colour, label=translate(settings, "fitted to this cohort"))
        ax.fill_between(within["dose_gy"], within["low"], within["high"], color=colour, alpha=0.2, linewidth=0,
                        label=translate(settings, "95 % interval"))  # fmt: skip
        for part in (curve["dose_gy"] <= within["dose_gy"].min(), curve["dose_gy"] >= within["dose_gy"].max()):
            beyond = curve[part]
            if len(beyond) > 1:
                ax.plot(beyond["dose_gy"], beyond["ntcp"], color=colour, linestyle=(0, (1, 1.5)), linewidth=1.0,
                        label=translate(settings, "extrapolated"))  # fmt: skip
    for label, curve in kinds["published"].groupby("label", sort=False) if "published" in kinds else ():
        look = looks[str(label)]
        ax.plot(
            curve["dose_gy"],
            curve["ntcp"],
            color=look.colour,
            linestyle=look.line,
            linewidth=1.0,
            label=translate_label(settings, str(label)),
        )
    if "bin" in kinds:
        _draw_bins(ax, kinds["bin"], settings=settings)
    ax.set_ylim(-0.02, 1)
    doses = pd.concat([kinds[kind]["dose_gy"] for kind in ("curve", "bin") if kind in kinds])
    ax.set_xlim(0, doses.max())
    ax.set_xlabel(translate_label(settings, str(kinds["axis"]["label"].iloc[0])))
    ax.set_ylabel(translate(settings, "Probability of RP"))
    _write_title(ax, title, kinds.get("parameter"), settings=settings)


def _write_title(ax: Axes, title: str, parameters: pd.DataFrame | None, *, settings: FiguresSettings) -> None:
    """Write the title and, between it and the axes, the free parameters: inside they would cover the points."""
    style, lines = settings.style, []
    if parameters is not None and (parameters["note"] != "fixed").any():
        free = parameters[parameters["note"] != "fixed"]
        # A panel is a column wide; axis labels take about 15 mm of it.
        room_mm = (min(page_mm(style, 1), 0.5 * page_mm(style, 2)) - 15.0) * style.scale
        text = "; ".join(_parameter_text(row, settings) for row in free.itertuples())
        lines = wrap_text(text, room_mm, size_pt=small_pt(style), style=style)
    ax.text(0.0, 1.01, "\n".join(lines), transform=ax.transAxes, fontsize=small_pt(style), va="bottom", linespacing=1.2)
    ax.set_title(title, pad=3 * style.scale + len(lines) * 1.25 * small_pt(style))


def _draw_bins(ax: Axes, bins: pd.DataFrame, *, settings: FiguresSettings) -> None:
    errors = [(bins["ntcp"] - bins["low"]).clip(lower=0), (bins["high"] - bins["ntcp"]).clip(lower=0)]
    ax.errorbar(bins["dose_gy"], bins["ntcp"], yerr=errors, fmt="o", color=INK, markersize=3.5, elinewidth=0.8,
                capsize=1.5, label=translate(settings, "observed, 95 % CI"))  # fmt: skip
    places = bins[["dose_gy", "high"]].to_numpy(dtype=float)
    for (dose_gy, high), events, n in zip(places, bins["events"], bins["n"], strict=True):
        # Upright above the interval, because neighbouring bins may lie 2 Gy apart; beside it near the top.
        ax.annotate(
            f"{int(events)}/{int(n)}", (dose_gy, min(high, HIGHEST_COUNT)),
            xytext=(5 if high > HIGHEST_COUNT else 0, 2), textcoords="offset points",
            rotation=90, ha="center", va="bottom", fontsize=tiny_pt(settings.style),
        )  # fmt: skip


def _parameter_text(row: Any, settings: FiguresSettings) -> str:
    note = f", {translate_label(settings, row.note)}" if isinstance(row.note, str) else ""
    a_dose = row.label in ("TD50", "D50")
    decimals, unit = (1, " Gy") if a_dose else (0, " d") if row.label == SYMBOLS[LATENCY[0]] else (2, "")
    text = f"{row.label} {format_number(row.ntcp, decimals=decimals)}{unit}"
    interval = format_interval(row.low, row.high, decimals=decimals, to=translate(settings, "to"))
    whole = f"{text} ({interval}{note})"
    return whole.replace(" ", "\N{NO-BREAK SPACE}")
