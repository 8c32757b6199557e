# The record of the run, so that the results can be deposited: a Workflow Run RO-Crate, the results folder being the crate.
# Reads: everything that the other rules write. Writes: <results>/ro-crate-metadata.json, <results>/crate/.


rule write_crate:
    """Write the record of the run: its workflow and config beside the results, and what each file is."""
    input:
        files=OF_ANALYSIS,
        batches=OF_BATCHES,
        pages=chosen_pages if OUTCOME else [],
        overlays=overlays if OUTCOME else [],
        tables=list(dict.fromkeys(TABLES.values())),
        workflow=[
            PROJECT / name
            for name in ("Snakefile", "LICENSE", "requirements.lock")
            if (PROJECT / name).is_file()
        ]
        + sorted(
            path
            for pattern in (
                "workflow/rules/*.smk",
                "workflow/report/*.rst",
                "workflow/profiles/*/*.yaml",
                "scripts/*.py",
                "envs/*.yaml",
            )
            for path in PROJECT.glob(pattern)
        ),
        script=script("write_crate"),
    output:
        metadata="<results>/ro-crate-metadata.json",
        crate=directory("<results>/crate"),
    log:
        "<logs>/write_crate.log",
    benchmark:
        "<benchmarks>/write_crate.tsv"
    conda:
        "../../envs/lungtox.yaml"
    params:
        code=code_digest("write_crate"),
        config=canonical_json(ANALYSIS.model_dump(mode="json"), sort=False),
        tables=canonical_json(TABLES),
        stems=sorted({stem_of(path) for path in OF_BATCHES}),
        project=str(PROJECT),
        folder=lambda wildcards, output: str(Path(output.metadata).parent),
    shell:
        "python {input.script:q} --folder {params.folder:q} --config {params.config:q} --inputs {params.tables:q}"
        " --project {params.project:q} --workflow {input.workflow:q} --files {input.files:q} {input.pages:q}"
        " {input.overlays:q} --stems {params.stems:q} --crate {output.crate:q} --metadata {output.metadata:q}"
        " >{log:q} 2>&1"
