"""The body beside single structures: a conformity index asks how much of it an isodose holds."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from lungtox.dose import Dvh, compute_dvh, dvh_from_samples, parse_metric, sample_courses
from lungtox.errors import LungtoxError
from lungtox.geometry import Dose, Structure


def body_dvh(structures: Iterable[Structure], doses: Sequence[Dose], metrics: Iterable[str]) -> Dvh | None:
    """Give the DVH of the one structure that is named as the body, of physical dose.

    Parameters
    ----------
    structures : iterable of Structure
        Those that were read.
    doses : sequence of Dose
        They are added.
    metrics : iterable of str
        TG-263 names; without a CI among them nothing is computed.

    Returns
    -------
    Dvh or None
        None where no or more than one structure is named so, or it has no dose.
    """
    if not any(parse_metric(name).kind == "conformity" for name in metrics):
        return None
    from lungtox.naming import propose_name

    bodies = [one for one in structures if one.planes and propose_name(one.name).structure == "Body"]
    if len(bodies) != 1:
        return None
    try:
        if len(doses) == 1:
            return compute_dvh(bodies[0], doses[0])
        samples = sample_courses(bodies[0], doses).samples
    except LungtoxError:
        return None
    return dvh_from_samples(
        samples.dose_gy,
        samples.volume_cc,
        structure=samples.structure,
        spread_gy=samples.spread_gy,
        coverage_pct=samples.coverage_pct,
    )
