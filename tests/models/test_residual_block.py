import keras
import numpy as np
import pytest

from cvkit import analysis
from cvkit.models import basic_block, bottleneck_block, normalized_convolution, shortcut_path
from tests.support import assert_close, raises, to_numpy

MAPS = np.random.default_rng(0).uniform(size=(2, 6, 4, 8)).astype("float32")  # zero or more, as after a ReLU


def block(make, filters, stride, maps=MAPS, **options):
    inputs = keras.Input(maps.shape[1:])
    return keras.Model(inputs, make(inputs, filters, stride, **options))


def test_bottleneck_against_basic_block_at_equal_cost():
    # He et al. 2015, figure 5: two 3 x 3 on 64 channels, or 1 x 1, 3 x 3, 1 x 1 on 256, 64, 64 and 256.
    basic, bottleneck = keras.Input((56, 56, 64)), keras.Input((56, 56, 256))
    basic = keras.Model(basic, basic_block(basic, 64, 1))
    bottleneck = keras.Model(bottleneck, bottleneck_block(bottleneck, 256, 1))
    weights = [2 * 9 * 64 * 64, 256 * 64 + 9 * 64 * 64 + 64 * 256]
    assert weights == [73_728, 69_632]
    norms = [2 * 2 * 64, 2 * (64 + 64 + 256)]
    counted = [analysis.count_parameters(model, trainable=True) for model in (basic, bottleneck)]
    assert counted == [w + n for w, n in zip(weights, norms, strict=True)]
    assert [analysis.count_multiply_adds(model) for model in (basic, bottleneck)] == [56 * 56 * w for w in weights]


@pytest.mark.parametrize("make", [basic_block, bottleneck_block])
def test_zero_init_makes_the_identity(make):
    model = block(make, 8, 1, zero_init=True)
    for training in (False, True):
        assert np.array_equal(to_numpy(model(MAPS, training=training)), MAPS)
    assert not np.allclose(to_numpy(block(make, 8, 1)(MAPS)), MAPS)


@pytest.mark.parametrize("make", [basic_block, bottleneck_block])
@pytest.mark.parametrize("shortcut", ["projection", "padded"])
def test_zero_init_leaves_the_shortcut_where_the_shape_changes(make, shortcut):
    model = block(make, 16, 2, zero_init=True, shortcut=shortcut)
    if shortcut == "padded":
        expected = np.concatenate([MAPS[:, ::2, ::2], np.zeros((2, 3, 2, 8))], axis=-1)
    else:
        kernel = to_numpy(model.get_layer("block_shortcut_conv").kernel)[0, 0]
        expected = np.maximum(MAPS[:, ::2, ::2] @ kernel / np.sqrt(1 + 1e-5), 0)  # fresh averages are 0 and 1
    assert_close(model(MAPS), expected)


@pytest.mark.parametrize(("stride_in", "index"), [("1x1", 1), ("3x3", 2)])
def test_where_the_bottleneck_has_its_stride(stride_in, index):
    model = block(bottleneck_block, 16, 2, stride_in=stride_in)
    strides = [model.get_layer(f"block_{i}_conv").strides[0] for i in (1, 2, 3)]
    assert strides == [2 if i == index else 1 for i in (1, 2, 3)]


def test_the_padding_of_a_strided_convolution_is_the_same_on_both_sides():
    # A kernel of ones over 1..6 with a zero on each side, in steps of two: 0+1+2, 2+3+4, 4+5+6. "same" would pad only
    # the end and give 6, 12, 11.
    inputs = keras.Input((1, 6, 1))
    model = keras.Model(inputs, normalized_convolution(inputs, 1, 3, 2, relu=False))
    model.get_layer("layer_conv").set_weights([np.ones((3, 3, 1, 1))])
    row = np.arange(1.0, 7.0, dtype="float32").reshape(1, 1, 6, 1)
    assert_close(model(row), np.reshape([3, 9, 15], (1, 1, 3, 1)) / np.float32(np.sqrt(1 + 1e-5)))


@pytest.mark.parametrize("shortcut", ["projection", "padded"])
def test_bottleneck_saves_loads_and_takes_a_step(shortcut, tmp_path):
    inputs = keras.Input(MAPS.shape[1:])
    x = bottleneck_block(inputs, 16, 2, shortcut=shortcut, name="a")
    x = bottleneck_block(x, 16, 1, shortcut=shortcut, name="b")
    model = keras.Model(inputs, x)
    before = [to_numpy(weight) for weight in model.trainable_weights]
    model.compile("adam", "mse", run_eagerly=True)
    assert np.isfinite(model.train_on_batch(MAPS, np.ones((2, 3, 2, 16))))
    for weight, old in zip(model.trainable_weights, before, strict=True):
        assert np.abs(to_numpy(weight) - old).max() > 0, weight.path
    expected = to_numpy(model(MAPS))
    model.save(tmp_path / "model.keras")
    assert_close(keras.saving.load_model(tmp_path / "model.keras")(MAPS), expected)


def test_arguments_are_checked():
    with raises('shortcut must be "projection" .option B. or "padded" .option A.. Received None'):
        shortcut_path(keras.Input((8, 8, 4)), 4, 1, kind=None)
