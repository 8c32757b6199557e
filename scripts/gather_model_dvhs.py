"""Stream the DVHs that models and figures name into one file, at 0.1 Gy."""

import json
from argparse import Namespace

from lungtox.dose import gather_model_dvhs
from lungtox.entry import run
from lungtox.ntcp import model_dvh_selections
from lungtox.ntcp.config import NtcpSettings


def main(options: Namespace) -> None:
    settings = json.loads(options.settings)
    selections = model_dvh_selections(
        NtcpSettings.model_validate(settings["ntcp"]), function=settings["function"], eqd2=settings["dose"]["eqd2"]
    )
    more = [tuple(selection) for selection in json.loads(options.more)]
    gather_model_dvhs(options.batches, options.dvh, selections=[*selections, *more], bin_width_gy=0.1)


if __name__ == "__main__":
    run(
        main,
        batches="DVHs of the batches (Parquet) ...",
        settings="sections ntcp, function and dose as JSON",
        more="further DVHs to keep as JSON: structure, weighting, quantity of each",
        dvh="DVHs to write (Parquet)",
    )
