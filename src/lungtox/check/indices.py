"""Conformity indices without a body: found before the run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from lungtox.config import Config
from lungtox.dose import parse_metric
from lungtox.errors import Fault
from lungtox.extraction import PatientRow

BODY = "Body"


def body_faults(config: Config, rows: Sequence[PatientRow]) -> Iterator[Fault]:
    """Name the patients for whom a CI is asked and no body is accepted.

    Parameters
    ----------
    config : Config
    rows : sequence of PatientRow
        Those whose DVHs come from a table of lungtox are left to the run: their structures stand in the table.
    """
    structures = config.dose.structures
    targets = {
        structure: name
        for structure, names in config.dose.metrics.items()
        for name in names
        if parse_metric(name).kind == "conformity" and structure in structures
    }
    for row in rows:
        accepted = {roi.structure for roi in row.rois}
        if not targets or not accepted or set(structures[BODY].union) <= accepted or BODY in accepted:
            continue
        for structure, name in targets.items():
            if set(structures[structure].union) <= accepted or structure in accepted:
                expected = f"a ROI accepted as {BODY}, for {name} of {structure}"
                action = f"Accept it in structures.csv, or take {name} out of dose.metrics."
                yield Fault(row.patient, expected, "none", action, "structure-missing")
