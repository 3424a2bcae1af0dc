import hypothesis
import keras
import numpy as np
import pytest
from hypothesis import strategies

from cvkit.analysis import count_layers, count_multiply_adds, count_parameters
from cvkit.models import REGNETX, regnet, regnet_block, regnet_widths
from tests import reference
from tests.support import assert_close, raises, to_numpy

IMAGES = np.random.default_rng(0).uniform(size=(4, 16, 12, 3)).astype("float32")

# Widths and blocks of the four stages: Radosavovic et al. 2020, arXiv 2003.13678, figure 16.
PUBLISHED = {
    "200MF": ([24, 56, 152, 368], [1, 1, 4, 7]),
    "400MF": ([32, 64, 160, 384], [1, 2, 7, 12]),
    "600MF": ([48, 96, 240, 528], [1, 3, 5, 7]),
    "800MF": ([64, 128, 288, 672], [1, 3, 7, 5]),
    "1.6GF": ([72, 168, 408, 912], [2, 4, 10, 2]),
    "3.2GF": ([96, 192, 432, 1008], [2, 6, 15, 2]),
    "4.0GF": ([80, 240, 560, 1360], [2, 5, 14, 2]),
    "6.4GF": ([168, 392, 784, 1624], [2, 4, 10, 1]),
    "8.0GF": ([80, 240, 720, 1920], [2, 5, 15, 1]),
    "12GF": ([224, 448, 896, 2240], [2, 5, 11, 1]),
    "16GF": ([256, 512, 896, 2048], [2, 6, 13, 1]),
    "32GF": ([336, 672, 1344, 2520], [2, 7, 13, 1]),
}


def small():
    return regnet(w0=8, wa=8, wm=2, depth=2, group_width=4, num_classes=4, input_shape=(16, 12, 3))


@pytest.mark.parametrize("name", REGNETX)
def test_the_rule_gives_the_published_widths_and_depths(name):
    stages = regnet_widths(**REGNETX[name]).stages
    assert ([width for width, _ in stages], [blocks for _, blocks in stages]) == PUBLISHED[name]
    assert len(PUBLISHED) == len(REGNETX) == 12


def test_the_rule_by_hand():
    # The line 16, 26, 36, 46, 56. With w_m = 2 the steps are 16, 32, 64; on the scale of powers, log2(u / 16) is 0,
    # 0.70, 1.17, 1.52, 1.81, rounded 0, 1, 1, 2, 2. All are multiples of 8. With groups of 24, 16 is narrower than a
    # group and stays, 32 becomes 24 (1.33 groups), 64 becomes 72 (2.67 groups).
    line, steps, stages = regnet_widths(w0=16, wa=10, wm=2, depth=5, group_width=24)
    assert_close(line, [16.0, 26, 36, 46, 56], "float64")
    assert_close(steps, [16.0, 32, 32, 64, 64], "float64")
    assert stages == [(16, 1), (24, 2), (72, 2)]


@hypothesis.given(
    w0=strategies.integers(1, 40).map(lambda n: 8 * n),
    wa=strategies.floats(0, 200),
    wm=strategies.floats(1.3, 3),
    depth=strategies.integers(1, 40),
    group_width=strategies.integers(1, 16).map(lambda n: 8 * n),
)
def test_widths_are_a_staircase_along_the_line(w0, wa, wm, depth, group_width):
    line, steps, stages = regnet_widths(w0, wa, wm, depth, group_width)
    widths, blocks = zip(*stages, strict=True)
    assert sum(blocks) == len(line) == len(steps) == depth
    assert list(widths) == sorted(widths)
    assert all(width % min(group_width, width) == 0 for width in widths)
    ratios = steps / line  # rounding the exponent moves it by a half at most
    assert (ratios < wm**0.5 * 1.001).all()
    assert (ratios > wm**-0.5 / 1.001).all()


# Counts are the same on every backend, and JAX compiles the start of every weight.
# Parameters of 800MF: torchvision's table of models (RegNet_X_800MF_Weights). The paper's figure 16 has 2.7 and 7.3 M,
# and the multiply-adds that the names promise.
@pytest.mark.tensorflow_only
@pytest.mark.parametrize(
    ("name", "millions", "parameters", "mega"),
    [("200MF", 2.7, None, 200), ("800MF", 7.3, 7_259_656, 800)],
)
def test_parameters_and_multiply_adds(name, millions, parameters, mega):
    model = regnet(**REGNETX[name], input_shape=(32, 32, 3))
    count = count_parameters(model, trainable=True)
    assert round(count / 1e6, 1) == millions
    assert parameters in (None, count)
    assert count == expected_parameters(regnet_widths(**REGNETX[name]).stages, REGNETX[name]["group_width"])
    assert count_layers(model) == 2 + 3 * REGNETX[name]["depth"]
    assert count_multiply_adds(model, (224, 224, 3)) == pytest.approx(mega * 1e6, rel=0.01)


def expected_parameters(stages, group):
    """Counted from the block: 1 x 1, 3 x 3 with `group` inputs an output, 1 x 1, each with 2 weights a channel."""
    total, before = 9 * 3 * 32 + 2 * 32, 32
    for width, blocks in stages:
        group = min(group, width)
        total += (before * width + 2 * width) * 2 + (blocks - 1) * (width * width + 2 * width)  # first 1 x 1, shortcut
        total += blocks * (9 * group * width + 2 * width + width * width + 2 * width)
        before = width
    return total + (before + 1) * 1000


def test_a_block_against_a_slow_loop():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(2, 5, 4, 6)).astype("float32")
    inputs = keras.Input(x.shape[1:])
    model = keras.Model(inputs, regnet_block(inputs, 6, group_width=2))
    kernels = {name: to_numpy(model.get_layer(f"block_{name}_conv").kernel) for name in "123"}
    scale = 1 / np.sqrt(1 + 1e-5)  # a fresh normalisation: mean 0, variance 1
    y = np.maximum(x @ kernels["1"][0, 0] * scale, 0)
    y = np.maximum(reference.grouped_convolution(np.pad(y, ((0, 0), (1, 1), (1, 1), (0, 0))), kernels["2"]) * scale, 0)
    assert_close(model(x), np.maximum(x + y @ kernels["3"][0, 0] * scale, 0))


def test_a_block_changes_size_on_both_paths():
    model = keras.Model(inputs := keras.Input((6, 6, 8)), regnet_block(inputs, 12, group_width=4, strides=2))
    assert model.output_shape == (None, 3, 3, 12)
    assert model.get_layer("block_shortcut_conv").kernel.shape == (1, 1, 8, 12)
    assert model.get_layer("block_2_conv").kernel.shape == (3, 3, 4, 12)  # three groups of four


def test_saves_loads_and_learns(tmp_path):
    model = small()
    model.save(tmp_path / "model.keras")
    assert_close(keras.saving.load_model(tmp_path / "model.keras")(IMAGES), to_numpy(model(IMAGES)))
    model.compile(keras.optimizers.Adam(1e-2), keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    losses = model.fit(IMAGES, np.array([3, 1, 0, 2]), batch_size=4, epochs=6, verbose=0).history["loss"]
    assert losses[-1] < losses[0]


def test_the_stem_can_keep_the_size():
    model = regnet(8, 8, 2, 3, 4, input_shape=(16, 16, 3), stem_stride=1)
    assert model.get_layer("stem_relu").output.shape == (None, 16, 16, 32)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (dict(w0=0), "w0 must be a positive integer"),
        (dict(w0=12), "w0 must be a multiple of 8, as all widths are. Received 12"),
        (dict(wa=-1), "wa must be zero or more: channels that each block adds. Received -1"),
        (dict(wm=1), "wm must be above 1: the ratio of neighbouring widths. Received 1"),
        (dict(depth=0), "depth must be a positive integer"),
        (dict(group_width=0), "group_width must be a positive integer"),
    ],
)
def test_arguments_are_checked(change, message):
    with raises(message):
        regnet_widths(**{**REGNETX["200MF"], **change})
