# One page per patient: planes through the tumour with CT, perfusion, dose and outlines, and the DVHs beside them.
# Reads: <results>/dose, the files that patients.csv names. Writes: <results>/pages/, the contact sheet.
# A page belongs to one patient and is drawn again only when that patient's files, DVHs or settings change: an added
# patient redraws at most the page of the one who is new among the chosen, and the contact sheet.


checkpoint choose_pages:
    """List the patients who get a page: those with the most quality flags, or all."""
    input:
        qa=expand("<results>/dose/{batch}.qa.json", batch=BATCHES),
        script=script("choose_pages"),
    output:
        chosen="<results>/pages/pages.csv",
        overlays="<results>/pages/overlays.csv",
    log:
        "<logs>/choose_pages.log",
    benchmark:
        "<benchmarks>/choose_pages.tsv"
    priority: 10  # what waits for all pages comes last in a run
    conda:
        "../../envs/lungtox.yaml"
    params:
        code=code_digest("choose_pages"),
        pages=PAGES,
        with_ct=[patient for patient, row in ROWS.items() if "planning_ct" in row.cells],
    shell:
        "python {input.script:q} --qa {input.qa:q} --with-ct {params.with_ct:q} --pages {params.pages:q}"
        " --chosen {output.chosen:q} --overlays {output.overlays:q} >{log:q} 2>&1"


rule draw_page:
    """Draw the page of one patient."""
    input:
        files=lambda wildcards: ROWS[wildcards.patient].picture_files,
        dvh=lambda wildcards: f"{ANALYSIS.results}/dose/{BATCH_OF[wildcards.patient]}.dvh.parquet",
        qa=lambda wildcards: f"{ANALYSIS.results}/dose/{BATCH_OF[wildcards.patient]}.qa.json",
        script=script("draw_page"),
    output:
        page="<results>/pages/{patient}.png",
    log:
        "<logs>/draw_page/{patient}.log",
    benchmark:
        "<benchmarks>/draw_page/{patient}.tsv"
    priority: 10  # what waits for all pages comes last in a run
    conda:
        "../../envs/lungtox.yaml"
    params:
        code=code_digest("draw_page"),
        settings=section("dose", "function", "names", "figures", without="metrics"),
        row=lambda wildcards: ROWS[wildcards.patient].digest,
        table=ANALYSIS.inputs.patients,
        structures=ANALYSIS.inputs.structures,
    shell:
        "python {input.script:q} --patient {wildcards.patient:q} --table {params.table:q}"
        " --structures {params.structures:q} --dvh {input.dvh:q} --qa {input.qa:q}"
        " --settings {params.settings:q} --page {output.page:q} >{log:q} 2>&1"


rule draw_overlay:
    """Draw how the registered images of one patient lie upon each other."""
    input:
        files=lambda wildcards: ROWS[wildcards.patient].registration_files,
        qa=lambda wildcards: f"{ANALYSIS.results}/dose/{BATCH_OF[wildcards.patient]}.qa.json",
        script=script("draw_overlay"),
    output:
        overlay="<results>/pages/{patient}.registration.png",
    log:
        "<logs>/draw_overlay/{patient}.log",
    benchmark:
        "<benchmarks>/draw_overlay/{patient}.tsv"
    priority: 10  # what waits for all pages comes last in a run
    conda:
        "../../envs/lungtox.yaml"
    params:
        code=code_digest("draw_overlay"),
        settings=section("figures"),
        row=lambda wildcards: ROWS[wildcards.patient].digest,
        table=ANALYSIS.inputs.patients,
    shell:
        "python {input.script:q} --patient {wildcards.patient:q} --table {params.table:q} --qa {input.qa:q}"
        " --settings {params.settings:q} --overlay {output.overlay:q} >{log:q} 2>&1"


rule draw_contact_sheet:
    """Put the pages of the chosen patients together."""
    input:
        pages=chosen_pages,
        chosen="<results>/pages/pages.csv",
        script=script("draw_contact_sheet"),
    output:
        sheet="<results>/figures/contact_sheet.png",
    log:
        "<logs>/draw_contact_sheet.log",
    benchmark:
        "<benchmarks>/draw_contact_sheet.tsv"
    priority: 10  # what waits for all pages comes last in a run
    conda:
        "../../envs/lungtox.yaml"
    params:
        code=code_digest("draw_contact_sheet"),
        settings=section("figures"),
        folder=lambda wildcards, input: str(Path(input.chosen).parent),
    shell:
        "python {input.script:q} --chosen {input.chosen:q} --folder {params.folder:q} --settings {params.settings:q}"
        " --sheet {output.sheet:q} >{log:q} 2>&1"
