# Dose response: models fitted to this cohort, published models tried on it.
# Reads: <results>/dose/model_dvhs.parquet, <results>/delivered/model_dvhs.parquet, <results>/cohort/. Writes: <results>/ntcp/.


rule fit_ntcp:
    """Fit one NTCP model to the cohort and write its estimates with profile-likelihood intervals."""
    input:
        dvh=lambda wildcards: "{}/{}/model_dvhs.parquet".format(
            ANALYSIS.results,
            {"planned": "dose"}.get(
                ANALYSIS.ntcp.fits[wildcards.ntcp].dose, "delivered"
            ),
        ),
        cohort="<results>/cohort/analysis.csv",
        script=script("fit_ntcp"),
    output:
        fit="<results>/ntcp/{ntcp}/fit.json",
        predictions="<results>/ntcp/{ntcp}/predictions.csv",
        curve="<results>/ntcp/{ntcp}/curve.csv",
        bins="<results>/ntcp/{ntcp}/bins.csv",
        surface="<results>/ntcp/{ntcp}/surface.csv",
        intervals="<results>/ntcp/{ntcp}/intervals.csv",
        validation="<results>/ntcp/{ntcp}/validation.csv",
        course="<results>/ntcp/{ntcp}/course.csv",
    log:
        "<logs>/fit_ntcp/{ntcp}.log",
    benchmark:
        "<benchmarks>/fit_ntcp/{ntcp}.tsv"
    conda:
        "../../envs/lungtox.yaml"
    params:
        code=code_digest("fit_ntcp"),
        settings=lambda wildcards: canonical_json(
            ANALYSIS.ntcp.fits[wildcards.ntcp].model_dump(mode="json")
        ),
        start=ANALYSIS.endpoint.start,
        seed=ANALYSIS.seed,
    shell:
        "python {input.script:q} --dvh {input.dvh:q} --cohort {input.cohort:q} --name {wildcards.ntcp:q}"
        " --settings {params.settings:q} --fit {output.fit:q} --predictions {output.predictions:q}"
        " --curve {output.curve:q} --bins {output.bins:q} --surface {output.surface:q}"
        " --intervals {output.intervals:q} --validation {output.validation:q} --course {output.course:q}"
        " --start {params.start} --seed {params.seed} >{log:q} 2>&1"


rule compare_fits:
    """Put the information criteria of the NTCP fits side by side, with the weights of those to the same patients."""
    input:
        fits=expand("<results>/ntcp/{ntcp}/fit.json", ntcp=ANALYSIS.ntcp.fits),
        script=script("compare_fits"),
    output:
        criteria="<results>/ntcp/criteria.csv",
    log:
        "<logs>/compare_fits.log",
    benchmark:
        "<benchmarks>/compare_fits.tsv"
    conda:
        "../../envs/lungtox.yaml"
    params:
        code=code_digest("compare_fits"),
    shell:
        "python {input.script:q} --fits {input.fits:q} --criteria {output.criteria:q} >{log:q} 2>&1"


rule validate_published:
    """Apply the published models that the config names and show how well they do here."""
    input:
        dvh="<results>/dose/model_dvhs.parquet",
        cohort="<results>/cohort/analysis.csv",
        script=script("validate_published"),
    output:
        predictions="<results>/ntcp/published/predictions.csv",
        validation=reported(
            "<results>/ntcp/published/validation.csv",
            "table_published_validation",
            "Dose response",
            shown="published models",
        ),
        curves="<results>/ntcp/published/curves.csv",
        alpha_beta="<results>/ntcp/published/alpha_beta.csv",
        updates=expand("<results>/ntcp/published/{name}.csv", name=PUBLISHED_TABLES),
    log:
        "<logs>/validate_published.log",
    benchmark:
        "<benchmarks>/validate_published.tsv"
    conda:
        "../../envs/lungtox.yaml"
    params:
        code=code_digest("validate_published"),
        settings=section("ntcp"),
    shell:
        "python {input.script:q} --dvh {input.dvh:q} --cohort {input.cohort:q} --settings {params.settings:q}"
        " --predictions {output.predictions:q} --validation {output.validation:q} --curves {output.curves:q}"
        " --alpha-beta {output.alpha_beta:q}"
        " --updates {output.updates:q} >{log:q} 2>&1"


rule compare_ntcp:
    """Descriptions of the dose side by side, alone and with further predictors, on the same patients."""
    input:
        dvh="<results>/dose/model_dvhs.parquet",
        cohort="<results>/cohort/analysis.csv",
        dictionary="<results>/cohort/dictionary.csv",
        script=script("compare_ntcp"),
    output:
        comparison=reported(
            "<results>/ntcp/comparison.csv",
            "table_comparison",
            "Dose response",
            shown="descriptions of the dose",
        ),
        profile="<results>/ntcp/volume_profile.csv",
    log:
        "<logs>/compare_ntcp.log",
    benchmark:
        "<benchmarks>/compare_ntcp.tsv"
    conda:
        "../../envs/lungtox.yaml"
    params:
        code=code_digest("compare_ntcp"),
        settings=lambda wildcards: canonical_json(
            ANALYSIS.ntcp.compare.model_dump(mode="json"), sort=False
        ),
        validation=section("validation"),
        seed=ANALYSIS.seed,
    shell:
        "python {input.script:q} --dvh {input.dvh:q} --cohort {input.cohort:q} --dictionary {input.dictionary:q}"
        " --settings {params.settings:q} --validation-settings {params.validation:q} --seed {params.seed}"
        " --comparison {output.comparison:q} --profile {output.profile:q} >{log:q} 2>&1"
