"""cvkit: the small package behind a hands-on computer-vision course on Keras 3.

Rooms are loaded when they are first used, so ``import cvkit`` costs little. It sets no seed, no plotting style and no
backend. Where it comes before Keras it asks TensorFlow not to print its start-up notes, unless TF_CPP_MIN_LOG_LEVEL is
set already.
"""

import importlib
import os
import sys

__version__ = "0.1.0"

_level = os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
if _level == "3" and "ipykernel" in sys.modules and "keras" not in sys.modules:  # a notebook, which imports Keras next
    from cvkit import quiet

    quiet.import_keras()

_ROOMS = (
    "analysis",
    "backbones",
    "data",
    "detection",
    "faces",
    "homework",
    "layers",
    "losses",
    "models",
    "plots",
    "segmentation",
    "style",
    "tracking",
)
_NAMES = {
    "lesson": "cvkit.lessons",
    "Lesson": "cvkit.lessons",
    "show_source": "cvkit.source",
    "restart": "cvkit.training",
}

__all__ = [*_ROOMS, *_NAMES]


def __getattr__(name):
    if name in _ROOMS:
        return importlib.import_module(f"cvkit.{name}")
    if name in _NAMES:
        return getattr(importlib.import_module(_NAMES[name]), name)
    raise AttributeError(f"module 'cvkit' has no attribute {name!r}; it has {', '.join(__all__)}")


def __dir__():
    return sorted([*globals(), *__all__])
