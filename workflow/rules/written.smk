# All files that the rules of this analysis write. No rules.
# A new rule is named in OF_ANALYSIS, or in files_of_batches; figures are found by their names.

from snakemake.io import strip_wildcard_constraints


def made_by(*names, **wildcards):
    """Files that rules write; none of a rule that this config does not have."""
    found = [rule for rule in workflow.rules if rule.name in names]
    patterns = [
        strip_wildcard_constraints(one) for rule in found for one in rule.output
    ]
    return expand(patterns, **wildcards)


def made_figures():
    """Files of the figures that this analysis has."""
    drawn = [
        list(rule.output) for rule in workflow.rules if rule.name.startswith("plot_")
    ]
    return [
        path
        for paths in drawn
        if any(Path(one).stem in FIGURES for one in paths)
        for path in paths
    ]


def files_of_batches():
    """Files of the batches and groups, of the further sources too."""
    found = made_by("extract_dose", batch=BATCHES)
    found += made_by("compute_metrics", group=GROUPS)
    found += made_by("move_structure", "deliver_dose", batch=BATCHES)
    for source in OTHER_BATCHES:
        found += made_by(
            "extract_other_dose", source=source, batch=OTHER_BATCHES[source]
        )
        found += made_by(
            "compute_other_metrics", source=source, group=OTHER_GROUPS[source]
        )
    return found


def stem_of(path):
    """Beginning of the name of a batch's file below the results: a command takes so many names of 1,000 patients."""
    below = Path(path).relative_to(ANALYSIS.results)
    return (below.parent / below.name.split(".")[0]).as_posix()


PROJECT = Path(os.path.relpath(workflow.basedir))
OF_BATCHES = files_of_batches()
OF_ANALYSIS = (
    made_by("gather_metrics", "build_report", "build_draft")
    + made_figures()
    + (
        made_by("read_tables", "assemble_cohort")
        + made_by("describe_cohort", "test_associations", "compare_roc")
        + made_by("validate_published", "choose_pages", "draw_contact_sheet")
        if OUTCOME
        else []
    )
    + (made_by("write_tables") if PAPER_TABLES else [])
    + (made_by("gather_model_dvhs") if OUTCOME or ANALYSIS.fractionation else [])
    + made_by("fit_logistic", model=ANALYSIS.models)
    + made_by("fit_ntcp", ntcp=ANALYSIS.ntcp.fits)
    + (made_by("compare_fits") if ANALYSIS.ntcp.fits else [])
    + (made_by("compare_cytokines") if ANALYSIS.inputs.cytokines else [])
    + (made_by("measure_added_value") if ANALYSIS.ladder else [])
    + (made_by("describe_course") if ANALYSIS.time else [])
    + (made_by("describe_gaps") if ANALYSIS.missing else [])
    + (made_by("compare_printed") if ANALYSIS.printed else [])
    + (made_by("compare_ntcp") if ANALYSIS.ntcp.compare else [])
    + (made_by("gather_sweep", "compare_sweep") if "function_sweep" in FIGURES else [])
    + (
        made_by("compare_sources", "compare_curves")
        + made_by("gather_other_metrics", source=SOURCES)
        if ANALYSIS.agreement
        else []
    )
    + (made_by("optimise_fractions") if ANALYSIS.fractionation else [])
    + made_by("fit_dvh_curves", "compare_delivered")  # rules of this config only
    + (
        made_by("gather_delivered_dvhs")
        if any(fit.dose == "delivered" for fit in ANALYSIS.ntcp.fits.values())
        else []
    )
)
