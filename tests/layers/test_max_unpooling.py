import keras
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cvkit import analysis
from cvkit.layers import MaxPoolingWithSwitches2D, MaxUnpooling2D, max_pool_with_switches, max_unpool
from tests import reference
from tests.support import (
    BACKEND,
    assert_close,
    check_gradient,
    check_layer,
    check_saved_copy,
    gradient,
    raises,
    to_numpy,
    ways_to_run,
)

WINDOWS = [(2, 2, "valid"), (3, 2, "valid"), (3, 2, "same"), (2, 3, "same"), (3, 1, "same"), ((2, 3), (1, 2), "valid")]
MAPS = np.random.default_rng(0).permutation(2 * 7 * 6 * 3).reshape(2, 7, 6, 3).astype("float32") / 50 - 2


def pair(value):
    return value if isinstance(value, tuple) else (value, value)


@st.composite
def cases(draw):
    """A map of few values, so that there are ties, and a window that fits into it."""
    height, width = draw(st.integers(1, 6)), draw(st.integers(1, 6))
    window = draw(st.integers(1, height)), draw(st.integers(1, width))
    strides = draw(st.integers(1, 3)), draw(st.integers(1, 3))
    values = np.random.default_rng(draw(st.integers(0, 9))).integers(-2, 2, (2, height, width, 2)).astype("float32")
    return values, window, strides, draw(st.sampled_from(["valid", "same"]))


def test_hand_worked_case():
    # Rows 1 5 2 6 / 3 4 8 8: the windows' maxima are 5 at row 0, column 1, position 1; and 8 at row 1, column 2,
    # position 1 · 4 + 2 = 6, the first of two eights. Back in place: 0 5 0 0 / 0 0 8 0.
    pooled, switches = max_pool_with_switches(np.reshape([1.0, 5, 2, 6, 3, 4, 8, 8], (1, 2, 4, 1)))
    assert to_numpy(pooled).ravel().tolist() == [5, 8]
    assert to_numpy(switches).ravel().tolist() == [1, 6]
    assert to_numpy(max_unpool(pooled, switches, (2, 4))).ravel().tolist() == [0, 5, 0, 0, 0, 0, 8, 0]


@given(cases())
def test_equals_the_loop(case):
    pooled, switches = max_pool_with_switches(*case)
    expected = reference.max_pool_with_switches(*case)
    assert_close(pooled, expected[0])
    np.testing.assert_array_equal(to_numpy(switches), expected[1])
    values = np.random.default_rng(0).normal(size=pooled.shape).astype("float32")
    restored = max_unpool(values, switches, case[0].shape[1:3])
    assert_close(restored, reference.max_unpool(values, expected[1], case[0].shape[1:3]))


@pytest.mark.parametrize(("size", "strides", "padding"), WINDOWS)
def test_pools_as_keras_does(size, strides, padding):
    expected = keras.ops.max_pool(MAPS, pair(size), pair(strides), padding)
    assert_close(max_pool_with_switches(MAPS, size, strides, padding)[0], to_numpy(expected))


@pytest.mark.parametrize(("size", "strides"), [(2, 2), (3, 2), (3, 1), ((2, 3), (1, 2))])
def test_switches_equal_those_of_pytorch(size, strides):
    torch = pytest.importorskip("torch")
    maps = np.random.default_rng(1).integers(-2, 3, (2, 7, 6, 3)).astype("float32")  # with ties
    theirs = torch.tensor(maps.transpose(0, 3, 1, 2))
    pooled, indices = torch.nn.functional.max_pool2d(theirs, size, strides, return_indices=True)
    ours = max_pool_with_switches(maps, size, strides)
    assert_close(ours[0], pooled.numpy().transpose(0, 2, 3, 1))
    np.testing.assert_array_equal(to_numpy(ours[1]), indices.numpy().transpose(0, 2, 3, 1))


def test_unpooling_equals_pytorch_without_overlap():
    torch = pytest.importorskip("torch")
    pooled, switches = (to_numpy(x) for x in max_pool_with_switches(MAPS, 2))
    theirs = (torch.tensor(x.transpose(0, 3, 1, 2)) for x in (pooled, switches.astype("int64")))
    expected = torch.nn.functional.max_unpool2d(*theirs, 2, output_size=(7, 6)).numpy()
    assert_close(max_unpool(pooled, switches, (7, 6)), expected.transpose(0, 2, 3, 1))


@pytest.mark.tensorflow_only
@pytest.mark.parametrize(("size", "strides", "padding"), WINDOWS)
def test_switches_equal_those_of_tensorflow(size, strides, padding):
    import tensorflow as tf

    _, expected = tf.nn.max_pool_with_argmax(MAPS, pair(size), pair(strides), padding.upper())
    _, switches = max_pool_with_switches(MAPS, size, strides, padding)
    np.testing.assert_array_equal(to_numpy(switches) * 3 + np.arange(3), expected)  # theirs count through the channels


def test_two_windows_that_choose_the_same_position_are_added():
    # 1 9 2 in windows of two, stride one: 9 is the maximum of both, and gets both values.
    _, switches = max_pool_with_switches(np.reshape([1.0, 9, 2], (1, 1, 3, 1)), (1, 2), 1)
    assert to_numpy(switches).ravel().tolist() == [1, 1]
    assert to_numpy(max_unpool(np.reshape([3.0, 4], (1, 1, 2, 1)), switches, (1, 3))).ravel().tolist() == [0, 7, 0]


@pytest.mark.parametrize(("size", "strides", "padding"), WINDOWS)
def test_unpooling_is_the_gradient_of_pooling(size, strides, padding):
    _, switches = max_pool_with_switches(MAPS, size, strides, padding)
    values = np.random.default_rng(2).normal(size=switches.shape).astype("float32")
    slope = gradient(lambda x: keras.ops.multiply(values, max_pool_with_switches(x, size, strides, padding)[0]), MAPS)
    assert_close(max_unpool(values, switches, MAPS.shape[1:3]), slope)


def test_padding_is_never_chosen():
    lowest = np.full((1, 3, 3, 1), -np.inf, "float32")
    _, switches = max_pool_with_switches(lowest, 3, 2, "same")
    assert to_numpy(switches).ravel().tolist() == [0, 1, 3, 4]  # the first position inside of each window


def test_gradients():
    small = MAPS[:1, :3, :3, :2]
    check_gradient(lambda x: max_pool_with_switches(x, 3, 1, "same")[0] ** 2 / 10, small)
    _, switches = max_pool_with_switches(small, 2, 1)
    check_gradient(lambda x: max_unpool(x, switches, (3, 3)) ** 2 / 10, small[:, :2, :2])


def test_every_way_to_run_agrees():
    def there_and_back(x):
        pooled, switches = max_pool_with_switches(x, 3, 2, "same")
        return max_unpool(pooled, switches, x.shape[1:3])

    expected = to_numpy(there_and_back(MAPS))
    for _, run in ways_to_run(there_and_back):
        assert_close(run(MAPS), expected)


def test_there_and_back_keeps_the_maxima_and_nothing_else():
    pooled, switches = max_pool_with_switches(MAPS[:, :6], 2)
    back = to_numpy(max_unpool(pooled, switches, (6, 6)))
    kept = back != 0
    np.testing.assert_array_equal(back[kept], MAPS[:, :6][kept])
    assert kept.sum() == (to_numpy(pooled) != 0).sum()


def autoencoder(shape, padding="valid"):
    x = image = keras.Input(shape)
    pooled, switches = MaxPoolingWithSwitches2D(3, 2, padding, name="pool")(x)
    x = keras.layers.Conv2D(3, 1, name="conv")(pooled)
    return keras.Model(image, MaxUnpooling2D(name="unpool")([x, switches, image]))


@pytest.mark.parametrize("padding", ["valid", "same"])
def test_a_network_of_any_size_saves_loads_and_trains(padding, tmp_path):
    model = autoencoder((None, None, 3), padding)
    assert model.output_shape == (None, None, None, 3)
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras")
    assert_close(again(MAPS), to_numpy(model(MAPS)))
    assert model(MAPS).shape == MAPS.shape
    model.compile("sgd", "mse", jit_compile=BACKEND == "jax")
    before = [to_numpy(weight) for weight in model.get_weights()]
    model.fit(MAPS, MAPS, verbose=0)
    assert np.isfinite(model.evaluate(MAPS, MAPS, verbose=0))
    assert not np.array_equal(before[0], model.get_weights()[0])


@pytest.mark.tensorflow_only
def test_a_network_is_compiled_by_xla():
    model = autoencoder((7, 6, 3))
    model.compile("sgd", "mse", jit_compile=True)
    assert np.isfinite(model.fit(MAPS, MAPS, verbose=0).history["loss"][0])


def test_pooling_layer():
    layer = MaxPoolingWithSwitches2D(3, 2, "same")
    symbols = layer(keras.Input((7, None, 3)))
    assert [tuple(x.shape) for x in symbols] == [(None, 4, None, 3)] * 2
    assert [x.dtype for x in symbols] == ["float32", "int32"]
    assert MaxPoolingWithSwitches2D.from_config(layer.get_config()).get_config() == layer.get_config()
    pooled, switches = MaxPoolingWithSwitches2D(2, dtype="mixed_float16")(MAPS)
    assert [keras.backend.standardize_dtype(x.dtype) for x in (pooled, switches)] == ["float16", "int32"]


def test_unpooling_layer(tmp_path):
    pooled, switches = (to_numpy(x) for x in MaxPoolingWithSwitches2D(2)(MAPS))
    check_layer(MaxUnpooling2D(2), pooled, switches)
    check_saved_copy(MaxUnpooling2D(), tmp_path / "model.keras", pooled, switches, MAPS)
    assert MaxUnpooling2D(2)([pooled, switches]).shape == (2, 6, 6, 3)


@pytest.mark.parametrize(("size", "strides", "padding"), WINDOWS)
def test_the_size_without_the_map_is_that_of_a_transposed_convolution(size, strides, padding):
    theirs = keras.layers.Conv2DTranspose(1, size, strides, padding)
    expected = tuple(theirs.compute_output_shape((1, 4, 5, 1)))
    layer = MaxUnpooling2D(size, strides, padding)
    assert layer.compute_output_shape([(1, 4, 5, 1)] * 2) == expected
    assert layer.compute_output_shape([(None, None, 5, 1)] * 2)[:2] == (None, None)


@pytest.mark.parametrize("padding", ["valid", "same"])
def test_receptive_fields(padding):
    x = keras.Input((9, 9, 1))
    pooled, switches = MaxPoolingWithSwitches2D(3, 2, padding)(x)
    assert analysis.receptive_field(keras.Model(x, pooled)) == 3
    # An output reads the windows that hold it: two of 3 pixels, 2 apart, together 5.
    assert analysis.receptive_field(keras.Model(x, MaxUnpooling2D(3, 2, padding)([pooled, switches]))) == 5


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: MaxPoolingWithSwitches2D(0), "pool_size must be a positive integer or a pair.*Received 0"),
        (lambda: MaxPoolingWithSwitches2D((2, 2, 2)), r"pool_size must be .* Received \(2, 2, 2\)"),
        (lambda: MaxPoolingWithSwitches2D(2, 1.5), "strides must be a positive integer or a pair.*Received 1.5"),
        (lambda: MaxUnpooling2D(2, padding="full"), 'padding must be "valid" or "same". Received \'full\''),
        (lambda: max_pool_with_switches(MAPS, 8), "must not be larger than the map. Received 8 .* side of 7"),
        (lambda: max_pool_with_switches(MAPS[0]), r"inputs must have shape \(B, H, W, C\)"),
        (lambda: max_unpool(MAPS, MAPS[:, :3], (9, 9)), r"switches must have shape \(2, 7, 6, 3\).*\(2, 3, 6, 3\)"),
        (lambda: max_unpool(MAPS[0], MAPS[0], (9, 9)), "values must have shape"),
        (lambda: max_unpool(MAPS, MAPS, (9,)), r"size must be \(height, width\).*Received \(9,\)"),
        (lambda: MaxUnpooling2D(2)(MAPS), r"must be \[values, switches\] or .* Received 1 of them"),
    ],
)
def test_errors(call, message):
    with raises(message):
        call()
