"""Delivered dose: the doses of sessions accumulated on the planning grid through deformation fields."""

import lazy_loader as lazy

__getattr__, __dir__, __all__ = lazy.attach_stub(__name__, __file__)
