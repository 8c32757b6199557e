# Doses, clinical data and cytokines -> one row per patient.
# Reads: <results>/dose/, the tables of `inputs`. Writes: <results>/cohort/.


rule read_tables:
    """Read the clinical table, grades and cytokines, whatever their kind, into the form of file-contracts.md."""
    input:
        tables=[
            table
            for table in (
                ANALYSIS.inputs.clinical,
                ANALYSIS.inputs.grades,
                ANALYSIS.inputs.cytokines,
                ANALYSIS.inputs.key,
            )
            if table
        ],
        script=script("read_tables"),
    output:
        clinical="<results>/cohort/clinical.csv",
        cytokines=(
            ["<results>/cohort/cytokines.csv"] if ANALYSIS.inputs.cytokines else []
        ),
        remarks="<results>/cohort/tables.json",
    log:
        "<logs>/read_tables.log",
    benchmark:
        "<benchmarks>/read_tables.tsv"
    conda:
        "../../envs/lungtox.yaml"
    params:
        code=code_digest("read_tables"),
        settings=section("inputs", "tables", "endpoint"),
    shell:
        "python {input.script:q} --settings {params.settings:q} --clinical {output.clinical:q}"
        " --cytokines {output.cytokines:q} --remarks {output.remarks:q} >{log:q} 2>&1"


rule assemble_cohort:
    """Merge everything known of each patient; nobody disappears in silence."""
    input:
        metrics="<results>/dose/metrics.csv",
        qa=expand("<results>/dose/{batch}.qa.json", batch=BATCHES),
        clinical="<results>/cohort/clinical.csv",
        cytokines=(
            ["<results>/cohort/cytokines.csv"] if ANALYSIS.inputs.cytokines else []
        ),
        remarks="<results>/cohort/tables.json",
        delivered=(
            ["<results>/delivered/metrics.csv"]
            if any(one.dose == "delivered" for one in ANALYSIS.cohort.metrics.values())
            else []
        ),
        script=script("assemble_cohort"),
    output:
        analysis="<results>/cohort/analysis.csv",
        exclusions="<results>/cohort/exclusions.csv",
        dictionary="<results>/cohort/dictionary.csv",
        warnings="<results>/cohort/warnings.json",
    log:
        "<logs>/assemble_cohort.log",
    benchmark:
        "<benchmarks>/assemble_cohort.tsv"
    conda:
        "../../envs/lungtox.yaml"
    params:
        code=code_digest("assemble_cohort"),
        settings=section("cohort", "endpoint"),
    shell:
        "python {input.script:q} --metrics {input.metrics:q} --qa {input.qa:q} --clinical {input.clinical:q}"
        " --cytokines {input.cytokines:q} --remarks {input.remarks:q} --delivered {input.delivered:q} --settings {params.settings:q} --analysis {output.analysis:q}"
        " --exclusions {output.exclusions:q} --dictionary {output.dictionary:q} --warnings {output.warnings:q}"
        " >{log:q} 2>&1"


rule describe_cohort:
    """Table 1, the flow of patients and what is missing."""
    input:
        analysis="<results>/cohort/analysis.csv",
        exclusions="<results>/cohort/exclusions.csv",
        dictionary="<results>/cohort/dictionary.csv",
        script=script("describe_cohort"),
    output:
        table1=reported(
            "<results>/cohort/table1.csv", "table_1", "Patients", shown="Table 1"
        ),
        flow=reported(
            "<results>/cohort/flow.csv",
            "table_flow",
            "Patients",
            shown="flow of patients",
        ),
        missing="<results>/cohort/missing.csv",
    log:
        "<logs>/describe_cohort.log",
    benchmark:
        "<benchmarks>/describe_cohort.tsv"
    conda:
        "../../envs/lungtox.yaml"
    params:
        code=code_digest("describe_cohort"),
    shell:
        "python {input.script:q} --analysis {input.analysis:q} --exclusions {input.exclusions:q}"
        " --dictionary {input.dictionary:q} --table1 {output.table1:q} --flow {output.flow:q}"
        " --missing {output.missing:q} >{log:q} 2>&1"
