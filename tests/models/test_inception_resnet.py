import keras
import numpy as np
import pytest

from cvkit import analysis
from cvkit.models import inception_resnet, inception_resnet_block
from tests.reference import same_convolution
from tests.support import assert_close, raises, to_numpy

RNG = np.random.default_rng(0)
IMAGES = RNG.uniform(-0.5, 0.5, size=(4, 8, 8, 3)).astype("float32")


def block(channels, **options):
    inputs = keras.Input((5, 6, channels))
    return keras.Model(inputs, inception_resnet_block(inputs, name="b", **options))


def test_parameters_of_the_papers_block():
    # Figure 10, 256 channels: three 1 x 1 of 256*32, three 3 x 3 of 9*32*32, back to 256 by 96*256 + 256. Batch
    # normalisation: four numbers for each of 6 * 32 channels.
    assert block(256).count_params() == 3 * 8_192 + 3 * 9_216 + 24_832 + 4 * 192 == 77_824


def test_parameters_of_the_network():
    # A block on c channels with branches of q = c / 4: three 1 x 1 of cq, three 3 x 3 of 9 q^2, back by 3qc + c, and
    # 24 q for batch normalisation. c = 16: 192 + 432 + 208 + 96; c = 32: 768 + 1,728 + 800 + 192; c = 64: 3,072 +
    # 6,912 + 3,136 + 384.
    blocks = [928, 3_488, 13_504]
    # The stem 27*16 + 64; halving 9*16*16 + 64 and 9*32*32 + 128; the output 64*10 + 10.
    assert inception_resnet().count_params() == sum(blocks) + 496 + 2_368 + 9_344 + 650 == 30_778


def test_multiply_adds():
    # 8 x 8 pixels, one channel, width 4 (q = 1, 2, 4). Positions times products: stem 64*36; block 64*(3*4 + 27 + 12);
    # halving 16*144; block 16*(3*16 + 108 + 48); halving 4*576; block 4*(3*64 + 432 + 192); output 16*2.
    expected = 64 * 36 + 64 * 51 + 16 * 144 + 16 * 204 + 4 * 576 + 4 * 816 + 32
    assert analysis.count_multiply_adds(inception_resnet(2, (8, 8, 1), width=4)) == expected


def test_a_block_is_its_input_and_the_scaled_branches():
    model, maps = block(3, width=2, scale=0.3), abs(RNG.normal(size=(2, 5, 6, 3))).astype("float32")
    model.set_weights([RNG.normal(size=w.shape) for w in model.get_weights()])
    for layer in model.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.set_weights([abs(w) + 0.1 for w in layer.get_weights()])

    def conv(x, label):
        (kernel,) = model.get_layer(f"b_{label}").get_weights()
        gamma, beta, mean, variance = model.get_layer(f"b_{label}_bn").get_weights()
        x = same_convolution(x, kernel, np.zeros(kernel.shape[-1]))
        return np.maximum(gamma * (x - mean) / np.sqrt(variance + 1e-3) + beta, 0)

    branches = [conv(maps, "a1"), conv(conv(maps, "b1"), "b2"), conv(conv(conv(maps, "c1"), "c2"), "c3")]
    expanded = same_convolution(np.concatenate(branches, axis=-1), *model.get_layer("b_expand").get_weights())
    expected = np.maximum(maps + 0.3 * expanded, 0)
    assert 0 < (expected == 0).mean() < 1
    assert_close(model(maps), expected)


def test_with_scale_zero_a_block_passes_its_input_on():
    maps = abs(RNG.normal(size=(2, 5, 6, 4))).astype("float32")
    assert_close(block(4, scale=0)(maps), maps)


def test_saves_loads_and_learns(tmp_path):
    model = inception_resnet(4, (8, 8, 3), width=8)
    model.save(tmp_path / "model.keras")
    assert_close(keras.saving.load_model(tmp_path / "model.keras")(IMAGES), to_numpy(model(IMAGES)))
    model.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    before = model.get_weights()
    assert np.isfinite(model.train_on_batch(IMAGES, np.array([0, 1, 2, 3])))
    assert all((old != new).any() for old, new in zip(before, model.get_weights(), strict=True))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (dict(width=6), "width must be a multiple of 4.*Received 6"),
        (dict(blocks=0), "blocks must be a positive integer"),
        (dict(input_shape=(3, 9, 3)), r"at least 4 pixels on a side.*Received \(3, 9, 3\)"),
        (dict(scale=1.5), "scale must be a number from 0 to 1.*Received 1.5"),
    ],
)
def test_arguments_are_checked(options, message):
    with raises(message):
        inception_resnet(**options)
