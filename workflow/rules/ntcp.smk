# Dose response: models fitted to this cohort, published models tried on it.
# Reads: <results>/dose/model_dvhs.parquet, <results>/cohort/. Writes: <results>/ntcp/.


rule fit_ntcp:
    """Fit one NTCP model to the cohort and write its estimates with profile-likelihood intervals."""
    input:
        dvh="<results>/dose/model_dvhs.parquet",
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
        seed=ANALYSIS.seed,
    shell:
        "python {input.script:q} --dvh {input.dvh:q} --cohort {input.cohort:q} --name {wildcards.ntcp:q}"
        " --settings {params.settings:q} --fit {output.fit:q} --predictions {output.predictions:q}"
        " --curve {output.curve:q} --bins {output.bins:q} --surface {output.surface:q}"
        " --intervals {output.intervals:q} --validation {output.validation:q} --seed {params.seed} >{log:q} 2>&1"


rule validate_published:
    """Apply the published models that the config names and show how well they do here."""
    input:
        dvh="<results>/dose/model_dvhs.parquet",
        cohort="<results>/cohort/analysis.csv",
        script=script("validate_published"),
    output:
        predictions="<results>/ntcp/published/predictions.csv",
        validation="<results>/ntcp/published/validation.csv",
        curves="<results>/ntcp/published/curves.csv",
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
        " >{log:q} 2>&1"
