"""From dose files to the doses of courses: which files belong together, which plan is whose, what would count twice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from lungtox.dicom import DoseHeader, Plan, read_dose, read_dose_header
from lungtox.errors import Fault, InputError, ParameterError, count_of
from lungtox.geometry import Dose, Grid, Image

ACCEPTED = ("PLAN", "MULTI_PLAN", "BEAM")
"""DoseSummationType that can be used; BEAM only where all beams of a plan are given."""


@dataclass(frozen=True)
class _Course:
    """Files (by position) that make one dose, and its plan."""

    files: tuple[int, ...]
    plan: Plan | None = None


def read_courses(
    paths: Sequence[Path],
    plans: Sequence[Plan] = (),
    *,
    who: str,
    add_multi_plan: bool = False,
    pixels: bool = True,
) -> tuple[Dose, ...]:
    """Read dose files as one dose for each course, to be added.

    BEAM doses of one plan are added to its dose where all of its treatment beams are there, each once. A whole dose has
    the plan that it refers to, else, with as many plans as courses, the one in its place; one plan beside several
    doses belongs to the only dose that refers to it.

    Parameters
    ----------
    paths : sequence of Path
    plans : sequence of Plan
        One, or one for each course.
    who : str
        Study ID or kind of file, at the front of every message.
    add_multi_plan : bool
        Take a MULTI_PLAN dose beside others; its plans must still not be theirs.
    pixels : bool
        False keeps no dose values: the dose is 0 everywhere on its grid. Their maximum is still looked at.

    Returns
    -------
    tuple of Dose
        In the order of the first file of each course; each with its number of fractions, where that is known.

    Raises
    ------
    InputError
        As :func:`lungtox.dicom.read_dose`; a file or a plan that would count twice (``dose-twice``); beams that are
        missing, repeated or not of the plan (``dose-beams``); MULTI_PLAN beside others (``dose-multi-plan``); plans
        that are neither one nor as many as courses (``plan-count``); doses that cannot be added (``dose-sum``).
    """
    names = [who if len(paths) == 1 else f"{who} dose {number}" for number in range(1, len(paths) + 1)]
    files = list(zip(paths, names, strict=True))
    headers = [read_dose_header(path, accept=ACCEPTED, whole=not pixels, who=name) for path, name in files]
    if faults := [*_same_files(paths, headers, who), *_overlaps(headers, who, add_multi_plan=add_multi_plan)]:
        raise InputError(faults)
    courses = _courses(headers, plans, who=who)
    doses = tuple(_read(course, files, headers, pixels=pixels) for course in courses)
    check_doses(doses, who=who)
    return doses


def check_doses(doses: Sequence[Dose], *, who: str) -> None:
    """Refuse doses that cannot be added; their grids may differ.

    Raises
    ------
    InputError
        Another frame of reference, physical and RBE-weighted dose mixed.
    ParameterError
        No dose at all.
    """
    if not doses:
        raise ParameterError("no dose to add")
    kinds = (
        ("two frames of reference", {dose.frame_of_reference for dose in doses}),
        ("physical and RBE-weighted dose", {dose.rbe_weighted for dose in doses}),
    )
    for found, different in kinds:
        if len(different) > 1:
            expected = "doses in one frame of reference and of one kind, to be added"
            action = "Export the sum from the planning system."
            raise InputError(Fault(who, expected, found, action, "dose-sum"))


def dose_warnings(doses: Sequence[Dose]) -> list[str]:
    """Give what the doses tell of themselves, and that they are added."""
    texts = list(dict.fromkeys(text for dose in doses for text in dose.warnings))
    if len(doses) > 1:
        known = all(dose.fractions is not None for dose in doses)
        each = ", ".join(str(dose.fractions) for dose in doses)
        what = f"with {each} fractions" if known else "its number of fractions is not known"
        texts.append(f"the dose is the sum of {len(doses)} files: {what}")
    return texts


def _same_files(paths: Sequence[Path], headers: Sequence[DoseHeader], who: str) -> Iterable[Fault]:
    instances = [header.uid for header in headers if header.uid]
    if len({path.resolve() for path in paths}) < len(paths) or len(set(instances)) < len(instances):
        yield _counted_twice(who, "one dose twice")


def _overlaps(headers: Sequence[DoseHeader], who: str, *, add_multi_plan: bool) -> Iterable[Fault]:
    """Find plans that would count twice, and sums of plans beside other doses."""
    whole = [uid for header in headers if header.summation_type != "BEAM" for uid in set(header.plan_uids) if uid]
    in_beams = {uid for header in headers if header.summation_type == "BEAM" for uid in header.plan_uids if uid}
    if len(set(whole)) < len(whole) or in_beams & set(whole):
        yield _counted_twice(who, "two doses of one plan")
    elif len(headers) > 1 and not add_multi_plan and any(each.summation_type == "MULTI_PLAN" for each in headers):
        yield Fault(
            who,
            "a sum of plans (DoseSummationType MULTI_PLAN) on its own",
            f"one among {len(headers)} doses",
            "It may hold the others already. If not, set dose.multi_plan_beside_others: add (--add-multi-plan).",
            "dose-multi-plan",
        )


def _courses(headers: Sequence[DoseHeader], plans: Sequence[Plan], *, who: str) -> list[_Course]:
    beams: dict[str, list[int]] = {}
    groups: list[list[int]] = []
    for number, header in enumerate(headers):
        if header.summation_type != "BEAM":
            groups.append([number])
            continue
        key = header.plan_uids[0] if len(header.plan_uids) == 1 else ""
        if key not in beams:
            groups.append(beams.setdefault(key, []))
        beams[key].append(number)
    of_beams = {group[0]: key for key, group in beams.items()}
    if len(plans) > 1 and len(plans) != len(groups):
        action = "Name the plan of each dose (of all beams of a plan together), in the same order."
        found = f"{len(plans)} plans, {count_of(len(groups), 'dose')}"
        raise InputError(Fault(who, "one plan, or as many as doses", found, action, "plan-count"))
    if faults := [fault for key, group in beams.items() for fault in _beam_faults(key, group, headers, plans, who)]:
        raise InputError(faults)
    own = _plan_of_each([headers[group[0]] for group in groups], plans, who=who)
    own = [
        next(plan for plan in plans if plan.uid == of_beams[group[0]]) if group[0] in of_beams else found
        for group, found in zip(groups, own, strict=True)
    ]
    return [_Course(tuple(group), plan) for group, plan in zip(groups, own, strict=True)]


def _beam_faults(
    key: str, group: Sequence[int], headers: Sequence[DoseHeader], plans: Sequence[Plan], who: str
) -> Iterable[Fault]:
    """Say why the BEAM doses of one plan are not its whole dose."""
    whole = " A part is never taken for the whole plan: export the plan's dose."
    plan = next((plan for plan in plans if key and plan.uid == key), None)
    if plan is None:
        expected = "a dose of a whole plan, or with BEAM doses the plan that they refer to"
        yield Fault(
            who, expected, "BEAM without that plan", f"Give the plan, and all of its beams.{whole}", "dose-summation"
        )
        return
    count = Counter(beam for number in group for beam in headers[number].beams)
    unnumbered = [number + 1 for number in group if not headers[number].beams]
    problems = {
        "no beam number in dose": unnumbered,
        "none of beam": [] if unnumbered else sorted(set(plan.beams) - set(count)),
        "more than one of beam": sorted(beam for beam, times in count.items() if times > 1),
        "one of no treatment beam of the plan, number": sorted(set(count) - set(plan.beams)),
    }
    for words, found in problems.items():
        if found:
            expected = f"one dose for each of the {len(plan.beams)} treatment beams of the plan"
            which = ", ".join(map(str, found))
            yield Fault(who, expected, f"{words} {which}", f"Give every beam once.{whole}", "dose-beams")
    if not all(_same_grid(headers[number].grid, headers[group[0]].grid) for number in group):
        yield Fault(who, "BEAM doses on one grid", "different grids", f"Export them together.{whole}", "dose-beams")


def _same_grid(one: Grid, other: Grid) -> bool:
    turned = (one.turn is None) == (other.turn is None) and (one.turn is None or np.array_equal(one.turn, other.turn))  # type: ignore[arg-type]
    return turned and all(np.array_equal(getattr(one, axis), getattr(other, axis)) for axis in ("x_mm", "y_mm", "z_mm"))


def _plan_of_each(headers: Sequence[DoseHeader], plans: Sequence[Plan], *, who: str) -> list[Plan | None]:
    """Find the plan of each course: the one that it refers to, else the one in the same place of the list."""
    if len(headers) == 1:
        return [next(iter(plans), None)]
    meant = [[plan for plan in plans if plan.uid and plan.uid in header.plan_uids] for header in headers]
    if len(plans) != len(headers):
        once = sum(bool(found) for found in meant) == 1
        return [found[0] if found and once else None for found in meant]
    own = [found[0] if len(found) == 1 else plans[number] for number, found in enumerate(meant)]
    if len({id(plan) for plan in own}) < len(own):
        raise InputError(_counted_twice(who, "two doses of one plan"))
    return list(own)


def _counted_twice(who: str, found: str) -> Fault:
    action = "A course would count twice: give each dose once, and with several plans the plan of each, in that order."
    return Fault(who, "doses of different courses, to be added", found, action, "dose-twice")


def _read(course: _Course, files: Sequence[tuple[Path, str]], headers: Sequence[DoseHeader], *, pixels: bool) -> Dose:
    first = headers[course.files[0]]
    if not pixels:
        parts = [_empty_dose(headers[number], course.plan) for number in course.files]
    elif first.summation_type == "BEAM":
        parts = [read_dose(path, accept=("BEAM",), who=who) for path, who in (files[n] for n in course.files)]
    else:
        path, who = files[course.files[0]]
        return read_dose(path, plan=course.plan, who=who)
    if first.summation_type != "BEAM":
        return parts[0]
    check_doses(parts, who=files[course.files[0]][1])
    values = np.sum([part.image.values for part in parts], axis=0) if pixels else parts[0].image.values
    warnings = list(dict.fromkeys(text for part in parts for text in part.warnings))
    if len(parts) > 1:
        warnings.append(f"the dose of the plan is the sum of its {len(parts)} BEAM doses")
    fractions = course.plan.fractions if course.plan else None
    return replace(parts[0], image=Image(first.grid, values), fractions=fractions, warnings=tuple(warnings))


def _empty_dose(header: DoseHeader, plan: Plan | None) -> Dose:
    values = np.broadcast_to(0.0, header.grid.shape)
    fractions = plan.fractions if plan and header.summation_type != "MULTI_PLAN" else None
    return Dose(Image(header.grid, values), header.frame_of_reference, fractions, header.rbe_weighted)
