# Several factors together, and how well they discriminate.
# Reads: <results>/cohort/. Writes: <results>/models/, <results>/roc/.


rule fit_logistic:
    """Fit one logistic model, validate it by the optimism bootstrap."""
    input:
        analysis="<results>/cohort/analysis.csv",
        dictionary="<results>/cohort/dictionary.csv",
        script=script("fit_logistic"),
    output:
        fit="<results>/models/{model}/fit.json",
        predictions="<results>/models/{model}/predictions.csv",
        validation="<results>/models/{model}/validation.csv",
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
        seed=ANALYSIS.seed,
    shell:
        "python {input.script:q} --analysis {input.analysis:q} --dictionary {input.dictionary:q}"
        " --name {wildcards.model:q} --model {params.model:q} --validation-settings {params.validation:q}"
        " --seed {params.seed} --fit {output.fit:q} --predictions {output.predictions:q}"
        " --validation {output.validation:q} >{log:q} 2>&1"


rule compare_roc:
    """ROC curves of single scores with bands, AUC, partial areas, cut-points, the declared paired comparisons."""
    input:
        analysis="<results>/cohort/analysis.csv",
        dictionary="<results>/cohort/dictionary.csv",
        script=script("compare_roc"),
    output:
        auc="<results>/roc/auc.csv",
        curves="<results>/roc/curves.csv",
        pairs="<results>/roc/pairs.csv",
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
