"""One page per patient: three planes through the tumour, and the patient's DVHs beside them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from lungtox.extraction import PatientPicture, quality_flags
from lungtox.figures.config import FiguresSettings
from lungtox.figures.finish import set_upright
from lungtox.figures.labels import weighting_label
from lungtox.figures.language import translate, translate_label
from lungtox.figures.page_planes import (
    GROUND,
    PERFUSION_ALPHA,
    PERFUSION_FROM_PCT,
    WINDOW_HU,
    Line,
    draw_plane,
    functional_line,
    isodose_lines,
    outline_line,
    perfusion_colours,
)
from lungtox.figures.page_words import function_words, plan_words, plane_words
from lungtox.figures.style import (
    FAINT,
    INK,
    LINE_STYLES,
    MM_PER_INCH,
    PALETTES,
    style_context,
    text_width_mm,
    wrap_text,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from lungtox.dose import Dvh

PAGE_MM = (297.0, 210.0)
"""A4 across."""
_FONT_PT, _TITLE_PT = 7.5, 12.0
_LINE_MM = 3.5
_BOLD = 1.15  # how much wider bold letters are
# Left, bottom, width and height in mm; the planes are in proportion to what extraction.pictures shows.
_BOXES = {
    "transversal": (6.0, 113.0, 108.3, 79.8),
    "coronal": (6.0, 14.1, 108.3, 96.9),
    "sagittal": (116.3, 14.1, 79.8, 96.9),
}
TRANSVERSAL_MM = _BOXES["transversal"]
"""Where the contact sheet takes its pictures from."""
_LEGEND = (118.3, 113.0, 77.8, 79.8)
_DVH = (213.0, 122.0, 78.0, 67.0)
_TABLE_TOP_MM, _RIGHT_MM, _RIGHT_WIDTH_MM = 110.0, 202.0, 89.0
_BOTTOM_MM = 14.1
_DOSE_TO_GY = 80.0
_ORGANS = ("Heart", "Esophagus", "SpinalCord")
_OTHERS = 5


def plot_patient_page(
    picture: PatientPicture, dvhs: Sequence[Dvh], entry: Mapping[str, Any], *, settings: FiguresSettings
) -> Figure:
    """Draw a patient's page.

    Parameters
    ----------
    picture : PatientPicture
    dvhs : sequence of Dvh
        The patient's; of function, those of the region that is outlined and of perfusion weighting are drawn.
    entry : mapping
        The patient's entry of qa.json.
    settings : FiguresSettings
        Palette of the curves. Size, windows, levels and colours of the images are the same for every patient.

    Returns
    -------
    matplotlib Figure
        A4 across.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    with style_context(settings.style):
        figure = Figure(figsize=(PAGE_MM[0] / MM_PER_INCH, PAGE_MM[1] / MM_PER_INCH))
        FigureCanvasAgg(figure)
        for plane in picture.planes:
            draw_plane(_axes(figure, _BOXES[plane.plane]), plane, picture, settings=settings, font_pt=_FONT_PT)
        _write(figure, 6.0, 199.0, picture.patient, size=_TITLE_PT, weight="bold")
        after_mm = 10.0 + _BOLD * text_width_mm(picture.patient, _TITLE_PT, settings.style)
        _write(figure, after_mm, 199.0, plan_words(entry, settings=settings), size=_FONT_PT + 1.0)
        words = f"{plane_words(picture, settings=settings)} {function_words(entry, settings=settings)}"
        _write(figure, 6.0, 194.3, words)
        footer = translate(settings, "Research use, not for treatment decisions. The patient's right is on the left.")
        _write(figure, 6.0, 6.0, footer, color=FAINT)
        _add_legend(figure, picture, settings)
        curves = _curves(picture, dvhs, settings)
        _draw_dvhs(_axes(figure, _DVH), curves, settings)
        below_mm = _add_table(figure, curves, settings)
        _add_flags(figure, (*picture.notes, *quality_flags(entry)), below_mm, settings)
        set_upright(figure, settings.style)
    return figure


def _axes(figure: Figure, box: tuple[float, float, float, float]) -> Axes:
    left, bottom, width, height = box
    return figure.add_axes((left / PAGE_MM[0], bottom / PAGE_MM[1], width / PAGE_MM[0], height / PAGE_MM[1]))


def _write(figure: Figure, x_mm: float, y_mm: float, text: str, *, size: float = _FONT_PT, **more: Any) -> None:
    figure.text(x_mm / PAGE_MM[0], y_mm / PAGE_MM[1], text, fontsize=size, **{"va": "baseline", **more})


def _add_legend(figure: Figure, picture: PatientPicture, settings: FiguresSettings) -> None:
    """Name the lines on the ground of the images, and the colours of perfusion in percent."""
    from matplotlib.patches import Rectangle

    left, bottom, width, height = _LEGEND
    axes = _axes(figure, _LEGEND)
    axes.set_axis_off()
    axes.set_xlim(0.0, width)
    axes.set_ylim(0.0, height)
    axes.add_patch(Rectangle((-2.0, 0.0), width + 2.0, height, facecolor=GROUND, clip_on=False))
    outlines = {line.label: line for name in picture.planes[0].outlines for line in [outline_line(name)]}
    function = functional_line(picture, _region_words(picture, settings))
    isodoses = [line for _, line in reversed(isodose_lines(picture))]
    y = _add_lines(axes, translate(settings, "Isodose lines"), isodoses, height - 5.0, settings)
    lines = [*outlines.values(), *([function] if function else [])]
    _add_lines(axes, translate(settings, "Outlines"), lines, y - 2.5, settings)
    low, high = (f"{value:g}".replace("-", "\N{MINUS SIGN}") for value in WINDOW_HU)
    words = translate(settings, "CT: window {low} to {high} HU", low=low, high=high)
    if picture.planes[0].hounsfield is not None:
        axes.text(1.0, 2.0, words, color="white", fontsize=_FONT_PT)
    if picture.planes[0].perfusion_pct is not None:
        _add_colour_bar(figure, left, bottom, settings)


def _add_lines(axes: Axes, title: str, lines: Sequence[Line], y: float, settings: FiguresSettings) -> float:
    axes.text(1.0, y, title, color="white", fontsize=_FONT_PT, weight="bold", va="center")
    for line in lines:
        y -= _LINE_MM + 0.2
        axes.plot([1.5, 11.5], [y, y], color=line.colour, linewidth=line.width_pt + 0.3, linestyle=line.dashes)
        axes.text(13.5, y, translate_label(settings, line.label), color="white", fontsize=_FONT_PT, va="center")
    return y - _LINE_MM


def _add_colour_bar(figure: Figure, left: float, bottom: float, settings: FiguresSettings) -> None:
    """Draw the colours as they look over lung of -800 HU, which is what they lie on."""
    import numpy as np

    axes = _axes(figure, (left + 1.5, bottom + 12.0, 72.0, 4.0))
    percent = np.linspace(0.0, 100.0, 201)[None, :]
    lung = (-800.0 - WINDOW_HU[0]) / (WINDOW_HU[1] - WINDOW_HU[0])
    colours = perfusion_colours()(percent / 100.0)[..., :3]
    mixed = PERFUSION_ALPHA * colours + (1.0 - PERFUSION_ALPHA) * lung
    mixed[percent < PERFUSION_FROM_PCT] = lung
    axes.imshow(mixed, extent=(0.0, 100.0, 0.0, 1.0), aspect="auto", interpolation="nearest")
    axes.set_yticks([])
    axes.set_xticks([0, 10, 20, 40, 60, 80, 100])
    axes.tick_params(colors="white", labelsize=_FONT_PT - 0.5, pad=1.5)
    for side in axes.spines.values():
        side.set_visible(False)
    title = translate(settings, "Perfusion over lung, % of the reference value")
    axes.set_title(title, color="white", fontsize=_FONT_PT, weight="bold", pad=3.0)


def _region_words(picture: PatientPicture, settings: FiguresSettings) -> str:
    if picture.region is None:
        return ""
    region = translate_label(settings, weighting_label(f"functional:{picture.region}"))
    return translate(settings, "Functional: {region}", region=region)


def _curves(picture: PatientPicture, dvhs: Sequence[Dvh], settings: FiguresSettings) -> list[tuple[Dvh, Line]]:
    """Choose the curves: lungs three ways, then the other structures."""
    palette = PALETTES[settings.style.palette]
    physical = [dvh for dvh in dvhs if dvh.quantity == "physical"]
    main = next((dvh.structure for dvh in physical if dvh.weighting == "perfusion"), None)
    main = main or next((dvh.structure for dvh in physical if dvh.structure.startswith("Lung")), None)
    of_lungs = {
        "anatomical": (INK, LINE_STYLES[0]),
        f"functional:{picture.region}": (palette[0], LINE_STYLES[1]),
        "perfusion": (palette[5], LINE_STYLES[3]),
    }
    found = []
    for weighting, (colour, dashes) in of_lungs.items():
        own = next((dvh for dvh in physical if (dvh.structure, dvh.weighting) == (main, weighting)), None)
        if own is not None:
            words = own.structure if weighting == "anatomical" else f"{own.structure}, {weighting_label(weighting)}"
            found.append((own, Line(words, colour, 1.6, dashes)))
    others = [dvh for dvh in physical if dvh.weighting == "anatomical" and dvh.structure != main]
    for dvh in sorted(others, key=lambda dvh: (_rank(dvh.structure), dvh.structure))[:_OTHERS]:
        number = _rank(dvh.structure)
        dashes = LINE_STYLES[(0, 2, 4, 3)[number]]
        found.append((dvh, Line(dvh.structure, palette[(2, 1, 3, 4)[number]], 0.9, dashes)))
    return found


def _rank(structure: str) -> int:
    """Give the same look to an organ on every page."""
    return _ORGANS.index(structure) if structure in _ORGANS else len(_ORGANS)


def _draw_dvhs(axes: Axes, curves: Sequence[tuple[Dvh, Line]], settings: FiguresSettings) -> None:
    for dvh, line in reversed(curves):
        whole = dvh.cumulative
        axes.plot(
            whole.dose_gy, 100.0 * whole.volume_cc / whole.total_cc, color=line.colour, linewidth=line.width_pt,
            linestyle=line.dashes, label=line.label,
        )  # fmt: skip
    highest = max([dvh.max_gy for dvh, _ in curves], default=0.0)
    axes.set_xlim(0.0, max(_DOSE_TO_GY, highest))
    axes.set_ylim(0.0, 100.0)
    axes.set_xlabel(translate(settings, "Physical dose (Gy)"), fontsize=_FONT_PT)
    axes.set_ylabel(translate(settings, "Volume (%)"), fontsize=_FONT_PT)
    axes.tick_params(labelsize=_FONT_PT)
    axes.grid(color="#e3e3e3", linewidth=0.5)
    axes.set_axisbelow(True)


def _add_table(figure: Figure, curves: Sequence[tuple[Dvh, Line]], settings: FiguresSettings) -> float:
    """Write V5, V20 and mean dose of each curve, which is the legend too; give where it ends."""
    columns = ((250.0, "cc"), (262.0, "V5 %"), (274.5, "V20 %"), (291.0, translate(settings, "Mean Gy")))
    y = _TABLE_TOP_MM
    for x, head in columns:
        _write(figure, x, y, head, ha="right", weight="bold")
    for dvh, line in curves:
        lines = wrap_text(translate_label(settings, line.label), 30.0, size_pt=_FONT_PT, style=settings.style)
        y -= _LINE_MM + 0.6
        figure.add_artist(_sample(line, y + 0.9))
        cumulative = dvh.cumulative
        shares = [100.0 * cumulative.volume_at_cc(level) / cumulative.total_cc for level in (5.0, 20.0)]
        cells = ("" if dvh.relative_volume else f"{dvh.total_cc:.0f}", *(f"{share:.1f}" for share in shares))
        for (x, _), cell in zip(columns, (*cells, f"{dvh.mean_gy:.2f}"), strict=True):
            _write(figure, x, y, cell, ha="right")
        for number, text in enumerate(lines):
            y -= _LINE_MM if number else 0.0
            _write(figure, 211.0, y, text)
    return y - 1.5 * _LINE_MM


def _sample(line: Line, y_mm: float) -> Any:
    from matplotlib.lines import Line2D

    ends = [x / PAGE_MM[0] for x in (_RIGHT_MM, 209.5)]
    return Line2D(
        ends, [y_mm / PAGE_MM[1]] * 2, color=line.colour, linewidth=line.width_pt, linestyle=line.dashes
    )  # fmt: skip


def _add_flags(figure: Figure, flags: Sequence[str], y_mm: float, settings: FiguresSettings) -> None:
    """Write the notes and quality flags as far as the page reaches."""
    some, none = translate(settings, "Notes and quality flags"), translate(settings, "No quality flags")
    _write(figure, _RIGHT_MM, y_mm, some if flags else none, weight="bold")
    lines = [text for flag in flags for text in _bullet(flag, settings)]
    room = max(1, int((y_mm - _BOTTOM_MM) / _LINE_MM))
    if len(lines) > room:
        lines = [*lines[: room - 1], translate(settings, "... the rest stands in qa.json")]
    for text in lines:
        y_mm -= _LINE_MM
        _write(figure, _RIGHT_MM, y_mm, text)


def _bullet(text: str, settings: FiguresSettings) -> list[str]:
    first, *others = wrap_text(text, _RIGHT_WIDTH_MM - 4.0, size_pt=_FONT_PT, style=settings.style)
    return [f"\N{BULLET} {first}", *(f"   {line}" for line in others)]
