# Several factors together, and how well they discriminate.
# Reads: <results>/cohort/. Writes: <results>/models/, <results>/added_value/, <results>/roc/.


rule fit_logistic:
    """Fit one logistic model, check it, validate it by the optimism bootstrap and by cross-validation."""
    input:
        analysis="<results>/cohort/analysis.csv",
        dictionary="<results>/cohort/dictionary.csv",
        cytokines=draws_of,
        script=script("fit_logistic"),
    output:
        fit="<results>/models/{model}/fit.json",
        tables=expand("<results>/models/{{model}}/{name}.csv", name=MODEL_TABLES),
    log:
        "<logs>/fit_logistic/{model}.log",
    benchmark:
        "<benchmarks>/fit_logistic/{model}.tsv"
    conda:
        "../../envs/lungtox.yaml"
    params:
        code=code_digest("fit_logistic"),
        model=lambda wildcards: canonical_json(
            ANALYSIS.models[wildcards.model].model_dump(mode="json")
        ),
        validation=section("validation"),
        missing=section("missing"),
        start=ANALYSIS.endpoint.start,
        seed=ANALYSIS.seed,
        folder=lambda wildcards, output: str(Path(output.fit).parent),
    shell:
        "python {input.script:q} --analysis {input.analysis:q} --dictionary {input.dictionary:q}"
        " --name {wildcards.model:q} --model {params.model:q} --validation-settings {params.validation:q}"
        " --missing {params.missing:q} --cytokines {input.cytokines:q} --start {params.start} --seed {params.seed}"
        " --folder {params.folder:q} >{log:q} 2>&1"


rule measure_added_value:
    """What each group of predictors adds to those before, on the same patients."""
    input:
        analysis="<results>/cohort/analysis.csv",
        dictionary="<results>/cohort/dictionary.csv",
        script=script("measure_added_value"),
    output:
        ladder=reported(
            "<results>/added_value/ladder.csv",
            "table_ladder",
            "Single factors and models",
            shown="added value",
        ),
    log:
        "<logs>/measure_added_value.log",
    benchmark:
        "<benchmarks>/measure_added_value.tsv"
    conda:
        "../../envs/lungtox.yaml"
    params:
        code=code_digest("measure_added_value"),
        settings=section("ladder"),
        validation=section("validation"),
        seed=ANALYSIS.seed,
    shell:
        "python {input.script:q} --analysis {input.analysis:q} --dictionary {input.dictionary:q}"
        " --settings {params.settings:q} --validation-settings {params.validation:q} --seed {params.seed}"
        " --ladder {output.ladder:q} >{log:q} 2>&1"


rule compare_roc:
    """ROC curves of single scores with bands, AUC, partial areas, cut-points, the declared paired comparisons."""
    input:
        analysis="<results>/cohort/analysis.csv",
        dictionary="<results>/cohort/dictionary.csv",
        script=script("compare_roc"),
    output:
        auc=reported(
            "<results>/roc/auc.csv", "table_auc", "Discrimination", shown="AUC"
        ),
        curves="<results>/roc/curves.csv",
        pairs=reported(
            "<results>/roc/pairs.csv",
            "table_pairs",
            "Discrimination",
            shown="paired comparisons",
        ),
        bands="<results>/roc/bands.csv",
        partial="<results>/roc/partial.csv",
        cut_points="<results>/roc/cut_points.csv",
    log:
        "<logs>/compare_roc.log",
    benchmark:
        "<benchmarks>/compare_roc.tsv"
    conda:
        "../../envs/lungtox.yaml"
    params:
        code=code_digest("compare_roc"),
        settings=section("roc"),
        seed=ANALYSIS.seed,
    shell:
        "python {input.script:q} --analysis {input.analysis:q} --dictionary {input.dictionary:q}"
        " --settings {params.settings:q} --seed {params.seed} --auc {output.auc:q} --curves {output.curves:q}"
        " --pairs {output.pairs:q} --bands {output.bands:q} --partial {output.partial:q}"
        " --cut-points {output.cut_points:q}"
        " >{log:q} 2>&1"
