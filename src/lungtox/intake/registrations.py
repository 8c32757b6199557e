"""The registration objects that lead from the plan of one patient to the SPECT, alone or in a chain."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from lungtox.errors import Fault
from lungtox.intake.narrowing import Choice, Narrowing, Number, facts
from lungtox.intake.scan import FoundFile

_DEFORMABLE = "1.2.840.10008.5.1.4.1.1.66.3"
_LONGEST_CHAIN = 4


@dataclass
class Images:
    """What was chosen; see Selection for the fields."""

    files: dict[str, tuple[FoundFile, ...]] = field(default_factory=dict)
    choices: list[Choice] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    notes: list[Fault] = field(default_factory=list)


def choose_registrations(
    images: Images,
    patient: str,
    registrations: Sequence[FoundFile],
    *,
    frame: str,
    own: str,
    number: Number,
    answers: Mapping[str, Collection[str]],
) -> None:
    """Choose the registration between two frames of reference, or the one chain of them; else ask or say so.

    Parameters
    ----------
    images : Images
        Gets files, choice, faults and notes.
    patient : str
    registrations : sequence of FoundFile
    frame, own : str
        Frames of reference of the dose and of the SPECT.
    number : callable
    answers : mapping of str to collection of str
    """
    chains = list(_shortest_chains(registrations, frame, own))
    on_a_chain = list(dict.fromkeys(file for chain in chains for file in chain))
    choice = Narrowing(patient, "registration", on_a_chain, number, several=True)
    images.faults += choice.answer(answers.get("registration", ()))
    if chains and len(chains[0]) == 1:
        choice.latest("the latest")
    elif len(chains) == 1:
        choice.together = True
        choice.rules.append("one chain leads from the dose to the SPECT")
    decided = choice.choice()
    images.choices += [decided] if decided else []
    if choice.left and not choice.open:
        images.files["registration"] = tuple(choice.left)
        return
    if not on_a_chain and {"planning_ct", "spect_ct"} <= images.files.keys():
        return  # the images will be registered
    found = "another one, and no registration between the two"
    action = "Export the registration, or the SPECT resampled in the frame of the planning CT."
    if choice.open:
        found = f"another one, and {len(choice.left)} registrations that fit alike"
        action = "Write the right number into the column chosen of the row registration in choices.csv."
    images.notes.append(Fault(patient, "a SPECT in the frame of the dose", found, action, "spect-frame"))


def _shortest_chains(registrations: Sequence[FoundFile], frame: str, own: str) -> Iterator[tuple[FoundFile, ...]]:
    """Give the shortest chains from one frame to the other; a deformable one leads from its own frame only."""
    reached: list[tuple[tuple[FoundFile, ...], str]] = [((), frame)]
    for _ in range(_LONGEST_CHAIN):
        longer = []
        for chain, place in reached:
            for file in registrations:
                registered = file.header.shared.frame_of_reference
                joined = {*facts(file).frames, registered}
                one_way = file.header.shared.sop_class == _DEFORMABLE and place != registered
                if place in joined and file not in chain and not one_way:
                    longer += [((*chain, file), other) for other in joined - {place}]
        found = [chain for chain, place in longer if place == own]
        if found:
            yield from found
            return
        reached = longer
