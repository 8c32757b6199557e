"""Structure names: what a ROI name says, and whether its geometry agrees. Names and geometry only, no DICOM."""

import lazy_loader as lazy

__getattr__, __dir__, __all__ = lazy.attach_stub(__name__, __file__)
