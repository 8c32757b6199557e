# A published paper beside this cohort.
# Reads: <results>/association/, roc/, models/, and the tables that section printed names. Writes: <results>/printed/.


# Findings are of factors and an outcome; figures alone are checked without either.
FINDINGS = (
    [ANALYSIS.printed.findings]
    if ANALYSIS.printed and ANALYSIS.printed.findings
    else []
)


rule compare_printed:
    """Put each printed finding beside that of this cohort, and printed figures against each other."""
    input:
        analysis=["<results>/cohort/analysis.csv"] if FINDINGS else [],
        association=(
            [
                "<results>/association/univariable.csv",
                "<results>/association/strata.csv",
            ]
            if FINDINGS
            else []
        ),
        cytokines=(
            [
                "<results>/association/cytokines.csv",
                "<results>/association/cytokine_models.csv",
            ]
            if FINDINGS and ANALYSIS.inputs.cytokines
            else []
        ),
        pairs=["<results>/roc/pairs.csv"] if FINDINGS else [],
        fits=expand(
            "<results>/models/{model}/fit.json",
            model=ANALYSIS.models if FINDINGS else [],
        ),
        findings=FINDINGS,
        figures=(
            [ANALYSIS.printed.figures]
            if ANALYSIS.printed and ANALYSIS.printed.figures
            else []
        ),
        script=script("compare_printed"),
    output:
        findings="<results>/printed/findings.csv",
        checks="<results>/printed/checks.csv",
    log:
        "<logs>/compare_printed.log",
    benchmark:
        "<benchmarks>/compare_printed.tsv"
    conda:
        "../../envs/lungtox.yaml"
    params:
        code=code_digest("compare_printed"),
    shell:
        "python {input.script:q} --analysis {input.analysis:q} --association {input.association:q}"
        " --cytokines {input.cytokines:q} --pairs {input.pairs:q} --fits {input.fits:q}"
        " --printed-findings {input.findings:q} --printed-figures {input.figures:q}"
        " --findings {output.findings:q} --checks {output.checks:q} >{log:q} 2>&1"
