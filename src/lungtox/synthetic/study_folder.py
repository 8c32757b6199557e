"""What all simulated studies share: the folder that a simulation file makes, and the names of its patients."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from lungtox.new_folder import new_folder

if TYPE_CHECKING:
    from lungtox.dicom import Subject

MARK = "made_from.yaml"
"""The simulation file as it was, in the folder of the study: says that the folder may be replaced."""


@contextmanager
def study_folder(simulation: str | Path, folder: str | Path) -> Iterator[Path]:
    """Give a draft that takes the folder's place when the block ends without an error.

    Parameters
    ----------
    simulation : path of simulation.yaml
        Kept in the folder.
    folder : path
        New, empty, or written by this function before.

    Yields
    ------
    Path

    Raises
    ------
    InputError
        The folder holds something else.
    """
    made_from = (MARK, Path(simulation).read_text(encoding="utf-8"))
    with new_folder(folder, who="the study's folder", mark=made_from) as draft:
        yield draft


def study_subject(patient: str, *, prefix: str, seed: int) -> Subject:
    """Name a patient in DICOM; the UIDs follow from the study's prefix and seed.

    Parameters
    ----------
    patient : str
        Study ID.
    prefix : str
        Start of the study's IDs.
    seed : int
        Of the simulation.
    """
    from lungtox.dicom import Subject

    return Subject(f"STUDY^{patient}", f"STUDY-{patient}", f"lungtox study {prefix} {seed}")
