"""Forest plot: odds ratios of single factors, and of the multivariable models."""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd

from lungtox.figures.config import FiguresSettings, StyleSettings
from lungtox.figures.labels import (
    HIGHEST_RATIO,
    LEVEL,
    LOWEST_RATIO,
    beyond_ratio,
    effect_label,
    format_p,
    format_ratio,
)
from lungtox.figures.language import translate, translate_label
from lungtox.figures.style import (
    FAINT,
    INK,
    PALETTES,
    new_figure,
    page_mm,
    say_nothing_to_draw,
    small_pt,
    style_context,
    wrap_text,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST_FAMILIES = 8
ROW_MM, TOP_MM, BOTTOM_MM = 3.7, 6.5, 10.0
GUTTER = 0.008
# Shares of a printed column, and the edges that follow from them in widths of the axis.
LABEL_SHARE, AXIS_SHARE, MARGIN = 0.39, 0.22, 0.006
LEFT_EDGE, TEXT_LEFT, RIGHT_EDGE = -(LABEL_SHARE - MARGIN) / AXIS_SHARE, 1.1, (1 - 0.004 - LABEL_SHARE) / AXIS_SHARE
# Odds ratios beyond these are drawn as arrows: a quasi-separated level would squeeze all others.
LIMITS = (0.05, 20.0)
COLUMNS = ["panel", "heading", "label", "odds_ratio", "low", "high", "p", "q", "note"]


def tabulate_forest(univariable: pd.DataFrame, fits: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """Put the odds ratios of univariable.csv and of the models' fit.json into one table.

    Parameters
    ----------
    univariable : DataFrame
        Of results/association/univariable.csv.
    fits : sequence of dict
        Contents of results/models/{model}/fit.json; estimates on the log-odds scale. Those per 1 of a unit are given
        per step of the single factors with that unit, so that both can be compared.

    Returns
    -------
    DataFrame
        ``panel (univariable|multivariable), heading (family or model), label, odds_ratio, low, high, p, q, note``;
        a model that could not be fitted has one row with its finding as ``note``.
    """
    rows: list[dict[str, Any]] = []
    for row in univariable.itertuples(index=False):
        heading = str(row.family).replace("_", " ")
        rows.append(
            {
                "panel": "univariable", "heading": heading, "label": effect_label(str(row.label), row.unit),
                "odds_ratio": row.effect, "low": row.low, "high": row.high, "p": row.p, "q": row.q,
            }
        )  # fmt: skip
    steps = _steps(univariable)
    for fit in fits:
        rows.extend(_model_rows(fit, steps))
    return pd.DataFrame(rows, columns=COLUMNS).astype({name: float for name in ("odds_ratio", "low", "high", "p", "q")})


def _steps(univariable: pd.DataFrame) -> dict[str, tuple[float, str]]:
    """Give the step of the single factors by unit: ``Gy`` -> 5, ``5 Gy``."""
    found: dict[str, tuple[float, str]] = {}
    for text in univariable["unit"]:
        size, _, unit = text.partition(" ") if isinstance(text, str) else ("", "", "")
        if unit and size.replace(".", "", 1).isdigit():
            found.setdefault(unit, (float(size), text))
    return found


def _in_steps(label: str, steps: Mapping[str, tuple[float, str]]) -> tuple[float, str]:
    """Give factor and label of a term: ``MLD (per 1 Gy)`` -> 5, ``MLD (per 5 Gy)``; others stay as they are."""
    found = re.fullmatch(r"(.*) \(per 1 ([^()]+)\)", label)
    if found is None:
        return 1.0, label
    unit = "years" if found[2] == "year" else found[2]
    size, text = steps.get(unit, (1.0, f"1 {found[2]}"))
    return size, f"{found[1]} (per {text})"


def _model_rows(fit: Mapping[str, Any], steps: Mapping[str, tuple[float, str]]) -> list[dict[str, Any]]:
    heading = str(fit["model"]).replace("_", " ")
    finding = fit.get("finding")
    if finding:
        return [{"panel": "multivariable", "heading": heading, "label": "not fitted", "note": str(finding)}]
    counts = f"n = {fit['n']}, {fit['events']} RP"
    rows = []
    for term in fit["estimates"]:
        if term["term"] == "Intercept":
            continue
        size, label = _in_steps(str(term["label"]).replace("_", " "), steps)
        rows.append(
            {
                "panel": "multivariable", "heading": f"{heading} ({counts})", "label": label,
                "odds_ratio": _exp(term["estimate"], size), "low": _exp(term["low"], size),
                "high": _exp(term["high"], size), "p": term["p"],
            }
        )  # fmt: skip
    return rows


def _exp(log_odds: float | None, size: float) -> float:
    if log_odds is None:
        return math.nan
    return math.inf if log_odds * size > 700 else math.exp(log_odds * size)


def plot_forest(table: pd.DataFrame, *, settings: FiguresSettings) -> Figure:
    """Draw the forest: single factors on the left, multivariable models on the right.

    Filled markers have q < 0.05 (single factors) or p < 0.05 (models); arrows leave the axis; a row without
    marker could not be estimated.

    Parameters
    ----------
    table : DataFrame
        Of `tabulate_forest`.
    settings : FiguresSettings

    Returns
    -------
    matplotlib Figure
        Two columns wide; as high as the rows need.
    """
    style = settings.style
    columns = _arrange(table, settings=settings)
    height_mm = max((_height_mm(groups) for groups in columns), default=60.0)
    with style_context(style):
        figure = new_figure(style, columns=2, height_mm=height_mm)
        if not columns:
            say_nothing_to_draw(
                figure.add_axes((0, 0, 1, 1)), translate(settings, "No effect was estimated"), style=style
            )
        for index, groups in enumerate(columns):
            at_mm = height_mm
            for group in groups:
                rows_mm = group.lines[-1].bottom * ROW_MM
                at_mm -= TOP_MM + rows_mm
                # Each half is one printed column: labels | axis | odds ratio | q or p.
                left = (0.5 + GUTTER) * index + (0.5 - GUTTER) * LABEL_SHARE
                place = (left, at_mm / height_mm, (0.5 - GUTTER) * AXIS_SHARE, rows_mm / height_mm)
                _draw_group(figure.add_axes(place), group, settings=settings)
                at_mm -= BOTTOM_MM
    return figure


@dataclass(frozen=True)
class _Line:
    """One line of the forest; `top` and `bottom` count rows from the top of the panel."""

    kind: Literal["heading", "note", "effect"]
    text: str
    top: float
    bottom: float
    row: Mapping[str, Any] | None = None

    @property
    def middle(self) -> float:
        return (self.top + self.bottom) / 2


@dataclass(frozen=True)
class _Group:
    """Lines that share an axis."""

    title: str
    p_name: str
    lines: list[_Line]
    limits: tuple[float, float]


def _height_mm(groups: list[_Group]) -> float:
    return sum(group.lines[-1].bottom * ROW_MM + TOP_MM + BOTTOM_MM for group in groups)


def _arrange(table: pd.DataFrame, *, settings: FiguresSettings) -> list[list[_Group]]:
    """Put single factors left and models right; families go to the right where that saves height."""
    single = table[table["panel"] == "univariable"]
    models = table[table["panel"] == "multivariable"]
    last = (
        [_group(translate(settings, "Multivariable models"), "p", models, models, settings=settings)]
        if len(models)
        else []
    )
    if single.empty:
        return [last] if last else []
    families = list(dict.fromkeys(single["heading"]))
    arrangements = []
    first, more = translate(settings, "Single factors"), translate(settings, "Single factors, continued")
    # The first family stays left; more families than a page can show are not tried out one by one.
    moved = families[1:] if len(families) <= MOST_FAMILIES else []
    for names in itertools.chain.from_iterable(itertools.combinations(moved, n) for n in range(len(moved) + 1)):
        goes = single["heading"].isin(names)
        left, right = single[~goes], single[goes]
        rest = [_group(more, "q", right, single, settings=settings)] if len(right) else []
        arrangements.append([[_group(first, "q", left, single, settings=settings)], [*rest, *last]])
    return min(arrangements, key=lambda columns: max(_height_mm(groups) for groups in columns))


def _group(title: str, p_name: str, rows: pd.DataFrame, panel: pd.DataFrame, *, settings: FiguresSettings) -> _Group:
    """Lay out rows of a panel; groups of one panel have the same axis limits."""
    return _Group(title, p_name, _lines(rows, settings=settings), _limits(panel.to_dict("records")))


def _draw_group(ax: Axes, group: _Group, *, settings: FiguresSettings) -> None:
    style = settings.style
    _draw_panel(ax, group.lines, group.limits, settings=settings)
    _text(ax, LEFT_EDGE, -0.6, group.title, fontsize=style.font_pt, fontweight="bold")
    _text(ax, TEXT_LEFT, -0.6, translate(settings, "OR (95 % CI)"), fontsize=small_pt(style))
    _text(ax, RIGHT_EDGE, -0.6, group.p_name, fontsize=small_pt(style), ha="right")


def _lines(rows: pd.DataFrame, *, settings: FiguresSettings) -> list[_Line]:
    """Lay out a panel from top to bottom: a heading before each family or model, long labels on two lines."""
    style = settings.style
    # Some space stays free before the axis, where arrows end.
    label_mm = page_mm(style, 2) * (0.5 - GUTTER) * (LABEL_SHARE - MARGIN - 0.04 * AXIS_SHARE) - 0.8
    lines: list[_Line] = []
    at = 0.0
    for heading, part in rows.groupby("heading", sort=False):
        at += 0.6 if lines else 0.0
        words = translate_label(settings, str(heading))
        text = f"{words[:1].upper()}{words[1:]}"
        lines.append(_Line("heading", text, at, at + 1))
        at += 1
        for row in part.to_dict("records"):
            if isinstance(row["note"], str):
                text, kind = (
                    _wrap(translate_label(settings, row["note"]), 0.45 * page_mm(style, 2), style=style),
                    "note",
                )
            else:
                text, kind = _wrap(translate_label(settings, str(row["label"])), label_mm, style=style), "effect"
            high = 1 + 0.75 * text.count("\n")
            lines.append(_Line(kind, text, at, at + high, row))  # type: ignore[arg-type]
            at += high
    return lines


def _wrap(label: str, width_mm: float, *, style: StyleSettings) -> str:
    """Break a label into lines that fit, before the bracket if that helps: ``(per 5 Gy)`` stays on one line."""
    together = re.sub(
        r"[(（][^()（）]{1,20}[)）]", lambda match: match.group(0).replace(" ", "\N{NO-BREAK SPACE}"), label
    )
    return "\n".join(wrap_text(together, width_mm * style.scale, size_pt=small_pt(style), style=style))


def _text(ax: Axes, x: float, y: float, text: str, **looks: Any) -> None:
    ax.text(x, y, text, transform=ax.get_yaxis_transform(), va="center", linespacing=1.1, **looks)


def _draw_panel(ax: Axes, lines: list[_Line], limits: tuple[float, float], *, settings: FiguresSettings) -> None:
    from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

    size = small_pt(settings.style)
    ax.set_xscale("log")
    ax.set_xlim(*limits)
    ax.set_ylim(lines[-1].bottom, 0)
    for line in lines:
        if line.kind == "heading":
            _text(ax, LEFT_EDGE, line.middle, line.text, fontsize=size, fontweight="bold")
        elif line.kind == "note":
            _text(ax, LEFT_EDGE + 0.04, line.middle, line.text, fontsize=size, style="italic")
        elif line.row is not None:
            ax.vlines(1.0, line.top, line.bottom, color=FAINT, linewidth=0.6)
            _text(ax, LEFT_EDGE + 0.04, line.middle, line.text, fontsize=size)
            _draw_effect(ax, line.row, line.middle, limits, settings=settings)
    ax.spines["left"].set_visible(False)
    ax.set_yticks([])
    spread = limits[1] / limits[0]
    candidates = (0.1, 1.0, 10.0) if spread > 60 else (0.2, 1.0, 5.0) if spread > 12 else (0.2, 0.5, 1.0, 2.0, 5.0)
    ticks = [tick for tick in candidates if limits[0] <= tick <= limits[1]]
    ax.xaxis.set_major_locator(FixedLocator(ticks))
    ax.xaxis.set_minor_locator(NullLocator())
    ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    ax.set_xlabel(translate(settings, "Odds ratio of RP"))


def _limits(rows: Sequence[Mapping[Any, Any]]) -> tuple[float, float]:
    bounds = [value for row in rows if _estimable(row) for value in (row["low"], row["high"], row["odds_ratio"])]
    finite = [value for value in bounds if np.isfinite(value) and value > 0]
    low = max(LIMITS[0], min([0.5, *finite]) / 1.15)
    high = min(LIMITS[1], max([2.0, *finite]) * 1.15)
    return low, high


def _estimable(row: Mapping[Any, Any]) -> bool:
    """Tell whether the interval says anything; one from nothing to infinity is a separated level."""
    bounded = (np.isfinite(row["low"]) and row["low"] > 0.001, np.isfinite(row["high"]) and row["high"] < 1000)
    return bool(np.isfinite(row["odds_ratio"]) and any(bounded))


def _draw_effect(
    ax: Axes, row: Mapping[str, Any], y: float, limits: tuple[float, float], *, settings: FiguresSettings
) -> None:
    size = small_pt(settings.style)
    probability = row["q"] if row["panel"] == "univariable" else row["p"]
    _text(ax, RIGHT_EDGE, y, format_p(probability, name="").replace(" ", ""), fontsize=size, ha="right")
    if not _estimable(row):
        _text(ax, TEXT_LEFT, y, translate(settings, "not estimable"), fontsize=size, style="italic")
        return
    _text(ax, TEXT_LEFT, y, f"{format_ratio(row['odds_ratio'])} ({_interval(row)})", fontsize=size)
    low = row["low"] if np.isfinite(row["low"]) else 0.0
    high = row["high"] if np.isfinite(row["high"]) else math.inf
    ax.plot((max(low, limits[0]), min(high, limits[1])), (y, y), color=INK, linewidth=0.9, solid_capstyle="butt")
    for outside, edge, marker in ((low < limits[0], limits[0], "<"), (high > limits[1], limits[1], ">")):
        if outside:
            ax.plot([edge], [y], marker=marker, color=INK, markersize=3, clip_on=False)
    if limits[0] <= row["odds_ratio"] <= limits[1]:
        colour = PALETTES[settings.style.palette][0]
        fill = colour if probability < LEVEL else "white"
        ax.plot([row["odds_ratio"]], [y], marker="s", markersize=3.4, color=colour, markerfacecolor=fill, zorder=3)


def _interval(row: Mapping[str, Any]) -> str:
    """Give ``0.8-2.4``; of an odds ratio beyond what anyone would quote only the limit that says something."""
    low, high = format_ratio(row["low"]), format_ratio(row["high"])
    if row["odds_ratio"] > HIGHEST_RATIO and not beyond_ratio(row["low"]):
        return f"\N{GREATER-THAN OR EQUAL TO} {low}"
    if row["odds_ratio"] < LOWEST_RATIO and not beyond_ratio(row["high"]):
        return f"\N{LESS-THAN OR EQUAL TO} {high}"
    return f"{low}\N{EN DASH}{high}".replace(" ", "")
