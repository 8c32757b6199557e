"""The three planes of a patient's page: CT, perfusion, isodose lines and outlines, in colours that never change."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from lungtox.figures.language import translate
from lungtox.figures.style import INK

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.colors import Colormap

    from lungtox.extraction import PatientPicture, PicturePlane
    from lungtox.figures.config import FiguresSettings

WINDOW_HU = (-1250.0, 250.0)
"""Lung window: width 1500, level -500."""
ISODOSES_GY = (5.0, 10.0, 20.0, 30.0, 50.0)
PERFUSION_FROM_PCT = 10.0
"""Less is not coloured, so that the CT stays visible."""
PERFUSION_ALPHA = 0.65
GROUND = "#2b2b2b"
"""Where the planning CT shows nothing."""
LETTERS = {"transversal": ("R", "L", "A", "P"), "coronal": ("R", "L", "S", "I"), "sagittal": ("A", "P", "S", "I")}
# Light to dark red, the darker the higher: distinct from the blue of perfusion for every kind of colour vision.
_ISODOSE_COLOURS = ("#FFFFD9", "#FFE88A", "#FFC02E", "#FF8A1F", "#F2421B")
_PRESCRIPTION_COLOUR = "#FFFFFF"
_PERFUSION_COLOURS = ("#03103A", "#0A3480", "#1E6FD0", "#68B4F5", "#E6F4FF")
_SAME_GY = 0.5


@dataclass(frozen=True)
class Line:
    """How one line is drawn.

    Attributes
    ----------
    label : str
    colour : str
    width_pt : float
    dashes : matplotlib line style
    """

    label: str
    colour: str
    width_pt: float
    dashes: Any = "-"


def isodose_lines(picture: PatientPicture) -> list[tuple[float, Line]]:
    """Give level in Gy and look of each isodose line; the prescription takes the place of a level that it equals."""
    unit = "Gy (RBE)" if picture.rbe_weighted else "Gy"
    lines = [
        (level, Line(f"{level:g} {unit}", colour, 1.0))
        for level, colour in zip(ISODOSES_GY, _ISODOSE_COLOURS, strict=True)
    ]
    own = picture.prescription_gy
    if own is None:
        return lines
    others = [(level, line) for level, line in lines if abs(level - own) >= _SAME_GY]
    return sorted([*others, (own, Line(f"{own:g} {unit} (prescription)", _PRESCRIPTION_COLOUR, 1.6))])


def outline_line(name: str) -> Line:
    """Give the look of a structure's outline."""
    if name.startswith("Lung"):
        return Line("Lungs", "#C8C8C8", 0.7, (0, (1.0, 1.0)))
    if name == "Heart":
        return Line("Heart", "#3DDC97", 0.9, (0, (6, 1.5, 1.2, 1.5)))
    if name == "PTV":
        return Line("PTV", "#FF8AD8", 1.0, (0, (4.0, 1.6)))
    return Line(name, "#FF4FC4", 1.3)


def functional_line(picture: PatientPicture, label: str) -> Line | None:
    """Give the look of the functional region's outline; None where there is none."""
    return None if picture.region is None else Line(label, "#00F0F0", 1.1, (0, (5.0, 1.4)))


def perfusion_colours() -> Colormap:
    """Give the colours of perfusion, dark to light blue."""
    from matplotlib.colors import LinearSegmentedColormap

    return LinearSegmentedColormap.from_list("perfusion", _PERFUSION_COLOURS)


def draw_plane(
    axes: Axes, plane: PicturePlane, picture: PatientPicture, *, settings: FiguresSettings, font_pt: float
) -> None:
    """Draw one plane into axes whose size is in proportion."""
    across, up = plane.across_mm, plane.up_mm
    edges = (*_ends(across), *_ends(up))
    axes.set_facecolor(GROUND)
    look: dict[str, Any] = {"origin": "lower", "extent": edges, "aspect": "auto", "interpolation": "nearest"}
    if plane.hounsfield is not None:
        axes.imshow(plane.hounsfield, cmap="gray", vmin=WINDOW_HU[0], vmax=WINDOW_HU[1], **look)
    if plane.perfusion_pct is not None:
        seen = np.ma.masked_less(np.ma.masked_invalid(plane.perfusion_pct), PERFUSION_FROM_PCT)
        axes.imshow(seen, cmap=perfusion_colours(), vmin=0.0, vmax=100.0, alpha=PERFUSION_ALPHA, **look)
    for name, share in plane.outlines.items():
        _contour(axes, plane, share, 0.5, outline_line(name))
    dose_gy = np.ma.masked_invalid(plane.dose_gy)  # lines end where the dose grid does
    for level, line in isodose_lines(picture):
        _contour(axes, plane, dose_gy, level, line)
    functional = functional_line(picture, "")
    if functional is not None and plane.functional is not None:
        _contour(axes, plane, plane.functional, 0.0, functional)
    axes.set_xlim(edges[0], edges[1])
    # y runs to the back: the front stands above.
    axes.set_ylim(*((edges[3], edges[2]) if plane.plane == "transversal" else (edges[2], edges[3])))
    axes.set_xticks([])
    axes.set_yticks([])
    for side in axes.spines.values():
        side.set_visible(False)
    _write(axes, plane, settings=settings, font_pt=font_pt)
    _add_scale(axes, edges, font_pt=font_pt)


def _ends(axis: Any) -> tuple[float, float]:
    half = 0.5 * float(axis[1] - axis[0])
    return float(axis[0]) - half, float(axis[-1]) + half


def _contour(axes: Axes, plane: PicturePlane, values: Any, level: float, line: Line) -> None:
    from matplotlib.patheffects import Normal, Stroke

    if not values.min() < level < values.max():
        return
    drawn = axes.contour(
        plane.across_mm, plane.up_mm, values, levels=[level], colors=[line.colour], linewidths=[line.width_pt],
        linestyles=[line.dashes],
    )  # fmt: skip
    # A dark rim, or light lines vanish in bone and bright perfusion.
    drawn.set_path_effects([Stroke(linewidth=line.width_pt + 0.9, foreground="#00000099"), Normal()])


def _write(axes: Axes, plane: PicturePlane, *, settings: FiguresSettings, font_pt: float) -> None:
    axis = {"transversal": "z", "coronal": "y", "sagittal": "x"}[plane.plane]
    places = ((0.015, 0.5, "left", "center"), (0.985, 0.5, "right", "center"), (0.5, 0.985, "center", "top"),
              (0.5, 0.015, "center", "bottom"))  # fmt: skip
    for letter, (x, y, across, up) in zip(LETTERS[plane.plane], places, strict=True):
        _text(axes, x, y, letter, size=font_pt + 1.0, weight="bold", ha=across, va=up)
    name = {
        "transversal": translate(settings, "Transversal"),
        "coronal": translate(settings, "Coronal"),
        "sagittal": translate(settings, "Sagittal"),
    }[plane.plane]
    title = f"{name}, {axis} = {plane.at_mm:.0f} mm".replace("-", "\N{MINUS SIGN}")
    _text(axes, 0.015, 0.985, title, size=font_pt, ha="left", va="top")


def _add_scale(axes: Axes, edges: tuple[float, ...], *, font_pt: float) -> None:
    """Draw a bar of 5 cm into the lower right corner."""
    from matplotlib.patheffects import Normal, Stroke

    width = edges[1] - edges[0]
    right, length = 0.985, 50.0 / width
    (bar,) = axes.plot(
        [right - length, right], [0.035, 0.035], color="white", linewidth=1.8, solid_capstyle="butt",
        transform=axes.transAxes,
    )  # fmt: skip
    bar.set_path_effects([Stroke(linewidth=4.0, foreground=INK), Normal()])
    _text(axes, right - 0.5 * length, 0.06, "5 cm", size=font_pt, ha="center", va="bottom")


def _text(axes: Axes, x: float, y: float, text: str, *, size: float, **more: Any) -> None:
    behind = {"facecolor": INK, "alpha": 0.7, "linewidth": 0.0, "pad": 1.2}
    axes.text(x, y, text, color="white", fontsize=size, transform=axes.transAxes, bbox=behind, **more)
