"""The likelihood over the volume and the dose parameter of NTCP fits."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from lungtox.figures.config import FiguresSettings
from lungtox.figures.language import translate, translate_label
from lungtox.figures.style import (
    INK,
    LINE_STYLES,
    PALETTES,
    legend_columns,
    new_figure,
    say_nothing_to_draw,
    style_context,
)

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.ticker import Locator

COLUMNS = ["panel", "volume_parameter", "dose_parameter", "volume_value", "dose_value", "deviance"]
JOINT = {"50 %": 1.3863, "80 %": 3.2189, "95 %": 5.9915}
"""Deviance of the joint regions: chi-square quantiles with 2 df."""
ALONE = 3.8415  # chi-square, 1 df, 95 %
PANEL_MM = 66.0
SHADE = 0.22


def tabulate_ntcp_surface(names: Sequence[str], surfaces: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Put the surfaces of several fits below each other.

    Parameters
    ----------
    names : sequence of str
    surfaces : sequence of DataFrame
        Of results/ntcp/{ntcp}/surface.csv; the first row of each is the estimate.

    Returns
    -------
    DataFrame
        ``panel, volume_parameter, dose_parameter, volume_value, dose_value, deviance``.
    """
    parts = [table.assign(panel=name)[COLUMNS] for name, table in zip(names, surfaces, strict=True) if len(table)]
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=COLUMNS)


def plot_ntcp_surface(table: pd.DataFrame, *, settings: FiguresSettings) -> Figure:
    """Draw one panel for each fit: regions of the deviance on logarithmic axes, the estimate as a cross.

    Parameters
    ----------
    table : DataFrame
        Of `tabulate_ntcp_surface`.
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
    with style_context(style):
        figure = new_figure(style, columns=2 if across == 2 else 1, height_mm=down * PANEL_MM + 8.0)
        figure.set_layout_engine("constrained", w_pad=0.05 * style.scale, h_pad=0.05 * style.scale)
        axes = figure.subplots(down, across, squeeze=False).ravel()
        if not panels:
            say_nothing_to_draw(
                axes[0], translate(settings, "No fit has a free volume and a free dose parameter"), style=style
            )
        for ax, (name, rows) in zip(axes, panels, strict=False):
            _draw(ax, str(name), rows, settings=settings)
        for ax in axes[max(len(panels), 1) :]:
            ax.set_visible(False)
        if panels:
            handles = _legend(settings)
            names = [str(handle.get_label()) for handle in handles]
            ncols = legend_columns(names, style, columns=2 if across == 2 else 1)
            figure.legend(handles=handles, loc="outside lower center", ncols=ncols)
    return figure


def _draw(ax: Axes, name: str, rows: pd.DataFrame, *, settings: FiguresSettings) -> None:
    from matplotlib.ticker import FuncFormatter, NullFormatter

    style = settings.style
    colour = PALETTES[style.palette][0]
    top, grid = rows.iloc[0], rows.iloc[1:]
    across = np.unique(grid["volume_value"].to_numpy(dtype=float))
    along = np.unique(grid["dose_value"].to_numpy(dtype=float))
    ordered = grid.sort_values(["volume_value", "dose_value"], kind="stable")
    deviance = ordered["deviance"].to_numpy(dtype=float).reshape(across.size, along.size).T
    levels = [0.0, *JOINT.values()]
    for last in range(2, len(levels) + 1):  # laid over each other: the inner regions are the darker ones
        ax.contourf(across, along, deviance, levels=[levels[0], levels[last - 1]], colors=colour, alpha=SHADE)
    ax.contour(across, along, deviance, levels=list(JOINT.values()), colors=INK, linewidths=0.6)
    ax.contour(across, along, deviance, levels=[ALONE], colors=INK, linewidths=1.0, linestyles=[LINE_STYLES[2]])
    ax.plot(top["volume_value"], top["dose_value"], marker="P", color=PALETTES[style.palette][5], markersize=6,
            markeredgecolor="white", markeredgewidth=0.6, linestyle="none", clip_on=False, zorder=5)  # fmt: skip
    ax.set_xscale("log")
    ax.set_yscale("log")
    for axis, values in ((ax.xaxis, across), (ax.yaxis, along)):
        axis.set_major_locator(_ticks(float(values[0]), float(values[-1])))
        axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        axis.set_minor_formatter(NullFormatter())
        axis.set_minor_locator(_no_ticks())
    ax.set_xlim(across[0], across[-1])
    ax.set_ylim(along[0], along[-1])
    axes = {
        "n": translate(settings, "Volume parameter n"),
        "s": translate(settings, "Relative seriality s"),
        "td50_gy": "TD50 (Gy)",
        "d50_gy": "D50 (Gy)",
    }
    ax.set_xlabel(axes[str(top["volume_parameter"])])
    ax.set_ylabel(axes[str(top["dose_parameter"])])
    ax.set_title(translate_label(settings, name.replace("_", " ")))


def _legend(settings: FiguresSettings) -> list[Artist]:
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    colours = PALETTES[settings.style.palette]
    shades = [1.0 - (1.0 - SHADE) ** layers for layers in (3, 2, 1)]
    patches = [
        Patch(
            facecolor=(colours[0], shade),
            edgecolor=INK,
            linewidth=0.6,
            label=translate(settings, "joint {share}", share=name),
        )
        for name, shade in zip(JOINT, shades, strict=True)
    ]
    alone = Line2D(
        [], [], color=INK, linestyle=LINE_STYLES[2], linewidth=1.0, label=translate(settings, "95 % of one alone")
    )
    cross = Line2D(
        [],
        [],
        color=colours[5],
        marker="P",
        markeredgecolor="white",
        linestyle="none",
        label=translate(settings, "estimate"),
    )
    return [*patches, alone, cross]


def _ticks(low: float, high: float) -> Locator:
    """Give round values between the ends of a logarithmic axis: four or five of them."""
    from matplotlib.ticker import FixedLocator

    steps: Sequence[Sequence[float]] = (
        (1,),
        (1, 3),
        (1, 2, 5),
        (1, 1.5, 2, 3, 5, 7),
        (1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 7, 8, 9),
    )
    ticks: list[float] = []
    for digits in steps:
        ticks = [
            digit * 10.0**power for power in range(-5, 5) for digit in digits if low <= digit * 10.0**power <= high
        ]
        if len(ticks) >= 4:
            break
    return FixedLocator(ticks)


def _no_ticks() -> Locator:
    from matplotlib.ticker import NullLocator

    return NullLocator()
