import keras
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cvkit import analysis
from cvkit.layers import TransposedConv2D, bilinear_kernel, transposed_conv2d
from tests import reference
from tests.support import assert_close, check_gradient, check_layer, check_saved_copy, raises, to_numpy, ways_to_run

sizes = st.tuples(st.integers(1, 5), st.integers(1, 5), st.integers(1, 4), st.sampled_from(["valid", "same"]))


def random_case(seed=0, rows=3, columns=4, channels=2, filters=3):
    rng = np.random.default_rng(seed)
    inputs = rng.normal(size=(2, 3, 4, channels)).astype("float32")
    return inputs, rng.normal(size=(rows, columns, filters, channels)).astype("float32")


def test_hand_worked_case():
    # Pixels 1 and 2, kernel [1, 10, 100], stride 2: 1 10 100 0 0 plus 0 0 2 20 200.
    stamped = transposed_conv2d([[[[1.0], [2.0]]]], np.reshape([1.0, 10.0, 100.0], (1, 3, 1, 1)), strides=2)
    assert_close(stamped[0, 0, :, 0], [1, 10, 102, 20, 200])


@given(sizes)
def test_equals_the_loop(case):
    rows, columns, strides, padding = case
    inputs, kernel = random_case(rows=rows, columns=columns)
    expected = reference.transposed_conv2d(inputs, kernel, strides, padding)
    assert_close(transposed_conv2d(inputs, kernel, strides, padding), expected)


@pytest.mark.parametrize("padding", ["valid", "same"])
@pytest.mark.parametrize(("kernel_size", "strides"), [(4, 2), (3, 2), (3, 1), (5, 3), (2, 2)])
def test_equals_keras(kernel_size, strides, padding):
    inputs, _ = random_case()
    theirs = keras.layers.Conv2DTranspose(5, kernel_size, strides, padding, bias_initializer="normal")
    ours = TransposedConv2D(5, kernel_size, strides, padding)
    expected = theirs(inputs)
    ours.build(inputs.shape)
    ours.set_weights(theirs.get_weights())
    assert_close(ours(inputs), to_numpy(expected))


@given(sizes)
def test_is_the_transpose_of_the_convolution(case):
    """<conv(y), x> = <y, transposed_conv(x)> for every x and y: the definition of a transpose."""
    rows, columns, strides, _ = case
    x, kernel = random_case(rows=max(rows, strides), columns=max(columns, strides))
    up = to_numpy(transposed_conv2d(x, kernel, strides))
    y = np.random.default_rng(1).normal(size=up.shape).astype("float32")
    down = to_numpy(keras.ops.conv(y, kernel, strides, "valid"))
    np.testing.assert_allclose((down * x).sum(), (y * up).sum(), rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("stride", [2, 3, 4])
def test_bilinear_kernel_equals_bilinear_resizing(stride):
    image = np.random.default_rng(0).normal(size=(1, 6, 7, 2)).astype("float32")
    enlarged = transposed_conv2d(image, bilinear_kernel(stride, num_channels=2), stride, "same")
    expected = to_numpy(keras.ops.image.resize(image, (6 * stride, 7 * stride), interpolation="bilinear"))
    inside = np.s_[:, stride:-stride, stride:-stride]
    assert_close(enlarged[inside], expected[inside])


def test_bilinear_kernel_keeps_channels_apart():
    kernel = bilinear_kernel(2, num_channels=3)
    assert kernel.shape == (4, 4, 3, 3)
    assert_close(kernel.sum(axis=(0, 1)), 4 * np.eye(3))  # each pixel spreads its value over stride^2 = 4 pixels


def test_every_way_to_run_agrees():
    inputs, kernel = random_case()
    for _, run in ways_to_run(lambda x, k: transposed_conv2d(x, k, 2, "same")):
        assert_close(run(inputs, kernel), reference.transposed_conv2d(inputs, kernel, 2, "same"))


def test_gradient():
    inputs, kernel = random_case()
    check_gradient(lambda k: transposed_conv2d(inputs, k, 2) ** 2 / 100, kernel)


def test_layer(tmp_path):
    inputs, _ = random_case()
    layer = TransposedConv2D(5, 4, 2, "same", use_bias=False, kernel_initializer="he_normal")
    check_layer(layer, inputs)
    check_saved_copy(layer, tmp_path / "model.keras", inputs)


def test_symbolic_shapes_may_be_unknown():
    assert TransposedConv2D(5, 4, 2)(keras.Input((None, 8, 3))).shape == (None, None, 18, 5)


def test_multiply_adds_count_one_stamp_a_pixel():
    # 6 * 7 pixels, 3 channels, a 4x4 kernel to 5 channels: 42 * 3 * 16 * 5 = 10,080.
    assert TransposedConv2D(5, 4, 2).multiply_adds((1, 6, 7, 3), (1, 14, 16, 5)) == 10_080


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (dict(filters=0, kernel_size=3), "filters must be a positive integer"),
        (dict(filters=1, kernel_size=2.5), "kernel_size must be a positive integer.*Received 2.5"),
        (dict(filters=1, kernel_size=3, strides=0), "strides must be a positive integer"),
        (dict(filters=1, kernel_size=3, padding="full"), 'padding must be "valid" or "same". Received \'full\''),
    ],
)
def test_arguments_are_checked(arguments, message):
    with raises(message):
        TransposedConv2D(**arguments)


def test_a_kernel_in_the_order_of_conv2d_is_refused():
    with raises(r"kernel must have shape \(kh, kw, D, 3\).*Received shape \(2, 2, 3, 5\)"):
        transposed_conv2d(np.ones((1, 4, 4, 3)), np.ones((2, 2, 3, 5)))


def test_bilinear_kernel_checks_its_arguments():
    with raises("stride must be a positive integer"):
        bilinear_kernel(0)
    with raises("num_channels must be a positive integer"):
        bilinear_kernel(2, num_channels=0)


@pytest.mark.parametrize("padding", ["valid", "same"])
@pytest.mark.parametrize(("kernel_size", "strides"), [(4, 2), (3, 2), (5, 3)])
def test_receptive_field_is_that_of_keras(kernel_size, strides, padding):
    inputs = keras.Input((9, 9, 1))
    fields = [
        analysis.receptive_field(keras.Model(inputs, layer(1, kernel_size, strides, padding)(inputs)))
        for layer in (TransposedConv2D, keras.layers.Conv2DTranspose)
    ]
    assert fields[0] == fields[1]


@pytest.mark.parametrize(("size", "strides"), [(3, 2), (2, 2), (4, 2), (3, 1)])
def test_its_matrix_is_that_of_the_convolution_turned_over(size, strides):
    """Column k of a linear operation's matrix is what it makes of the k-th unit image."""
    kernel = np.random.default_rng(0).normal(size=(size, size, 1, 1)).astype("float32")
    small, side = 3, (3 - 1) * strides + size  # a convolution takes side x side to 3 x 3
    large = np.eye(side * side, dtype="float32").reshape(-1, side, side, 1)
    convolution = to_numpy(keras.ops.conv(large, kernel, strides, "valid")).reshape(side * side, -1).T  # (9, side^2)
    units = np.eye(small * small, dtype="float32").reshape(-1, small, small, 1)
    transposed = to_numpy(transposed_conv2d(units, kernel, strides)).reshape(small * small, -1).T  # (side^2, 9)
    assert_close(transposed, convolution.T)


@pytest.mark.parametrize(("size", "strides", "even"), [(3, 2, False), (4, 2, True), (5, 3, False), (6, 3, True)])
def test_a_kernel_that_the_stride_does_not_divide_leaves_a_checkerboard(size, strides, even):
    # Each output pixel is the number of stamps on it: with a kernel of 3 and stride 2, 1 and 2 along an axis by turns.
    stamps = to_numpy(transposed_conv2d(np.ones((1, 6, 6, 1)), np.ones((size, size, 1, 1)), strides))[0, :, :, 0]
    inside = stamps[size:-size, size:-size]
    assert (len(np.unique(inside)) == 1) is even
    if (size, strides) == (3, 2):
        assert stamps[4, 3:9].tolist() == [2, 4, 2, 4, 2, 4]
