"""What ``lungtox fractionate`` prints."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from lungtox.cli import RESEARCH_USE

if TYPE_CHECKING:
    from lungtox.fractionation import FractionRisk, Optimisation, OrganCurve


def schedules_json(
    found: Optimisation, reference_gy: float, risks: Mapping[str, Sequence[FractionRisk]]
) -> dict[str, Any]:
    """Give what ``--json`` prints."""
    from lungtox.fractionation import runs_of

    goal, effect = found.goal, found.tumour_effect_gy
    return {
        "goal": {"alpha_beta_gy": goal.alpha_beta_gy, "bed_gy": goal.bed_gy, "eqd2_gy": goal.eqd2_gy},
        "reference_gy": reference_gy,
        "schedules": [
            {
                "fractions": int(n),
                "fraction_gy": float(found.fraction_gy[place]),
                "total_gy": float(found.total_gy[place]),
                "days": int(found.days[place]),
                "bed_given_gy": float(found.given_bed_gy[place]),
                "tumour_effect_gy": None if effect is None else float(effect[place]),
                "ntcp": {model: rows[place].ntcp for model, rows in risks.items()},
                "ntcp_status": {model: rows[place].status for model, rows in risks.items()},
                "effects_gy": {one.structure: float(one.effect_gy[place]) for one in found.organs},
                "admissible": bool(found.admissible[place]),
            }
            for place, n in enumerate(found.fractions)
        ],
        "organs": {
            one.structure: {
                "alpha_beta_gy": one.alpha_beta_gy,
                "s1": one.moments.s1,
                "s2": one.moments.s2,
                "spared_by_more": one.spared_by_more,
                "limit_gy": one.limit_gy,
                "admissible": runs_of(found.fractions[one.admissible].tolist()),
            }
            for one in found.organs
        },
        "admissible": runs_of(found.admissible_fractions),
        "research_use": RESEARCH_USE,
    }


def _mark(risk: FractionRisk) -> str:
    from lungtox.fractionation import EXTRAPOLATED

    return " *" if risk.status == EXTRAPOLATED else ""


def print_schedules(found: Optimisation, reference_gy: float, risks: Mapping[str, Sequence[FractionRisk]]) -> None:
    """Print a table to read, what each organ allows, and how far the models may be trusted."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from lungtox.fractionation import runs_of

    goal = found.goal
    table = Table()
    for name in ("n", "d[Gy]", "D[Gy]", "Days", "BED[Gy]", "EQD2[Gy]"):
        table.add_column(Text(name), justify="right")
    if found.tumour_effect_gy is not None:
        table.add_column(Text("E1[Gy]"), justify="right")
    for one in found.organs:
        table.add_column(Text(f"E0 {one.structure}[Gy]"), justify="right")
    for model in risks:
        table.add_column(Text(f"{model}[%]"), justify="right")
    table.add_column("Allowed")
    for place, n in enumerate(found.fractions):
        given = found.given_bed_gy[place]
        cells = [f"{n}", f"{found.fraction_gy[place]:.3f}", f"{found.total_gy[place]:.2f}", f"{found.days[place]}",
                 f"{given:.2f}", f"{given / (1.0 + 2.0 / goal.alpha_beta_gy):.2f}"]  # fmt: skip
        if found.tumour_effect_gy is not None:
            cells.append(f"{found.tumour_effect_gy[place]:.2f}")
        cells += [f"{one.effect_gy[place]:.2f}{'' if one.admissible[place] else ' x'}" for one in found.organs]
        cells += [f"{100 * rows[place].ntcp:.1f}{_mark(rows[place])}" for rows in risks.values()]
        table.add_row(*cells, "yes" if found.admissible[place] else "")
    console = Console(width=None if sys.stdout.isatty() else 80 + 24 * (len(found.organs) + len(risks)))
    console.print(
        Text(
            f"Tumour: BED {goal.bed_gy:.2f} Gy with alpha/beta {goal.alpha_beta_gy:g} Gy, EQD2 {goal.eqd2_gy:.2f} Gy. "
            f"Doses of the plan relative to {reference_gy:g} Gy. x: above the organ's limit."
        )
    )
    console.print(table)
    apart = ", repopulation apart" if goal.repopulation else ""
    for one in found.organs:
        console.print(
            Text(
                f"{one.structure}: {_ratio(one, goal.alpha_beta_gy)}{apart}; effect up to {one.limit_gy:.2f} Gy: "
                f"{runs_of(found.fractions[one.admissible].tolist())}"
            )
        )
    for model, rows in risks.items():
        console.print(Text(f"{model}, {rows[-1].structure}: {rows[-1].status}; {rows[-1].note}"))
        if _mark(rows[0]):
            console.print(Text(f"*: extrapolated; {rows[0].note.rpartition('; ')[2]}"))
    console.print(Text(f"All organs: {runs_of(found.admissible_fractions)} fractions"))
    console.print(Text(RESEARCH_USE))


def _ratio(organ: OrganCurve, tumour_alpha_beta_gy: float) -> str:
    """Say whether more or fewer fractions spare an organ, by the rule S2/S1 > r_O/r_T."""
    moments, words = organ.moments, f"alpha/beta {organ.alpha_beta_gy:g} Gy"
    if not moments.s1 > 0:
        return f"{words}, no dose"
    which = "more" if organ.spared_by_more else "fewer"
    threshold = organ.alpha_beta_gy / tumour_alpha_beta_gy
    return f"{words}, S2/S1 {moments.s2 / moments.s1:.4f} against {threshold:.4f}: {which} fractions spare it"
