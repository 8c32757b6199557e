# The report: everything above in one page that opens from disk.
# Reads: all tables and figures. Writes: <results>/report.html, <results>/provenance.json.


rule build_report:
    """Write the self-contained report."""
    input:
        cohort=expand(
            "<results>/cohort/{name}",
            name=[
                "analysis.csv",
                "exclusions.csv",
                "dictionary.csv",
                "warnings.json",
                "table1.csv",
                "flow.csv",
                "missing.csv",
            ],
        ),
        qa=expand("<results>/dose/{batch}.qa.json", batch=BATCHES),
        sensitivity="<results>/dose/sensitivity.csv",
        association=[
            "<results>/association/univariable.csv",
            "<results>/association/strata.csv",
        ],
        cytokines=(
            [
                "<results>/association/cytokines.csv",
                "<results>/association/cytokine_models.csv",
            ]
            if ANALYSIS.inputs.cytokines
            else []
        ),
        models=expand(
            "<results>/models/{model}/{name}",
            model=ANALYSIS.models,
            name=["fit.json"] + [f"{name}.csv" for name in MODEL_TABLES],
        ),
        ladder=["<results>/added_value/ladder.csv"] if ANALYSIS.ladder else [],
        roc=expand(
            "<results>/roc/{name}.csv",
            name=["auc", "curves", "pairs", "partial", "cut_points"],
        ),
        time=expand(
            "<results>/time/{name}.csv",
            name=["incidence", "groups", "cox", "codings"] if ANALYSIS.time else [],
        ),
        function=(
            ["<results>/function/sensitivity.csv"]
            if "function_sweep" in FIGURES
            else []
        ),
        missing=expand(
            "<results>/missing/{name}.csv",
            name=["patterns", "models"] if ANALYSIS.missing else [],
        ),
        ntcp=expand(
            "<results>/ntcp/{ntcp}/{name}",
            ntcp=ANALYSIS.ntcp.fits,
            name=[
                "fit.json",
                "curve.csv",
                "bins.csv",
                "intervals.csv",
                "validation.csv",
            ],
        ),
        published="<results>/ntcp/published/validation.csv",
        pages="<results>/pages/pages.csv",
        contact_sheet="<results>/figures/contact_sheet.png",
        overlays=overlays,
        figures=expand("<results>/figures/{figure}.svg", figure=FIGURES),
        # The key file stays out: nothing of it belongs into a report.
        tables=[
            table
            for name, table in ANALYSIS.inputs.model_dump().items()
            if table and name != "key"
        ],
        script=script("build_report"),
    output:
        report="<results>/report.html",
        provenance="<results>/provenance.json",
    log:
        "<logs>/build_report.log",
    benchmark:
        "<benchmarks>/build_report.tsv"
    conda:
        "../../envs/lungtox.yaml"
    params:
        code=code_digest("build_report"),
        config=canonical_json(ANALYSIS.model_dump(mode="json")),
        folder=lambda wildcards, output: str(Path(output.report).parent),
    shell:
        "python {input.script:q} --folder {params.folder:q} --config {params.config:q} --inputs {input.tables:q}"
        " --report {output.report:q} --provenance {output.provenance:q} >{log:q} 2>&1"
