"""The results of a study preset without the workflow: the library calls of its rules, in one process."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import yaml

from lungtox.cohort import merge_cohort, read_clinical, read_cytokines
from lungtox.config import Config, load_config
from lungtox.dose import compute_metrics_table
from lungtox.extraction import extract_batch, read_patients
from lungtox.models import (
    ResultTables,
    compare_cytokines,
    compare_findings,
    compare_roc,
    compare_strata,
    fit_logistic,
    fit_to_json,
    model_cytokines,
)
from lungtox.models import test_associations as associations_of
from lungtox.synthetic import write_study
from lungtox.tables import read_csv

PROJECT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class StudyResults:
    """A simulated study: its analysis table, what the tests gave, its printed findings beside it."""

    config: Config
    folder: Path
    analysis: pd.DataFrame
    tables: ResultTables
    findings: pd.DataFrame

    def of(self, finding: str) -> dict[str, object]:
        """Give the row of one finding."""
        rows = self.findings[self.findings["finding"] == finding].to_dict("records")
        assert len(rows) == 1, finding
        return {str(key): value for key, value in rows[0].items()}


def study_results(name: str, folder: Path, *, seed: int | None = None) -> StudyResults:
    """Simulate a study into a folder and analyse it with the preset's config, without resampling."""
    preset = PROJECT / "studies" / name
    simulation = preset / "simulation.yaml"
    if seed is not None:
        raw = yaml.safe_load(simulation.read_text(encoding="utf-8"))
        simulation = folder.with_suffix(".yaml")
        simulation.write_text(yaml.safe_dump({**raw, "seed": seed, "seeds": {}}), encoding="utf-8")
    write_study(simulation, folder)
    config = load_config(preset / "config.yaml")
    rows = read_patients(folder / "patients.csv", structures=folder / "structures.csv")
    extracted = extract_batch(rows, dose=config.dose, function=config.function)
    dvhs = [(one.patient, dvh) for one in extracted for dvh in one.dvhs]
    draws = read_cytokines(folder / "cytokines.csv") if config.inputs.cytokines else None
    cohort = merge_cohort(
        qa={one.patient: one.qa for one in extracted},
        metrics=compute_metrics_table(dvhs, dose=config.dose, function=config.function).to_pandas(),
        clinical=read_clinical(folder / "clinical.csv"),
        cytokines=draws,
        settings=config.cohort,
        endpoint=config.endpoint,
    )
    tables = _tables(config, cohort.analysis, cohort.dictionary, draws)
    assert config.printed is not None
    printed = read_csv(PROJECT / config.printed.findings, dtype=str).fillna("")
    return StudyResults(config, folder, cohort.analysis, tables, compare_findings(printed, tables))


def _tables(
    config: Config, analysis: pd.DataFrame, dictionary: pd.DataFrame, draws: pd.DataFrame | None
) -> ResultTables:
    rng = np.random.default_rng(1)
    settings = config.association
    roc = config.roc.model_copy(update={"scores": [], "cut_points": []})
    fits = {
        name: fit_to_json(
            fit_logistic(
                analysis, outcome="rp", predictors=model.predictors, dictionary=dictionary, selection=model.selection
            ),
            model=name,
            dictionary=dictionary,
        )
        for name, model in config.models.items()
    }
    return ResultTables(
        analysis=analysis,
        univariable=associations_of(analysis, settings=settings, dictionary=dictionary),
        strata=compare_strata(analysis, settings=settings, dictionary=dictionary),
        pairs=compare_roc(analysis, settings=roc, rng=rng, dictionary=dictionary).pairs,
        cytokines=None if draws is None else compare_cytokines(analysis, settings=settings, dictionary=dictionary),
        cytokine_models=None
        if draws is None
        else model_cytokines(analysis, draws, settings=settings, rng=rng, dictionary=dictionary),
        fits=fits,
    )
