"""Which patients get a page: those with the most quality flags."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lungtox.errors import ParameterError

if TYPE_CHECKING:
    import pandas as pd

OVERLAY_COLUMNS = ("patient", "overlay")
PAGE_COLUMNS = ("patient", "flags", "spect", "planning_ct", "page")


@dataclass(frozen=True)
class PageChoice:
    """One patient who gets a page.

    Attributes
    ----------
    patient : str
    flags : int
        See `quality_flags`.
    spect : str
        ``ok``, ``none`` or ``unusable``.
    planning_ct : bool
        Whether patients.csv names one.
    """

    patient: str
    flags: int
    spect: str
    planning_ct: bool


def quality_flags(entry: Mapping[str, Any]) -> tuple[str, ...]:
    """Give every flag of a patient's entry of qa.json in words: warnings, and why function could not be used."""
    function = entry["function"]
    refused = [f"SPECT: expected {fault['expected']}; found {fault['found']}" for fault in function["faults"]]
    return tuple(dict.fromkeys([*entry["warnings"], *refused, *function["warnings"]]))


def choose_pages(
    entries: Iterable[Mapping[str, Any]], *, with_ct: Collection[str], count: int | None = None
) -> list[PageChoice]:
    """Choose the patients with the most quality flags.

    Patients who could not be used, and those whose DVHs come from a table, have no images to show. Among patients with
    equally many flags, those with both planning CT and usable SPECT come first, then the order of the study IDs.

    Parameters
    ----------
    entries : iterable of mapping
        Entries of qa.json.
    with_ct : collection of str
        Study IDs with a planning CT.
    count : int, optional
        How many; by default all.

    Returns
    -------
    list of PageChoice
        Most flags first.

    Raises
    ------
    ParameterError
        A negative count.
    """
    if count is not None and count < 0:
        raise ParameterError(f"the number of pages must be 0 or more, got {count}")
    known = frozenset(with_ct)
    found = [
        PageChoice(
            str(entry["patient"]),
            len(quality_flags(entry)),
            str(entry["function"]["status"]),
            entry["patient"] in known,
        )
        for entry in entries
        if entry["status"] == "ok" and entry["dose_grid"] is not None
    ]
    found.sort(key=lambda one: (-one.flags, not (one.planning_ct and one.spect == "ok"), one.patient))
    return found[:count]


def tabulate_pages(chosen: Iterable[PageChoice]) -> pd.DataFrame:
    """Give the table pages.csv of docs/file-contracts.md."""
    import pandas as pd

    rows = [
        (one.patient, one.flags, one.spect, "yes" if one.planning_ct else "no", f"{one.patient}.png") for one in chosen
    ]
    return pd.DataFrame(rows, columns=list(PAGE_COLUMNS))


def tabulate_overlays(entries: Iterable[Mapping[str, Any]]) -> pd.DataFrame:
    """Give the table overlays.csv of docs/file-contracts.md: all patients whose images were registered."""
    import pandas as pd

    found = [str(entry["patient"]) for entry in entries if registration_quality(entry) is not None]
    return pd.DataFrame([(patient, f"{patient}.registration.png") for patient in found], columns=list(OVERLAY_COLUMNS))


def registration_quality(entry: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Give the figures of a registration of images in an entry of qa.json; None where there was none."""
    registration = entry["function"].get("registration") or {}
    quality: Mapping[str, Any] | None = registration.get("quality")
    return quality
