"""The networks of the course, one a file, each a functional Keras model."""

from cvkit.models.inception_resnet import inception_resnet, inception_resnet_block
from cvkit.models.lenet import lenet5, lenet5_original
from cvkit.models.nin import mlpconv, nin

__all__ = [
    "inception_resnet",
    "inception_resnet_block",
    "lenet5",
    "lenet5_original",
    "mlpconv",
    "nin",
]
