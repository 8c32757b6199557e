"""Write the record of the run: the workflow beside the results, and RO-Crate metadata of all files."""

import json
from argparse import Namespace
from importlib.metadata import version
from pathlib import Path

from lungtox.entry import run
from lungtox.provenance import versions
from lungtox.report import Run, copy_workflow, describe_run
from lungtox.report.config import ReportSettings
from lungtox.tables import write_json

ENGINE = "snakemake"


def main(options: Namespace) -> None:
    config = json.loads(options.config)
    folder = Path(options.folder)
    settings = ReportSettings.model_validate(config["report"])
    names = [Path(path).relative_to(options.project).as_posix() for path in options.workflow]
    crate = copy_workflow(options.project, names, options.crate, config=config)
    files = [Path(path).relative_to(folder).as_posix() for path in options.files]
    files += [path.relative_to(folder).as_posix() for stem in options.stems for path in folder.glob(f"{stem}.*")]
    files += [f"{Path(options.crate).name}/{name}" for name in crate]
    files += ["README.md"] if (folder / "README.md").is_file() else []
    record = Run(
        title=settings.title,
        seed=config["seed"],
        workflow=f"{Path(options.crate).name}/Snakefile",
        engine=ENGINE,
        engine_version=version(ENGINE),
        files=files,
        inputs=json.loads(options.inputs),
        programs=versions(),
    )
    write_json(describe_run(folder, record, settings=settings.crate), options.metadata)


if __name__ == "__main__":
    run(
        main,
        folder="results folder",
        config="the whole config as JSON",
        inputs="input table -> path, without the key file, as JSON",
        project="folder of the workflow",
        workflow="files of the workflow ...",
        files="files of the results ...",
        stems="beginnings of the names of files of batches, below the results folder ...",
        crate="folder for the copy of the workflow",
        metadata="RO-Crate metadata to write (JSON)",
    )
