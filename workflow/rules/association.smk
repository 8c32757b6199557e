# One factor at a time.
# Reads: <results>/cohort/. Writes: <results>/association/.


rule test_associations:
    """Test each factor against pneumonitis, with effects, intervals and q values within families."""
    input:
        analysis="<results>/cohort/analysis.csv",
        dictionary="<results>/cohort/dictionary.csv",
        script=script("test_associations"),
    output:
        table=reported(
            "<results>/association/univariable.csv",
            "table_univariable",
            "Single factors and models",
            shown="single factors",
        ),
        strata="<results>/association/strata.csv",
    log:
        "<logs>/test_associations.log",
    benchmark:
        "<benchmarks>/test_associations.tsv"
    conda:
        "../../envs/lungtox.yaml"
    params:
        code=code_digest("test_associations"),
        settings=section("association"),
        seed=ANALYSIS.seed,
    shell:
        "python {input.script:q} --analysis {input.analysis:q} --dictionary {input.dictionary:q}"
        " --settings {params.settings:q} --seed {params.seed} --table {output.table:q} --strata {output.strata:q}"
        " >{log:q} 2>&1"


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
