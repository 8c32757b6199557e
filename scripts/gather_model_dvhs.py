"""Stream the DVHs that models and figures name into one file, at 0.1 Gy."""

import json
from argparse import Namespace

from lungtox.dose import gather_model_dvhs
from lungtox.dose.config import FunctionSettings
from lungtox.entry import run
from lungtox.ntcp import required_dvhs
from lungtox.ntcp.config import NtcpSettings


def main(options: Namespace) -> None:
    settings = json.loads(options.settings)
    selections = set(required_dvhs(NtcpSettings.model_validate(settings["ntcp"])))
    if settings["function"] is not None:
        function = FunctionSettings.model_validate(settings["function"])
        weightings = ["anatomical", "perfusion", *(f"functional:{region}" for region in function.regions)]
        selections |= {(function.structure, weighting, "physical") for weighting in weightings}
    gather_model_dvhs(options.batches, options.dvh, selections=selections, bin_width_gy=0.1)


if __name__ == "__main__":
    run(
        main,
        batches="DVHs of the batches (Parquet) ...",
        settings="sections ntcp and function as JSON",
        dvh="DVHs to write (Parquet)",
    )
