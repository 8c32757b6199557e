# Further sources of dose for the same patients: their rows, batches and files. No rules.

# Without the section there are no sources, and nothing asks for these rules.
SOURCES = ANALYSIS.agreement.sources if ANALYSIS.agreement else {}
CASES = (
    [ANALYSIS.agreement.cases]
    if ANALYSIS.agreement and ANALYSIS.agreement.cases
    else []
)
# Rows and batches of the further sources, by name; those of inputs.patients are ROWS and BATCHES.
OTHER_ROWS = {
    name: {
        row.patient: row
        for row in read_patients(
            source.patients,
            structures=source.structures or ANALYSIS.inputs.structures,
            accept_from_score=ANALYSIS.names.accept_from_score,
            shared=source.structures is None,
        )
    }
    for name, source in SOURCES.items()
}
OTHER_BATCHES = {
    name: (
        {patient: [patient] for patient in rows}
        if ANALYSIS.dose.patients_per_job == 1
        else make_batches(list(rows), ANALYSIS.dose.patients_per_job)
    )
    for name, rows in OTHER_ROWS.items()
}
OTHER_GROUPS = {
    name: make_batches(list(batches), 20, name="group")
    for name, batches in OTHER_BATCHES.items()
}


def other_rows(wildcards):
    """Rows of one batch of a further source."""
    batch = OTHER_BATCHES[wildcards.source][wildcards.batch]
    return [OTHER_ROWS[wildcards.source][patient] for patient in batch]


def other_group(ending):
    """Files of a group's batches of a further source, as an input function."""

    def files(wildcards):
        folder = f"{ANALYSIS.results}/agreement/{wildcards.source}"
        batches = OTHER_GROUPS[wildcards.source][wildcards.group]
        return [f"{folder}/{batch}.{ending}" for batch in batches]

    return files


def files_of_sources(ending):
    """Files of all batches by source, main first."""
    found = {"main": [f"{ANALYSIS.results}/dose/{batch}.{ending}" for batch in BATCHES]}
    for name, batches in OTHER_BATCHES.items():
        folder = f"{ANALYSIS.results}/agreement/{name}"
        found[name] = [f"{folder}/{batch}.{ending}" for batch in batches]
    return found


def named(files):
    """Source and path of each file, for a script."""
    return [f"{name}={path}" for name, paths in files.items() for path in paths]
