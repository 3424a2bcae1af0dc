"""The networks of the course, one a file, each a functional Keras model."""

from cvkit.models.lenet import lenet5, lenet5_original

__all__ = ["lenet5", "lenet5_original"]
