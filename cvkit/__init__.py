"""cvkit: the small package behind a hands-on computer-vision course on Keras 3.

Rooms are loaded when they are first used, so ``import cvkit`` costs little and changes nothing: it sets no seed, no
plotting style and no backend.
"""

import importlib

__version__ = "0.1.0"

_ROOMS = ("analysis", "data", "detection", "homework", "layers", "losses", "models", "plots")
_NAMES = {"lesson": "cvkit.lessons", "Lesson": "cvkit.lessons", "show_source": "cvkit.source"}

__all__ = [*_ROOMS, *_NAMES]


def __getattr__(name):
    if name in _ROOMS:
        return importlib.import_module(f"cvkit.{name}")
    if name in _NAMES:
        return getattr(importlib.import_module(_NAMES[name]), name)
    raise AttributeError(f"module 'cvkit' has no attribute {name!r}; it has {', '.join(__all__)}")


def __dir__():
    return sorted([*globals(), *__all__])
