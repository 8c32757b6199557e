"""Rank correlations of the dose metrics as a heat map in the order of their clusters, with the tree."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from lungtox.figures.config import FiguresSettings
from lungtox.figures.dendrogram import draw_merges, lay_out_tree, leaf_labels
from lungtox.figures.language import translate
from lungtox.figures.style import (
    INK,
    PALETTES,
    new_figure,
    page_mm,
    say_nothing_to_draw,
    small_pt,
    style_context,
    text_width_mm,
    tiny_pt,
)
from lungtox.models import CLUSTER_CORRELATION

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.colors import Colormap
    from matplotlib.figure import Figure

COLUMNS = [
    "kind", "label", "position", "cluster", "representative", "other_label", "other_position", "n", "correlation",
    "left_position", "left_correlation", "right_position", "right_correlation",
]  # fmt: skip
FEWEST_METRICS = 3
LARGEST_CELL_MM, TREE_MM, AXIS_MM, EDGE_MM = 9.0, 32.0, 18.0, 3.0
KEY_MM = 2.5  # strip of shades along the tree's axis
LONGEST_NUMBER = "\N{MINUS SIGN}.88"


def tabulate_correlations(correlations: pd.DataFrame, clusters: pd.DataFrame, tree: pd.DataFrame) -> pd.DataFrame:
    """Lay out heat map and tree; fewer than three metrics have none.

    Parameters
    ----------
    correlations, clusters, tree : DataFrame
        Of results/association: metric_correlations.csv, metric_clusters.csv, metric_tree.csv.

    Returns
    -------
    DataFrame
        Rows of ``kind`` ``leaf`` (metric, place from the top, cluster, whether it stands for it), ``cell`` (a pair, the
        later place first) and ``merge`` (absolute correlation at which two branches join, and where they are).
    """
    leaves = clusters[clusters["cluster"].notna()]
    if len(leaves) < FEWEST_METRICS or len(tree) != len(leaves) - 1:
        return pd.DataFrame(columns=COLUMNS).astype({"cluster": "Int64", "n": "Int64"})
    order = np.argsort(leaves["position"].to_numpy(dtype=np.int64)).tolist()
    rows = lay_out_tree(leaves.to_dict("records"), tree, order=order)
    place = {row["label"]: row["position"] for row in rows if row["kind"] == "leaf"}
    for pair in correlations.to_dict("records"):
        later, earlier = sorted((pair["label"], pair["other_label"]), key=lambda label: -place[label])
        rows.append(
            {
                "kind": "cell", "label": later, "position": place[later], "other_label": earlier,
                "other_position": place[earlier], "n": pair["n"], "correlation": pair["correlation"],
            }
        )  # fmt: skip
    return pd.DataFrame(rows, columns=COLUMNS).astype({"cluster": "Int64", "n": "Int64"})


def plot_correlations(table: pd.DataFrame, *, settings: FiguresSettings) -> Figure:
    """Draw the heat map, darker with the absolute correlation, with frames round the clusters and the tree beside it.

    Parameters
    ----------
    table : DataFrame
        Of `tabulate_correlations`.
    settings : FiguresSettings

    Returns
    -------
    matplotlib Figure
        Two columns wide.
    """
    style = settings.style
    width_mm = page_mm(style, 2)
    with style_context(style):
        if table.empty:
            figure = new_figure(style, columns=2, height_mm=40.0)
            text = translate(settings, "No three dose metrics to correlate")
            say_nothing_to_draw(figure.add_axes((0, 0, 1, 1)), text, style=style)
            return figure
        marked = leaf_labels(table, settings=settings)
        label_mm = max(text_width_mm(text, small_pt(style), style) for text in marked) / style.scale + 3.0
        cell_mm = min(LARGEST_CELL_MM, (width_mm - label_mm - TREE_MM - 3 * EDGE_MM) / len(marked))
        side_mm = cell_mm * len(marked)
        bottom_mm = max(label_mm + 2.0, AXIS_MM)
        height_mm = side_mm + bottom_mm + 2 * EDGE_MM
        figure = new_figure(style, columns=2, height_mm=height_mm)
        bottom, tall = bottom_mm / height_mm, side_mm / height_mm
        ax = figure.add_axes(((label_mm + EDGE_MM) / width_mm, bottom, side_mm / width_mm, tall))
        _draw_cells(ax, table, marked, cell_mm, settings=settings)
        left = label_mm + side_mm + 2 * EDGE_MM
        _draw_tree(figure.add_axes((left / width_mm, bottom, TREE_MM / width_mm, tall)), table, settings=settings)
        below = bottom - (KEY_MM + 0.5) / height_mm
        _draw_key(
            figure.add_axes((left / width_mm, below, TREE_MM / width_mm, KEY_MM / height_mm)), table, settings=settings
        )
    return figure


def _draw_cells(ax: Axes, table: pd.DataFrame, marked: list[str], cell_mm: float, *, settings: FiguresSettings) -> None:
    from matplotlib.patches import Rectangle

    style = settings.style
    colours = _strength_colours(settings)
    strength = np.eye(len(marked))
    numbered = style.scale * (cell_mm - 0.5) >= text_width_mm(LONGEST_NUMBER, tiny_pt(style), style)
    for row in table[table["kind"] == "cell"].to_dict("records"):
        value, x, y = row["correlation"], int(row["other_position"]), int(row["position"])
        strength[x, y] = strength[y, x] = abs(value)
        if not pd.isna(value) and numbered:
            ax.text(
                x,
                y,
                _short(value),
                ha="center",
                va="center",
                fontsize=tiny_pt(style),
                color=_ink_on(colours(abs(value))),
            )
    edges = np.arange(len(marked) + 1) - 0.5
    ax.pcolormesh(edges, edges, strength, cmap=colours, vmin=0.0, vmax=1.0, edgecolors="white", linewidth=0.4)
    for _, rows in table[table["kind"] == "leaf"].groupby("cluster"):
        first, last = float(rows["position"].min()), float(rows["position"].max())
        if last > first:
            size = last - first + 1
            ax.add_patch(Rectangle((first - 0.5, first - 0.5), size, size, fill=False, edgecolor=INK, linewidth=1.2))
    ax.set_xlim(-0.55, len(marked) - 0.45)
    ax.set_ylim(len(marked) - 0.45, -0.55)
    ax.set_yticks(range(len(marked)), marked)
    ax.set_xticks(range(len(marked)), marked, rotation=90)
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)


def _strength_colours(settings: FiguresSettings) -> Colormap:
    """Give white for no correlation, the darkest shade for a full one."""
    from matplotlib.colors import LinearSegmentedColormap

    shades = [(0.0, "white"), (0.8, PALETTES[settings.style.palette][0]), (1.0, "#0b2545")]
    return LinearSegmentedColormap.from_list("strength", shades).with_extremes(bad="white")


def _ink_on(colour: tuple[float, float, float, float]) -> str:
    """Give white or black, whichever has the larger contrast with a colour (WCAG 2: relative luminance .179)."""
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in colour[:3]]
    return "white" if 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2] < 0.179 else "black"


def _short(value: float) -> str:
    """Give ``.94``, ``1`` or ``-.21``: a zero before the point has no room."""
    text = f"{abs(value):.2f}".removeprefix("0")
    sign = "\N{MINUS SIGN}" if value < 0 and text != ".00" else ""
    return f"{sign}{'1' if text == '1.00' else text}"


def _draw_tree(ax: Axes, table: pd.DataFrame, *, settings: FiguresSettings) -> None:
    draw_merges(ax, table, settings=settings)
    leaves = int((table["kind"] == "leaf").sum())
    ax.set_ylim(leaves - 0.45, -0.55)
    ax.set_xticks([])
    ax.set_yticks([])
    ax.spines[["left", "bottom"]].set_visible(False)


def _draw_key(ax: Axes, table: pd.DataFrame, *, settings: FiguresSettings) -> None:
    """Draw the shades along the axis of the tree, which is theirs too."""
    edges = np.linspace(1.0, 0.0, 51)
    shades = 0.5 * (edges[:-1] + edges[1:])
    ax.pcolormesh(edges, [0.0, 1.0], shades[np.newaxis], cmap=_strength_colours(settings), vmin=0.0, vmax=1.0)
    ax.set_xlim(1.0, 0.0)
    ax.set_xticks([1.0, CLUSTER_CORRELATION, 0.0], ["1", f"{CLUSTER_CORRELATION:g}", "0"])
    ax.set_yticks([])
    ax.spines[:].set_visible(True)
    counts = table.loc[table["kind"] == "cell", "n"].dropna().astype(int)
    fewest, most = int(counts.min()), int(counts.max())
    patients = f"n = {fewest}" if fewest == most else f"n = {fewest}\N{EN DASH}{most}"
    words = translate(settings, "Absolute rank\ncorrelation")
    ax.set_xlabel(f"{words}\n{patients}")
