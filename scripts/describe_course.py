"""Cumulative incidence with competing deaths, Cox models, and the unknown outcomes coded either way."""

import json
from argparse import Namespace

from lungtox.cohort import read_cytokines
from lungtox.entry import run
from lungtox.models import describe_course
from lungtox.models.config import LogisticSettings, TimeSettings
from lungtox.tables import read_csv, write_csv


def main(options: Namespace) -> None:
    settings = json.loads(options.settings)
    course = describe_course(
        read_csv(options.analysis),
        settings=TimeSettings.model_validate(settings["time"]),
        window_months=settings["endpoint"]["window_months"],
        models={name: LogisticSettings.model_validate(model) for name, model in settings["models"].items()},
        dictionary=read_csv(options.dictionary),
        draws=read_cytokines(options.cytokines[0]) if options.cytokines else None,
        start=settings["endpoint"]["start"],
    )
    write_csv(course.curves, options.curves)
    write_csv(course.groups, options.groups)
    write_csv(course.cox, options.cox)
    write_csv(course.codings, options.codings)


if __name__ == "__main__":
    run(
        main,
        analysis="analysis table (CSV)",
        dictionary="data dictionary (CSV)",
        cytokines="cytokine table (CSV), if there is one ...",
        settings="sections time, endpoint and models as JSON",
        curves="incidence curves to write (CSV)",
        groups="incidence at the end of the window by group to write (CSV)",
        cox="Cox models to write (CSV)",
        codings="results under each coding of the unknown outcomes to write (CSV)",
    )
