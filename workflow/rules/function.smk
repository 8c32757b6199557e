# What depends on the choices of the functional analysis.
# Reads: <results>/dose/, <results>/cohort/. Writes: <results>/function/.


rule gather_sweep:
    """Put the functional sensitivity sweeps of all patients into one table."""
    input:
        sweep=expand("<results>/dose/{batch}.sweep.parquet", batch=BATCHES),
        script=script("gather_sweep"),
    output:
        sweep="<results>/function/sweep.csv",
    log:
        "<logs>/gather_sweep.log",
    benchmark:
        "<benchmarks>/gather_sweep.tsv"
    conda:
        "../../envs/lungtox.yaml"
    params:
        code=code_digest("gather_sweep"),
    shell:
        "python {input.script:q} --batches {input.sweep:q} --sweep {output.sweep:q} >{log:q} 2>&1"


rule compare_sweep:
    """Summarise how functional metrics, and fV20 against V20, move with what was chosen."""
    input:
        sweep="<results>/function/sweep.csv",
        analysis="<results>/cohort/analysis.csv",
        qa=expand("<results>/dose/{batch}.qa.json", batch=BATCHES),
        script=script("compare_sweep"),
    output:
        table="<results>/function/sensitivity.csv",
        images="<results>/function/images.csv",
    log:
        "<logs>/compare_sweep.log",
    benchmark:
        "<benchmarks>/compare_sweep.tsv"
    conda:
        "../../envs/lungtox.yaml"
    params:
        code=code_digest("compare_sweep"),
        region=ANALYSIS.function.sweep_region if ANALYSIS.function else "",
    shell:
        "python {input.script:q} --sweep {input.sweep:q} --analysis {input.analysis:q} --qa {input.qa:q}"
        " --region {params.region:q} --table {output.table:q} --images {output.images:q} >{log:q} 2>&1"
