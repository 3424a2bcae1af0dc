"""What the tests share: the one table of tolerances, and each backend's way to compile and to differentiate."""

import hypothesis
import keras
import numpy as np
import pytest
from keras import ops

# The one table of tolerances: how far two ways of computing the same number may lie apart, by type.
TOLERANCE = {
    "float64": {"rtol": 1e-9, "atol": 1e-9},
    "float32": {"rtol": 1e-5, "atol": 1e-5},
    "gradient": {"rtol": 2e-2, "atol": 2e-2},  # finite differences in float32
    "float16": {"rtol": 1e-2, "atol": 1e-2},
    "bfloat16": {"rtol": 5e-2, "atol": 5e-2},
}

BACKEND = keras.backend.backend()


def examples(number):
    """Setting of a hypothesis test of an operation that must be right in every case: so many examples.

    Fewer on the other backends, as with every test: what they share with TensorFlow has been tested there.
    """
    return hypothesis.settings(max_examples=number if BACKEND == "tensorflow" else 20)


def to_numpy(value):
    return ops.convert_to_numpy(value)


def assert_close(actual, expected, kind="float32"):
    """Same shape, and values within the table's tolerance."""
    actual, expected = np.asarray(to_numpy(actual)), np.asarray(expected)
    assert actual.shape == expected.shape, f"shape {actual.shape}, expected {expected.shape}"
    np.testing.assert_allclose(actual, expected, **TOLERANCE[kind])


def ways_to_run(function):
    """(name, callable) for each way this backend can run `function`: eager, traced, compiled by XLA."""
    ways = [("eager", function)]
    if BACKEND == "tensorflow":
        import tensorflow as tf

        ways += [("graph", tf.function(function)), ("xla", tf.function(function, jit_compile=True))]
    elif BACKEND == "jax":
        import jax

        ways.append(("xla", jax.jit(function)))
    return ways


def traced(function):
    """`function` as this backend traces it, which for small steps is quicker than eager calls, where it can trace."""
    return ways_to_run(function)[:2][-1][1]


def gradient(function, x):
    """Gradient of the sum of ``function(x)`` with respect to the array `x`, as NumPy, by the backend's own means."""
    x = ops.convert_to_tensor(x)
    if BACKEND == "tensorflow":
        import tensorflow as tf

        with tf.GradientTape() as tape:
            tape.watch(x)
            value = ops.sum(function(x))
        return to_numpy(tape.gradient(value, x))
    if BACKEND == "jax":
        import jax

        return to_numpy(jax.grad(lambda x: ops.sum(function(x)))(x))
    x = x.detach().requires_grad_()
    ops.sum(function(x)).backward()
    return to_numpy(x.grad)


def finite_differences(function, x, step=1e-2):
    """The same gradient by central differences, one entry at a time."""
    x = np.asarray(x, "float32")
    result = np.zeros_like(x)
    for index in np.ndindex(x.shape):
        ahead, behind = x.copy(), x.copy()
        ahead[index] += step
        behind[index] -= step
        rise = to_numpy(ops.sum(function(ahead))) - to_numpy(ops.sum(function(behind)))
        result[index] = rise / (ahead[index] - behind[index])
    return result


def check_gradient(function, x):
    """The backend's gradient agrees with finite differences, in every way to run."""
    expected = finite_differences(function, x)
    assert_close(gradient(function, x), expected, "gradient")
    for _, run in ways_to_run(function)[1:]:
        assert_close(gradient(run, x), expected, "gradient")


def check_layer(layer, *inputs):
    """What every layer owes: symbolic shape, config round trip, saving, mixed precision. Returns the layer's output."""
    inputs = [np.asarray(x) for x in inputs]
    call = inputs[0] if len(inputs) == 1 else inputs
    output = to_numpy(layer(call))
    symbols = [keras.Input(batch_shape=x.shape, dtype=str(x.dtype)) for x in inputs]
    symbol = layer(symbols[0] if len(inputs) == 1 else symbols)
    assert tuple(symbol.shape) == output.shape

    copy = type(layer).from_config(layer.get_config())
    assert copy.get_config() == layer.get_config()

    half = type(layer).from_config({**layer.get_config(), "dtype": "mixed_float16"})
    half_output = half(call)
    assert keras.backend.standardize_dtype(half_output.dtype) == "float16"
    assert np.isfinite(to_numpy(half_output)).all()
    return output


def check_saved_copy(layer, path, *inputs):
    """A model that holds the layer gives the same numbers after saving and loading."""
    symbols = [keras.Input(shape=x.shape[1:], dtype=str(x.dtype)) for x in inputs]
    model = keras.Model(symbols, layer(symbols[0] if len(symbols) == 1 else symbols))
    model.save(path)
    again = keras.saving.load_model(path)
    assert_close(again(list(inputs)), to_numpy(model(list(inputs))))


def raises(message):
    """`pytest.raises(ValueError)` whose message must hold the given words."""
    return pytest.raises(ValueError, match=message)
