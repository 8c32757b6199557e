"""One page of what a run would meet, for the person who owns the spreadsheet."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from lungtox.check.groups import FaultGroup, group_faults
from lungtox.cohort import CellFault, lines_text
from lungtox.errors import Fault

TEMPLATE = "page.html.jinja"


def check_page(
    faults: Sequence[Fault],
    *,
    patients: int,
    warnings: Sequence[str] = (),
    design: Sequence[str] = (),
    remarks: Sequence[str] = (),
) -> str:
    """Give the page: what to fix first on top, each bad cell with its row and column.

    Parameters
    ----------
    faults : sequence of Fault
    patients : int
        Patients looked at.
    warnings, design, remarks : sequence of str
        As in `CheckResult`.

    Returns
    -------
    str
        Self-contained HTML; every text from outside is escaped. It names patients by study ID or row only.
    """
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    groups = [(group, _rows(group)) for group in group_faults(faults)]
    notes = [
        ("Questions of design", "They stop nothing; answer them before you look at results.", design),
        ("Warnings", "The run carries on with these.", warnings),
        ("How the tables were read", "Found, not declared: look whether it is right.", remarks),
    ]
    return environment.get_template(TEMPLATE).render(
        count=len(faults), patients=patients, groups=groups, notes=[note for note in notes if note[2]]
    )


def _rows(group: FaultGroup) -> list[dict[str, str]]:
    """Give the rows of a group's table; cells of one table stand in the order of their lines."""
    faults = sorted(group.faults, key=_place)
    return [
        {
            "where": _where(fault),
            "column": fault.column if isinstance(fault, CellFault) else "",
            "expected": fault.expected,
            "found": fault.found,
            "action": fault.action,
        }
        for fault in faults
    ]


def _place(fault: Fault) -> tuple[int, str, int]:
    if isinstance(fault, CellFault):
        return 1, fault.table, fault.lines[0] if fault.lines else 0
    return 0, "", 0


def _where(fault: Fault) -> str:
    if not isinstance(fault, CellFault) or not fault.lines:
        return fault.who
    place = f"{fault.table}, {lines_text(fault.lines, fault.line_word)}"
    patient = fault.who.partition(" (")[0]
    return f"{place} ({patient})" if patient and "," not in patient else place
