from .sampling import interpolate as interpolate
from .sampling import sample_function as sample_function
