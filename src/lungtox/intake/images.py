"""The images of one patient: planning CT, SPECT, its CT, what registers them, PET."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

from lungtox.errors import Fault
from lungtox.intake.narrowing import Narrowing, Number, facts, listed
from lungtox.intake.registrations import Images, choose_registrations
from lungtox.intake.scan import FoundFile


def choose_images(
    patient: str,
    files: Sequence[FoundFile],
    *,
    frame: str,
    structures: Sequence[FoundFile],
    number: Number,
    answers: Mapping[str, Collection[str]],
) -> Images:
    """Choose the images that belong to a dose and its structures.

    Parameters
    ----------
    patient : str
    files : sequence of FoundFile
    frame : str
        Frame of reference of the dose; empty where it is not known.
    structures : sequence of FoundFile
        The chosen structure set.
    number : callable
    answers : mapping of str to collection of str

    Returns
    -------
    Images
    """
    images = Images()
    planning = _choose_series(images, patient, "planning_ct", _series(listed(files, "CT")), frame, structures, number)
    spect = _choose_function(images, patient, files, frame, number, answers)
    if spect:
        own = spect[0].header.shared.frame_of_reference
        others = [one for one in _series(listed(files, "CT")) if one[0] not in planning]
        others = [one for one in others if one[0].header.shared.frame_of_reference == own]
        _choose_series(images, patient, "spect_ct", others, own, (), number)
        if own != frame and frame:
            choose_registrations(
                images, patient, listed(files, "REG"), frame=frame, own=own, number=number, answers=answers
            )
    pets = [one for one in _series(listed(files, "PT")) if one[0].header.shared.frame_of_reference == frame]
    pets = [one for one in pets if one != spect]
    _choose_series(images, patient, "pet", pets, frame, (), number)
    return images


def _choose_function(
    images: Images,
    patient: str,
    files: Sequence[FoundFile],
    frame: str,
    number: Number,
    answers: Mapping[str, Collection[str]],
) -> tuple[FoundFile, ...]:
    """Choose the SPECT, one file or a series of slices; without one a PET of gallium-68, as V/Q PET is."""
    spects = listed(files, "NM")
    whole = [(file,) for file in spects if file.header.frames > 1]
    found = [*whole, *_series(file for file in spects if file.header.frames == 1)]
    pets = [one for one in _series(listed(files, "PT")) if one[0].header.shared.gallium]
    by_first = {one[0].path: one for one in found or pets}
    choice = Narrowing(patient, "spect", [one[0] for one in by_first.values()], number)
    images.faults += choice.answer(answers.get("spect", ()))
    choice.prefer("in the frame of reference of the dose", lambda f: f.header.shared.frame_of_reference == frame)
    choice.prefer("corrected for attenuation", lambda f: f.header.shared.attenuation_corrected)
    decided = choice.choice()
    images.choices += [decided] if decided else []
    images.faults += choice.question()
    if choice.open or not choice.left:
        return ()
    images.files["spect"] = by_first[choice.left[0].path]
    uncorrected = [one for one in found if _is_uncorrected_twin(one[0], images.files["spect"][0])]
    if len(uncorrected) == 1:
        images.files["spect_nac"] = uncorrected[0]
    if not found:
        told = "none; a PET of gallium-68 was taken for one of perfusion or ventilation"
        action = "Write none into the column chosen of the row spect in choices.csv where it is another."
        images.notes.append(Fault(patient, "a SPECT", told, action, "spect-pet"))
    return images.files["spect"]


def _is_uncorrected_twin(file: FoundFile, chosen: FoundFile) -> bool:
    """Say whether a file is the chosen image without correction for attenuation: of the same acquisition."""
    about, of_chosen = file.header.shared, chosen.header.shared
    same = (about.frame_of_reference, about.acquired) == (of_chosen.frame_of_reference, of_chosen.acquired)
    return same and about.acquired != "" and of_chosen.attenuation_corrected and not about.attenuation_corrected


def _series(files: Iterable[FoundFile]) -> list[tuple[FoundFile, ...]]:
    """Group files by series, slices in their order."""
    found: dict[str, list[FoundFile]] = {}
    for file in files:
        found.setdefault(file.header.shared.series, []).append(file)
    return [tuple(sorted(one, key=lambda file: (file.header.place, file.header.uid))) for one in found.values()]


def _choose_series(
    images: Images,
    patient: str,
    item: str,
    series: Sequence[tuple[FoundFile, ...]],
    frame: str,
    structures: Sequence[FoundFile],
    number: Number,
) -> tuple[FoundFile, ...]:
    """Choose a series of slices: that of the contours, else in the frame of the dose, else the one with most slices."""
    by_first = {one[0].path: one for one in series}
    choice = Narrowing(patient, item, [one[0] for one in series], number)
    meant = {uid for file in structures for uid in facts(file).series}
    choice.prefer("the structure set was drawn on it", lambda f: f.header.shared.series in meant)
    choice.prefer("in the same frame of reference", lambda f: f.header.shared.frame_of_reference == frame)
    most = max((len(by_first[file.path]) for file in choice.left), default=0)
    choice.prefer("the series with most slices", lambda f: len(by_first[f.path]) == most)
    decided = choice.choice()
    images.choices += [decided] if decided else []
    if choice.open:
        found = f"{len(choice.left)} that fit alike: the column stays empty"
        action = "Where images are to be registered, fill the cell by hand."
        images.notes.append(Fault(patient, f"one series for {item}", found, action, "series"))
        return ()
    if not choice.left or (frame and choice.left[0].header.shared.frame_of_reference != frame):
        return ()
    images.files[item] = by_first[choice.left[0].path]
    return images.files[item]
