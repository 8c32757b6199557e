"""Choosing one of several files by stated rules, or asking."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field

from lungtox.dicom import APPROVALS, NOT_FOR_TREATMENT, PARTS_OF_A_PLAN, WHOLE_PLAN, RtFacts
from lungtox.errors import Fault, count_of
from lungtox.intake.scan import FoundFile

NONE, ONE = "none", "one"
"""Answers of a person: none of these; all these files are of one person."""

Number = Callable[[FoundFile], str]


@dataclass(frozen=True)
class Choice:
    """One thing that had to be chosen for one patient; a row of choices.csv.

    Attributes
    ----------
    patient, item : str
        Study ID, and plan, dose, structures, spect, planning_ct or patient_id.
    chosen : tuple of str
        Neutral file numbers, or ``none`` or ``one``; empty while the question is open.
    how : {"rule", "person", "open"}
    rule : str
        Why.
    candidates : tuple of str
        What there was to choose from, in words without dates or names.
    """

    patient: str
    item: str
    chosen: tuple[str, ...]
    how: str
    rule: str
    candidates: tuple[str, ...]


@dataclass
class Narrowing:
    """The files that may be one thing of one patient, fewer with each rule that applies.

    Attributes
    ----------
    patient, item : str
    left : list of FoundFile
    number : callable
        Gives the neutral number of a file.
    rules : list of str
        Those that took a candidate away.
    several : bool
        True where a person may choose more than one, which then count together.
    answered : bool
        True where a person has chosen.
    together : bool
        True where all that are left count.
    doubt : str
        Why even the only one left needs a person's word; empty where it does not.
    everything : tuple of FoundFile
        All candidates.
    """

    patient: str
    item: str
    left: list[FoundFile]
    number: Number
    rules: list[str] = field(default_factory=list)
    several: bool = False
    answered: bool = False
    together: bool = False
    doubt: str = ""
    everything: tuple[FoundFile, ...] = ()

    def __post_init__(self) -> None:
        self.everything = tuple(self.left)

    def answer(self, answer: Collection[str]) -> list[Fault]:
        """Apply what a person wrote in choices.csv; a fault where no candidate has such a number."""
        if not answer:
            return []
        numbers = {self.number(file): file for file in self.everything}
        if not set(answer) <= {*numbers, NONE} or (len(answer) > 1 and not self.several):
            found = "several" if set(answer) <= set(numbers) else "something else"
            action = f"Write one of {', '.join(sorted(numbers))} there, or empty the cell to have the rules choose."
            expected = f"a number of one of its candidates in the column chosen of choices.csv ({self.item})"
            return [Fault(self.patient, expected, found, action, f"choose-{self.item}")]
        self.left = [numbers[name] for name in answer if name != NONE]
        self.answered = True
        return []

    def prefer(self, rule: str, keep: Callable[[FoundFile], bool]) -> None:
        """Keep the candidates for which a rule speaks, if there are any; a person's answer stands."""
        kept = [file for file in self.left if keep(file)]
        if not self.answered and kept and len(kept) < len(self.left):
            self.left = kept
            self.rules.append(rule)

    def latest(self, rule: str) -> None:
        """Keep the candidates that were made last."""
        newest = max((facts(file).made for file in self.left), default="")
        self.prefer(rule, lambda file: facts(file).made == newest)

    def one_of_each(self, plans: Sequence[FoundFile]) -> None:
        """Where a person chose several plans and each has one dose, take these doses in the order of the plans."""
        own = [[file for file in self.left if plan.header.uid in facts(file).plans] for plan in plans]
        if self.open and len(plans) > 1 and all(len(found) == 1 for found in own):
            self.left = [found[0] for found in own]
            self.together = len({id(file) for file in self.left}) == len(plans)
            self.rules.append("the dose of each chosen plan")

    @property
    def open(self) -> bool:
        """True where more than one is left and nobody has said that they all count."""
        return (len(self.left) > 1 or bool(self.doubt)) and not self.answered and not self.together

    def choice(self) -> Choice | None:
        """Give what was decided; None where there was nothing to decide."""
        if len(self.everything) < 2 and not self.answered and not self.doubt:
            return None
        how = "person" if self.answered else "open" if self.open else "rule"
        chosen = () if self.open else tuple(map(self.number, self.left)) or (NONE,)
        first = min((facts(file).made[:8] for file in self.everything if facts(file).made), default="")
        candidates = tuple(f"{self.number(file)}: {_words(file, first)}" for file in self.everything)
        return Choice(self.patient, self.item, chosen, how, "; ".join(self.rules), candidates)

    def question(self) -> list[Fault]:
        """Give the fault that asks a person; empty where the rules decided."""
        if not self.open:
            return []
        names = ", ".join(map(self.number, self.left))
        together = " (several separated by ';' count together)" if self.several else ""
        action = (
            f"Write the right number into the column chosen of this patient's row {self.item} in choices.csv{together},"
            " and run lungtox index again. The key file says which is which."
        )
        found = f"{self.doubt or len(self.left)}: {names}"
        return [Fault(self.patient, f"one {self.item}", found, action, f"choose-{self.item}")]


def facts(file: FoundFile) -> RtFacts:
    """Give what a plan, dose or structure set says of itself; nothing for an image."""
    return file.header.facts or _NOTHING


_NOTHING = RtFacts()


def _words(file: FoundFile, first: str) -> str:
    """Describe a candidate without a date, a name or a free text of the file."""
    about = facts(file)
    parts = [about.approval.lower() if about.approval in APPROVALS else ""]
    parts.append(f"for {about.intent.lower()}" if about.intent in NOT_FOR_TREATMENT else "")
    parts.append("summed dose" if about.summation_type == WHOLE_PLAN[1] else "")
    parts.append("dose of a plan" if about.summation_type == WHOLE_PLAN[0] else "")
    parts.append(f"dose of {PARTS_OF_A_PLAN[about.summation_type]}" if about.summation_type in PARTS_OF_A_PLAN else "")
    parts.append(count_of(about.fractions, "fraction") if about.fractions else "")
    parts.append(f"{about.prescription_gy:g} Gy" if about.prescription_gy else "")
    parts.append(_later(about.made[:8], first))
    return ", ".join(part for part in parts if part) or "nothing is known of it"


def _later(day: str, first: str) -> str:
    try:
        days = (_date(day) - _date(first)).days
    except ValueError:
        return ""
    return f"made {count_of(days, 'day')} after the first" if days else "made first"


def _date(text: str) -> datetime.date:
    return datetime.datetime.strptime(text, "%Y%m%d").date()


def listed(files: Sequence[FoundFile], modality: str) -> list[FoundFile]:
    """Give the files of one modality."""
    return [file for file in files if file.header.shared.modality == modality]
