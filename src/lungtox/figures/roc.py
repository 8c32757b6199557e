"""ROC curves of single scores with the declared paired comparisons."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from lungtox.figures.config import FiguresSettings
from lungtox.figures.labels import format_interval, format_number, format_p
from lungtox.figures.language import translate, translate_label
from lungtox.figures.style import (
    FAINT,
    curve_look,
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

MM_PER_PT = 25.4 / 72.0
COLUMNS = [
    "kind", "score", "label", "fpr", "tpr", "n", "events", "auc", "other_score", "other_label", "difference",
    "low", "high", "p",
]  # fmt: skip
# Of more curves the bands would hide each other.
MOST_BANDS = 2


def tabulate_roc(
    auc: pd.DataFrame, curves: pd.DataFrame, pairs: pd.DataFrame, bands: pd.DataFrame | None = None
) -> pd.DataFrame:
    """Put what the ROC figure shows into one table.

    Parameters
    ----------
    auc, curves, pairs, bands : DataFrame
        Of results/roc: auc.csv, curves.csv, pairs.csv, bands.csv. Bands are taken of the scores of the first pair, or
        of the first two scores.

    Returns
    -------
    DataFrame
        Rows of ``kind`` ``curve`` (points, with the score's AUC and its interval), ``band`` (limits of the
        sensitivity) and ``pair`` (difference of two AUCs with interval and p).
    """
    drawn = auc[auc["auc"].notna()]
    points = drawn[["score", "label", "n", "events", "auc", "low", "high"]].merge(
        curves[["score", "fpr", "tpr"]], on="score", how="left", validate="one_to_many"
    )
    label_of = dict(zip(auc["score"], auc["label"], strict=True))
    both = pairs[pairs["difference"].notna()].rename(columns={"score_a": "score", "score_b": "other_score"})
    both = both[["score", "other_score", "n", "events", "difference", "low", "high", "p"]].assign(
        label=both["score"].map(label_of), other_label=both["other_score"].map(label_of)
    )
    shown = [*both.iloc[0][["score", "other_score"]]] if len(both) else [*drawn["score"][:MOST_BANDS]]
    limits = pd.DataFrame(columns=["score"]) if bands is None else bands[bands["score"].isin(shown)]
    limits = limits.assign(label=limits["score"].map(label_of))
    kinds = ((points, "curve"), (limits, "band"), (both, "pair"))
    parts = [part.assign(kind=kind) for part, kind in kinds if len(part)]
    if not parts:
        return pd.DataFrame(columns=COLUMNS)
    return pd.concat([part.reindex(columns=COLUMNS) for part in parts], ignore_index=True).astype(
        {"n": "Int64", "events": "Int64"}
    )


def plot_roc(table: pd.DataFrame, *, settings: FiguresSettings) -> Figure:
    """Draw the ROC curves; AUC with interval in the legend, paired tests below the axes.

    Parameters
    ----------
    table : DataFrame
        Of `tabulate_roc`.
    settings : FiguresSettings

    Returns
    -------
    matplotlib Figure
        One column wide.
    """
    style = settings.style
    size, width_mm = small_pt(style), page_mm(style, 1)
    curves, pairs = table[table["kind"] == "curve"], table[table["kind"] == "pair"]
    room_mm = (width_mm - 5.0) * style.scale
    texts = [_pair_text(row, settings) for row in pairs.itertuples()]
    lines = [line for text in texts for line in wrap_text(text, room_mm, size_pt=size, style=style)]
    if lines:
        lines.insert(0, translate(settings, "AUC difference (95 % CI), paired"))
    scores = [(str(score), rows) for score, rows in curves.groupby("score", sort=False)]
    line_mm = small_pt(style) / style.scale * MM_PER_PT * 1.38
    below_mm = 12.0 + (len(lines) + len(scores) + 1) * line_mm + 2.5
    side_mm = width_mm - 16.0
    height_mm = side_mm + below_mm + 3.0
    with style_context(style):
        figure = new_figure(style, columns=1, height_mm=height_mm)
        ax = figure.add_axes((13.0 / width_mm, below_mm / height_mm, side_mm / width_mm, side_mm / height_mm))
        if not scores:
            say_nothing_to_draw(ax, translate(settings, "No score could be drawn"), style=style)
            return figure
        bands = {str(score): rows for score, rows in table[table["kind"] == "band"].groupby("score", sort=False)}
        _draw_curves(ax, scores, bands, settings=settings)
        figure.legend(
            *ax.get_legend_handles_labels(),
            loc="upper left", bbox_to_anchor=(3.0 / width_mm, (below_mm - 11.0) / height_mm),
            borderaxespad=0, borderpad=0, labelspacing=0.3, title=translate(settings, "AUC (95 % CI)"),
            alignment="left", title_fontsize=small_pt(style),
        )  # fmt: skip
        figure.text(
            3.0 / width_mm, 1.5 / height_mm, "\n".join(lines), fontsize=small_pt(style), va="bottom", linespacing=1.3
        )
    return figure


def _pair_text(row: Any, settings: FiguresSettings) -> str:
    """Give `first - second: difference (interval), p, n`; the sign is that of pairs.csv, auc_a - auc_b."""
    difference = format_number(row.difference)
    interval = format_interval(row.low, row.high, to=translate(settings, "to"))
    first, second = translate_label(settings, row.label), translate_label(settings, row.other_label)
    text = f"{first} \N{MINUS SIGN} {second}: {difference} ({interval}), {format_p(row.p)}, n = {int(row.n)}"
    # The parts stay together at the end of a line.
    for part in (f"({interval})", format_p(row.p), f"n = {int(row.n)}"):
        text = text.replace(part, part.replace(" ", "\N{NO-BREAK SPACE}"))
    return text


def _draw_curves(
    ax: Axes, scores: list[tuple[str, pd.DataFrame]], bands: dict[str, pd.DataFrame], *, settings: FiguresSettings
) -> None:
    ax.plot([0, 1], [0, 1], color=FAINT, linewidth=0.6)
    for index, (score, curve) in enumerate(scores):
        look = curve_look(settings.style, index)
        if score in bands:
            band = bands[score]
            ax.fill_between(
                band["fpr"].to_numpy(float), band["low"].to_numpy(float), band["high"].to_numpy(float),
                color=look.colour, alpha=0.14, linewidth=0,
            )  # fmt: skip
        first = curve.iloc[0]
        interval = format_interval(first["low"], first["high"], to=translate(settings, "to"))
        label = f"{translate_label(settings, str(first['label']))}: {format_number(first['auc'])} ({interval})"
        label = f"{label}, n = {int(first['n'])}"
        ordered = curve.sort_values(["fpr", "tpr"], kind="stable")
        ax.plot(ordered["fpr"], ordered["tpr"], color=look.colour, linestyle=look.line, label=label)
    ax.set_xlim(-0.01, 1.0)
    ax.set_ylim(0.0, 1.01)
    ax.set_aspect("equal")
    ax.set_xlabel(translate(settings, "1 \N{MINUS SIGN} specificity"))
    ax.set_ylabel(translate(settings, "Sensitivity"))
