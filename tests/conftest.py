"""Settings for every test: quiet backends, a private data cache, one hypothesis profile."""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("MPLBACKEND", "agg")

import hypothesis
import keras
import matplotlib
import pytest

hypothesis.settings.register_profile(
    "cvkit", deadline=None, max_examples=30 if keras.backend.backend() == "tensorflow" else 5, derandomize=True
)
hypothesis.settings.load_profile("cvkit")


@pytest.fixture(autouse=True)
def _seed():
    keras.utils.set_random_seed(0)


@pytest.fixture(autouse=True)
def _style():
    """Every test begins with matplotlib's own settings; a lesson changes them."""
    with matplotlib.rc_context(matplotlib.rcParamsDefault | {"backend": "agg"}):
        yield


def pytest_collection_modifyitems(items):
    real_data = pytest.mark.skip(reason="CVKIT_DATA names no folder of real data sets")
    backend = pytest.mark.skip(reason="needs the TensorFlow backend")
    for item in items:
        if "real_data" in item.keywords and not os.environ.get("CVKIT_DATA"):
            item.add_marker(real_data)
        if "tensorflow_only" in item.keywords and keras.backend.backend() != "tensorflow":
            item.add_marker(backend)
