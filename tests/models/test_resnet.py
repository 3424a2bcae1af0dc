import keras
import numpy as np
import pytest

from cvkit import analysis
from cvkit.models import resnet
from cvkit.models.resnet import RESNET_BLOCKS
from tests.support import assert_close, raises, to_numpy

# torchvision's list of models and keras.applications agree with the paper's architectures on these.
IMAGENET = {18: 11_689_512, 34: 21_797_672, 50: 25_557_032, 101: 44_549_160, 152: 60_192_808}
# 3 x 3 stem and ten classes, as lecture L1 prints them in millions.
CIFAR = {18: 11_173_962, 34: 21_282_122, 50: 23_520_842, 101: 42_512_970, 152: 58_156_618}
# Multiply-adds in 10^9: He et al. 2015, table 1 (stride in the first 1 x 1; printed with one digit), and torchvision's
# table (stride in the 3 x 3, projections, three digits).
PAPER = {18: 1.8, 34: 3.6, 50: 3.8, 101: 7.6, 152: 11.3}
TORCHVISION = {18: 1.814, 34: 3.664, 50: 4.089, 101: 7.801, 152: 11.514}
WITH_CIFAR_STEM = (18, 50)  # built; for the others the two stems differ by the same numbers


@pytest.fixture(name="networks", scope="module")
def _networks():  # JAX compiles the start of every weight, which takes minutes: what only counts runs on TensorFlow
    return {depth: resnet(depth, stride_in="1x1") for depth in RESNET_BLOCKS}


@pytest.mark.tensorflow_only
@pytest.mark.parametrize("depth", RESNET_BLOCKS)
def test_parameters(networks, depth):
    assert analysis.count_parameters(networks[depth], trainable=True) == IMAGENET[depth]
    # The stems: 7 * 7 * 3 * 64 = 9,408 and 3 * 3 * 3 * 64 = 1,728 weights. The heads: 1000 or 10 classes on 512 or
    # 2,048 numbers and a bias.
    features = 512 if depth < 50 else 2_048
    assert IMAGENET[depth] - CIFAR[depth] == 9_408 - 1_728 + 990 * (features + 1)


@pytest.mark.tensorflow_only
@pytest.mark.parametrize("depth", WITH_CIFAR_STEM)
def test_parameters_with_the_cifar_stem(depth):
    model = resnet(depth, stem="cifar")
    assert analysis.count_parameters(model, trainable=True) == CIFAR[depth]
    assert model.output_shape == (None, 10)
    assert model.get_layer("stage1_block1").output.shape[1:3] == (32, 32)


@pytest.mark.tensorflow_only
@pytest.mark.parametrize("depth", RESNET_BLOCKS)
def test_layers_are_as_many_as_the_name_says(networks, depth):
    assert analysis.count_layers(networks[depth]) == depth
    names = [layer.name for layer in networks[depth].layers if isinstance(layer, keras.layers.Conv2D)]
    assert sum("shortcut" in name for name in names) == (3 if depth < 50 else 4)


@pytest.mark.tensorflow_only
@pytest.mark.parametrize("depth", RESNET_BLOCKS)
def test_multiply_adds_of_the_paper(networks, depth):
    work = analysis.count_multiply_adds(networks[depth])
    assert abs(work / 1e9 - PAPER[depth]) < 0.1  # one digit is printed, and not always rounded
    if depth < 50:
        assert work / 1e9 == pytest.approx(TORCHVISION[depth], rel=1e-3)


@pytest.mark.tensorflow_only
def test_multiply_adds_with_the_stride_in_the_3x3(networks):
    # Three blocks do their first 1 x 1 on four times the positions: 3/4 of 56 * 56 * 256 * 128, 28 * 28 * 512 * 256 and
    # 14 * 14 * 1024 * 512, which are 102,760,448 each.
    more = analysis.count_multiply_adds(resnet(50)) - analysis.count_multiply_adds(networks[50])
    assert more == 3 * 3 * 102_760_448 // 4
    for depth in (50, 101, 152):
        work = analysis.count_multiply_adds(networks[depth]) + more
        assert work / 1e9 == pytest.approx(TORCHVISION[depth], rel=1e-3)


@pytest.mark.tensorflow_only
def test_padded_shortcuts_have_no_weights(networks):
    model = resnet(34, shortcut="padded")
    # Without the projections 64 -> 128 -> 256 -> 512 and the scales and shifts of their normalisation.
    less = 64 * 128 + 128 * 256 + 256 * 512 + 2 * (128 + 256 + 512)
    assert analysis.count_parameters(model, trainable=True) == IMAGENET[34] - less
    assert analysis.count_multiply_adds(model) / 1e9 == pytest.approx(3.6, abs=0.05)  # the paper's 3.6 is option A's


def test_equals_keras_with_its_weights():
    keras.utils.set_random_seed(1)
    peer = keras.applications.ResNet50(weights=None, input_shape=(64, 96, 3), classes=7, classifier_activation=None)
    rng = np.random.default_rng(2)
    for layer in peer.layers:  # what training would leave behind
        if isinstance(layer, keras.layers.Conv2D):
            kernel, bias = layer.get_weights()
            layer.set_weights([kernel, rng.normal(scale=0.1, size=bias.shape)])
        if isinstance(layer, keras.layers.BatchNormalization):
            size = layer.get_weights()[0].shape
            ranges = ((0.5, 1.0), (-0.1, 0.1), (-0.1, 0.1), (0.8, 1.5))  # scale, shift, mean, variance
            layer.set_weights([rng.uniform(*between, size) for between in ranges])
    model = resnet(50, num_classes=7, input_shape=(64, 96, 3), stride_in="1x1")
    copy_from_keras(peer, model)
    images = rng.normal(size=(2, 64, 96, 3)).astype("float32")
    expected = to_numpy(peer(images, training=False))
    assert np.ptp(expected) > 0.1  # the outputs differ among each other by a thousand times the tolerance
    np.testing.assert_allclose(to_numpy(model(images, training=False)), expected, rtol=1e-4, atol=1e-4)


def copy_from_keras(peer, model):
    """Weights of keras.applications.ResNet50. A bias before a normalisation is a shift of its mean."""
    pairs = [("conv1", "stem")]
    for stage, repeats in enumerate(RESNET_BLOCKS[50], 1):
        for block in range(1, repeats + 1):
            theirs, ours = f"conv{stage + 1}_block{block}", f"stage{stage}_block{block}"
            pairs += [(f"{theirs}_{i}", f"{ours}_{i}") for i in (1, 2, 3)]
            pairs += [(f"{theirs}_0", f"{ours}_shortcut")] if block == 1 else []
    for theirs, ours in pairs:
        convolution = "conv1_conv" if theirs == "conv1" else f"{theirs}_conv"
        kernel, bias = peer.get_layer(convolution).get_weights()
        gamma, beta, mean, variance = peer.get_layer(convolution.removesuffix("conv") + "bn").get_weights()
        model.get_layer(f"{ours}_conv").set_weights([kernel])
        # Keras' application has an epsilon of 1.001e-5, ours is 1e-5.
        model.get_layer(f"{ours}_norm").set_weights([gamma, beta, mean - bias, variance + 1e-8])
    model.get_layer("output").set_weights(peer.get_layer("predictions").get_weights())


def test_saves_loads_and_takes_a_step(tmp_path):
    images = np.random.default_rng(0).normal(size=(2, 16, 16, 3)).astype("float32")
    model = resnet(18, stem="cifar", num_classes=3, input_shape=(16, 16, 3))
    before = [to_numpy(weight) for weight in model.trainable_weights]
    model.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True), run_eagerly=True)
    assert np.isfinite(model.train_on_batch(images, np.array([0, 2])))
    for weight, old in zip(model.trainable_weights, before, strict=True):
        assert np.abs(to_numpy(weight) - old).max() > 0, weight.path
    expected = to_numpy(model(images))
    model.save(tmp_path / "model.keras")
    assert_close(keras.saving.load_model(tmp_path / "model.keras")(images), expected)


def test_any_size_of_image():
    model = resnet(18, input_shape=(None, None, 3))
    assert analysis.count_multiply_adds(model, (224, 224, 3)) / 1e9 == pytest.approx(TORCHVISION[18], rel=1e-3)
    taps = keras.Model(model.input, [model.get_layer(f"stage{stage}_block2").output for stage in (1, 2, 3, 4)])
    shapes = taps.compute_output_shape((1, 64, 96, 3))
    assert shapes == [(1, 16, 24, 64), (1, 8, 12, 128), (1, 4, 6, 256), (1, 2, 3, 512)]


def test_receptive_field():
    # 7 (stride 2), pooling 3 (stride 2): 11 pixels, 4 apart; then per 3 x 3 convolution two steps of the jump it reads:
    # stage 1 has 4 of 4 px, stage 2 one of 4 and 3 of 8, stage 3 one of 8 and 3 of 16, stage 4 one of 16 and 3 of 32.
    model = resnet(18)
    last = keras.Model(model.input, model.get_layer("stage4_block2").output)
    assert analysis.receptive_field(last) == 11 + 2 * (4 * 4 + 4 + 3 * 8 + 8 + 3 * 16 + 16 + 3 * 32) == 435


def test_arguments_are_checked():
    with raises("depth must be one of 18, 34, 50, 101, 152. Received 20"):
        resnet(20)
    with raises('stem must be "imagenet" or "cifar". Received \'small\''):
        resnet(18, stem="small")
    with raises('stride_in must be "3x3" or "1x1". Received 3'):
        resnet(50, stride_in=3)
    with raises('shortcut must be "projection" .option B. or "padded" .option A.. Received \'identity\''):
        resnet(18, shortcut="identity")
    with raises("num_classes must be a positive integer.*Received 0"):
        resnet(18, num_classes=0)
