"""How many fractions: the dose per fraction of equal tumour effect, and what it does to the organs' DVHs."""

import lazy_loader as lazy

__getattr__, __dir__, __all__ = lazy.attach_stub(__name__, __file__)
