import keras
import numpy as np
import pytest

from cvkit import analysis
from cvkit.models import resnet_cifar
from tests.support import assert_close, raises, to_numpy

IMAGES = np.random.default_rng(0).normal(size=(2, 8, 8, 1)).astype("float32")


def small(depth=8, **options):
    return resnet_cifar(depth, num_classes=3, width=4, input_shape=(8, 8, 1), **options)


# He et al. 2015, table 6, in millions, and the sum by hand: with n blocks a stage, the 2 n layers of each stage hold
# 9 * 16 * 16 = 2,304, 9 * 32 * 32 = 9,216 and 9 * 64 * 64 = 36,864 weights and 2 * 16, 2 * 32, 2 * 64 scales and
# shifts, 97,216 n in all; the first layers of stages 2 and 3 have half the input channels, 4,608 and 18,432 less; the
# stem has 9 * 3 * 16 + 2 * 16 = 464, the dense layer 65 * 10 = 650.
@pytest.mark.parametrize(
    ("depth", "parameters", "millions"),
    [(20, 269_722, 0.27), (32, 464_154, 0.46), (44, 658_586, 0.66), (56, 853_018, 0.85)],
)
def test_parameters_of_table_6(depth, parameters, millions):
    n = (depth - 2) // 6
    assert 97_216 * n - 4_608 - 18_432 + 464 + 650 == parameters
    assert round(parameters / 1e6, 2) == millions
    assert analysis.count_parameters(resnet_cifar(depth), trainable=True) == parameters


def test_the_plain_network_has_the_same_layers_without_the_shortcuts():
    residual, plain = resnet_cifar(20), resnet_cifar(20, residual=False)
    kinds = [[type(layer).__name__ for layer in model.layers] for model in (residual, plain)]
    assert (kinds[0].count("Add"), kinds[0].count("PaddedShortcut")) == (9, 2)
    assert [kind for kind in kinds[0] if kind not in ("Add", "PaddedShortcut")] == kinds[1]
    assert analysis.count_parameters(plain) == analysis.count_parameters(residual)


def test_multiply_adds():
    # Stem 1024 * 432; stage 1 1024 * 6 * 2,304; stage 2 256 * (4,608 + 5 * 9,216); stage 3 64 * (18,432 + 5 * 36,864);
    # dense 640.
    by_hand = 442_368 + 14_155_776 + 12_976_128 + 12_976_128 + 640
    assert analysis.count_multiply_adds(resnet_cifar(20)) == by_hand == 40_551_040


def test_projections_add_their_weights():
    # 16 * 32 and 32 * 64 weights, and the scales and shifts of 32 and 64 channels.
    more = 512 + 2_048 + 2 * (32 + 64)
    assert analysis.count_parameters(resnet_cifar(20, shortcut="projection"), trainable=True) == 269_722 + more


def test_width_and_sizes():
    model = resnet_cifar(8, width=6, input_shape=(24, 20, 3))
    shapes = [model.get_layer(f"stage{stage}_block1").output.shape[1:] for stage in (1, 2, 3)]
    assert shapes == [(24, 20, 6), (12, 10, 12), (6, 5, 24)]


def test_a_residual_network_with_zero_init_starts_as_its_stem():
    # Every block lets its input through, so the features are the stem's, thinned out twice, in the first 4 of 16
    # channels, and averaged.
    model = small(14, zero_init=True)
    features = to_numpy(keras.Model(model.input, model.get_layer("pool").output)(IMAGES))
    stem = to_numpy(keras.Model(model.input, model.get_layer("stem_relu").output)(IMAGES))
    assert_close(features[:, :4], stem[:, ::4, ::4].mean(axis=(1, 2)))
    assert not features[:, 4:].any()


@pytest.mark.parametrize("options", [{"residual": False}, {"shortcut": "projection"}, {"zero_init": True}])
def test_saves_loads_and_takes_a_step(options, tmp_path):
    model = small(**options)
    model.compile(keras.optimizers.SGD(0.1), keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    assert np.isfinite(model.train_on_batch(IMAGES, np.array([0, 2])))
    expected = to_numpy(model(IMAGES))
    model.save(tmp_path / "model.keras")
    assert_close(keras.saving.load_model(tmp_path / "model.keras")(IMAGES), expected)


def test_mixed_precision():
    keras.config.set_dtype_policy("mixed_float16")
    try:
        model = small()
    finally:
        keras.config.set_dtype_policy("float32")
    assert keras.backend.standardize_dtype(model(IMAGES).dtype) == "float16"


def test_arguments_are_checked():
    for depth in (18, 2, 20.0):
        with raises(f"depth must be 6 n . 2.*Received {depth}"):
            resnet_cifar(depth)
    with raises("zero_init needs residual=True"):
        resnet_cifar(20, residual=False, zero_init=True)
    with raises("width must be a positive integer: channels of the first stage. Received 0"):
        resnet_cifar(20, width=0)
    with raises("num_classes must be a positive integer.*Received True"):
        resnet_cifar(20, num_classes=True)
