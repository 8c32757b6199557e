"""lungtox: from radiotherapy DICOM to a validated radiation-pneumonitis risk analysis.

Start it with `make run`. By hand:
snakemake --profile workflow/profiles/default [--config file=my_analysis.yaml]
"""

import os
from pathlib import Path

from snakemake.utils import min_version

from lungtox.config import load_config
from lungtox.extraction import read_patients
from lungtox.provenance import canonical_json, code_digest as digest_of

min_version("9.27")

CONFIG_FILE = config.get("file", "config.yaml")
ANALYSIS = load_config(CONFIG_FILE)
ROWS = {
    row.patient: row
    for row in read_patients(
        ANALYSIS.inputs.patients, structures=ANALYSIS.inputs.structures
    )
}


pathvars:
    results=ANALYSIS.results,
    logs=f"{ANALYSIS.results}/logs",
    benchmarks=f"{ANALYSIS.results}/benchmarks",


# One BLAS, OpenMP and ITK thread per job: the same bytes on any number of cores.
shell.prefix(
    "export OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 MKL_NUM_THREADS=1 ITK_GLOBAL_DEFAULT_NUMBER_OF_THREADS=1; "
)


def script(name):
    """Path of a rule's script, from the working folder: the project may be moved without a rerun."""
    return str(Path(os.path.relpath(workflow.basedir)) / "scripts" / f"{name}.py")


def code_digest(name):
    """Digest of what a rule's script really imports: a changed formula reruns what depends on it, nothing else."""
    return digest_of(script(name))


def section(*names, without=None):
    """The rule's own part of the config as JSON text; a key elsewhere reruns nothing."""
    whole = ANALYSIS.model_dump(
        mode="json", exclude={name: {without} for name in names} if without else None
    )
    values = {name: whole[name] for name in names}
    return canonical_json(values[names[0]] if len(names) == 1 else values)


wildcard_constraints:
    batch=r"[A-Za-z0-9_-]+",
    model=r"[a-z0-9_]+",
    ntcp=r"[a-z0-9_]+",


include: "workflow/rules/dose.smk"
include: "workflow/rules/cohort.smk"
include: "workflow/rules/association.smk"
include: "workflow/rules/models.smk"
include: "workflow/rules/ntcp.smk"
include: "workflow/rules/figures.smk"
include: "workflow/rules/report.smk"


rule all:
    """Everything, up to the report."""
    default_target: True
    input:
        "<results>/report.html",
