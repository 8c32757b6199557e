"""The files of one patient that belong together: which plan, dose, structure set and images the analysis takes."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from lungtox.dicom import NOT_FOR_TREATMENT, WHOLE_PLAN
from lungtox.errors import Fault, count_of
from lungtox.intake.identity import identity_faults
from lungtox.intake.images import choose_images
from lungtox.intake.narrowing import NONE, Choice, Narrowing, Number, facts, listed
from lungtox.intake.scan import FoundFile, SetApart

Answers = Mapping[str, Collection[str]]
"""Item -> what a person wrote in the column chosen of choices.csv."""


@dataclass(frozen=True)
class Selection:
    """What was chosen for one patient.

    Attributes
    ----------
    files : dict of str to tuple of FoundFile
        By column of patients.csv, without those that have none; ``pet`` too, which has no column.
    choices : tuple of Choice
    faults : tuple of Fault
        Each leaves the patient out.
    notes : tuple of Fault
        What the user should know, and does not stop the patient.
    apart : tuple of SetApart
        Files that cannot be used as things are.
    """

    files: dict[str, tuple[FoundFile, ...]]
    choices: tuple[Choice, ...]
    faults: tuple[Fault, ...]
    notes: tuple[Fault, ...] = ()
    apart: tuple[SetApart, ...] = ()


@dataclass
class _Work:
    """Collects what the steps find."""

    patient: str
    number: Number
    answers: Answers
    owners: Mapping[str, str] = field(repr=False)
    files: dict[str, tuple[FoundFile, ...]] = field(default_factory=dict)
    choices: list[Choice] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    notes: list[Fault] = field(default_factory=list)
    apart: list[SetApart] = field(default_factory=list)

    def narrow(self, item: str, candidates: Iterable[FoundFile], *, several: bool = False) -> Narrowing:
        narrowing = Narrowing(self.patient, item, list(candidates), self.number, several=several)
        self.faults += narrowing.answer(self.answers.get(item, ()))
        return narrowing

    def decide(self, narrowing: Narrowing, column: str) -> list[FoundFile]:
        """Write what was decided; give the files, none while the question is open."""
        choice = narrowing.choice()
        self.choices += [choice] if choice else []
        self.faults += narrowing.question()
        if narrowing.open or not narrowing.left:
            return []
        self.files[column] = tuple(narrowing.left)
        return narrowing.left

    def fault(self, expected: str, found: str, action: str, code: str) -> None:
        self.faults.append(Fault(self.patient, expected, found, action, code))

    def note(self, expected: str, found: str, action: str, code: str) -> None:
        self.notes.append(Fault(self.patient, expected, found, action, code))


def select_files(
    patient: str, files: Sequence[FoundFile], *, number: Number, answers: Answers, owners: Mapping[str, str]
) -> Selection:
    """Choose the files of one patient by the rules of docs/your-own-cohort.md.

    Parameters
    ----------
    patient : str
        Study ID.
    files : sequence of FoundFile
        All usable files of the patient.
    number : callable
        Gives the neutral number of a file.
    answers : mapping of str to collection of str
        What a person chose.
    owners : mapping of str to str
        UID of every plan and structure set of the folder -> Patient ID, to notice a file of another patient.

    Returns
    -------
    Selection
    """
    work = _Work(patient, number, answers, owners)
    faults, choice = identity_faults(patient, files, answers.get("patient_id", ()))
    work.faults += faults
    work.choices += [choice] if choice else []
    doses = listed(files, "RTDOSE")
    plans = _choose_plans(work, listed(files, "RTPLAN"), doses)
    dose = _choose_dose(work, doses, plans)
    sets = _choose_structures(work, listed(files, "RTSTRUCT"), plans, dose)
    if dose:
        _see_that_they_fit(work, plans, dose, sets)
    images = choose_images(patient, files, frame=_frame(dose), structures=sets, number=number, answers=answers)
    work.files.update(images.files)
    return Selection(
        work.files,
        (*work.choices, *images.choices),
        (*work.faults, *images.faults),
        (*work.notes, *images.notes),
        tuple(work.apart),
    )


def _frame(doses: Sequence[FoundFile]) -> str:
    return next((file.header.shared.frame_of_reference for file in doses), "")


def _choose_plans(work: _Work, plans: Sequence[FoundFile], doses: Sequence[FoundFile]) -> list[FoundFile]:
    whole = [facts(dose).plans for dose in doses if facts(dose).summation_type in WHOLE_PLAN]
    meant = {uid for uids in whole for uid in uids}
    together = {uid for uids in whole if len(uids) > 1 for uid in uids}
    choice = work.narrow("plan", plans, several=True)
    choice.prefer("not rejected", lambda file: facts(file).approval != "REJECTED")
    choice.prefer("a plan for treatment", lambda file: facts(file).intent not in NOT_FOR_TREATMENT)
    choice.prefer("a dose refers to it", lambda file: file.header.uid in meant)
    choice.prefer("approved", lambda file: facts(file).approval == "APPROVED")
    if choice.open and {file.header.uid for file in choice.left} <= together:
        first = min(facts(file).made for file in choice.left)
        choice.prefer("one dose is the sum of all these plans: the first course", lambda f: facts(f).made == first)
    if choice.left and all(facts(file).approval == "REJECTED" for file in choice.left):
        choice.doubt = "rejected"
    chosen = work.decide(choice, "plan")
    if not plans and doses:
        found = "none: fractions and beams are not known, and EQD2 is left out"
        work.note("a plan", found, "Export it too, if there is one.", "plan-missing")
    return chosen


def _choose_dose(work: _Work, doses: Sequence[FoundFile], plans: Sequence[FoundFile]) -> list[FoundFile]:
    own = {plan.header.uid for plan in plans}
    choice = work.narrow("dose", doses, several=True)
    choice.prefer("dose of a whole plan", lambda file: facts(file).summation_type in WHOLE_PLAN)
    if own:
        choice.prefer("it refers to the chosen plan", lambda file: bool(own & set(facts(file).plans)))
    choice.prefer("in Gy", lambda file: facts(file).units == "GY")
    choice.prefer("the summed dose", lambda file: facts(file).summation_type == WHOLE_PLAN[1])
    choice.one_of_each(plans)
    parts = [file for file in doses if facts(file).summation_type not in WHOLE_PLAN]
    why = "not the dose of a whole plan (DoseSummationType PLAN or MULTI_PLAN)"
    work.apart += [SetApart(file.path, "dose-part", why, file.header.shared.patient_id) for file in parts]
    if not doses:
        work.fault("a dose", "none", "Export the RTDOSE of the plan.", "dose-missing")
    elif len(parts) == len(doses):
        found = "doses of single beams or fractions only"
        work.fault("the dose of a whole plan", found, "Export the dose of the plan.", "dose-part")
        return []
    elif choice.answered and not choice.left:
        work.fault("a dose", f"the answer {NONE} in choices.csv", "Write the number of the dose there.", "dose-missing")
    return work.decide(choice, "dose")


def _choose_structures(
    work: _Work, sets: Sequence[FoundFile], plans: Sequence[FoundFile], doses: Sequence[FoundFile]
) -> list[FoundFile]:
    meant = {uid for file in (*plans, *doses) for uid in facts(file).structure_sets}
    frame = _frame(doses)
    choice = work.narrow("structures", sets)
    choice.prefer("the plan refers to it", lambda file: file.header.uid in meant)
    if frame:
        choice.prefer("in the frame of reference of the dose", lambda file: frame in frames(file))
    choice.latest("the latest")
    choice.prefer("approved", lambda file: facts(file).approval == "APPROVED")
    if not sets:
        work.fault("a structure set", "none", "Export the RTSTRUCT of the plan.", "structures-missing")
        why = "a dose without structures"
        work.apart += [SetApart(file.path, "no-structures", why, file.header.shared.patient_id) for file in doses]
    elif choice.answered and not choice.left:
        action = "Write the number of the structure set there."
        work.fault("a structure set", f"the answer {NONE} in choices.csv", action, "structures-missing")
    elif meant and not any(file.header.uid in meant for file in sets):
        found = "not in the folder; another one was taken"
        action = "Export the structure set of the plan, or see that the other one has the same contours."
        work.note("the structure set that the plan refers to", found, action, "structures-other")
    return work.decide(choice, "structures")


def frames(file: FoundFile) -> tuple[str, ...]:
    """Give the frames of reference of a structure set."""
    return facts(file).frames or (file.header.shared.frame_of_reference,)


def _see_that_they_fit(
    work: _Work, plans: Sequence[FoundFile], doses: Sequence[FoundFile], sets: Sequence[FoundFile]
) -> None:
    patient_id = doses[0].header.shared.patient_id
    referred = {uid for file in (*doses, *plans) for uid in (*facts(file).plans, *facts(file).structure_sets)}
    if any(work.owners.get(uid, patient_id) != patient_id for uid in referred):
        found = "a reference to a file that is filed under another Patient ID"
        action = "Find out whose they are and export them again under one Patient ID."
        work.fault("plan, dose and structures of one patient", found, action, "other-patient")
    if len(plans) not in (0, 1, len(doses)):
        action = "Correct the rows plan and dose of this patient in choices.csv."
        work.fault(
            "one plan, or the plan of each dose",
            f"{count_of(len(plans), 'plan')}, {count_of(len(doses), 'dose')}",
            action,
            "choose-plan",
        )
    own = {plan.header.uid for plan in plans}
    meant = {uid for dose in doses for uid in facts(dose).plans}
    if own and meant and not own & meant and "dose" not in work.answers:
        found = "a dose that refers to another plan"
        action = "Export the plan of this dose, or the dose of this plan."
        work.fault("a dose of the chosen plan", found, action, "dose-of-another-plan")
    if not all(dose.header.shared.frame_of_reference for dose in doses):
        found, action = "none in the dose", "Export the dose again, with its frame of reference."
        work.fault("a frame of reference", found, action, "frame-missing")
    elif sets and not all(dose.header.shared.frame_of_reference in frames(sets[0]) for dose in doses):
        found = "two different ones" if any(frames(sets[0])) else "none in the structure set"
        action = "Export the dose that was calculated on the CT of these structures, or the structures of that CT."
        work.fault("dose and structures in one frame of reference", found, action, "frame-of-reference")
