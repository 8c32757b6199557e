"""The run's record as a Workflow Run RO-Crate, so that the results folder can be deposited as it is.

Profiles: Workflow Run Crate 0.5 on RO-Crate 1.1 (Leo et al. 2024, doi 10.1371/journal.pone.0309210), with Workflow
RO-Crate 1.0 for the workflow. No clock: the same results give the same record.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from lungtox.provenance import file_checksum
from lungtox.report.config import CrateSettings
from lungtox.report.crate_files import STAGES, CrateFile, describe_files, kind_of

VERSION = "1.1"
METADATA = "ro-crate-metadata.json"
PROFILES = {
    "https://w3id.org/ro/wfrun/process/0.5": ("Process Run Crate", "0.5"),
    "https://w3id.org/ro/wfrun/workflow/0.5": ("Workflow Run Crate", "0.5"),
    "https://w3id.org/workflowhub/workflow-ro-crate/1.0": ("Workflow RO-Crate", "1.0"),
}
TERMS = {"sha256": "https://w3id.org/ro/terms/workflow-run#sha256"}
"""Words that RO-Crate 1.1 does not know, with their meaning."""
FORMAL_PARAMETER = "https://bioschemas.org/profiles/FormalParameter/1.0-RELEASE"
COMPUTATIONAL_WORKFLOW = "https://bioschemas.org/profiles/ComputationalWorkflow/1.0-RELEASE"
LICENCES = "https://spdx.org/licenses"
OWN_LICENCE = "BSD-3-Clause"
NO_DATE = "1980-01-01"
CONFIG_FILE = "crate/config.yaml"
ABOUT = (
    "Results of a lungtox run: tables, figures and report on radiation pneumonitis and dose. Research use, not for "
    "treatment decisions. Patients appear under study IDs; DICOM files and input tables are no part of the crate, the "
    "tables are named by their checksums. Files with data of single patients say so under conditionsOfAccess."
)


@dataclass(frozen=True)
class Run:
    """What the record is about.

    Attributes
    ----------
    title : str
        Of the report.
    seed : int
    workflow : str
        The workflow's main file, below the results folder: ``crate/Snakefile``.
    engine, engine_version : str
        The language of the workflow as the RO-Crate library names it, and its version.
    files : sequence of str
        All files of the record below the results folder, those of the workflow included.
    inputs : dict
        Input table by its key in the config -> its path, of which only the key gets into the record.
    programs : dict
        Program -> version.
    """

    title: str
    seed: int
    workflow: str
    engine: str
    engine_version: str
    files: Sequence[str]
    inputs: Mapping[str, str | Path]
    programs: Mapping[str, str]


def describe_run(folder: str | Path, run: Run, *, settings: CrateSettings) -> dict[str, Any]:
    """Describe a finished run as RO-Crate metadata.

    Parameters
    ----------
    folder : path of the results
        The crate's root.
    run : Run
    settings : CrateSettings
        Date, licence and authors, which only people know.

    Returns
    -------
    dict
        JSON-LD with ``@context`` and a flat ``@graph``: root, workflow, one action with its inputs and results, files
        with media type, size and SHA-256, folders, programs, licence, authors. The action has an end only where the
        settings have a date.
    """
    return _Record(Path(folder), run, settings).describe()


class _Record:
    """Collects the entities of one crate."""

    def __init__(self, folder: Path, run: Run, settings: CrateSettings) -> None:
        import rocrate.rocrate as library

        self.folder, self.run, self.settings = folder, run, settings
        self.crate = library.ROCrate(version=VERSION)

    def describe(self) -> dict[str, Any]:
        described = describe_files(self.folder, self.run.files)
        own = [file for file in described if file.stage == "crate"]
        authors = [self._person(index) for index in range(len(self.settings.authors))]
        workflow = self._workflow(own)
        config = self.crate.get(CONFIG_FILE)
        made = self._results([file for file in described if file.stage != "crate"])
        objects = [(config, "config", "File"), *self._inputs()]
        action = self._entity(
            "#run",
            {
                "@type": "CreateAction",
                "name": f"Run of lungtox {self.run.programs.get('lungtox', '')}".strip(),
                "description": f"One run of the workflow with the seed {self.run.seed}; no time is recorded, so that "
                "the same results give the same record.",
                "instrument": workflow,
                "object": [entity for entity, _, _ in objects],
                "result": [entity for entity, _, _ in made],
                "actionStatus": "http://schema.org/CompletedActionStatus",
                **({"agent": authors} if authors else {}),
                **({"endTime": self.settings.date.isoformat()} if self.settings.date else {}),
            },
        )
        workflow["input"] = [self._parameter(*one) for one in objects]
        workflow["output"] = [self._parameter(*one) for one in made]
        self._root(authors, action)
        metadata: dict[str, Any] = self.crate.metadata.generate()
        return {**metadata, "@graph": [_plain(entity) for entity in metadata["@graph"]]}

    def _entity(self, identifier: str, properties: dict[str, Any]) -> Any:
        from rocrate.model.contextentity import ContextEntity

        return self.crate.add(ContextEntity(self.crate, identifier, properties=properties))

    def _root(self, authors: Sequence[Any], action: Any) -> None:
        date = self.settings.date
        crate = self.crate
        crate.name, crate.description = self.run.title, ABOUT
        crate.root_dataset["datePublished"] = date.isoformat() if date else NO_DATE
        if date is None:
            crate.description = f"{ABOUT} The date {NO_DATE} stands for none (report.crate.date)."
        crate.root_dataset["license"] = self._licence(self.settings.licence)
        crate.root_dataset["conformsTo"] = [
            self._entity(address, {"@type": "CreativeWork", "name": name, "version": version})
            for address, (name, version) in PROFILES.items()
        ]
        crate.root_dataset["mentions"] = [action]
        if authors:
            crate.root_dataset["author"] = list(authors)
        crate.metadata.extra_terms.update(TERMS)

    def _licence(self, licence: str | None) -> Any:
        if licence is None:
            return self._entity(
                "#licence",
                {
                    "@type": "CreativeWork",
                    "name": "No licence",
                    "description": "No licence is stated (report.crate.licence): ask those who hold the results.",
                },
            )
        address = licence if "://" in licence else f"{LICENCES}/{licence}"
        return self._entity(address, {"@type": "CreativeWork", "name": licence, "url": {"@id": address}})

    def _person(self, index: int) -> Any:
        author = self.settings.authors[index]
        address = f"https://orcid.org/{author.orcid}" if author.orcid else f"#author-{index + 1}"
        properties: dict[str, Any] = {"@type": "Person", "name": author.name}
        if author.affiliation:
            properties["affiliation"] = self._entity(
                f"#affiliation-{index + 1}", {"@type": "Organization", "name": author.affiliation}
            )
        return self._entity(address, properties)

    def _workflow(self, files: Sequence[CrateFile]) -> Any:
        """Add the workflow with the files it consists of, its language and what it needs."""
        parts = {file.name: file for file in files}
        main = parts.pop(self.run.workflow)
        workflow = self.crate.add_workflow(
            dest_path=main.name, properties=main.properties, main=True, lang=self.run.engine,
            lang_version=self.run.engine_version,
        )  # fmt: skip
        workflow["name"] = "lungtox"
        workflow["description"] = "From radiotherapy DICOM to a validated analysis of radiation pneumonitis."
        workflow["version"] = self.run.programs.get("lungtox", "0")
        workflow["license"] = self._licence(OWN_LICENCE)
        workflow["conformsTo"] = {"@id": COMPUTATIONAL_WORKFLOW}
        workflow["softwareRequirements"] = [
            # A package URL: absolute, and the same wherever the package came from.
            self._entity(
                f"pkg:{'generic' if name == 'python' else 'pypi'}/{name.lower()}@{version}",
                {"@type": "SoftwareApplication", "name": name, "softwareVersion": version},
            )
            for name, version in self.run.programs.items()
        ]
        folder = self.crate.add_dataset(dest_path="crate", properties=_folder_properties("crate"))
        folder["hasPart"] = [workflow, *(self._file(file, nested=True) for file in parts.values())]
        return workflow

    def _file(self, file: CrateFile, *, nested: bool) -> Any:
        """Add a file; one in a folder is a part of the folder and not of the root itself."""
        entity = self.crate.add_file(dest_path=file.name, properties=file.properties)
        if nested:
            parts = self.crate.root_dataset.properties()["hasPart"]
            parts[:] = [part for part in parts if part["@id"] != entity.id]
        return entity

    def _results(self, files: Sequence[CrateFile]) -> list[tuple[Any, str, str]]:
        """Add what the run made: single files, and a folder for each stage."""
        made = [
            (self._file(file, nested=False), PurePosixPath(file.name).name, "File") for file in files if not file.stage
        ]
        for stage in sorted({file.stage for file in files} - {""}):
            folder = self.crate.add_dataset(dest_path=stage, properties=_folder_properties(stage))
            folder["hasPart"] = [self._file(file, nested=True) for file in files if file.stage == stage]
            made.append((folder, stage, "Dataset"))
        return made

    def _inputs(self) -> list[tuple[Any, str, str]]:
        """Add the input tables by key and checksum: they are not in the crate."""
        found = []
        for key, path in sorted(self.run.inputs.items()):
            entity = self._entity(
                f"#input-{key}",
                {
                    "@type": "File",
                    "name": key,
                    "description": "Input table, not in the crate.",
                    "encodingFormat": kind_of(str(path)),
                    "contentSize": str(Path(path).stat().st_size),
                    "sha256": file_checksum(path),
                },
            )
            found.append((entity, key, "File"))
        return found

    def _parameter(self, entity: Any, name: str, kind: str) -> Any:
        """Add the formal parameter that an input or a result is an example of."""
        parameter = self._entity(
            f"#parameter-{name}",
            {
                "@type": "FormalParameter",
                "name": name,
                "additionalType": kind,
                "workExample": entity,
                "conformsTo": {"@id": FORMAL_PARAMETER},
            },
        )
        entity["exampleOfWork"] = parameter
        return parameter


def _plain(entity: Mapping[str, Any]) -> dict[str, Any]:
    """Write a list of one value as that value, as RO-Crate 1.1 recommends."""
    return {key: value[0] if isinstance(value, list) and len(value) == 1 else value for key, value in entity.items()}


def _folder_properties(stage: str) -> dict[str, Any]:
    return {"name": stage, "description": STAGES.get(stage, f"Results of the stage {stage}.")}
