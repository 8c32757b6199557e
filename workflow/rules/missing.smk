# Missing values.
# Reads: <results>/cohort/. Writes: <results>/missing/.


rule describe_gaps:
    """Patterns of missing values; the logistic models on complete rows and with gaps imputed."""
    input:
        analysis="<results>/cohort/analysis.csv",
        dictionary="<results>/cohort/dictionary.csv",
        script=script("describe_gaps"),
    output:
        patterns="<results>/missing/patterns.csv",
        models="<results>/missing/models.csv",
    log:
        "<logs>/describe_gaps.log",
    benchmark:
        "<benchmarks>/describe_gaps.tsv"
    conda:
        "../../envs/lungtox.yaml"
    params:
        code=code_digest("describe_gaps"),
        settings=section("missing", "models"),
        columns=canonical_json(
            list(
                dict.fromkeys(
                    [name for name, _ in named_columns(ANALYSIS)]
                    + [
                        f"{cytokine}_{time}"
                        for cytokine in ANALYSIS.association.cytokines
                        for time in ("pre", "during")
                    ]
                )
            )
        ),
        seed=ANALYSIS.seed,
    shell:
        "python {input.script:q} --analysis {input.analysis:q} --dictionary {input.dictionary:q}"
        " --settings {params.settings:q} --columns {params.columns:q} --seed {params.seed}"
        " --patterns {output.patterns:q} --models {output.models:q} >{log:q} 2>&1"
