# Pneumonitis in time.
# Reads: <results>/cohort/. Writes: <results>/time/.


rule describe_course:
    """Cumulative incidence with competing deaths, Cox models, the unknown outcomes coded either way."""
    input:
        analysis="<results>/cohort/analysis.csv",
        dictionary="<results>/cohort/dictionary.csv",
        cytokines=(
            ["<results>/cohort/cytokines.csv"] if ANALYSIS.inputs.cytokines else []
        ),
        script=script("describe_course"),
    output:
        curves="<results>/time/incidence.csv",
        groups=reported(
            "<results>/time/groups.csv",
            "table_groups",
            "Time",
            shown="incidence by group",
        ),
        cox=reported(
            "<results>/time/cox.csv", "table_cox", "Time", shown="hazard ratios"
        ),
        codings="<results>/time/codings.csv",
    log:
        "<logs>/describe_course.log",
    benchmark:
        "<benchmarks>/describe_course.tsv"
    conda:
        "../../envs/lungtox.yaml"
    params:
        code=code_digest("describe_course"),
        settings=section("time", "endpoint", "models"),
    shell:
        "python {input.script:q} --analysis {input.analysis:q} --dictionary {input.dictionary:q}"
        " --cytokines {input.cytokines:q} --settings {params.settings:q} --curves {output.curves:q} --groups {output.groups:q}"
        " --cox {output.cox:q} --codings {output.codings:q} >{log:q} 2>&1"
