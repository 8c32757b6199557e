"""The planning CT with the outlines of the lungs of both images, as registered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from lungtox.figures.config import FiguresSettings
from lungtox.figures.language import translate, translate_label
from lungtox.figures.style import INK, LINE_STYLES, PALETTES, new_figure, page_mm, small_pt, style_context, wrap_text

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from lungtox.imaging import PlaneView

WINDOW_HU = (-1000.0, 300.0)
_GAP_MM, _TOP_MM = 2.0, 6.5
_LINE_MM = 25.4 / 72.0 * 1.38
# Left of the panel, right of it, above it: patient's right and left, front (A) and back (P), head (S), as on the pages.
_LETTERS = {"transversal": ("R", "L", "A"), "coronal": ("R", "L", "S"), "sagittal": ("A", "P", "S")}


def plot_registration(
    views: Sequence[PlaneView], quality: Mapping[str, Any], *, patient: str, settings: FiguresSettings
) -> Figure:
    """Draw the three planes beside each other at one scale, with the figures of quality below.

    Parameters
    ----------
    views : sequence of PlaneView
        Of `lungtox.imaging.registration_views`.
    quality : mapping
        Entry ``quality`` of qa.json.
    patient : str
        Study ID.
    settings : FiguresSettings

    Returns
    -------
    matplotlib Figure
        Two columns wide. Outlines are lines, the CT is a picture of 2 mm pixels.
    """
    style = settings.style
    width_mm = page_mm(style, 2)
    wide = [float(np.ptp(view.across_mm)) for view in views]
    high = [float(np.ptp(view.up_mm)) for view in views]
    scale = (width_mm - (len(views) + 1) * _GAP_MM) / sum(wide)  # mm of paper for a mm of patient
    size = small_pt(style)
    room_mm = 0.93 * (width_mm - 2.0 * _GAP_MM) * style.scale
    text = wrap_text(quality_text(quality, settings=settings), room_mm, size_pt=size, style=style)
    below_mm = (len(text) + 0.5) * size / style.scale * _LINE_MM + _GAP_MM
    height_mm = _TOP_MM + scale * max(high) + below_mm
    with style_context(style):
        figure = new_figure(style, columns=2, height_mm=height_mm)
        left_mm = _GAP_MM
        for view, across, up in zip(views, wide, high, strict=True):
            bottom_mm = below_mm + scale * (max(high) - up)
            box = (left_mm / width_mm, bottom_mm / height_mm, scale * across / width_mm, scale * up / height_mm)
            _draw_plane(figure.add_axes(box), view, settings=settings)
            left_mm += scale * across + _GAP_MM
        figure.text(
            _GAP_MM / width_mm,
            1.0 - 1.5 / height_mm,
            translate(settings, "{patient}: registration of images", patient=patient),
            va="top",
            weight="bold",
            fontsize=size,
        )
        _add_legend(figure, str(quality["method"]), settings=settings)
        figure.text(_GAP_MM / width_mm, 1.5 / height_mm, "\n".join(text), fontsize=size, va="bottom", linespacing=1.3)
    return figure


def quality_text(quality: Mapping[str, Any], *, settings: FiguresSettings) -> str:
    """Say the figures of quality in one sentence."""
    figures = {name: value for name, value in quality.items() if name not in ("method", "converged")}
    return translate(
        settings,
        "{method}: Dice of the lungs {lung_dice:.3f} ({lung_dice_start:.3f} at the start), mutual information"
        " {mutual_information:.3f} nats ({mutual_information_start:.3f}), shift {shift_mm:.1f} mm from the start,"
        " rotation {rotation_deg:.1f}\N{DEGREE SIGN}, {lungs_seen_pct:.3g} % of the lungs seen{end}.",
        method=translate_label(settings, str(quality["method"])),
        end="" if quality["converged"] else translate(settings, "; stopped before it converged"),
        **figures,
    )


def _draw_plane(axes: Axes, view: PlaneView, *, settings: FiguresSettings) -> None:
    from matplotlib.patheffects import withStroke

    low, high = WINDOW_HU
    half = 0.5 * float(view.across_mm[1] - view.across_mm[0])
    edges = (
        view.across_mm[0] - half, view.across_mm[-1] + half, view.up_mm[0] - half, view.up_mm[-1] + half,
    )  # fmt: skip
    axes.imshow(
        view.hounsfield, origin="lower", extent=edges, cmap="gray", vmin=low, vmax=high, interpolation="nearest",
        aspect="auto",
    )  # fmt: skip
    # The dashed line over the full one: both show where they agree.
    for lungs, look in reversed([*zip((view.planning_lungs, view.other_lungs), _looks(settings), strict=True)]):
        if lungs.min() < 0.5 < lungs.max():
            axes.contour(view.across_mm, view.up_mm, lungs, levels=[0.5], **look)
    axes.set_xlim(edges[0], edges[1])
    # y runs to the back: the front stands above.
    axes.set_ylim(*((edges[3], edges[2]) if view.plane == "transversal" else (edges[2], edges[3])))
    axes.set_xticks([])
    axes.set_yticks([])
    for side in axes.spines.values():
        side.set_visible(False)
    size, rim = small_pt(settings.style), [withStroke(linewidth=1.5, foreground=INK)]
    for letter, (x, y), (across, up) in zip(
        _LETTERS[view.plane],
        ((0.02, 0.5), (0.98, 0.5), (0.5, 0.98)),
        (("left", "center"), ("right", "center"), ("center", "top")),
        strict=True,
    ):
        axes.text(
            x, y, letter, color="white", fontsize=size, ha=across, va=up, transform=axes.transAxes, path_effects=rim
        )  # fmt: skip


def _looks(settings: FiguresSettings) -> tuple[dict[str, Any], dict[str, Any]]:
    palette = PALETTES[settings.style.palette]
    return (
        {"colors": [palette[4]], "linewidths": [0.9], "linestyles": [LINE_STYLES[1]]},
        {"colors": [palette[1]], "linewidths": [0.9], "linestyles": ["-"]},
    )


def _add_legend(figure: Figure, method: str, *, settings: FiguresSettings) -> None:
    from matplotlib.lines import Line2D

    handles = [
        Line2D([], [], color=look["colors"][0], linewidth=look["linewidths"][0], linestyle=look["linestyles"][0])
        for look in _looks(settings)
    ]
    width, height = figure.get_size_inches() * 25.4 / settings.style.scale
    other = {
        "CT to CT": translate(settings, "lungs of the registered CT"),
        "SPECT to CT": translate(settings, "registered SPECT, 20 % of its robust maximum"),
    }
    figure.legend(
        handles, [translate(settings, "lungs of the planning CT"), other.get(method, method)], loc="upper right",
        ncols=2,
        bbox_to_anchor=(1.0 - _GAP_MM / width, 1.0 - 1.5 / height), borderaxespad=0, borderpad=0,
    )  # fmt: skip
