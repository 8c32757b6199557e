# What this analysis is: its config, its patients and their batches, and what a change of each reruns. No rules.

import csv
import os
from pathlib import Path

from lungtox.config import load_config, named_columns
from lungtox.extraction import read_patients
from lungtox.models.landmark import DURING
from lungtox.provenance import canonical_json, code_digest as digest_of

ANALYSIS = load_config(config.get("file", "config.yaml"))
ROWS = {
    row.patient: row
    for row in read_patients(
        ANALYSIS.inputs.patients,
        structures=ANALYSIS.inputs.structures,
        accept_from_score=ANALYSIS.names.accept_from_score,
    )
}
FIGURES = (
    ["dvh_groups", "roc", "forest", "ntcp"]
    + ["calibration", "decision", "stability", "dendrogram"]
    + (["cytokines"] if ANALYSIS.inputs.cytokines else [])
    + (["incidence"] if ANALYSIS.time else [])
    + (
        ["function_sweep"]
        if ANALYSIS.function is not None and ANALYSIS.function.sweep
        else []
    )
    + (["missing"] if ANALYSIS.missing else [])
)

# Tables of one logistic model, beside its fit.json.
MODEL_TABLES = [
    "predictions",
    "validation",
    "calibration",
    "decision",
    "stability",
    "selection",
    "internal_external",
    "collinearity",
    "dendrogram",
    "influence",
]


def make_batches(patients, size):
    """Batches in the order of patients.csv: new patients go to its end, so that full batches never change."""
    if size == 1:
        return {patient: [patient] for patient in patients}
    chunks = [patients[start : start + size] for start in range(0, len(patients), size)]
    return {f"batch{number:05d}": chunk for number, chunk in enumerate(chunks)}


BATCHES = make_batches(list(ROWS), ANALYSIS.dose.patients_per_job)
BATCH_OF = {
    patient: batch for batch, patients in BATCHES.items() for patient in patients
}
PAGES = str(config.get("pages", 10))  # how many patients get a page, or all


def chosen_pages(wildcards):
    """Pages of the chosen patients; who that is shows only when all are extracted."""
    with open(checkpoints.choose_pages.get().output.chosen, newline="") as stream:
        return [
            f"{ANALYSIS.results}/pages/{row['page']}" for row in csv.DictReader(stream)
        ]


def overlays(wildcards):
    """Pictures of the registrations of images; who has one shows only when all are extracted."""
    with open(checkpoints.choose_pages.get().output.overlays, newline="") as stream:
        return [
            f"{ANALYSIS.results}/pages/{row['overlay']}"
            for row in csv.DictReader(stream)
        ]


def script(name):
    """Path of a rule's script, from the working folder: the project may be moved without a rerun."""
    return str(Path(os.path.relpath(workflow.basedir)) / "scripts" / f"{name}.py")


def code_digest(name):
    """Digest of what a rule's script really imports: a changed formula reruns what depends on it, nothing else."""
    return digest_of(script(name))


def draws_of(wildcards):
    """The cytokine table for a model that uses a value drawn during radiotherapy; no other model reruns with it."""
    uses = any(
        DURING.fullmatch(name) for name in ANALYSIS.models[wildcards.model].predictors
    )
    return (
        ["<results>/cohort/cytokines.csv"] if uses and ANALYSIS.inputs.cytokines else []
    )


def section(*names, without=None):
    """The rule's own part of the config as JSON text; a key elsewhere reruns nothing."""
    whole = ANALYSIS.model_dump(
        mode="json", exclude={name: {without} for name in names} if without else None
    )
    values = {name: whole[name] for name in names}
    # In the order of the config, which tables and figures follow; keys that are typed have an order of their own.
    return canonical_json(values[names[0]] if len(names) == 1 else values, sort=False)
