"""Writing a figure as PDF, SVG and PNG, the same bytes every time."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from lungtox.tables import atomic_path

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from lungtox.figures.config import FiguresSettings

PNG_DPI = 300
PAGE_DPI = 150
# Without dates, and with names of clip paths that follow from the content alone.
METADATA: dict[str, dict[str, Any]] = {
    ".pdf": {"CreationDate": None, "Creator": "lungtox", "Producer": "lungtox"},
    ".svg": {"Date": None, "Creator": "lungtox"},
    ".png": {"Software": "lungtox"},
}
RC_PARAMETERS: Any = {
    "svg.hashsalt": "lungtox",
    "svg.fonttype": "path",  # glyphs travel with the file: the same looks where DejaVu Sans is not installed
    "pdf.fonttype": 42,  # TrueType, embedded as a subset: journals refuse Type 3
    "pdf.compression": 6,
}


def save_figure(
    figure: Figure, stem: str | Path, *, settings: FiguresSettings | None = None
) -> tuple[Path, Path, Path]:
    """Write ``{stem}.pdf``, ``{stem}.svg`` and ``{stem}.png``, each atomically.

    The page is exactly the size of the figure: nothing is trimmed, so the width is the printed column's.

    Parameters
    ----------
    figure : matplotlib Figure
    stem : path without suffix
    settings : FiguresSettings, optional
        Whose resolution the PNG has; 300 dpi without.

    Returns
    -------
    tuple of Path
        The three files.
    """
    import matplotlib as mpl

    dpi = PNG_DPI if settings is None else settings.style.png_dpi
    written = []
    layout = figure.get_layout_engine()
    try:
        for suffix, metadata in METADATA.items():
            target = Path(f"{stem}{suffix}")
            with mpl.rc_context(RC_PARAMETERS), atomic_path(target) as temporary:
                figure.savefig(temporary, dpi=dpi, metadata=metadata)
            written.append(target)
            figure.set_layout_engine("none")  # what the first file found holds for the others, and saves a third
    finally:
        figure.set_layout_engine(layout)
    return written[0], written[1], written[2]


def save_page(figure: Figure, path: str | Path) -> None:
    """Write a page as PNG of 150 dpi, atomically; the same bytes every time.

    Parameters
    ----------
    figure : matplotlib Figure
    path : str or Path
        Ends in ``.png``.
    """
    import matplotlib as mpl

    with mpl.rc_context(RC_PARAMETERS), atomic_path(path) as temporary:
        figure.savefig(temporary, dpi=PAGE_DPI, metadata=METADATA[".png"])
