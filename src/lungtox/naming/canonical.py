"""The structure names that the program knows: TG-263 names of the thorax, and some organs elsewhere.

Those elsewhere are for studies that compare doses; a person names them, no name is proposed as one of them.

`Lungs^Functional` is what a physician drew as well-functioning lung; TG-263 has the sign ^ for such qualifiers.
"""

from __future__ import annotations

CANONICAL_STRUCTURES = (
    "Lung_L", "Lung_R", "Lungs", "Lungs-GTV", "GTV", "IGTV", "ITV", "CTV", "PTV", "Heart", "Esophagus", "SpinalCord",
    "SpinalCanal", "Trachea", "BrachialPlex_L", "BrachialPlex_R", "BrachialPlexs", "Body", "Lungs^Functional",
    "Parotid_L", "Parotid_R", "Lens_L", "Lens_R", "Brainstem", "Bladder", "Rectum", "Femur_Head_L", "Femur_Head_R",
)  # fmt: skip
TARGETS = frozenset({"GTV", "IGTV", "ITV", "CTV", "PTV"})
"""Several ROIs of one patient may be one of these; they are joined. Of an organ there is one."""
