"""Panels of equal size in rows, placed by hand: quicker than to let matplotlib find their places."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class PanelGrid:
    """Where panels stand on the page; all lengths in mm of the layout.

    Attributes
    ----------
    count : int
        Panels; one empty place where there is none.
    heights_mm : sequence of float
        Axes of one panel, from top to bottom.
    title_mm, between_mm, foot_mm : float
        Room above the axes, between two of a panel, and below them.
    left_mm, right_mm : float
        Beside the axes of each panel.
    """

    count: int
    heights_mm: Sequence[float]
    title_mm: float = 9.5
    between_mm: float = 3.0
    foot_mm: float = 10.0
    left_mm: float = 16.0
    right_mm: float = 3.0

    @property
    def across(self) -> int:
        """Panels in a row."""
        return min(3, max(1, self.count))

    @property
    def columns(self) -> Literal[1, 2]:
        """Printed columns of the page."""
        return 2 if self.across > 1 else 1

    @property
    def legend_mm(self) -> float:
        """Room at the foot of the page, for a legend of four entries: two beside each other on a wide page."""
        return 10.0 if self.columns == 2 else 17.0

    @property
    def panel_mm(self) -> float:
        """Height of a panel with its title and foot."""
        return self.title_mm + sum(self.heights_mm) + self.between_mm * (len(self.heights_mm) - 1) + self.foot_mm

    @property
    def height_mm(self) -> float:
        """Height of the page."""
        return self.legend_mm + self.panel_mm * math.ceil(max(1, self.count) / self.across)

    def title_x(self, width_mm: float) -> float:
        """Give where titles begin, in parts of the axes' width: over the tick labels, because they are long."""
        return (3.0 - self.left_mm) / (width_mm / self.across - self.left_mm - self.right_mm)

    def place(self, figure: Figure, *, width_mm: float) -> list[list[Axes]]:
        """Make the axes.

        Parameters
        ----------
        figure : matplotlib Figure
        width_mm : float
            Of the page.

        Returns
        -------
        list of list of Axes
            Those of each panel.
        """
        side_mm = width_mm / self.across
        panels = []
        for index in range(max(1, self.count)):
            left = side_mm * (index % self.across) + self.left_mm
            top = self.height_mm - self.panel_mm * (index // self.across) - self.title_mm
            axes: list[Axes] = []
            for height in self.heights_mm:
                wide = side_mm - self.left_mm - self.right_mm
                bottom = (top - height) / self.height_mm
                axes.append(figure.add_axes((left / width_mm, bottom, wide / width_mm, height / self.height_mm)))
                top -= height + self.between_mm
            panels.append(axes)
        return panels


def draw_legend(figure: Figure, grid: PanelGrid) -> None:
    """Write the legend of all panels at the foot of the page, each entry once."""
    handles = {
        label: handle
        for ax in figure.axes
        for handle, label in zip(*ax.get_legend_handles_labels(), strict=True)
    }  # fmt: skip
    if handles:
        figure.legend(
            handles.values(), handles.keys(), loc="lower center", ncols=grid.columns, borderaxespad=0.2, borderpad=0.2,
            labelspacing=0.35,
        )  # fmt: skip
