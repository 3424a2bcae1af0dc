import keras
import pytest

from cvkit import analysis
from cvkit.models import zfnet
from tests.models.classifiers import check_saves_and_learns, count
from tests.support import raises


@pytest.fixture(scope="module", name="small")
def _small():
    return zfnet(num_classes=3, dropout=0.0, input_shape=(53, 53, 3))


def test_parameters():
    # AlexNet's but for conv1: 96 filters of 7 * 7 * 3 weights and a bias instead of 11 * 11 * 3.
    convolutions = 96 * 148 + 256 * 2_401 + 384 * 2_305 + 384 * 3_457 + 256 * 3_457
    dense = 4_096 * 9_217 + 4_096 * 4_097 + 1_000 * 4_097
    assert count(zfnet, analysis.count_parameters) == [convolutions + dense] == [62_357_608]
    assert 62_378_344 - 62_357_608 == 96 * 3 * (11**2 - 7**2)


def test_multiply_adds():
    # 110^2, 26^2 and 13^2 positions. The paper counts none; derived here from its figure 3.
    convolutions = 110**2 * 96 * 147 + 26**2 * 256 * 2_400 + 13**2 * (384 * 2_304 + 384 * 3_456 + 256 * 3_456)
    dense = 9_216 * 4_096 + 4_096 * 4_096 + 4_096 * 1_000
    assert count(zfnet, analysis.count_multiply_adds) == [convolutions + dense] == [1_168_032_896]


def test_sizes_are_those_of_figure_3():
    def sides(model):
        return [
            model.get_layer(name).output.shape[1] for name in ("conv1", "pool1", "conv2", "pool2", "conv5", "pool5")
        ]

    assert count(zfnet, sides) == [[110, 55, 26, 13, 13, 6]]


def test_normalisation_follows_pooling(small):
    assert small.get_layer("norm1").input is small.get_layer("pool1").output
    assert small.get_layer("norm2").input is small.get_layer("pool2").output


def test_receptive_field(small):
    # 7; pooling 2 * 2; 5x5: 4 * 4; pooling 2 * 8; three 3x3: 3 * 2 * 16; pooling 2 * 16.
    features = keras.Model(small.input, small.get_layer("pool5").output)
    assert analysis.receptive_field(features) == 7 + 4 + 16 + 16 + 96 + 32 == 171


def test_saves_loads_and_learns(small, tmp_path):
    check_saves_and_learns(small, tmp_path / "model.keras")


def test_arguments_are_checked():
    with raises(r"at least 53 pixels on a side.*Received \(52, 80, 3\)"):
        zfnet(input_shape=(52, 80, 3))
