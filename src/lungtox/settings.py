"""Base of every typed config section: frozen and closed, so that a misspelt key stops the run."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Settings(BaseModel):
    """A section of config.yaml. Unknown keys are refused; values cannot be changed after reading."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, use_attribute_docstrings=True)
