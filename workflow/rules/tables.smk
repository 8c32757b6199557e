# Tables for a paper: drawn from tables that exist, nothing is computed.
# Reads: the tables of cohort, association, models, added value, ROC and NTCP. Writes: <results>/tables/.


rule write_tables:
    """Write the tables for a paper as CSV, XLSX, LaTeX and DOCX, with their notes and where each number comes from."""
    input:
        cohort=expand(
            "<results>/cohort/{name}.csv", name=if_outcome("table1", "dictionary")
        ),
        association=if_outcome("<results>/association/univariable.csv"),
        cytokines=(
            ["<results>/association/cytokines.csv"]
            if "cytokines" in PAPER_TABLES
            else []
        ),
        models=expand(
            "<results>/models/{model}/{name}",
            model=ANALYSIS.models,
            name=["fit.json", "validation.csv"],
        ),
        ladder=["<results>/added_value/ladder.csv"] if ANALYSIS.ladder else [],
        roc=expand(
            "<results>/roc/{name}.csv",
            name=["auc", "pairs"] if "roc" in PAPER_TABLES else [],
        ),
        ntcp=expand(
            "<results>/ntcp/{ntcp}/{name}",
            ntcp=ANALYSIS.ntcp.fits,
            name=["fit.json", "validation.csv"],
        ),
        published=expand(
            "<results>/ntcp/published/{name}.csv",
            name=["validation", "updates"] if "published" in PAPER_TABLES else [],
        ),
        comparison=["<results>/ntcp/comparison.csv"] if ANALYSIS.ntcp.compare else [],
        script=script("write_tables"),
    output:
        tables=expand(
            "<results>/tables/{table}.{format}",
            table=PAPER_TABLES,
            format=["csv", "xlsx", "tex", "docx"],
        ),
        workbook="<results>/tables/tables.xlsx",
        notes="<results>/tables/notes.csv",
        sources="<results>/tables/sources.csv",
    log:
        "<logs>/write_tables.log",
    benchmark:
        "<benchmarks>/write_tables.tsv"
    conda:
        "../../envs/lungtox.yaml"
    params:
        code=code_digest("write_tables"),
        config=section("report", "inputs", "models", "ladder", "roc", "ntcp"),
        folder=lambda wildcards, output: str(Path(output.workbook).parent.parent),
        out=lambda wildcards, output: str(Path(output.workbook).parent),
    shell:
        "python {input.script:q} --folder {params.folder:q} --config {params.config:q} --out {params.out:q}"
        " >{log:q} 2>&1"
