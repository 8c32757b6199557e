"""From a folder of exported files in no order to patients.csv, structures.csv and links with neutral names."""

import lazy_loader as lazy

__getattr__, __dir__, __all__ = lazy.attach_stub(__name__, __file__)
