# One factor at a time.
# Reads: <results>/cohort/, <results>/dose/model_dvhs.parquet. Writes: <results>/association/.


rule test_associations:
    """Test each factor (q values within families) and each dose level against pneumonitis; correlate the dose metrics."""
    input:
        analysis="<results>/cohort/analysis.csv",
        dictionary="<results>/cohort/dictionary.csv",
        dvh="<results>/dose/model_dvhs.parquet",
        script=script("test_associations"),
    output:
        table=reported(
            "<results>/association/univariable.csv",
            "table_univariable",
            "Single factors and models",
            shown="single factors",
        ),
        strata="<results>/association/strata.csv",
        dose_levels="<results>/association/dose_levels.csv",
        metric_correlations="<results>/association/metric_correlations.csv",
        metric_clusters="<results>/association/metric_clusters.csv",
        metric_tree="<results>/association/metric_tree.csv",
    log:
        "<logs>/test_associations.log",
    benchmark:
        "<benchmarks>/test_associations.tsv"
    conda:
        "../../envs/lungtox.yaml"
    params:
        code=code_digest("test_associations"),
        settings=section("association"),
        metrics=list(ANALYSIS.cohort.metrics),
        seed=ANALYSIS.seed,
    shell:
        "python {input.script:q} --analysis {input.analysis:q} --dictionary {input.dictionary:q} --dvh {input.dvh:q}"
        " --metrics {params.metrics:q} --settings {params.settings:q} --seed {params.seed} --table {output.table:q}"
        " --strata {output.strata:q} --dose-levels {output.dose_levels:q}"
        " --metric-correlations {output.metric_correlations:q} --metric-clusters {output.metric_clusters:q}"
        " --metric-tree {output.metric_tree:q} >{log:q} 2>&1"


rule compare_cytokines:
    """Compare the cytokines in time and between the groups."""
    input:
        analysis="<results>/cohort/analysis.csv",
        dictionary="<results>/cohort/dictionary.csv",
        draws="<results>/cohort/cytokines.csv",
        script=script("compare_cytokines"),
    output:
        table=reported(
            "<results>/association/cytokines.csv",
            "table_cytokine_tests",
            "Cytokines",
            shown="cytokine tests",
        ),
        models="<results>/association/cytokine_models.csv",
    log:
        "<logs>/compare_cytokines.log",
    benchmark:
        "<benchmarks>/compare_cytokines.tsv"
    conda:
        "../../envs/lungtox.yaml"
    params:
        code=code_digest("compare_cytokines"),
        settings=section("association"),
        seed=ANALYSIS.seed,
    shell:
        "python {input.script:q} --analysis {input.analysis:q} --dictionary {input.dictionary:q}"
        " --draws {input.draws:q} --settings {params.settings:q} --seed {params.seed} --table {output.table:q}"
        " --models {output.models:q} >{log:q} 2>&1"
