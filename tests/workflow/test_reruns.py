"""What runs again, and what does not."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable

import pytest

from .conftest import JOBS, PATIENTS, RESAMPLES, TABLES, Workspace
from .conftest import PAGES as NUMBER_OF_PAGES

Copy = Callable[[Workspace], Workspace]
COHORT_STAGES = {
    "gather_metrics", "gather_model_dvhs", "assemble_cohort", "describe_cohort", "test_associations",
    "compare_cytokines", "fit_logistic", "compare_roc", "fit_ntcp", "compare_fits", "validate_published",
    "plot_dvh_groups",
    "plot_roc", "plot_forest", "plot_ntcp", "plot_cytokines", "build_report", "describe_course", "plot_incidence",
    "gather_sweep", "compare_sweep", "plot_function_sweep",
    "describe_gaps", "plot_missing",
    "measure_added_value", "plot_validation", "compare_ntcp", "plot_ntcp_comparison", "write_tables",
    "build_draft", "write_crate",
}  # fmt: skip


PAGES = {"choose_pages", "draw_contact_sheet"}
"""Whose pages are drawn shows only when all are extracted."""


def test_the_run_ends_with_a_report(finished_run: Workspace) -> None:
    report = (finished_run.folder / "results" / "report.html").read_text(encoding="utf-8")
    assert "not for treatment decisions" in report.lower()
    assert len(list((finished_run.folder / "results" / "dose").glob("*.dvh.parquet"))) == JOBS
    pages = (finished_run.folder / "results/pages/pages.csv").read_text(encoding="utf-8").splitlines()[1:]
    assert len(pages) == NUMBER_OF_PAGES
    drawn = {path.name for path in (finished_run.folder / "results/pages").glob("*.png")}
    # The eleventh demo patient's SPECT comes to the plan by registration of the CTs.
    assert drawn == {*(line.split(",")[-1] for line in pages), "LT011.registration.png"}
    assert all(f'href="pages/{name}"' in report for name in drawn)


def test_nothing_changed_runs_nothing(finished_run: Workspace) -> None:
    assert finished_run.planned() == {}


def test_a_touched_file_runs_nothing(finished_run: Workspace, copy_of: Copy) -> None:
    workspace = copy_of(finished_run)
    os.utime(workspace.folder / "data/demo/inputs/LT001/dose.dcm")
    os.utime(workspace.folder / "data/demo/clinical.csv")
    os.utime(workspace.folder / "src/lungtox/dose/dvh.py")
    os.utime(workspace.folder / "scripts/extract_dose.py")
    assert workspace.planned() == {}


def _with_a_new_patient(finished_run: Workspace, copy_of: Copy) -> Workspace:
    workspace = copy_of(finished_run)
    demo = workspace.folder / "data" / "demo"
    for name in TABLES:
        shutil.copy(demo / f"{name}.all", demo / f"{name}.csv")
    return workspace


def _listed(workspace: Workspace) -> int:
    tables = [workspace.folder / "results" / "cohort" / f"{name}.csv" for name in ("analysis", "exclusions")]
    return sum(len(table.read_text(encoding="utf-8").splitlines()) - 1 for table in tables)


def test_a_new_patient_runs_one_extraction_and_the_cohort_stages(finished_run: Workspace, copy_of: Copy) -> None:
    workspace = _with_a_new_patient(finished_run, copy_of)
    planned = workspace.planned()
    assert planned["extract_dose"] == 1
    assert planned["compute_metrics"] == 1
    assert set(planned) == COHORT_STAGES | PAGES | {"extract_dose", "compute_metrics", "read_tables"}
    status, output = workspace.run("--", "results/cohort/analysis.csv")
    assert status == 0, output
    assert output.count("extract_dose") <= 1
    assert _listed(workspace) == PATIENTS + 1


@pytest.mark.slow
def test_a_run_with_a_new_patient_is_finished_and_draws_no_other_page(finished_run: Workspace, copy_of: Copy) -> None:
    workspace = _with_a_new_patient(finished_run, copy_of)
    status, output = workspace.run()
    assert status == 0, output
    assert _listed(workspace) == PATIENTS + 1
    drawn = output.count("draw_page")
    assert drawn <= 1  # the new patient, or nobody: the pages of the others stay
    assert workspace.planned() == {}


def test_a_changed_formula_of_the_dose_room_reruns_extraction_and_what_follows(
    finished_run: Workspace, copy_of: Copy
) -> None:
    workspace = copy_of(finished_run)
    source = workspace.folder / "src/lungtox/dose/eqd2.py"
    source.write_text(source.read_text(encoding="utf-8") + "\n\nCHANGED = 1\n", encoding="utf-8")
    planned = workspace.planned()
    assert planned["extract_dose"] == JOBS
    assert set(planned) == COHORT_STAGES | PAGES | {"extract_dose", "compute_metrics"}


def test_a_changed_comment_reruns_nothing(finished_run: Workspace, copy_of: Copy) -> None:
    workspace = copy_of(finished_run)
    source = workspace.folder / "src/lungtox/dose/eqd2.py"
    source.write_text(source.read_text(encoding="utf-8") + "\n# a remark\n", encoding="utf-8")
    assert workspace.planned() == {}


def test_a_changed_style_reruns_figures_and_report_only(finished_run: Workspace, copy_of: Copy) -> None:
    workspace = copy_of(finished_run)
    workspace.edit("config.yaml", "font_pt: 8", "font_pt: 9")
    planned = workspace.planned()
    figures = {rule: 1 for rule in COHORT_STAGES if rule.startswith("plot_")}
    assert planned == figures | {
        "draw_page": NUMBER_OF_PAGES,
        "draw_overlay": 1,
        "draw_contact_sheet": 1,
        "build_report": 1,
        "build_draft": 1,
        "write_crate": 1,
    }


def test_all_pages_draw_what_is_missing(finished_run: Workspace, copy_of: Copy) -> None:
    workspace = copy_of(finished_run)
    planned = workspace.planned("--config", "pages=all")
    assert set(planned) == {"choose_pages", "draw_contact_sheet", "build_report", "build_draft", "write_crate"}
    refused = workspace.command("python", "workflow/run.py", "--pages", "most")
    assert refused.returncode == 2 and "PAGES is a whole number or all" in refused.stderr


def test_a_config_key_reruns_only_the_stages_that_read_it(finished_run: Workspace, copy_of: Copy) -> None:
    workspace = copy_of(finished_run)
    # A key that was left out before, given now with the value it had anyway: another section's jobs and its own stay.
    workspace.edit("config.yaml", "seed: ", "results: results\nseed: ")
    assert workspace.planned() == {}
    workspace.edit("config.yaml", f"resamples: {RESAMPLES}", "resamples: 11")
    assert set(workspace.planned()) == {
        "fit_logistic", "measure_added_value", "plot_forest", "plot_validation", "compare_ntcp",
        "plot_ntcp_comparison", "write_tables", "build_report", "build_draft", "write_crate",
    }  # fmt: skip


def test_another_mapping_of_the_tables_reruns_no_dose(finished_run: Workspace, copy_of: Copy) -> None:
    workspace = copy_of(finished_run)
    demo = workspace.folder / "data" / "demo"
    columns = (demo / "clinical.csv").read_text(encoding="utf-8").splitlines()[0].split(",")
    mapping = f"tables: {{clinical: {{columns: {{{', '.join(f'{name}: {name}' for name in columns)}}}}}}}\n"
    workspace.edit("config.yaml", "seed: ", f"{mapping}seed: ")
    planned = workspace.planned()
    assert set(planned) <= COHORT_STAGES | {"read_tables"}
    assert {"read_tables", "assemble_cohort", "build_report"} <= set(planned)
    before = (workspace.folder / "results/cohort/analysis.csv").read_bytes()
    profile = ("--profile", "workflow/profiles/default")
    done = workspace.command("snakemake", *profile, "--cores", "2", "results/cohort/analysis.csv")
    assert done.returncode == 0, done.stdout + done.stderr
    assert (workspace.folder / "results/cohort/analysis.csv").read_bytes() == before
