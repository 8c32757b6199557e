"""The structure names that the program knows: TG-263 names of the thorax."""

from __future__ import annotations

CANONICAL_STRUCTURES = (
    "Lung_L", "Lung_R", "Lungs", "Lungs-GTV", "GTV", "IGTV", "ITV", "CTV", "PTV", "Heart", "Esophagus", "SpinalCord",
    "SpinalCanal", "Trachea", "BrachialPlex_L", "BrachialPlex_R", "BrachialPlexs", "Body",
)  # fmt: skip
TARGETS = frozenset({"GTV", "IGTV", "ITV", "CTV", "PTV"})
"""Several ROIs of one patient may be one of these; they are joined. Of an organ there is one."""
