# The report: everything above in one page that opens from disk.
# Reads: all tables and figures. Writes: <results>/report.html, <results>/provenance.json, and from what the report is
# made of the draft of a paper, <results>/report.docx.


rule build_report:
    """Write the self-contained report."""
    input:
        cohort=expand(
            "<results>/cohort/{name}",
            name=if_outcome(
                "analysis.csv",
                "exclusions.csv",
                "dictionary.csv",
                "warnings.json",
                "table1.csv",
                "flow.csv",
                "missing.csv",
            ),
        ),
        qa=expand("<results>/dose/{batch}.qa.json", batch=BATCHES),
        sensitivity="<results>/dose/sensitivity.csv",
        association=if_outcome(
            "<results>/association/univariable.csv",
            "<results>/association/strata.csv",
            "<results>/association/dose_levels.csv",
        ),
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
            name=if_outcome("auc", "curves", "pairs", "partial", "cut_points"),
        ),
        time=expand(
            "<results>/time/{name}.csv",
            name=["incidence", "groups", "cox", "codings"] if ANALYSIS.time else [],
        ),
        function=(
            ["<results>/function/sensitivity.csv", "<results>/function/images.csv"]
            if "function_sweep" in FIGURES
            else []
        ),
        missing=expand(
            "<results>/missing/{name}.csv",
            name=["patterns", "models"] if ANALYSIS.missing else [],
        ),
        printed=expand(
            "<results>/printed/{name}.csv",
            name=["findings", "checks"] if ANALYSIS.printed else [],
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
        criteria=["<results>/ntcp/criteria.csv"] if ANALYSIS.ntcp.fits else [],
        alpha_beta=if_outcome("<results>/ntcp/published/alpha_beta.csv"),
        published=expand(
            "<results>/ntcp/published/{name}.csv",
            name=if_outcome(
                "validation", "updates", "update_steps", "update_parameters"
            ),
        ),
        comparison=(["<results>/ntcp/comparison.csv"] if ANALYSIS.ntcp.compare else []),
        pages=if_outcome("<results>/pages/pages.csv"),
        contact_sheet=if_outcome("<results>/figures/contact_sheet.png"),
        overlays=overlays if OUTCOME else [],
        fractionation=expand(
            "<results>/fractionation/{name}.csv",
            name=(
                ["schedules", "effects", "ranges", "risks", "sensitivity"]
                if ANALYSIS.fractionation
                else []
            ),
        ),
        dvh_curves=expand(
            "<results>/dvh_curves/{name}.csv",
            name=(
                ["fits", "comparison", "trend", "prediction"]
                if ANALYSIS.dvh_curve
                else []
            ),
        ),
        delivered=expand(
            "<results>/delivered/{name}.csv",
            name=DELIVERED_TABLES if ANALYSIS.delivered else [],
        ),
        delivered_qa=expand(
            "<results>/delivered/{batch}.qa.json",
            batch=BATCHES if ANALYSIS.delivered else [],
        ),
        agreement=(
            expand(
                "<results>/agreement/{name}.csv",
                name=[
                    "metrics",
                    "points",
                    "dispersion",
                    "unpaired",
                    "curve_summary",
                    "curve_unpaired",
                ],
            )
            if ANALYSIS.agreement
            else []
        ),
        figures=expand("<results>/figures/{figure}.svg", figure=FIGURES),
        tables=list(dict.fromkeys(TABLES.values())),
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


rule build_draft:
    """Write the draft of a paper; it follows the report, which is written whenever something in it changes."""
    input:
        report="<results>/report.html",
        provenance="<results>/provenance.json",
        figures=expand("<results>/figures/{figure}.png", figure=FIGURES),
        script=script("build_draft"),
    output:
        draft="<results>/report.docx",
    log:
        "<logs>/build_draft.log",
    benchmark:
        "<benchmarks>/build_draft.tsv"
    conda:
        "../../envs/lungtox.yaml"
    params:
        code=code_digest("build_draft"),
        config=canonical_json(ANALYSIS.model_dump(mode="json")),
        folder=lambda wildcards, output: str(Path(output.draft).parent),
    shell:
        "python {input.script:q} --folder {params.folder:q} --config {params.config:q}"
        " --provenance {input.provenance:q} --draft {output.draft:q} >{log:q} 2>&1"
