"""Plans whose dose comes from several sources: the synthetic DICOM of the agreement studies."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lungtox.dicom import write_dose, write_structures
from lungtox.errors import Fault, InputError
from lungtox.geometry import Grid, Image
from lungtox.randomness import task_rng
from lungtox.synthetic.study_agreement_config import (
    AgreementSimulation,
    DeviationSettings,
    SimulatedSource,
)
from lungtox.synthetic.study_file import load_simulation
from lungtox.synthetic.study_folder import study_folder, study_subject
from lungtox.synthetic.study_solids import ANATOMIES, PlanDose, Solid, draw_plan, grid_around
from lungtox.synthetic.study_structures import structure_row
from lungtox.tables import write_csv

FloatArray = NDArray[np.float64]
Deviations = dict[tuple[str, str], FloatArray]
"""Site and organ -> relative deviation from main of each of the site's patients."""

MAIN = "main"
_EVEN = 1.5
_FAR = {1: 4.0, 2: 3.6, 3: 3.4}
"""Where outliers lie beside an even spread from -1.5 to 1.5: beyond 1.96 SD of all for 20 patients or so."""


def write_agreement_study(simulation: str | Path, folder: str | Path) -> int:
    """Write the plans of a simulation file in place of older ones; nothing is left behind when it fails.

    Parameters
    ----------
    simulation : path of simulation.yaml
    folder : path
        New, empty, or plans that were written by this function.

    Returns
    -------
    int
        Number of patients.

    Raises
    ------
    InputError
        A simulation that cannot be used, or a folder that holds something else.
    """
    settings = load_simulation(simulation, AgreementSimulation)
    with study_folder(simulation, folder) as draft:
        return _write(settings, draft)


def _write(settings: AgreementSimulation, folder: Path) -> int:
    import pandas as pd

    deviations = _all_deviations(settings)
    rows: dict[str, list[dict[str, str]]] = {name: [] for name in (MAIN, *settings.sources)}
    rois: list[dict[str, object]] = []
    cases: list[dict[str, str]] = []
    for site_name, site in settings.sites.items():
        for place in range(site.patients):
            patient = f"{settings.prefix}{len(cases) + 1:03d}"
            rng = task_rng(settings.seed, "agreement", patient)
            solids = ANATOMIES[site.anatomy](rng)
            plan = draw_plan(
                solids[0], rng, prescription_gy=site.prescription_gy, speckle=settings.speckle.sd_pct / 100.0,
                wavelength_mm=settings.speckle.wavelength_mm,
            )  # fmt: skip
            subject = study_subject(patient, prefix=settings.prefix, seed=settings.seed)
            structures = f"inputs/{patient}/structures.dcm"
            drawn = [solid.structure(number) for number, solid in enumerate(solids, start=1)]
            write_structures(drawn, folder / structures, subject=subject)
            for name in rows:
                dose = f"inputs/{patient}/{name}.dcm"
                own = {solid.name: _of(deviations[name], site_name, solid.name, place) for solid in solids}
                image = _dose(plan, solids, settings, name, own, rng)
                write_dose(image, folder / dose, subject=subject, role="dose" if name == MAIN else f"dose {name}")
                rows[name].append({"patient": patient, "structures": structures, "dose": dose})
            rois += [structure_row(patient, one.number, one.name, accepted_by="simulation") for one in drawn]
            cases.append({"patient": patient, "group": site_name})
    for name, listed in rows.items():
        write_csv(pd.DataFrame(listed), folder / ("patients.csv" if name == MAIN else f"{name}.csv"))
    write_csv(pd.DataFrame(rois), folder / "structures.csv")
    write_csv(pd.DataFrame(cases), folder / "cases.csv")
    return len(cases)


def _of(deviations: Deviations, site: str, organ: str, place: int) -> float:
    found = deviations.get((site, organ))
    return 0.0 if found is None else float(found[place])


def _dose(
    plan: PlanDose,
    solids: list[Solid],
    settings: AgreementSimulation,
    name: str,
    deviation: Mapping[str, float],
    rng: np.random.Generator,
) -> Image:
    """Give the dose of one source on its grid."""
    source = SimulatedSource(grid=settings.grid) if name == MAIN else settings.sources[name]
    grid = grid_around(solids, spacing_mm=source.grid.spacing_mm, offset=source.grid.offset)
    dose = plan.at(grid)
    if source.gain is not None:
        gain = rng.normal(source.gain.mean_pct, source.gain.sd_pct) / 100.0
        outside = 1.0 / (1.0 + np.exp((dose / plan.prescription_gy - 0.85) / 0.03))
        dose = dose * (1.0 + gain * outside) * (1.0 + rng.normal(0.0, source.gain.whole_sd_pct) / 100.0)
    if any(deviation.values()):
        dose = dose * (1.0 + _nearest(grid, solids, [deviation[solid.name] for solid in solids]))
    return Image(grid, np.maximum(dose, 0.0))


def _nearest(grid: Grid, solids: list[Solid], values: list[float]) -> FloatArray:
    """Give each point the value of the nearest solid, so that it is constant within and around each."""
    x, y, z = grid.x_mm[None, None, :], grid.y_mm[None, :, None], grid.z_mm[:, None, None]
    nearest = np.argmin(np.stack([solid.distance_mm(x, y, z) for solid in solids]), axis=0)
    found: FloatArray = np.array(values)[nearest]
    return found


def _all_deviations(settings: AgreementSimulation) -> dict[str, Deviations]:
    """Give the deviations of all sources from main."""
    found: dict[str, Deviations] = {MAIN: {}}
    for name, source in settings.sources.items():
        found[name] = {}
        if source.deviation is None:
            continue
        base = found[source.deviation.against]
        for (site, organ), own in _deviations(settings, name, source.deviation).items():
            # Percent of the mean of two sources: the ratio is (1 + e/2) / (1 - e/2).
            ratio = (1.0 + 0.5 * own) / (1.0 - 0.5 * own)
            found[name][site, organ] = (1.0 + base.get((site, organ), 0.0)) * ratio - 1.0
    return found


def _deviations(settings: AgreementSimulation, name: str, deviation: DeviationSettings) -> Deviations:
    found: Deviations = {}
    for site, organs in deviation.outside.items():
        for organ, outside in organs.items():
            rng = task_rng(settings.seed, "deviation", name, site, organ)
            scores = deviation_scores(settings.sites[site].patients, outside, rng)
            found[site, organ] = (deviation.bias_pct + deviation.sd_pct * scores) / 100.0
    return found


def deviation_scores(patients: int, outside: int, rng: np.random.Generator) -> FloatArray:
    """Give scores of which exactly `outside` lie beyond 1.96 standard deviations from the mean.

    An even spread has none (its ends lie at 1.65); single far ones are added on a side that chance decides.

    Raises
    ------
    InputError
        Too few patients for so many.
    """
    even = np.linspace(-_EVEN, _EVEN, patients - outside)
    side = rng.choice([-1.0, 1.0], outside)
    scores = np.concatenate([even, side * _FAR.get(outside, 0.0)])
    beyond = np.abs(scores - scores.mean()) > 1.96 * scores.std(ddof=1)
    if beyond.sum() != outside:
        expected = f"patients enough for {outside} outside the limits of agreement"
        raise InputError(Fault("simulation: outside", expected, str(patients), "Ask for fewer.", "simulation"))
    return rng.permutation(scores)
