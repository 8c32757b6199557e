# Figures: they draw tables that exist, each with its table beside it.
# Reads: the tables of all earlier stages. Writes: <results>/figures/.


rule plot_dvh_groups:
    """Who was analysed; mean cumulative DVH and functional DVH by group, their differences, odds ratios at each dose."""
    input:
        dvh="<results>/dose/model_dvhs.parquet",
        analysis="<results>/cohort/analysis.csv",
        flow="<results>/cohort/flow.csv",
        dose_levels="<results>/association/dose_levels.csv",
        script=script("plot_dvh_groups"),
    output:
        figure_files("flow", "Patients", named=False),
        files_of_figures(
            ["dvh_groups", "dvh_differences", "dose_levels"], "Dose and function"
        ),
    log:
        "<logs>/plot_dvh_groups.log",
    benchmark:
        "<benchmarks>/plot_dvh_groups.tsv"
    conda:
        "../../envs/lungtox.yaml"
    params:
        code=code_digest("plot_dvh_groups"),
        settings=section("figures"),
        folder=lambda wildcards, output: str(Path(output[0]).parent),
    shell:
        "python {input.script:q} --dvh {input.dvh:q} --analysis {input.analysis:q} --flow {input.flow:q}"
        " --dose-levels {input.dose_levels:q} --settings {params.settings:q} --folder {params.folder:q}"
        " >{log:q} 2>&1"


rule plot_roc:
    """ROC curves with the paired comparison."""
    input:
        auc="<results>/roc/auc.csv",
        curves="<results>/roc/curves.csv",
        pairs="<results>/roc/pairs.csv",
        bands="<results>/roc/bands.csv",
        script=script("plot_roc"),
    output:
        figure_files("roc", "Discrimination"),
    log:
        "<logs>/plot_roc.log",
    benchmark:
        "<benchmarks>/plot_roc.tsv"
    conda:
        "../../envs/lungtox.yaml"
    params:
        code=code_digest("plot_roc"),
        settings=section("figures"),
        stem=figure_stem,
    shell:
        "python {input.script:q} --auc {input.auc:q} --curves {input.curves:q} --pairs {input.pairs:q}"
        " --bands {input.bands:q} --settings {params.settings:q} --stem {params.stem:q} >{log:q} 2>&1"


rule plot_function_sweep:
    """How functional metrics, and fV20 against V20, move with what was chosen."""
    input:
        sensitivity="<results>/function/sensitivity.csv",
        script=script("plot_function_sweep"),
    output:
        figure_files("function_sweep", "Dose and function"),
    log:
        "<logs>/plot_function_sweep.log",
    benchmark:
        "<benchmarks>/plot_function_sweep.tsv"
    conda:
        "../../envs/lungtox.yaml"
    params:
        code=code_digest("plot_function_sweep"),
        settings=section("figures"),
        stem=figure_stem,
    shell:
        "python {input.script:q} --sensitivity {input.sensitivity:q} --settings {params.settings:q}"
        " --stem {params.stem:q} >{log:q} 2>&1"


rule plot_forest:
    """Univariable and multivariable odds ratios."""
    input:
        univariable="<results>/association/univariable.csv",
        fits=expand("<results>/models/{model}/fit.json", model=ANALYSIS.models),
        script=script("plot_forest"),
    output:
        figure_files("forest", "Single factors and models"),
    log:
        "<logs>/plot_forest.log",
    benchmark:
        "<benchmarks>/plot_forest.tsv"
    conda:
        "../../envs/lungtox.yaml"
    params:
        code=code_digest("plot_forest"),
        settings=section("figures"),
        stem=figure_stem,
    shell:
        "python {input.script:q} --univariable {input.univariable:q} --fits {input.fits:q}"
        " --settings {params.settings:q} --stem {params.stem:q} >{log:q} 2>&1"


rule plot_ntcp:
    """NTCP curves with binned outcomes, and published models before and after an update."""
    input:
        fits=expand("<results>/ntcp/{ntcp}/fit.json", ntcp=ANALYSIS.ntcp.fits),
        curves=expand("<results>/ntcp/{ntcp}/curve.csv", ntcp=ANALYSIS.ntcp.fits),
        bins=expand("<results>/ntcp/{ntcp}/bins.csv", ntcp=ANALYSIS.ntcp.fits),
        published="<results>/ntcp/published/curves.csv",
        calibration="<results>/ntcp/published/calibration.csv",
        net_benefit="<results>/ntcp/published/net_benefit.csv",
        update_curves="<results>/ntcp/published/update_curves.csv",
        script=script("plot_ntcp"),
    output:
        figure_files("ntcp", "Dose response"),
        published=figure_files("published", "Dose response", named=False),
    log:
        "<logs>/plot_ntcp.log",
    benchmark:
        "<benchmarks>/plot_ntcp.tsv"
    conda:
        "../../envs/lungtox.yaml"
    params:
        code=code_digest("plot_ntcp"),
        settings=section("figures"),
        stem=figure_stem,
        published_stem=lambda wildcards, output: str(output.published[0])[
            : -len(".pdf")
        ],
    shell:
        "python {input.script:q} --fits {input.fits:q} --curves {input.curves:q} --bins {input.bins:q}"
        " --published {input.published:q} --calibration {input.calibration:q} --net-benefit {input.net_benefit:q}"
        " --update-curves {input.update_curves:q} --settings {params.settings:q} --stem {params.stem:q}"
        " --published-stem {params.published_stem:q} >{log:q} 2>&1"


rule plot_ntcp_comparison:
    """Descriptions of the dose side by side, and the profile of the volume parameter."""
    input:
        comparison="<results>/ntcp/comparison.csv",
        profile="<results>/ntcp/volume_profile.csv",
        script=script("plot_ntcp_comparison"),
    output:
        figure_files("ntcp_comparison", "Dose response"),
    log:
        "<logs>/plot_ntcp_comparison.log",
    benchmark:
        "<benchmarks>/plot_ntcp_comparison.tsv"
    conda:
        "../../envs/lungtox.yaml"
    params:
        code=code_digest("plot_ntcp_comparison"),
        settings=section("figures"),
        stem=figure_stem,
    shell:
        "python {input.script:q} --comparison {input.comparison:q} --profile {input.profile:q}"
        " --settings {params.settings:q} --stem {params.stem:q} >{log:q} 2>&1"


rule plot_ntcp_surface:
    """Likelihood over the volume and the dose parameter of the NTCP fits that ask for it."""
    input:
        surfaces=expand(
            "<results>/ntcp/{ntcp}/surface.csv",
            ntcp=[name for name, fit in ANALYSIS.ntcp.fits.items() if fit.surface],
        ),
        script=script("plot_ntcp_surface"),
    output:
        figure_files("ntcp_surface", "Dose response"),
    log:
        "<logs>/plot_ntcp_surface.log",
    benchmark:
        "<benchmarks>/plot_ntcp_surface.tsv"
    conda:
        "../../envs/lungtox.yaml"
    params:
        code=code_digest("plot_ntcp_surface"),
        names=[name for name, fit in ANALYSIS.ntcp.fits.items() if fit.surface],
        settings=section("figures"),
        stem=figure_stem,
    shell:
        "python {input.script:q} --surfaces {input.surfaces:q} --names {params.names:q}"
        " --settings {params.settings:q} --stem {params.stem:q} >{log:q} 2>&1"


rule plot_ntcp_time:
    """Latency of the NTCP fits with times, predicted and observed incidence."""
    input:
        fits=expand("<results>/ntcp/{ntcp}/fit.json", ntcp=NTCP_IN_TIME),
        courses=expand("<results>/ntcp/{ntcp}/course.csv", ntcp=NTCP_IN_TIME),
        script=script("plot_ntcp_time"),
    output:
        figure_files("ntcp_time", "Dose response"),
    log:
        "<logs>/plot_ntcp_time.log",
    benchmark:
        "<benchmarks>/plot_ntcp_time.tsv"
    conda:
        "../../envs/lungtox.yaml"
    params:
        code=code_digest("plot_ntcp_time"),
        settings=section("figures"),
        stem=figure_stem,
    shell:
        "python {input.script:q} --fits {input.fits:q} --courses {input.courses:q}"
        " --settings {params.settings:q} --stem {params.stem:q} >{log:q} 2>&1"


rule plot_cytokines:
    """Cytokines before and during radiotherapy by group."""
    input:
        analysis="<results>/cohort/analysis.csv",
        dictionary="<results>/cohort/dictionary.csv",
        comparisons="<results>/association/cytokines.csv",
        script=script("plot_cytokines"),
    output:
        figure_files("cytokines", "Cytokines"),
    log:
        "<logs>/plot_cytokines.log",
    benchmark:
        "<benchmarks>/plot_cytokines.tsv"
    conda:
        "../../envs/lungtox.yaml"
    params:
        code=code_digest("plot_cytokines"),
        settings=section("figures"),
        stem=figure_stem,
    shell:
        "python {input.script:q} --analysis {input.analysis:q} --dictionary {input.dictionary:q}"
        " --comparisons {input.comparisons:q} --settings {params.settings:q} --stem {params.stem:q}"
        " >{log:q} 2>&1"


rule plot_validation:
    """Calibration, decision curves, stability of predictions, collinearity of the models and of all dose metrics."""
    input:
        fits=expand("<results>/models/{model}/fit.json", model=ANALYSIS.models),
        tables=expand(
            "<results>/models/{model}/{name}.csv",
            model=ANALYSIS.models,
            name=[
                "calibration",
                "decision",
                "stability",
                "collinearity",
                "dendrogram",
            ],
        ),
        correlations="<results>/association/metric_correlations.csv",
        clusters="<results>/association/metric_clusters.csv",
        tree="<results>/association/metric_tree.csv",
        script=script("plot_validation"),
    output:
        files_of_figures(
            [
                "calibration",
                "decision",
                "stability",
                "dendrogram",
                "correlations",
            ],
            "Validation",
        ),
    log:
        "<logs>/plot_validation.log",
    benchmark:
        "<benchmarks>/plot_validation.tsv"
    conda:
        "../../envs/lungtox.yaml"
    params:
        code=code_digest("plot_validation"),
        settings=section("figures"),
        folder=lambda wildcards, output: str(Path(output[0]).parent),
    shell:
        "python {input.script:q} --fits {input.fits:q} --correlations {input.correlations:q}"
        " --clusters {input.clusters:q} --tree {input.tree:q} --settings {params.settings:q}"
        " --folder {params.folder:q} >{log:q} 2>&1"


rule plot_incidence:
    """Cumulative incidence by dose group."""
    input:
        curves="<results>/time/incidence.csv",
        groups="<results>/time/groups.csv",
        script=script("plot_incidence"),
    output:
        figure_files("incidence", "Time"),
    log:
        "<logs>/plot_incidence.log",
    benchmark:
        "<benchmarks>/plot_incidence.tsv"
    conda:
        "../../envs/lungtox.yaml"
    params:
        code=code_digest("plot_incidence"),
        settings=section("figures"),
        stem=figure_stem,
    shell:
        "python {input.script:q} --curves {input.curves:q} --groups {input.groups:q}"
        " --settings {params.settings:q} --stem {params.stem:q} >{log:q} 2>&1"


rule plot_missing:
    """Patterns of missing values."""
    input:
        patterns="<results>/missing/patterns.csv",
        script=script("plot_missing"),
    output:
        figure_files("missing", "Patients"),
    log:
        "<logs>/plot_missing.log",
    benchmark:
        "<benchmarks>/plot_missing.tsv"
    conda:
        "../../envs/lungtox.yaml"
    params:
        code=code_digest("plot_missing"),
        settings=section("figures"),
        stem=figure_stem,
    shell:
        "python {input.script:q} --patterns {input.patterns:q} --settings {params.settings:q}"
        " --stem {params.stem:q} >{log:q} 2>&1"
