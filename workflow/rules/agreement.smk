# Agreement of two sources of dose for the same patients.
# Reads: the files that the sources' tables name, <results>/dose/. Writes: <results>/agreement/, figures/agreement*.


use rule extract_dose as extract_other_dose with:
    input:
        files=lambda wildcards: [
            path for row in other_rows(wildcards) for path in row.files
        ],
        script=script("extract_dose"),
    output:
        dvh="<results>/agreement/{source}/{batch}.dvh.parquet",
        bounds="<results>/agreement/{source}/{batch}.bounds.parquet",
        sweep="<results>/agreement/{source}/{batch}.sweep.parquet",
        qa="<results>/agreement/{source}/{batch}.qa.json",
    log:
        "<logs>/extract_other_dose/{source}/{batch}.log",
    benchmark:
        "<benchmarks>/extract_other_dose/{source}/{batch}.tsv"
    params:
        code=code_digest("extract_dose"),
        settings=section("dose", "registration", "names", without="metrics"),
        rows=lambda wildcards: [row.digest for row in other_rows(wildcards)],
        patients=lambda wildcards: OTHER_BATCHES[wildcards.source][wildcards.batch],
        table=lambda wildcards: SOURCES[wildcards.source].patients,
        structures=lambda wildcards: (
            SOURCES[wildcards.source].structures or ANALYSIS.inputs.structures
        ),


use rule compute_metrics as compute_other_metrics with:
    input:
        dvh=other_group("dvh.parquet"),
        bounds=other_group("bounds.parquet"),
        qa=other_group("qa.json"),
        script=script("compute_metrics"),
    output:
        metrics="<results>/agreement/{source}/{group}.metrics.parquet",
    log:
        "<logs>/compute_other_metrics/{source}/{group}.log",
    benchmark:
        "<benchmarks>/compute_other_metrics/{source}/{group}.tsv"


use rule gather_metrics as gather_other_metrics with:
    input:
        metrics=lambda wildcards: [
            f"{ANALYSIS.results}/agreement/{wildcards.source}/{group}.metrics.parquet"
            for group in OTHER_GROUPS[wildcards.source]
        ],
        script=script("gather_metrics"),
    output:
        metrics="<results>/agreement/{source}/metrics.csv",
        sensitivity="<results>/agreement/{source}/sensitivity.csv",
    log:
        "<logs>/gather_other_metrics/{source}.log",
    benchmark:
        "<benchmarks>/gather_other_metrics/{source}.tsv"


rule compare_sources:
    """Compare the metrics of the same patients from two sources, each against its clinical limit."""
    input:
        metrics=["<results>/dose/metrics.csv"]
        + expand(
            "<results>/agreement/{source}/metrics.csv",
            source=SOURCES,
        ),
        qa=[path for paths in files_of_sources("qa.json").values() for path in paths],
        cases=CASES,
        script=script("compare_sources"),
    output:
        metrics="<results>/agreement/metrics.csv",
        pairs="<results>/agreement/pairs.csv",
        points="<results>/agreement/points.csv",
        dispersion="<results>/agreement/dispersion.csv",
        unpaired="<results>/agreement/unpaired.csv",
    log:
        "<logs>/compare_sources.log",
    benchmark:
        "<benchmarks>/compare_sources.tsv"
    conda:
        "../../envs/lungtox.yaml"
    params:
        code=code_digest("compare_sources"),
        settings=section("agreement"),
        qa=named(files_of_sources("qa.json")),
    shell:
        "python {input.script:q} --values {input.metrics:q} --qa {params.qa:q} --settings {params.settings:q}"
        " --metrics {output.metrics:q} --pairs {output.pairs:q} --points {output.points:q}"
        " --dispersion {output.dispersion:q} --unpaired {output.unpaired:q} >{log:q} 2>&1"


rule compare_curves:
    """Compare the cumulative DVHs of the same patients along the dose."""
    input:
        dvh=[
            path
            for paths in files_of_sources("dvh.parquet").values()
            for path in paths
        ],
        cases=CASES,
        script=script("compare_curves"),
    output:
        curves="<results>/agreement/curves.csv",
        distances="<results>/agreement/distances.csv",
        summary="<results>/agreement/curve_summary.csv",
        unpaired="<results>/agreement/curve_unpaired.csv",
    log:
        "<logs>/compare_curves.log",
    benchmark:
        "<benchmarks>/compare_curves.tsv"
    conda:
        "../../envs/lungtox.yaml"
    params:
        code=code_digest("compare_curves"),
        settings=section("agreement"),
        patients=list(
            dict.fromkeys(
                [*ROWS, *(name for rows in OTHER_ROWS.values() for name in rows)]
            )
        ),
        dvh=named(files_of_sources("dvh.parquet")),
    shell:
        "python {input.script:q} --dvh {params.dvh:q} --patients {params.patients:q}"
        " --settings {params.settings:q} --curves {output.curves:q} --distances {output.distances:q}"
        " --summary {output.summary:q} --unpaired {output.unpaired:q} >{log:q} 2>&1"


rule plot_agreement:
    """Bland-Altman panels, differences against their clinical limits, and differences of DVH curves."""
    input:
        metrics="<results>/agreement/metrics.csv",
        pairs="<results>/agreement/pairs.csv",
        curves="<results>/agreement/curves.csv",
        script=script("plot_agreement"),
    output:
        files_of_figures(AGREEMENT_FIGURES, "Agreement"),
    log:
        "<logs>/plot_agreement.log",
    benchmark:
        "<benchmarks>/plot_agreement.tsv"
    conda:
        "../../envs/lungtox.yaml"
    params:
        code=code_digest("plot_agreement"),
        settings=section("figures", "agreement"),
        folder=lambda wildcards, output: str(Path(output[0]).parent),
    shell:
        "python {input.script:q} --metrics {input.metrics:q} --pairs {input.pairs:q} --curves {input.curves:q}"
        " --settings {params.settings:q} --folder {params.folder:q} >{log:q} 2>&1"
