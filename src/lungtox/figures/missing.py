"""Patterns of missing values: who lacks what, and how many they are."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from lungtox.figures.config import FiguresSettings
from lungtox.figures.language import translate, translate_label
from lungtox.figures.style import (
    FAINT,
    INK,
    group_label,
    group_look,
    new_figure,
    page_mm,
    say_nothing_to_draw,
    small_pt,
    style_context,
    text_width_mm,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLUMNS = ["pattern", "n", "n_rp", "n_no_rp", "n_unknown", "label", "missing"]
MOST_PATTERNS = 15
ROW_MM, COLUMN_MM, BARS_MM, LEGEND_MM = 4.6, 6.0, 50.0, 15.0


def tabulate_missing(patterns: pd.DataFrame) -> pd.DataFrame:
    """Put what the figure of missing values shows into one table.

    Parameters
    ----------
    patterns : DataFrame
        Of results/missing/patterns.csv.

    Returns
    -------
    DataFrame
        The 15 patterns with the most patients; `n_unknown` are those without known outcome.
    """
    unknown = patterns["n"] - patterns["n_rp"] - patterns["n_no_rp"]
    table = patterns.assign(n_unknown=unknown)
    return table.loc[table["pattern"] <= MOST_PATTERNS, COLUMNS].reset_index(drop=True)


def plot_missing(table: pd.DataFrame, *, settings: FiguresSettings) -> Figure:
    """Draw a row for each pattern: squares for what is missing, bars for the number of patients by outcome.

    Parameters
    ----------
    table : DataFrame
        Of `tabulate_missing`.
    settings : FiguresSettings

    Returns
    -------
    matplotlib Figure
        One column wide, or one and a half or two where there are many columns to show.
    """
    style = settings.style
    labels = list(dict.fromkeys(table["label"]))
    words = [translate_label(settings, str(label)) for label in labels]
    rows = int(table["pattern"].nunique())
    size = small_pt(style)
    names_mm = max((text_width_mm(word, size, style) for word in words), default=0.0) / style.scale + 3.0
    grid_mm = COLUMN_MM * max(1, len(labels))
    columns = next((share for share in (1.0, 1.5) if grid_mm + BARS_MM <= page_mm(style, share)), 2.0)
    width_mm = page_mm(style, columns)
    height_mm = max(names_mm, LEGEND_MM) + rows * ROW_MM + 14.0
    with style_context(style):
        figure = new_figure(style, columns=columns, height_mm=max(height_mm, 30.0))
        if not rows or not table["missing"].any():
            say_nothing_to_draw(figure.add_axes((0, 0, 1, 1)), translate(settings, "No value is missing"), style=style)
            return figure
        bottom, tall = 11.0 / height_mm, rows * ROW_MM / height_mm
        grid = figure.add_axes((6.0 / width_mm, bottom, grid_mm / width_mm, tall))
        left_mm = grid_mm + 10.0
        bars = figure.add_axes((left_mm / width_mm, bottom, (width_mm - left_mm - 4.0) / width_mm, tall))
        _draw_grid(grid, table, dict(zip(labels, words, strict=True)), settings=settings)
        _draw_bars(bars, table, settings=settings)
        bars.legend(loc="lower left", bbox_to_anchor=(0.0, 1.0), borderaxespad=0.3, borderpad=0, fontsize=size)
    return figure


def _draw_grid(ax: Axes, table: pd.DataFrame, words: dict[str, str], *, settings: FiguresSettings) -> None:
    patterns = sorted(table["pattern"].unique())
    place = {label: index for index, label in enumerate(words)}
    for row, pattern in enumerate(patterns):
        for entry in table[table["pattern"] == pattern].itertuples():
            missing = bool(entry.missing)
            ax.plot(
                place[str(entry.label)], row, marker="s", markersize=6 if missing else 2,
                color=INK if missing else FAINT, markeredgewidth=0, linestyle="none",
            )  # fmt: skip
    ax.set_xlim(-0.6, len(words) - 0.4)
    ax.set_ylim(len(patterns) - 0.5, -0.5)
    ax.xaxis.set_ticks_position("top")
    ax.set_xticks(range(len(words)), [*words.values()], rotation=90, fontsize=small_pt(settings.style))
    ax.set_yticks([])
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)
    ax.set_ylabel(translate(settings, "Pattern"))


def _draw_bars(ax: Axes, table: pd.DataFrame, *, settings: FiguresSettings) -> None:
    counts = table.drop_duplicates("pattern").sort_values("pattern").reset_index(drop=True)
    left = pd.Series(0.0, index=counts.index)
    # Hatched, because the two colours are close to each other in print without colours.
    parts = [("n_no_rp", group_label(settings, "no_rp"), group_look(settings.style, "no_rp").colour, None),
             ("n_rp", group_label(settings, "rp"), group_look(settings.style, "rp").colour, "/////"),
             ("n_unknown", translate(settings, "outcome not known"), "#d9d9d9", None)]  # fmt: skip
    for name, label, colour, hatch in parts:
        if counts[name].any():
            ax.barh(counts.index, counts[name], left=left, height=0.62, color=colour, label=label, hatch=hatch,
                    edgecolor="white", linewidth=0.0)  # fmt: skip
        left += counts[name]
    for row, n in enumerate(counts["n"]):
        ax.text(n, row, f" {n}", va="center", fontsize=small_pt(settings.style))
    ax.set_xlim(0, 1.16 * counts["n"].max())
    ax.set_ylim(len(counts) - 0.5, -0.5)
    ax.set_yticks([])
    ax.set_xlabel(translate(settings, "Patients"))
