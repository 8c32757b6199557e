from .grid import Dose as Dose
from .grid import Grid as Grid
from .grid import Image as Image
from .structure import Plane as Plane
from .structure import Structure as Structure
from .structure import StructureSet as StructureSet
