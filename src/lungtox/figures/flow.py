"""Who was listed, analysed and counted, as a flow diagram."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

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
    wrap_text,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLUMNS = ["box", "label", "n", "reason"]
STEPS = {
    "listed": ("listed", "Listed"),
    "analysed": ("analysed", "Analysed"),
    "death before the end of the window": ("neither", "died before the end of the window"),
    "follow-up ended before the end of the window": ("neither", "follow-up ended before it"),
    "in binary analyses": ("known", "Outcome known"),
    "with RP": ("rp", "RP"),
    "without RP": ("no_rp", "No RP"),
}
STAGES = {"dose": "dose data", "clinical": "clinical data"}
MOST_REASONS = 6
LONGEST_REASON = 110
NUMBERS = re.compile(r"\d+(?:\.\d+)?")
MAIN_MM, GAP_MM, EDGE_MM, PAD_MM = 34.0, 5.0, 2.0, 1.6
MM_PER_PT = 25.4 / 72.0


def tabulate_flow(flow: pd.DataFrame) -> pd.DataFrame:
    """Put the boxes of the diagram into one table.

    Parameters
    ----------
    flow : DataFrame
        Of results/cohort/flow.csv.

    Returns
    -------
    DataFrame
        Rows ``box (listed|excluded|analysed|neither|known|rp|no_rp), label, n, reason``. Exclusions whose reasons
        differ in numbers only are one row; beyond six reasons the rarest are one row.
    """
    rows: list[tuple[str, str, int, str]] = []
    excluded: dict[tuple[str, str], list[tuple[int, str]]] = {}
    for step, n, reason in flow[["step", "n", "reason"]].itertuples(index=False):
        if str(step).startswith("excluded: "):
            stage, text = str(step).removeprefix("excluded: "), "" if pd.isna(reason) else str(reason)
            excluded.setdefault((stage, NUMBERS.sub("\N{HORIZONTAL ELLIPSIS}", text)), []).append((int(n), text))
        elif str(step) in STEPS:
            box, label = STEPS[str(step)]
            rows.append((box, label, int(n), ""))
    reasons = [
        ("excluded", STAGES.get(stage, stage), sum(n for n, _ in found), found[0][1] if len(found) == 1 else text)
        for (stage, text), found in excluded.items()
    ]
    reasons.sort(key=lambda row: -row[2])
    if len(reasons) > MOST_REASONS:
        rest = sum(n for _, _, n, _ in reasons[MOST_REASONS - 1 :])
        reasons = [*reasons[: MOST_REASONS - 1], ("excluded", "", rest, "other reasons (cohort/exclusions.csv)")]
    return pd.DataFrame([*rows[:1], *reasons, *rows[1:]], columns=COLUMNS)


@dataclass(frozen=True)
class _Box:
    """Lines of text in a frame, all in mm; `top` is its upper edge."""

    lines: tuple[str, ...]
    left: float
    width: float
    top: float
    height: float

    @property
    def centre(self) -> float:
        return self.left + 0.5 * self.width

    @property
    def bottom(self) -> float:
        return self.top - self.height


def plot_flow(table: pd.DataFrame, *, settings: FiguresSettings) -> Figure:
    """Draw the boxes from top to bottom, those who leave beside the arrow that they leave by.

    Parameters
    ----------
    table : DataFrame
        Of `tabulate_flow`.
    settings : FiguresSettings

    Returns
    -------
    matplotlib Figure
        One column wide.
    """
    style = settings.style
    width_mm = page_mm(style, 1)
    if table.empty:
        with style_context(style):
            figure = new_figure(style, columns=1, height_mm=40.0)
            text = translate(settings, "No patient was listed")
            say_nothing_to_draw(figure.add_axes((0, 0, 1, 1)), text, style=style)
        return figure
    boxes, arrows = _layout(table, width_mm, settings=settings)
    lowest = min(box.bottom for box in boxes.values())
    height_mm = EDGE_MM - lowest
    with style_context(style):
        figure = new_figure(style, columns=1, height_mm=height_mm)
        ax = figure.add_axes((0, 0, 1, 1))
        ax.set_xlim(0, width_mm)
        ax.set_ylim(lowest - EDGE_MM, 0.0)
        ax.set_axis_off()
        for name, box in boxes.items():
            _draw_box(ax, box, name, settings=settings)
        for (x0, y0), (x1, y1), headed in arrows:
            head = {"arrowstyle": "-|>,head_width=0.13,head_length=0.3" if headed else "-", "color": INK}
            ax.annotate("", (x1, y1), (x0, y0), arrowprops={**head, "linewidth": 0.7, "shrinkA": 0, "shrinkB": 0})
    return figure


def _layout(
    table: pd.DataFrame, width_mm: float, *, settings: FiguresSettings
) -> tuple[dict[str, _Box], list[tuple[tuple[float, float], tuple[float, float], bool]]]:
    """Place the boxes; give them with the lines between them."""
    of = {str(name): rows for name, rows in table.groupby("box", sort=False)}
    side_mm = width_mm - MAIN_MM - 2 * EDGE_MM - GAP_MM
    side_left = width_mm - side_mm - EDGE_MM
    boxes: dict[str, _Box] = {}
    arrows: list[tuple[tuple[float, float], tuple[float, float], bool]] = []
    top, above = -EDGE_MM, None
    for name, aside in (("listed", "excluded"), ("analysed", "neither"), ("known", "")):
        if name not in of:
            continue
        box = _text_box(_main_lines(of[name], settings), EDGE_MM, MAIN_MM, top, settings=settings)
        boxes[name] = box
        if above is not None:
            arrows.append(((box.centre, above.bottom), (box.centre, box.top), True))
        above, top = box, box.bottom - GAP_MM
        if aside and (aside in of or aside == "excluded"):
            lines = _side_lines(of.get(aside), aside, side_mm, settings)
            beside = _text_box(lines, side_left, side_mm, box.bottom - 0.5 * GAP_MM, settings=settings)
            boxes[aside] = beside
            middle = beside.top - 0.5 * beside.height
            arrows.append(((box.centre, middle), (beside.left, middle), True))
            top = beside.bottom - 0.5 * GAP_MM
    if above is not None and {"rp", "no_rp"} <= set(of):
        split = above.bottom - 0.5 * GAP_MM
        arrows.append(((above.centre, above.bottom), (above.centre, split), False))
        for name, left, wide in (("rp", EDGE_MM, MAIN_MM), ("no_rp", side_left, side_mm)):
            box = _text_box(_main_lines(of[name], settings), left, wide, split - 0.7 * GAP_MM, settings=settings)
            boxes[name] = box
            arrows.append(((box.centre, split), (box.centre, box.top), True))
        arrows.append(((boxes["rp"].centre, split), (boxes["no_rp"].centre, split), False))
    return boxes, arrows


def _main_lines(rows: pd.DataFrame, settings: FiguresSettings) -> list[str]:
    name = str(rows["box"].iloc[0])
    if name in ("rp", "no_rp"):
        title = group_label(settings, name)
    else:
        title = {
            "listed": translate(settings, "Listed"),
            "analysed": translate(settings, "Analysed"),
            "known": translate(settings, "Outcome known"),
        }[name]
    return [title, f"n = {int(rows['n'].iloc[0])}"]


def _side_lines(rows: pd.DataFrame | None, name: str, width_mm: float, settings: FiguresSettings) -> list[str]:
    """Give the headed list of a side box, wrapped to its width."""
    found = [] if rows is None else [row for row in rows.to_dict("records") if row["n"] > 0]
    total = sum(int(row["n"]) for row in found)
    style = settings.style
    size = small_pt(style)
    if name == "excluded":
        entries = [translate(settings, "Excluded (n = {n})", n=total)]
    else:
        entries = [translate(settings, "Neither RP nor its absence (n = {n})", n=total)]
    entries += [f"{_words(row, settings)} (n = {int(row['n'])})" for row in found]
    entries = [text.replace("n = ", "n\N{NO-BREAK SPACE}=\N{NO-BREAK SPACE}") for text in entries]
    return [
        ("  " if number and part else "") + line
        for number, text in enumerate(entries)
        for part, line in enumerate(
            wrap_text(text, style.scale * (width_mm - 2 * PAD_MM - 2.0), size_pt=size, style=style)
        )
    ]


def _words(row: dict[Any, Any], settings: FiguresSettings) -> str:
    label, reason = translate_label(settings, str(row["label"])), str(row["reason"])
    if row["box"] == "neither" or not reason or reason == "nan":
        return label
    if len(reason) > LONGEST_REASON:
        reason = f"{reason[:LONGEST_REASON].rsplit(' ', 1)[0]} \N{HORIZONTAL ELLIPSIS}"
    reason = translate_label(settings, reason)
    return f"{label}: {reason}" if label else reason


def _text_box(lines: list[str], left: float, width: float, top: float, *, settings: FiguresSettings) -> _Box:
    style = settings.style
    line_mm = 1.35 * small_pt(style) * MM_PER_PT / style.scale
    return _Box(tuple(lines), left, width, top, len(lines) * line_mm + 2 * PAD_MM)


def _draw_box(ax: Axes, box: _Box, name: str, *, settings: FiguresSettings) -> None:
    from matplotlib.patches import Rectangle

    style = settings.style
    beside = name in ("excluded", "neither")
    colour = group_look(style, name).colour if name in ("rp", "no_rp") else FAINT if beside else INK
    frame = Rectangle((box.left, box.bottom), box.width, box.height, facecolor="white", edgecolor=colour)
    frame.set_linewidth(1.2 if name in ("rp", "no_rp") else 0.7)
    ax.add_patch(frame)
    line_mm = (box.height - 2 * PAD_MM) / len(box.lines)
    for number, line in enumerate(box.lines):
        x = box.left + PAD_MM if beside else box.centre
        y = box.top - PAD_MM - (number + 0.5) * line_mm
        ax.text(
            x, y, line, ha="left" if beside else "center", va="center", fontsize=small_pt(style),
            fontweight="bold" if number == 0 and not beside else "normal",
        )  # fmt: skip
