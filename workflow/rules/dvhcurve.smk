# Shapes of DVHs: a structure moved in the dose, models fitted to the curves.
# Reads: the files that patients.csv names. Writes: <results>/dvh_curves/, the figure.


if ANALYSIS.dvh_curve:

    rule move_structure:
        """Give the DVHs of a batch of patients with the structure, or the dose, in every position."""
        input:
            files=lambda wildcards: [
                path
                for patient in BATCHES[wildcards.batch]
                for path in ROWS[patient].files
            ],
            script=script("move_structure"),
        output:
            moved="<results>/dvh_curves/{batch}.moved.parquet",
        log:
            "<logs>/move_structure/{batch}.log",
        benchmark:
            "<benchmarks>/move_structure/{batch}.tsv"
        conda:
            "../../envs/lungtox.yaml"
        params:
            code=code_digest("move_structure"),
            settings=section("dose", "names", "dvh_curve", without="metrics"),
            rows=lambda wildcards: [
                ROWS[patient].digest for patient in BATCHES[wildcards.batch]
            ],
            patients=lambda wildcards: BATCHES[wildcards.batch],
            table=ANALYSIS.inputs.patients,
            structures=ANALYSIS.inputs.structures,
        shell:
            "python {input.script:q} --patients {params.patients:q} --table {params.table:q}"
            " --structures {params.structures:q} --settings {params.settings:q} --moved {output.moved:q}"
            " >{log:q} 2>&1"

    rule fit_dvh_curves:
        """Fit the models to every curve and compare them at each position."""
        input:
            moved=expand("<results>/dvh_curves/{batch}.moved.parquet", batch=BATCHES),
            script=script("fit_dvh_curves"),
        output:
            fits="<results>/dvh_curves/fits.csv",
            parameters="<results>/dvh_curves/parameters.csv",
            comparison="<results>/dvh_curves/comparison.csv",
            trend="<results>/dvh_curves/trend.csv",
            prediction="<results>/dvh_curves/prediction.csv",
            curves="<results>/dvh_curves/curves.csv",
        log:
            "<logs>/fit_dvh_curves.log",
        benchmark:
            "<benchmarks>/fit_dvh_curves.tsv"
        conda:
            "../../envs/lungtox.yaml"
        params:
            code=code_digest("fit_dvh_curves"),
            settings=section("dvh_curve"),
        shell:
            "python {input.script:q} --moved {input.moved:q} --settings {params.settings:q} --fits {output.fits:q}"
            " --parameters {output.parameters:q} --comparison {output.comparison:q} --trend {output.trend:q}"
            " --prediction {output.prediction:q} --curves {output.curves:q} >{log:q} 2>&1"

    rule plot_dvh_curves:
        """Mean curves of each position, and mean, width and lead of the models against the distance."""
        input:
            tables=expand(
                "<results>/dvh_curves/{name}.csv",
                name=["fits", "comparison", "curves"],
            ),
            script=script("plot_dvh_curves"),
        output:
            figure_files("dvh_curves", "DVH curves"),
        log:
            "<logs>/plot_dvh_curves.log",
        benchmark:
            "<benchmarks>/plot_dvh_curves.tsv"
        conda:
            "../../envs/lungtox.yaml"
        params:
            code=code_digest("plot_dvh_curves"),
            settings=section("figures"),
            stem=figure_stem,
        shell:
            "python {input.script:q} --tables {input.tables:q} --settings {params.settings:q}"
            " --stem {params.stem:q} >{log:q} 2>&1"
