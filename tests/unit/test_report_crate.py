"""The run's record: what it says of the files, what it keeps back, and that other programs read it."""

import hashlib
import json
from pathlib import Path

import pytest
import yaml

from lungtox.agreement.config import AgreementSettings
from lungtox.delivered.config import DeliveredSettings
from lungtox.errors import InputError
from lungtox.models.config import PrintedSettings
from lungtox.report import Run, collect_provenance, copy_workflow, describe_run
from lungtox.report.config import CrateSettings
from lungtox.tables import write_json

FILES = {
    "report.html": b"<p>P001, written at noon</p>",
    "provenance.json": b"{}",
    "cohort/analysis.csv": b"patient,rp\nP001,1\n",
    "cohort/table1.csv": b"variable,all\nage,60\n",
    "cohort/warnings.json": b'["P001: no SPECT"]',
    "dose/P001.qa.json": b'[{"patient": "P001"}]',
    "models/a/fit.json": b'{"model": "a"}',
    "pages/P001.png": b"\x89PNG",
    "figures/roc.svg": b"<svg/>",
    "figures/roc.csv": b"score,fpr\nv20,0.1\n",
    # Rows and ticks of patients without their study IDs.
    "figures/calibration.csv": b"model,kind,predicted,rp\na,patient,0.1,1\n",
    "figures/calibration.svg": b"<svg/>",
    "figures/cytokines.pdf": b"%PDF",
    "figures/delivered.png": b"\x89PNG",
}
SECRET = "Saint_Elsewhere/Plantagenet"
LIMITS = {"Lungs-GTV": {"Mean[Gy]": {"absolute": 1.0}}}


@pytest.fixture
def results(tmp_path):
    for name, content in FILES.items():
        path = tmp_path / "results" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    project = tmp_path / "project"
    (project / "workflow" / "rules").mkdir(parents=True)
    (project / "Snakefile").write_text("rule all:\n    input: []\n")
    (project / "workflow" / "rules" / "a.smk").write_text("# rules\n")
    (tmp_path / SECRET).mkdir(parents=True)
    (tmp_path / SECRET / "clinical.csv").write_bytes(b"patient\nP001\n")
    return tmp_path / "results"


def other_tables(folder):
    """Sections of a config, with every table that is named outside of `inputs`."""
    path = {name: (folder / f"{name}.csv").as_posix() for name in ("plans", "rois", "cases", "found", "drawn", "days")}
    source = {"patients": path["plans"], "structures": path["rois"]}
    agreement = AgreementSettings.model_validate({"sources": {"log": source}, "cases": path["cases"], "limits": LIMITS})
    printed = PrintedSettings(paper="Someone 2020", findings=path["found"], figures=path["drawn"])
    delivered = DeliveredSettings(sessions=path["days"])
    sections = {"agreement": agreement, "printed": printed, "delivered": delivered}
    return {name: section.model_dump(mode="json") for name, section in sections.items()}


def given_config(results):
    """A config whose tables lie in a folder that names a hospital and a patient."""
    clinical = (results.parent / SECRET / "clinical.csv").as_posix()
    config = {"seed": 3, "results": results.as_posix(), "inputs": {"clinical": clinical}, "other": ["a/b", 1.5]}
    return config | other_tables(results.parent / SECRET)


def record(results, **settings):
    """Copy the workflow and describe the run."""
    config = given_config(results)
    clinical = config["inputs"]["clinical"]
    names = copy_workflow(
        results.parent / "project", ["Snakefile", "workflow/rules/a.smk"], results / "crate", config=config
    )
    run = Run(
        title="A title", seed=3, workflow="crate/Snakefile", engine="snakemake", engine_version="9.27.1",
        files=[*FILES, *(f"crate/{name}" for name in names)], inputs={"clinical": clinical},
        programs={"python": "3.11.7", "lungtox": "0.1.0"},
    )  # fmt: skip
    metadata = describe_run(results, run, settings=CrateSettings.model_validate(settings))
    write_json(metadata, results / "ro-crate-metadata.json")
    return {entity["@id"]: entity for entity in metadata["@graph"]}


def linked(value):
    """Give the identifiers to which a property leads."""
    return [one["@id"] for one in (value if isinstance(value, list) else [value])]


def test_every_file_is_there_with_its_checksum_and_every_folder_reaches_the_root(results):
    entities = record(results)
    for name, content in FILES.items():
        entity = entities[name]
        if name in ("report.html", "provenance.json"):  # they hold the time
            assert "sha256" not in entity and "contentSize" not in entity
        else:
            assert entity["sha256"] == hashlib.sha256(content).hexdigest()
            assert entity["contentSize"] == str(len(content))
    kinds = {name: entities[name]["encodingFormat"] for name in ("report.html", "figures/roc.svg", "cohort/table1.csv")}
    assert kinds == {"report.html": "text/html", "figures/roc.svg": "image/svg+xml", "cohort/table1.csv": "text/csv"}
    reached, waiting = set(), ["./"]
    while waiting:
        one = waiting.pop()
        reached.add(one)
        waiting += linked(entities[one].get("hasPart", []))
    assert set(FILES) <= reached
    # A file belongs to its folder, not to the folder and the root.
    assert "cohort/analysis.csv" not in linked(entities["./"]["hasPart"])


def test_files_of_single_patients_say_so_and_the_others_do_not(results):
    entities = record(results)
    marked = {name for name in FILES if "conditionsOfAccess" in entities[name]}
    assert marked == {
        "report.html", "cohort/analysis.csv", "cohort/warnings.json", "dose/P001.qa.json", "pages/P001.png",
        "figures/calibration.csv", "figures/calibration.svg", "figures/cytokines.pdf", "figures/delivered.png",
    }  # fmt: skip


def test_no_folder_of_the_machine_or_the_hospital_gets_into_it(results):
    entities = record(results)
    written = b"".join(
        path.read_bytes() for path in [results / "ro-crate-metadata.json", *results.glob("crate/**/*.*")]
    )
    for word in ("Saint_Elsewhere", "Plantagenet", str(results.parent)):
        assert word.encode() not in written
    content = (results.parent / SECRET / "clinical.csv").read_bytes()
    assert entities["#input-clinical"]["sha256"] == hashlib.sha256(content).hexdigest()
    config = yaml.safe_load((results / "crate/config.yaml").read_text())
    assert config == {
        "seed": 3, "inputs": {"clinical": "clinical.csv"}, "other": ["a/b", 1.5], **other_tables(Path()),
    }  # fmt: skip
    # The report and provenance.json show the same config.
    assert collect_provenance(given_config(results), [], created="2026-01-01")["config"] == config


def test_the_copy_of_the_workflow_replaces_an_earlier_one_and_nothing_else(results):
    record(results)
    (results / "crate" / "old.txt").write_text("of an earlier version")
    record(results)
    assert not (results / "crate" / "old.txt").exists()
    (results / "crate" / "config.yaml").unlink()
    with pytest.raises(InputError, match="holds something"):
        record(results)
    assert (results / "crate" / "Snakefile").is_file()


def test_the_run_names_its_workflow_inputs_and_results(results):
    entities = record(results)
    run = entities["#run"]
    assert run["@type"] == "CreateAction" and run["instrument"] == {"@id": "crate/Snakefile"}
    assert linked(run["object"]) == ["crate/config.yaml", "#input-clinical"]
    assert set(linked(run["result"])) == {
        "report.html", "provenance.json", "cohort/", "dose/", "figures/", "models/", "pages/",
    }  # fmt: skip
    workflow = entities["crate/Snakefile"]
    assert set(workflow["@type"]) == {"File", "SoftwareSourceCode", "ComputationalWorkflow"}
    assert linked(workflow["softwareRequirements"]) == ["pkg:generic/python@3.11.7", "pkg:pypi/lungtox@0.1.0"]
    for name in linked(workflow["input"]) + linked(workflow["output"]):
        parameter = entities[name]
        assert linked(entities[parameter["workExample"]["@id"]]["exampleOfWork"]) == [name]


def test_no_clock_gets_into_it_and_people_give_date_licence_and_authors(results):
    first = record(results)
    text = (results / "ro-crate-metadata.json").read_bytes()
    assert record(results) == first and (results / "ro-crate-metadata.json").read_bytes() == text
    assert first["./"]["datePublished"] == "1980-01-01" and "stands for none" in first["./"]["description"]
    assert "endTime" not in first["#run"] and first["#licence"]["name"] == "No licence"
    author = {"name": "Josiah Carberry", "orcid": "0000-0002-1825-0097", "affiliation": "Brown University"}
    told = record(results, date="2026-11-21", licence="CC-BY-4.0", authors=[author])
    assert told["./"]["datePublished"] == told["#run"]["endTime"] == "2026-11-21"
    assert told["./"]["license"] == {"@id": "https://spdx.org/licenses/CC-BY-4.0"}
    assert told["https://orcid.org/0000-0002-1825-0097"]["name"] == "Josiah Carberry"


def test_the_reference_library_reads_it_back(results):
    from rocrate.rocrate import ROCrate

    record(results)
    crate = ROCrate(results)
    assert crate.mainEntity.id == "crate/Snakefile" and crate.name == "A title"
    assert {entity.id for entity in crate.data_entities} >= set(FILES)
    assert all((results / name).exists() for name in FILES)
    assert not [name for name in results.iterdir() if name.name.startswith(".")]


def served_offline(folder: Path) -> Path:
    """Put the context of RO-Crate 1.1 where the validator looks for it when there is no network.

    The reference library brings that of 1.3; in 1.1 four terms of Bioschemas have other addresses.
    """
    import io

    import requests
    import requests_cache
    import rocrate
    from urllib3.response import HTTPResponse

    content = json.loads((Path(rocrate.__file__).parent / "data" / "ro-crate.jsonld").read_text(encoding="utf-8"))
    bioschemas = "https://bioschemas.org"
    content["@context"] |= {
        "ComputationalWorkflow": f"{bioschemas}/ComputationalWorkflow",
        "FormalParameter": f"{bioschemas}/FormalParameter",
        "input": f"{bioschemas}/ComputationalWorkflow#input",
        "output": f"{bioschemas}/ComputationalWorkflow#output",
    }
    address = "https://w3id.org/ro/crate/1.1/context"
    raw = HTTPResponse(
        body=io.BytesIO(json.dumps(content).encode()), status=200, headers={"Content-Type": "application/ld+json"},
        preload_content=False, request_url=address,
    )  # fmt: skip
    response = requests.Response()
    response.status_code, response.url, response.raw = 200, address, raw
    response.headers["Content-Type"] = "application/ld+json"
    response.request = requests.Request("GET", address).prepare()
    cache = folder / "cache"
    with requests_cache.CachedSession(cache_name=str(cache), backend="sqlite", expire_after=-1) as session:
        session.cache.save_response(response)
    return cache


@pytest.mark.parametrize("told", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_the_validator_of_the_profile_accepts_it(results, tmp_path, told):
    from rocrate_validator import services
    from rocrate_validator.models import Severity

    author = {"name": "Josiah Carberry", "orcid": "0000-0002-1825-0097"}
    record(results, **({"date": "2026-11-21", "licence": "CC-BY-4.0", "authors": [author]} if told else {}))
    settings = services.ValidationSettings(
        rocrate_uri=str(results), profile_identifier="workflow-run-crate", offline=True,
        requirement_severity=Severity.REQUIRED, cache_path=served_offline(tmp_path),
    )  # fmt: skip
    result = services.validate(settings)
    assert result.passed(), [issue.message for issue in result.get_issues()]
