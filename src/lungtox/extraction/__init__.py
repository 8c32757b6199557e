"""One patient from files to DVHs; the only caller of dicom, imaging and dose together."""

import lazy_loader as lazy

__getattr__, __dir__, __all__ = lazy.attach_stub(__name__, __file__)
