"""lungtox: from radiotherapy DICOM to a validated radiation-pneumonitis risk analysis.

Start it with `make run`. By hand:
snakemake --profile workflow/profiles/default [--config file=my_analysis.yaml]
"""

from snakemake.utils import min_version

min_version("9.27")


# Opening words of `snakemake --report`.
report: "workflow/report/workflow.rst"


include: "workflow/rules/analysis.smk"


pathvars:
    results=ANALYSIS.results,
    logs=f"{ANALYSIS.results}/logs",
    benchmarks=f"{ANALYSIS.results}/benchmarks",


# One BLAS, OpenMP and ITK thread per job: the same bytes on any number of cores.
shell.prefix(
    "export OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 MKL_NUM_THREADS=1 ITK_GLOBAL_DEFAULT_NUMBER_OF_THREADS=1; "
)


wildcard_constraints:
    batch=r"[A-Za-z0-9_-]+",
    group=r"group[0-9]+",
    model=r"[a-z0-9_]+",
    ntcp=r"[a-z0-9_]+",
    patient=r"[A-Za-z0-9_-]+",
    source=r"[a-z][a-z0-9_]*",


include: "workflow/rules/dose.smk"
include: "workflow/rules/cohort.smk"
include: "workflow/rules/association.smk"
include: "workflow/rules/models.smk"
include: "workflow/rules/ntcp.smk"
include: "workflow/rules/time.smk"
include: "workflow/rules/function.smk"
include: "workflow/rules/missing.smk"
include: "workflow/rules/printed.smk"
include: "workflow/rules/sources.smk"
include: "workflow/rules/agreement.smk"
include: "workflow/rules/fractionation.smk"
include: "workflow/rules/dvhcurve.smk"
include: "workflow/rules/delivered.smk"
include: "workflow/rules/figures.smk"
include: "workflow/rules/pages.smk"
include: "workflow/rules/tables.smk"
include: "workflow/rules/report.smk"
include: "workflow/rules/written.smk"
include: "workflow/rules/crate.smk"


rule all:
    """Everything, up to the report, the tables for a paper and the record of the run."""
    default_target: True
    input:
        "<results>/report.html",
        "<results>/report.docx",
        ["<results>/tables/tables.xlsx"] if PAPER_TABLES else [],
        "<results>/ro-crate-metadata.json",
