# DICOM -> dose-volume histograms -> metrics.
# Reads: the files that patients.csv names. Writes: <results>/dose/.


rule extract_dose:
    """Read the files of a batch of patients and write their differential DVHs and quality figures."""
    input:
        files=lambda wildcards: [
            path
            for patient in BATCHES[wildcards.batch]
            for path in ROWS[patient].files_with(ANALYSIS.registration.spect_to_ct)
        ],
        script=script("extract_dose"),
    output:
        dvh="<results>/dose/{batch}.dvh.parquet",
        bounds="<results>/dose/{batch}.bounds.parquet",
        sweep="<results>/dose/{batch}.sweep.parquet",
        qa="<results>/dose/{batch}.qa.json",
    log:
        "<logs>/extract_dose/{batch}.log",
    benchmark:
        "<benchmarks>/extract_dose/{batch}.tsv"
    conda:
        "../../envs/lungtox.yaml"
    params:
        code=code_digest("extract_dose"),
        # Another metric needs no DICOM, unless its bounds are asked for.
        settings=section(
            "dose",
            "function",
            "registration",
            "names",
            without=None if ANALYSIS.dose.bounds else "metrics",
        ),
        rows=lambda wildcards: [
            ROWS[patient].digest for patient in BATCHES[wildcards.batch]
        ],
        patients=lambda wildcards: BATCHES[wildcards.batch],
        table=ANALYSIS.inputs.patients,
        structures=ANALYSIS.inputs.structures,
    shell:
        "python {input.script:q} --patients {params.patients:q} --table {params.table:q}"
        " --structures {params.structures:q} --settings {params.settings:q}"
        " --dvh {output.dvh:q} --bounds {output.bounds:q} --sweep {output.sweep:q} --qa {output.qa:q}"
        " >{log:q} 2>&1"


rule compute_metrics:
    """Compute the TG-263 metrics of a group of batches from their DVHs."""
    input:
        dvh=files_of_group("dvh.parquet"),
        bounds=files_of_group("bounds.parquet"),
        qa=files_of_group("qa.json"),
        script=script("compute_metrics"),
    output:
        metrics="<results>/dose/{group}.metrics.parquet",
    log:
        "<logs>/compute_metrics/{group}.log",
    benchmark:
        "<benchmarks>/compute_metrics/{group}.tsv"
    conda:
        "../../envs/lungtox.yaml"
    params:
        code=code_digest("compute_metrics"),
        settings=section("dose", "function"),
    shell:
        "python {input.script:q} --dvh {input.dvh:q} --bounds {input.bounds:q} --qa {input.qa:q} --settings {params.settings:q}"
        " --metrics {output.metrics:q} >{log:q} 2>&1"


rule gather_metrics:
    """Put the metrics of all patients into one table."""
    input:
        metrics=expand("<results>/dose/{group}.metrics.parquet", group=GROUPS),
        script=script("gather_metrics"),
    output:
        metrics="<results>/dose/metrics.csv",
        sensitivity="<results>/dose/sensitivity.csv",
    log:
        "<logs>/gather_metrics.log",
    benchmark:
        "<benchmarks>/gather_metrics.tsv"
    conda:
        "../../envs/lungtox.yaml"
    params:
        code=code_digest("gather_metrics"),
    shell:
        "python {input.script:q} --groups {input.metrics:q} --metrics {output.metrics:q}"
        " --sensitivity {output.sensitivity:q} >{log:q} 2>&1"


rule gather_model_dvhs:
    """Stream the DVHs that models and figures name into one file, at 0.1 Gy."""
    input:
        dvh=expand("<results>/dose/{batch}.dvh.parquet", batch=BATCHES),
        script=script("gather_model_dvhs"),
    output:
        dvh="<results>/dose/model_dvhs.parquet",
    log:
        "<logs>/gather_model_dvhs.log",
    benchmark:
        "<benchmarks>/gather_model_dvhs.tsv"
    conda:
        "../../envs/lungtox.yaml"
    params:
        code=code_digest("gather_model_dvhs"),
        settings=section("ntcp", "function", "dose", without="metrics"),
        more=canonical_json(fractionation_selections(ANALYSIS.fractionation)),
    shell:
        "python {input.script:q} --batches {input.dvh:q} --settings {params.settings:q} --more {params.more:q}"
        " --dvh {output.dvh:q} >{log:q} 2>&1"
