import importlib
import math

import keras
import numpy as np
import pytest

from cvkit import analysis
from cvkit.models import AUXILIARY_LOSS_WEIGHTS, INCEPTION_WIDTHS, auxiliary_head, googlenet, inception_block
from tests.reference import same_convolution, same_max_pooling
from tests.support import assert_close, raises, to_numpy

RNG = np.random.default_rng(0)
IMAGES = RNG.uniform(-0.5, 0.5, size=(2, 65, 65, 3)).astype("float32")
LABELS = np.array([0, 2])
# The paper's table 1: multiply-adds in millions (the column ops).
PAPER_OPS = {"3a": 128, "3b": 304, "4a": 73, "4b": 88, "4c": 100, "4d": 119, "4e": 170, "5a": 54, "5b": 71}


def block_weights(channels, widths):
    """Weights and biases of a reduced block, from its table row."""
    n1, r3, n3, r5, n5, p = widths
    ones = (channels + 1) * (n1 + r3 + r5 + p)
    return ones + (9 * r3 + 1) * n3 + (25 * r5 + 1) * n5


@pytest.fixture(scope="module", name="model")
def _model():
    return googlenet()


@pytest.fixture(scope="module", name="small")
def _small():
    """The whole graph, with an eighth of the channels, three classes and 65 pixels."""
    module = importlib.import_module("cvkit.models.googlenet")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "INCEPTION_WIDTHS", {k: tuple(n // 8 for n in w) for k, w in INCEPTION_WIDTHS.items()})
        return googlenet(3, (65, 65, 3))


def classifier_of(model):
    return keras.Model(model.input, model.outputs[0])


def test_parameters(model):
    # conv1 64*(49*3+1) = 9,472; conv2 64*65 + 192*(9*64+1) = 4,160 + 110,784. Blocks, with the channels they get:
    #   3a 192:  193*(64+96+16+32) + 865*128 + 401*32     =   163,696
    #   3b 256:  257*(128+128+32+64) + 1153*192 + 801*96  =   388,736
    #   4a 480:  481*(192+96+16+64) + 865*208 + 401*48    =   376,176
    #   4b 512:  513*(160+112+24+64) + 1009*224 + 601*64  =   449,160
    #   4c 512:  513*(128+128+24+64) + 1153*256 + 601*64  =   510,104
    #   4d 512:  513*(112+144+32+64) + 1297*288 + 801*64  =   605,376
    #   4e 528:  529*(256+160+32+128) + 1441*320 + 801*128 =  868,352
    #   5a 832:  833*(256+160+32+128) + 1441*320 + 801*128 = 1,043,456
    #   5b 832:  833*(384+192+48+128) + 1729*384 + 1201*128 = 1,444,080
    blocks = [163_696, 388_736, 376_176, 449_160, 510_104, 605_376, 868_352, 1_043_456, 1_444_080]
    channels = [192, 256, 480, 512, 512, 512, 528, 832, 832]
    assert [block_weights(c, w) for c, w in zip(channels, INCEPTION_WIDTHS.values(), strict=True)] == blocks
    # The output 1000*1025. The sum is what Caffe's GoogLeNet holds, too.
    without_heads = 9_472 + 114_944 + sum(blocks) + 1_025_000
    assert classifier_of(model).count_params() == without_heads == 6_998_552
    # A head: 128 * (channels + 1) + 1024 * (4*4*128 + 1) + 1000 * 1025, with 512 and 528 channels.
    heads = [128 * (c + 1) + 1_024 * 2_049 + 1_025_000 for c in (512, 528)]
    assert model.count_params() == without_heads + sum(heads) == 13_378_280  # Caffe's training network


def test_the_count_is_torchvisions_once_its_changes_are_made(model):
    # torchvision's GoogLeNet has 6,624,904 parameters and 1.498 billion multiply-adds: it puts 3 x 3 in the place of
    # 5 x 5 kernels, and batch normalisation (two numbers a channel) in the place of biases.
    convolutions = [layer for layer in classifier_of(model).layers if isinstance(layer, keras.layers.Conv2D)]
    channels = sum(layer.filters for layer in convolutions)
    fives = [layer for layer in convolutions if layer.kernel_size == (5, 5)]
    saved = sum(math.prod(layer.kernel.shape) * 16 // 25 for layer in fives)
    assert len(convolutions) == 57
    assert classifier_of(model).count_params() - channels + 2 * channels - saved == 6_624_904
    saved = sum(math.prod(layer.kernel.shape) * 16 // 25 * math.prod(layer.output.shape[1:3]) for layer in fives)
    assert analysis.count_multiply_adds(classifier_of(model)) - saved == pytest.approx(1.498e9, rel=0.001)


def test_multiply_adds_are_those_of_the_papers_table(model):
    # The paper's rows add up to 34 (conv1) + 360 + 1107 (blocks) + 1 = 1,502 millions. Its first layer has 2.7 K
    # weights where a plain 7 x 7 convolution has 9,408, which makes 118 of its 34 millions.
    rows = {row.name: row.multiply_adds for row in analysis.layer_table(classifier_of(model)).rows}
    assert rows["conv1"] == 112 * 112 * 9_408 == 118_013_952
    blocks = {name: sum(n for row, n in rows.items() if row.startswith(f"{name}_")) for name in PAPER_OPS}
    for name in set(PAPER_OPS) - {
        "5a"
    }:  # the table's own rows 5a and 4e have the same widths and 54 : 170, not 1 : 3.3
        assert blocks[name] / 1e6 == pytest.approx(PAPER_OPS[name], abs=0.75)
    assert sum(rows.values()) == 1_582_671_872
    assert sum(rows.values()) - rows["conv1"] + 34e6 == pytest.approx(1_502e6, rel=0.01)


def test_shapes_are_those_of_the_papers_table(model):
    shapes = {name: model.get_layer(f"{name}_stack").output.shape[1:] for name in INCEPTION_WIDTHS}
    assert [shape[0] for shape in shapes.values()] == [28, 28, 14, 14, 14, 14, 14, 7, 7]
    assert [shape[-1] for shape in shapes.values()] == [256, 480, 512, 512, 512, 528, 832, 832, 1024]
    assert model.get_layer("auxiliary1_pool").output.shape == (None, 4, 4, 512)
    assert model.get_layer("auxiliary2_pool").output.shape == (None, 4, 4, 528)
    assert model.output_names == ["output", "auxiliary1", "auxiliary2"]


def test_without_heads_the_layers_are_the_same(model):
    names = [layer.name for layer in googlenet(auxiliary=False).layers]
    assert names == [layer.name for layer in model.layers if not layer.name.startswith("auxiliary")]


def test_a_block_is_four_branches_side_by_side():
    maps, widths = RNG.normal(size=(2, 5, 6, 3)).astype("float32"), (2, 3, 4, 1, 2, 3)
    for reduced in (True, False):
        inputs = keras.Input(maps.shape[1:])
        model = keras.Model(inputs, inception_block(inputs, widths, reduced, name="b"))
        model.set_weights([RNG.normal(size=w.shape) for w in model.get_weights()])

        def conv(x, label, model=model):
            return np.maximum(same_convolution(x, *model.get_layer(f"b_{label}").get_weights()), 0)

        three, five = (conv(maps, f"{label}_reduce") if reduced else maps for label in ("3x3", "5x5"))
        pooled = same_max_pooling(maps, 3)
        pooled = conv(pooled, "pool_project") if reduced else pooled
        expected = np.concatenate([conv(maps, "1x1"), conv(three, "3x3"), conv(five, "5x5"), pooled], axis=-1)
        assert expected.shape[-1] == 2 + 4 + 2 + 3
        assert_close(model(maps), expected)


def test_the_naive_block_by_hand():
    # 3a on 192 channels: 64*193 + 128*(9*192+1) + 32*(25*192+1) = 12,352 + 221,312 + 153,632, and 64 + 128 + 32 + 192
    # maps.
    inputs = keras.Input((28, 28, 192))
    naive = keras.Model(inputs, inception_block(inputs, INCEPTION_WIDTHS["3a"], reduced=False))
    assert naive.count_params() == 12_352 + 221_312 + 153_632
    assert naive.output.shape[-1] == 416


def test_saves_and_loads(small, tmp_path):
    small.save(tmp_path / "model.keras")
    for again, output in zip(keras.saving.load_model(tmp_path / "model.keras")(IMAGES), small(IMAGES), strict=True):
        assert_close(again, to_numpy(output))


def test_learns_with_the_losses_weighed_and_the_classifier_learns_along(small):
    model, loss = keras.models.clone_model(small), keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.SGD(0.1), loss=[loss] * 3, loss_weights=AUXILIARY_LOSS_WEIGHTS)
    before = to_numpy(classifier_of(model)(IMAGES))
    total, main, first, second = model.evaluate(IMAGES, [LABELS] * 3, verbose=0)
    assert total == pytest.approx(main + 0.3 * first + 0.3 * second, rel=1e-5)
    assert np.isfinite(model.train_on_batch(IMAGES, [LABELS] * 3)).all()
    assert abs(to_numpy(classifier_of(model)(IMAGES)) - before).max() > 0


def test_the_smallest_images():
    assert googlenet(2, (32, 33, 1), auxiliary=False).get_layer("5b_stack").output.shape == (None, 1, 2, 1024)
    with raises(r"at least 32 pixels.*auxiliary=False.*Received \(31, 32, 3\)"):
        googlenet(2, (31, 32, 3), auxiliary=False)
    with raises(r"at least 65 pixels on a side with auxiliary=True. Received \(64, 65, 3\)"):
        googlenet(2, (64, 65, 3))


def test_arguments_are_checked():
    with raises(r"widths must be six numbers.*Received \(1, 2\)"):
        inception_block(keras.Input((8, 8, 4)), (1, 2))
    with raises("num_classes must be a positive integer"):
        googlenet(num_classes=-1)
    assert auxiliary_head(keras.Input((8, 8, 4)), 7, units=16).shape == (None, 7)
