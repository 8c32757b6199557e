# Delivered dose: the doses of sessions accumulated on the planning grid, against the planned dose.
# Reads: the files that patients.csv and delivered.sessions name. Writes: <results>/delivered/, the figure.


if ANALYSIS.delivered:

    SESSIONS = read_sessions(ANALYSIS.delivered.sessions)

    rule deliver_dose:
        """Accumulate the session doses of a batch of patients."""
        input:
            files=lambda wildcards: [
                path
                for patient in BATCHES[wildcards.batch]
                for row in (ROWS[patient], *SESSIONS.get(patient, ()))
                for path in row.files
            ],
            script=script("deliver_dose"),
        output:
            dvh="<results>/delivered/{batch}.dvh.parquet",
            planned="<results>/delivered/{batch}.planned.parquet",
            metrics="<results>/delivered/{batch}.metrics.csv",
            volumes="<results>/delivered/{batch}.volumes.csv",
            qa="<results>/delivered/{batch}.qa.json",
        log:
            "<logs>/deliver_dose/{batch}.log",
        benchmark:
            "<benchmarks>/deliver_dose/{batch}.tsv"
        conda:
            "../../envs/lungtox.yaml"
        params:
            code=code_digest("deliver_dose"),
            settings=section("dose", "names", "delivered", without="compare"),
            rows=lambda wildcards: [
                row.digest
                for patient in BATCHES[wildcards.batch]
                for row in (ROWS[patient], *SESSIONS.get(patient, ()))
            ],
            patients=lambda wildcards: BATCHES[wildcards.batch],
            table=ANALYSIS.inputs.patients,
            structures=ANALYSIS.inputs.structures,
            sessions=ANALYSIS.delivered.sessions,
        shell:
            "python {input.script:q} --patients {params.patients:q} --table {params.table:q}"
            " --structures {params.structures:q} --sessions {params.sessions:q} --settings {params.settings:q}"
            " --threads {threads} --dvh {output.dvh:q} --planned {output.planned:q} --metrics {output.metrics:q}"
            " --volumes {output.volumes:q} --qa {output.qa:q} >{log:q} 2>&1"

    # The delivered DVHs that models name, at 0.1 Gy like the planned ones.
    use rule gather_model_dvhs as gather_delivered_dvhs with:
        input:
            dvh=expand("<results>/delivered/{batch}.dvh.parquet", batch=BATCHES),
            script=script("gather_model_dvhs"),
        output:
            dvh="<results>/delivered/model_dvhs.parquet",
        log:
            "<logs>/gather_delivered_dvhs.log",
        benchmark:
            "<benchmarks>/gather_delivered_dvhs.tsv"

    rule compare_delivered:
        """Pair planned and delivered metrics over the cohort; volumes over the course; quality of the fields."""
        input:
            metrics=expand("<results>/delivered/{batch}.metrics.csv", batch=BATCHES),
            volumes=expand("<results>/delivered/{batch}.volumes.csv", batch=BATCHES),
            qa=expand("<results>/delivered/{batch}.qa.json", batch=BATCHES),
            planned=expand("<results>/delivered/{batch}.planned.parquet", batch=BATCHES),
            delivered=expand("<results>/delivered/{batch}.dvh.parquet", batch=BATCHES),
            script=script("compare_delivered"),
        output:
            metrics="<results>/delivered/metrics.csv",
            paired="<results>/delivered/paired.csv",
            ntcp="<results>/delivered/ntcp.csv",
            volumes="<results>/delivered/volumes.csv",
            course="<results>/delivered/course.csv",
            trend="<results>/delivered/trend.csv",
            quality="<results>/delivered/quality.csv",
            fields="<results>/delivered/fields.csv",
            curves="<results>/delivered/curves.csv",
            left_out="<results>/delivered/left_out.csv",
            source="<results>/delivered/patients.csv",
        log:
            "<logs>/compare_delivered.log",
        benchmark:
            "<benchmarks>/compare_delivered.tsv"
        conda:
            "../../envs/lungtox.yaml"
        params:
            code=code_digest("compare_delivered"),
            settings=ANALYSIS.delivered.compare.model_dump_json(),
            patients=list(ROWS),
        shell:
            "python {input.script:q} --batch-metrics {input.metrics:q} --batch-volumes {input.volumes:q} --qa {input.qa:q}"
            " --planned {input.planned:q} --delivered {input.delivered:q} --patients {params.patients:q}"
            " --settings {params.settings:q} --metrics {output.metrics:q} --paired {output.paired:q}"
            " --ntcp {output.ntcp:q} --volumes {output.volumes:q} --course {output.course:q}"
            " --trend {output.trend:q} --quality {output.quality:q} --fields {output.fields:q} --curves {output.curves:q} --left-out {output.left_out:q}"
            " --source {output.source:q} >{log:q} 2>&1"

    rule plot_delivered:
        """Paired differences of each metric, mean planned and delivered DVHs, volumes over the course."""
        input:
            tables=expand(
                "<results>/delivered/{name}.csv",
                name=["metrics", "paired", "curves", "course"],
            ),
            script=script("plot_delivered"),
        output:
            figure_files("delivered", "Delivered dose"),
        log:
            "<logs>/plot_delivered.log",
        benchmark:
            "<benchmarks>/plot_delivered.tsv"
        conda:
            "../../envs/lungtox.yaml"
        params:
            code=code_digest("plot_delivered"),
            settings=section("figures"),
            stem=figure_stem,
        shell:
            "python {input.script:q} --tables {input.tables:q} --settings {params.settings:q}"
            " --stem {params.stem:q} >{log:q} 2>&1"
