import keras
import numpy as np
import pytest

from cvkit import analysis
from cvkit.models import VGG_TABLE, vgg
from tests.models.classifiers import check_saves_and_learns, count
from tests.support import assert_close, raises, to_numpy

# Weights and biases of 3x3 convolutions from 3, 64, 64, ... maps to 64, 64, 128, ...
FIRST, C64, C128, C128_128, C256, C256_256, C512, C512_512 = (
    filters * (9 * maps + 1)
    for maps, filters in ((3, 64), (64, 64), (64, 128), (128, 128), (128, 256), (256, 256), (256, 512), (512, 512))
)
DENSE = 4_096 * 25_089 + 4_096 * 4_097 + 1_000 * 4_097  # on 7 * 7 * 512 = 25,088 numbers
A = FIRST + C128 + C256 + C256_256 + C512 + 3 * C512_512 + DENSE
B = A + C64 + C128_128
C = B + 256 * 257 + 2 * 512 * 513  # three 1x1 convolutions
D = B + C256_256 + 2 * C512_512  # 3x3 in their place
E = D + C256_256 + 2 * C512_512
C_WORK = 15_470_264_320 - 8 * (56**2 * 256**2 + 28**2 * 512**2 + 14**2 * 512**2)  # D's, three 1x1 for three 3x3
PUBLISHED = {  # parameters; weight layers; the paper's table 2 in millions; GFLOPS in torchvision's model table
    "A": (A, 132_863_336, 11, 133, 7.61),
    "A-LRN": (A, 132_863_336, 11, 133, 7.61),
    "B": (B, 133_047_848, 13, 133, 11.31),
    "C": (C, 133_638_952, 16, 134, C_WORK / 1e9),
    "D": (D, 138_357_544, 16, 138, 15.47),
    "E": (E, 143_667_240, 19, 144, 19.63),
}


@pytest.mark.parametrize("config", VGG_TABLE)
def test_parameters_layers_and_multiply_adds(config):
    def depth(model):
        return sum(bool(layer.weights) for layer in model.layers)

    derived, known, layers, millions, billions = PUBLISHED[config]
    found = count(lambda: vgg(config), analysis.count_parameters, depth, analysis.count_multiply_adds)
    assert found[:2] == [derived, layers]
    assert derived == known
    assert round(known / 1e6) == millions
    assert found[2] == pytest.approx(billions * 1e9, rel=0.01)


def test_the_table_is_that_of_the_paper():
    assert list(VGG_TABLE) == ["A", "A-LRN", "B", "C", "D", "E"]
    assert [sum(entry != "LRN" for block in blocks for entry in block) for blocks in VGG_TABLE.values()] == [
        *(8, 8, 10, 13, 13, 16)
    ]
    assert VGG_TABLE["A-LRN"][0] == ["conv3-64", "LRN"]
    assert [block[-1] for block in VGG_TABLE["C"]] == ["conv3-64", "conv3-128", "conv1-256", "conv1-512", "conv1-512"]


def test_equals_keras_vgg16_with_its_dense_layers():
    theirs = keras.applications.VGG16(weights=None, input_shape=(32, 64, 3), classes=3, classifier_activation=None)
    ours = vgg("D", num_classes=3, input_shape=(32, 64, 3))
    ours.set_weights(theirs.get_weights())
    images = np.random.default_rng(0).normal(0, 60, size=(2, 32, 64, 3)).astype("float32")
    names = ("block1_pool", "block5_pool", "fc1", "predictions")
    expected = [to_numpy(x) for x in outputs_of(theirs, names)(images)]
    assert abs(expected[-1]).mean() > 0.01  # else two networks of zeros would agree
    for found, wanted in zip(outputs_of(ours, names)(images), expected, strict=True):
        assert_close(found, wanted)


def test_equals_keras_vgg19_without_its_dense_layers():
    theirs = keras.applications.VGG19(include_top=False, weights=None, input_shape=(None, None, 3))
    ours = vgg("E", num_classes=3, input_shape=(40, 32, 3))
    features = keras.Model(ours.input, ours.get_layer("block5_pool").output)
    features.set_weights(theirs.get_weights())
    images = np.random.default_rng(0).normal(0, 60, size=(2, 40, 32, 3)).astype("float32")
    assert_close(features(images), to_numpy(theirs(images)))


def outputs_of(model, names):
    return keras.Model(model.input, [model.get_layer(name).output for name in names])


def test_receptive_field():
    # 5, pooling 6; 14, 16; 40, 44; 92, 100; 196, 212: Araujo et al., Distill, 2019, has 212 for VGG-16.
    def field(model):
        return analysis.receptive_field(outputs_of(model, ["block5_pool"]))

    assert count(lambda: vgg("D", num_classes=3, input_shape=(32, 32, 3)), field) == [212]


def test_normalisation_stands_where_the_table_has_it(tmp_path):
    model = vgg("A-LRN", num_classes=3, dropout=0.0, input_shape=(32, 32, 3))
    assert model.get_layer("block1_norm").input is model.get_layer("block1_conv1").output
    check_saves_and_learns(model, tmp_path / "model.keras")


def test_arguments_are_checked():
    with raises("config must be one of A, A-LRN, B, C, D, E. Received 'F'"):
        vgg("F")
    with raises(r"at least 32 pixels on a side.*Received \(31, 32, 3\)"):
        vgg(input_shape=(31, 32, 3))
