import keras
import numpy as np
from keras import layers

from cvkit.analysis.graph import trace
from tests.analysis.networks import lenet, twins
from tests.support import assert_close, raises, to_numpy


def test_every_call_of_a_shared_layer_in_a_shared_model():
    inputs, calls, outputs = trace(twins())
    once = ["inner/conv", "inner/relu", "inner/conv"]
    assert [call.name for call in calls] == [*once, *once, "difference"]
    # Across the border of the inner model a tensor is the same object.
    assert [calls[0].inputs[0], calls[3].inputs[0]] == inputs
    assert calls[-1].inputs[0] is calls[2].outputs[0]
    assert calls[-1].inputs[1] is calls[5].outputs[0]
    assert outputs[0] is calls[-1].outputs[0]


def test_the_model_is_left_as_it_is():
    model = twins()
    x = [np.random.default_rng(i).normal(size=(1, 9, 7, 2)).astype("float32") for i in (0, 1)]
    before, config, weights = to_numpy(model(x)), model.get_config(), [id(w) for w in model.weights]
    trace(model)
    assert model.get_config() == config
    assert [id(w) for w in model.weights] == weights
    assert_close(model(x), before)


def test_functions_and_several_outputs_are_calls_too():
    x = keras.Input((4, 4, 1))
    model = keras.Model(x, {"double": x * 2.0, "sum": layers.Add(name="add")([x, x])})
    _, calls, outputs = trace(model)
    assert {type(call.layer).__name__ for call in calls} == {"Multiply", "Add"}
    assert [call.input_shape for call in calls if call.name == "add"] == [[(None, 4, 4, 1)] * 2]
    assert len(outputs) == 2


def test_a_compiled_model_and_a_subclass_with_its_own_arguments_are_walked():
    class Named(keras.Model):
        def __init__(self, width):
            x = keras.Input((width,))
            super().__init__(x, layers.Dense(2, name="dense")(x))

    model = Named(3)
    model.compile("sgd", loss=lambda y, p: keras.ops.mean(p))
    assert [call.name for call in trace(model)[1]] == ["dense"]


def test_another_input_size():
    x = keras.Input((None, None, 3))
    model = keras.Model(x, layers.Conv2D(2, 3, name="conv")(x))
    assert trace(model)[1][0].output_shape == (None, None, None, 2)
    assert trace(model, (8, 9, 3))[1][0].output_shape == (None, 6, 7, 2)
    assert trace(twins(), [(5, 5, 2), (5, 5, 2)])[1][-1].output_shape == (None, 5, 5, 2)


def test_an_inner_model_that_passes_its_input_on():
    x, y = keras.Input((4,)), keras.Input((4,))
    through = keras.Model(x, x, name="through")
    inputs, calls, outputs = trace(keras.Model(y, through(y)))
    assert calls == []
    assert outputs == inputs


def test_input_shapes_that_do_not_fit_are_refused():
    for shape in [(32, 32, 3), (32, 32), [(32, 32, 1), (32, 32, 1)], (1, 32, 32, 1)]:
        with raises(r"input_shape must fit the model's inputs.*\(32, 32, 1\). Received"):
            trace(lenet(), shape)


def test_models_that_cannot_be_walked_are_refused():
    class Own(keras.Model):
        def call(self, x):
            return x

    with raises("must be a functional or Sequential keras.Model.*Received Own"):
        trace(Own())
    with raises("must be built.*model.build"):
        trace(keras.Sequential([layers.Dense(2)]))
