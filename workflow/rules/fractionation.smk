# How many fractions: schedules of equal tumour effect, judged on the organs' DVHs.
# Reads: <results>/dose/. Writes: <results>/fractionation/, the figure.


if ANALYSIS.fractionation:

    rule optimise_fractions:
        """Give every schedule of the range, its effect on the organs, and the numbers that all of them allow."""
        input:
            dvh="<results>/dose/model_dvhs.parquet",
            qa=expand("<results>/dose/{batch}.qa.json", batch=BATCHES),
            script=script("optimise_fractions"),
        output:
            schedules="<results>/fractionation/schedules.csv",
            effects="<results>/fractionation/effects.csv",
            ranges="<results>/fractionation/ranges.csv",
            trade="<results>/fractionation/trade.csv",
            risks="<results>/fractionation/risks.csv",
            sensitivity="<results>/fractionation/sensitivity.csv",
        log:
            "<logs>/optimise_fractions.log",
        benchmark:
            "<benchmarks>/optimise_fractions.tsv"
        conda:
            "../../envs/lungtox.yaml"
        params:
            code=code_digest("optimise_fractions"),
            settings=section("fractionation"),
        shell:
            "python {input.script:q} --dvh {input.dvh:q} --qa {input.qa:q} --settings {params.settings:q}"
            " --schedules {output.schedules:q} --effects {output.effects:q} --ranges {output.ranges:q}"
            " --trade {output.trade:q} --risks {output.risks:q} --sensitivity {output.sensitivity:q} >{log:q} 2>&1"

    rule plot_fractionation:
        """Effect against number of fractions and against tumour effect, admissible ranges, risk."""
        input:
            tables=expand(
                "<results>/fractionation/{name}.csv",
                name=["effects", "ranges", "trade", "risks"],
            ),
            script=script("plot_fractionation"),
        output:
            figure_files("fractionation", "Fractionation"),
        log:
            "<logs>/plot_fractionation.log",
        benchmark:
            "<benchmarks>/plot_fractionation.tsv"
        conda:
            "../../envs/lungtox.yaml"
        params:
            code=code_digest("plot_fractionation"),
            settings=section("figures"),
            stem=figure_stem,
        shell:
            "python {input.script:q} --tables {input.tables:q} --settings {params.settings:q}"
            " --stem {params.stem:q} >{log:q} 2>&1"
