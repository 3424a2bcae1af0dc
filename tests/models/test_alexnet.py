import keras
import numpy as np
import pytest

from cvkit import analysis
from cvkit.models import alexnet
from tests.models.classifiers import check_saves_and_learns, count
from tests.support import raises, to_numpy

SMALL = dict(num_classes=3, input_shape=(67, 67, 3))
DENSE = 4_096 * 9_217 + 4_096 * 4_097 + 1_000 * 4_097  # fc6 on 6 * 6 * 256 = 9,216 numbers, fc7, fc8


@pytest.fixture(scope="module", name="small")
def _small():
    return alexnet(towers=2, dropout=0.0, **SMALL)


def test_parameters():
    # Each filter has a bias. conv2, 4 and 5 see 96, 384 and 384 maps, with two towers half as many.
    one = 96 * 364 + 256 * 2_401 + 384 * 2_305 + 384 * 3_457 + 256 * 3_457
    two = 96 * 364 + 256 * 1_201 + 384 * 2_305 + 384 * 1_729 + 256 * 1_729
    assert count(alexnet, analysis.count_parameters) == [one + DENSE] == [62_378_344]
    assert count(lambda: alexnet(towers=2), analysis.count_parameters) == [two + DENSE] == [60_965_224]


def test_multiply_adds():
    # Positions times weights: 55^2, 27^2 and 13^2 positions; the dense layers use each weight once.
    convolutions = 55**2 * 96 * 363 + 27**2 * 256 * 1_200 + 13**2 * (384 * 2_304 + 384 * 1_728 + 256 * 1_728)
    dense = 9_216 * 4_096 + 4_096 * 4_096 + 4_096 * 1_000
    (found,) = count(lambda: alexnet(towers=2), analysis.count_multiply_adds)
    assert found == convolutions + dense == 724_406_816
    assert convolutions == pytest.approx(666e6, rel=0.01)  # Chen et al., "Eyeriss", ISSCC 2016, paper 14.5


def test_sizes_are_those_of_the_paper():
    def shapes(model):
        return [model.get_layer(name).output.shape[1:] for name in ("conv1", "conv2", "conv3", "conv4", "conv5")]

    expected = [(55, 55, 96), (27, 27, 256), (13, 13, 384), (13, 13, 384), (13, 13, 256)]  # figure 2
    assert count(alexnet, shapes) == [expected]


def test_receptive_field(small):
    # 11; pooling 2 * 4; 5x5: 4 * 8; pooling 2 * 8; three 3x3: 3 * 2 * 16; pooling 2 * 16. Sum 195, as in Araujo et al.,
    # "Computing Receptive Fields of Convolutional Neural Networks", Distill, 2019, for alexnet_v2.
    features = keras.Model(small.input, small.get_layer("pool5").output)
    assert analysis.receptive_field(features) == 11 + 8 + 32 + 16 + 96 + 32 == 195


def test_two_towers_do_not_see_each_other_in_conv2(small):
    part = keras.Model(small.get_layer("pool1").output, small.get_layer("conv2").output)
    maps = np.random.default_rng(0).normal(size=(2, 7, 7, 96)).astype("float32")
    changed = maps.copy()
    changed[..., 48:] += 1.0
    before, after = to_numpy(part(maps)), to_numpy(part(changed))
    assert np.array_equal(before[..., :128], after[..., :128])
    assert not np.array_equal(before[..., 128:], after[..., 128:])


def test_two_towers_save_load_and_learn(small, tmp_path):
    check_saves_and_learns(small, tmp_path / "model.keras")


def test_options():
    def kinds(model):
        rates = [layer.rate for layer in model.layers if isinstance(layer, keras.layers.Dropout)]
        return type(model.get_layer("norm1")).__name__, rates, model.get_layer("conv4").groups

    assert count(lambda: alexnet(**SMALL), kinds) == [("LocalResponseNormalization", [0.5, 0.5], 1)]
    assert count(lambda: alexnet(lrn=False, dropout=0.2, **SMALL), kinds) == [("Identity", [0.2, 0.2], 1)]


def test_arguments_are_checked():
    with raises("towers must be 1 or 2. Received 3"):
        alexnet(towers=3)
    with raises(r"at least 67 pixels on a side.*Received \(66, 80, 3\)"):
        alexnet(input_shape=(66, 80, 3))
