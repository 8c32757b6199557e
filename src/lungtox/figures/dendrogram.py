"""Tree of the candidates of each model by their rank correlation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pandas as pd

from lungtox.figures.config import FiguresSettings
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
    text_width_mm,
)
from lungtox.models import CLUSTER_CORRELATION, leaf_order

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

ROW_MM, TITLE_MM, AXIS_MM = 4.2, 7.0, 11.0
FEWEST_LEAVES = 3
COLUMNS = [
    "model", "kind", "label", "position", "cluster", "representative", "correlation", "left_position",
    "left_correlation", "right_position", "right_correlation",
]  # fmt: skip


def tabulate_dendrogram(
    fits: Sequence[Mapping[str, Any]], candidates: Sequence[pd.DataFrame], trees: Sequence[pd.DataFrame]
) -> pd.DataFrame:
    """Lay out the trees; models with fewer than three numeric candidates have none.

    Parameters
    ----------
    fits : sequence of dict
        Contents of fit.json.
    candidates, trees : sequence of DataFrame
        Of collinearity.csv and dendrogram.csv, in the order of the fits.

    Returns
    -------
    DataFrame
        Rows of ``kind`` ``leaf`` (label, position from the top, cluster, representative) and ``merge`` (correlation at
        which two branches join, and where the branches are).
    """
    rows: list[dict[str, Any]] = []
    for fit, listed, tree in zip(fits, candidates, trees, strict=True):
        leaves = listed[listed["cluster"].notna()].to_dict("records")
        if len(leaves) >= FEWEST_LEAVES and len(tree) == len(leaves) - 1:
            order = leaf_order(tree[["left", "right"]], len(leaves))
            rows.extend({"model": fit["model"]} | row for row in lay_out_tree(leaves, tree, order=order))
    return pd.DataFrame(rows, columns=COLUMNS).astype({"cluster": "Int64"})


def lay_out_tree(leaves: list[dict[Any, Any]], tree: pd.DataFrame, *, order: Sequence[int]) -> list[dict[str, Any]]:
    """Place the leaves of a tree from top to bottom, and its merges between them.

    Parameters
    ----------
    leaves : list of dict
        ``label, cluster, representative`` in the order in which the tree numbers them.
    tree : DataFrame
        ``left, right, correlation`` of each merge.
    order : sequence of int
        Numbers of the leaves from top to bottom.

    Returns
    -------
    list of dict
        Rows of ``kind`` ``leaf`` and ``merge``.
    """
    position = {leaf: float(order.index(leaf)) for leaf in order}
    height = dict.fromkeys(order, 1.0)
    rows: list[dict[str, Any]] = [
        {
            "kind": "leaf", "label": leaves[leaf]["label"], "position": position[leaf],
            "cluster": leaves[leaf]["cluster"], "representative": bool(leaves[leaf]["representative"]),
        }
        for leaf in order
    ]  # fmt: skip
    for number, merge in enumerate(tree.to_dict("records")):
        left, right, node = int(merge["left"]), int(merge["right"]), len(leaves) + number
        position[node], height[node] = 0.5 * (position[left] + position[right]), float(merge["correlation"])
        rows.append(
            {
                "kind": "merge", "correlation": height[node], "position": position[node],
                "left_position": position[left], "left_correlation": height[left],
                "right_position": position[right], "right_correlation": height[right],
            }
        )  # fmt: skip
    return rows


def plot_dendrogram(table: pd.DataFrame, *, settings: FiguresSettings) -> Figure:
    """Draw the trees below each other.

    Parameters
    ----------
    table : DataFrame
        Of `tabulate_dendrogram`.
    settings : FiguresSettings

    Returns
    -------
    matplotlib Figure
        One column wide.
    """
    style = settings.style
    panels = [(str(model), rows) for model, rows in table.groupby("model", sort=False)]
    sizes = [ROW_MM * int((rows["kind"] == "leaf").sum()) for _, rows in panels]
    height_mm = sum(sizes) + len(sizes) * (TITLE_MM + AXIS_MM) if panels else 40.0
    with style_context(style):
        figure = new_figure(style, columns=1, height_mm=height_mm)
        if not panels:
            text = translate(settings, "No model has three or more numeric candidates")
            say_nothing_to_draw(figure.add_axes((0, 0, 1, 1)), text, style=style)
            return figure
        labels = [text for _, rows in panels for text in leaf_labels(rows, settings=settings)]
        width_mm, size_pt = page_mm(style, 1), small_pt(style)
        widest_mm = max(text_width_mm(text, size_pt, style) for text in labels) / style.scale
        left_mm = min(0.5 * width_mm, 3.0 + widest_mm)
        at_mm = height_mm
        for (model, rows), size in zip(panels, sizes, strict=True):
            at_mm -= TITLE_MM + size
            box = (left_mm / width_mm, at_mm / height_mm, 1 - (left_mm + 3) / width_mm, size / height_mm)
            _draw(figure.add_axes(box), rows, settings=settings)
            figure.text(2.0 / width_mm, (at_mm + size + 2.0) / height_mm, model.replace("_", " "), fontweight="bold")
            at_mm -= AXIS_MM
    return figure


def leaf_labels(rows: pd.DataFrame, *, settings: FiguresSettings) -> list[str]:
    """Give the labels of the leaves from top to bottom, those that stand for their cluster with an asterisk.

    Parameters
    ----------
    rows : DataFrame
        With those of `lay_out_tree`.
    settings : FiguresSettings
    """
    leaves = rows[rows["kind"] == "leaf"].sort_values("position")
    return [
        f"{translate_label(settings, str(label))}{' *' if stands else ''}"
        for label, stands in zip(leaves["label"], leaves["representative"], strict=True)
    ]


def draw_merges(ax: Axes, rows: pd.DataFrame, *, settings: FiguresSettings) -> None:
    """Draw the merges of a tree from 1 on the left to 0, those inside a cluster in colour, and where it is cut.

    Parameters
    ----------
    ax : matplotlib Axes
    rows : DataFrame
        With those of `lay_out_tree`.
    settings : FiguresSettings
    """
    colour = PALETTES[settings.style.palette][0]
    for row in rows[rows["kind"] == "merge"].to_dict("records"):
        inside = row["correlation"] >= CLUSTER_CORRELATION
        x = [row["left_correlation"], row["correlation"], row["correlation"], row["right_correlation"]]
        y = [row["left_position"], row["left_position"], row["right_position"], row["right_position"]]
        ax.plot(x, y, color=colour if inside else INK, linewidth=1.2 if inside else 0.7, solid_joinstyle="miter")
    ax.axvline(CLUSTER_CORRELATION, color=FAINT, linewidth=0.6, linestyle=(0, (5, 1.6)))
    ax.set_xlim(1.0, 0.0)


def _draw(ax: Axes, rows: pd.DataFrame, *, settings: FiguresSettings) -> None:
    draw_merges(ax, rows, settings=settings)
    names = leaf_labels(rows, settings=settings)
    ax.set_yticks(range(len(names)), names)
    ax.set_ylim(len(names) - 0.4, -0.6)
    ax.tick_params(axis="y", length=0)
    ax.set_xlabel(translate(settings, "Absolute rank correlation (Spearman)"))
