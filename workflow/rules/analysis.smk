# What this analysis is: its config, its patients and their batches, and what a change of each reruns. No rules.

import csv
import os
from pathlib import Path

from lungtox.config import load_config, named_columns
from lungtox.fractionation.config import fractionation_selections
from lungtox.extraction import read_patients, read_sessions
from lungtox.models.landmark import DURING
from lungtox.provenance import canonical_json, code_digest as digest_of
from lungtox.report import input_tables, paper_table_names

ANALYSIS = load_config(config.get("file", "config.yaml"))
ROWS = {
    row.patient: row
    for row in read_patients(
        ANALYSIS.inputs.patients,
        structures=ANALYSIS.inputs.structures,
        accept_from_score=ANALYSIS.names.accept_from_score,
    )
}
# Tables that the config names; the key file stays out of every record.
TABLES = input_tables(ANALYSIS.model_dump(mode="json"))
TABLES.pop("key", None)
OUTCOME = ANALYSIS.has_outcome  # without a clinical table doses alone are analysed
AGREEMENT_FIGURES = ["agreement", "agreement_forest", "agreement_curves"]
FIGURES = (
    (
        ["flow", "dvh_groups", "dvh_differences", "dose_levels"]
        + ["roc", "forest", "ntcp"]
        + ["calibration", "decision", "stability", "dendrogram", "correlations"]
        if OUTCOME
        else []
    )
    + (AGREEMENT_FIGURES if ANALYSIS.agreement else [])
    + (["fractionation"] if ANALYSIS.fractionation else [])
    + (["dvh_curves"] if ANALYSIS.dvh_curve else [])
    + (["delivered"] if ANALYSIS.delivered else [])
    + (["cytokines"] if ANALYSIS.inputs.cytokines else [])
    + (["incidence"] if ANALYSIS.time else [])
    + (
        ["function_sweep"]
        if OUTCOME and ANALYSIS.function is not None and ANALYSIS.function.sweep
        else []
    )
    + (["missing"] if ANALYSIS.missing else [])
    + (["published"] if ANALYSIS.ntcp.published else [])
    + (["ntcp_comparison"] if ANALYSIS.ntcp.compare else [])
    + (
        ["ntcp_surface"]
        if any(fit.surface for fit in ANALYSIS.ntcp.fits.values())
        else []
    )
    + (["ntcp_time"] if any(fit.time for fit in ANALYSIS.ntcp.fits.values()) else [])
)

NTCP_IN_TIME = [name for name, fit in ANALYSIS.ntcp.fits.items() if fit.time]

# Tables for a paper; none without an outcome.
PAPER_TABLES = list(paper_table_names(ANALYSIS.model_dump(mode="json")))

# Tables of the published models, beside their predictions, validation and curves.
PUBLISHED_TABLES = [
    "updates",
    "update_steps",
    "update_parameters",
    "update_curves",
    "calibration",
    "net_benefit",
]

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


# Tables of delivered dose that the report reads.
DELIVERED_TABLES = [
    "metrics",
    "paired",
    "ntcp",
    "trend",
    "quality",
    "fields",
    "left_out",
]


def if_outcome(*paths):
    """Paths that only an analysis with an outcome has."""
    return list(paths) if OUTCOME else []


def make_batches(members, size, name="batch"):
    """Batches in the order of patients.csv: new patients go to its end, so that full batches never change."""
    chunks = [members[start : start + size] for start in range(0, len(members), size)]
    return {f"{name}{number:05d}": chunk for number, chunk in enumerate(chunks)}


# One patient a job by default, under the patient's own name.
BATCHES = (
    {patient: [patient] for patient in ROWS}
    if ANALYSIS.dose.patients_per_job == 1
    else make_batches(list(ROWS), ANALYSIS.dose.patients_per_job)
)
# Metrics of one batch take less time than starting a job for them.
GROUPS = make_batches(list(BATCHES), 20, name="group")
BATCH_OF = {
    patient: batch for batch, patients in BATCHES.items() for patient in patients
}


def files_of_group(ending):
    """Files of a group's batches, as an input function."""

    def files(wildcards):
        return [
            f"{ANALYSIS.results}/dose/{batch}.{ending}"
            for batch in GROUPS[wildcards.group]
        ]

    return files


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


def figure_files(figure, category, *, named=True):
    """Files of a figure, its table last; the picture goes into Snakemake's own report, under its caption."""
    stem = f"<results>/figures/{figure}"
    endings = {"pdf": ".pdf", "svg": ".svg", "png": ".png", "table": ".csv"}
    files = multiext(stem, **endings) if named else multiext(stem, *endings.values())
    return [
        (
            reported(path, figure, category, shown=figure)
            if path.endswith(".svg")
            else path
        )
        for path in files
    ]


def figure_stem(wildcards, output):
    """Path of a rule's figure without its ending, as its script takes it."""
    return str(Path(output.pdf).with_suffix(""))


def files_of_figures(figures, category):
    """Files of several figures that one rule draws."""
    return [
        path
        for figure in figures
        for path in figure_files(figure, category, named=False)
    ]


def reported(path, caption, category, *, shown):
    """A result that Snakemake's own report shows: workflow/report/{caption}.rst is its caption."""
    return report(
        path,
        caption=f"../report/{caption}.rst",
        category=category,
        labels={"result": shown.replace("_", " ")},
    )
