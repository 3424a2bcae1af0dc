"""The networks of the course, one a file, each a functional Keras model."""

from cvkit.models.alexnet import alexnet
from cvkit.models.inception_resnet import inception_resnet, inception_resnet_block
from cvkit.models.lenet import lenet5, lenet5_original
from cvkit.models.nin import mlpconv, nin
from cvkit.models.vgg import VGG_TABLE, vgg
from cvkit.models.zfnet import zfnet

__all__ = [
    "VGG_TABLE",
    "alexnet",
    "inception_resnet",
    "inception_resnet_block",
    "lenet5",
    "lenet5_original",
    "mlpconv",
    "nin",
    "vgg",
    "zfnet",
]
