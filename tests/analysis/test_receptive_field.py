import keras
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from keras import layers

from cvkit.analysis import gradient_footprint, receptive_field
from cvkit.analysis.graph import trace
from cvkit.analysis.receptive_field import trace_fields
from tests.analysis.networks import lenet, twins
from tests.support import raises


def stack(*given, shape=(63, 63, 1)):
    return keras.Sequential([keras.Input(shape), *given])


def test_hand_worked_case():
    # LeNet: 5; pooling 5 + 1 = 6, jump 2; 6 + 4·2 = 14; pooling 14 + 2 = 16, jump 4. Flattened it sees all 32.
    lenet5 = lenet()
    fields = [receptive_field(keras.Model(lenet5.inputs, lenet5.get_layer(n).output)) for n in ("C1", "S2", "C3", "S4")]
    assert fields == [5, 6, 14, 16]
    assert receptive_field(lenet5) == 32


def test_dilation_doubling_sees_31():
    rates = [layers.Conv2D(1, 3, padding="same", dilation_rate=rate) for rate in (1, 2, 4, 8)]
    assert receptive_field(stack(*rates)) == 31  # 1 + 2 + 4 + 8 + 16


def test_height_and_width_may_differ():
    assert receptive_field(stack(layers.Conv2D(1, (3, 5)))) == (3, 5)
    assert receptive_field(stack(layers.GlobalAveragePooling2D(), shape=(4, 6, 1))) == (4, 6)
    assert receptive_field(stack(layers.Conv1D(1, 3), shape=(9, 1))) == 3
    assert receptive_field(stack(layers.Conv3D(1, (1, 2, 3)), shape=(9, 9, 9, 1))) == (1, 2, 3)


def test_no_layers_see_one_pixel():
    assert receptive_field(stack(layers.ReLU())) == 1


def test_several_outputs_answer_each():
    x = keras.Input((32, 32, 1))
    a = layers.Conv2D(1, 3)(x)
    assert receptive_field(keras.Model(x, {"fine": a, "coarse": layers.MaxPooling2D(2)(a)})) == {"fine": 3, "coarse": 4}


def test_shared_and_inner_models():
    assert receptive_field(twins()) == 5


def test_branches_reach_as_far_as_the_farthest():
    x = keras.Input((32, 32, 4))
    branches = [layers.Conv2D(2, k, padding="same")(x) for k in (1, 3, 5)]
    assert receptive_field(keras.Model(x, layers.Concatenate()(branches))) == 5
    # A crop moves one branch by two pixels: it sees pixels 2 to 4 where the other sees 0 to 2.
    moved, plain = layers.Conv2D(1, 3)(layers.Cropping2D(((2, 0), (2, 0)))(x)), layers.Conv2D(1, 3)(x)
    plain = layers.Cropping2D(((0, 2), (0, 2)))(plain)
    assert receptive_field(keras.Model(x, moved + plain)) == 5


def test_a_gate_over_the_whole_image_sees_the_whole_image():
    x = keras.Input((20, 20, 4))
    gate = layers.Dense(4)(layers.GlobalAveragePooling2D(keepdims=True)(x))
    assert receptive_field(keras.Model(x, layers.Multiply()([x, gate]))) == 20


def test_inputs_without_positions_are_ignored():
    x, style = keras.Input((20, 20, 4)), keras.Input((4,))
    model = keras.Model([x, style], layers.Conv2D(1, 3)(x) * layers.Dense(1)(style)[:, None, None])
    with raises("GetItem"):  # indexing is not known, and it is honest to say so
        receptive_field(keras.Model([x, style], layers.Conv2D(1, 3)(x[:, ::2])))
    assert receptive_field(model) == 3


ones = {"kernel_initializer": "ones", "use_bias": False}


def check_measured(model, position):
    """The first and the last pixel told for an output position are those with a slope."""
    inputs, calls, outputs = trace(model)
    footprint = gradient_footprint(model, position)
    for axis, span in enumerate(trace_fields(inputs, calls)[id(outputs[0])]):
        seen = np.flatnonzero(footprint.any(axis=1 - axis))
        turn, place = divmod(position[axis], len(span.first))
        assert (seen[0], seen[-1]) == (span.first[place] + turn * span.step, span.last[place] + turn * span.step)


@pytest.mark.parametrize("size", [32, 33])
@pytest.mark.parametrize("padding", ["valid", "same"])
@pytest.mark.parametrize("kernel", [2, 3, 4])
@pytest.mark.parametrize("kind", [layers.Conv2D, layers.Conv2DTranspose])
def test_pads_as_keras_does(kind, kernel, padding, size):
    model = stack(kind(1, kernel, strides=2, padding=padding, **ones), shape=(size, size, 1))
    for position in [(8, 9), (9, 8)]:
        check_measured(model, position)


@st.composite
def blocks(draw):
    """A layer, all of whose weights are positive, or the size of a residual block's kernel."""
    kind = draw(st.sampled_from(["conv", "dilated", "pool", "transposed", "upsampling", "pad", "crop", "residual"]))
    kernel, padding = (draw(st.integers(1, 4)), draw(st.integers(1, 4))), draw(st.sampled_from(["valid", "same"]))
    rate, few = draw(st.integers(1, 3)), draw(st.tuples(st.integers(0, 2), st.integers(0, 2)))
    if kind == "conv":
        return layers.Conv2D(1, kernel, strides=min(rate, 2), padding=padding, **ones)
    if kind == "dilated":
        return layers.Conv2D(1, kernel, dilation_rate=rate, padding=padding, **ones)
    if kind == "pool":
        return layers.AveragePooling2D(kernel, strides=min(rate, 2), padding=padding)
    if kind == "transposed":
        return layers.Conv2DTranspose(1, max(kernel[0], 2), strides=2, padding=padding, **ones)
    if kind == "upsampling":
        return layers.UpSampling2D(rate, interpolation=draw(st.sampled_from(["nearest", "bilinear"])))
    if kind == "residual":
        return kernel
    return {"pad": layers.ZeroPadding2D, "crop": layers.Cropping2D}[kind]((few, few[::-1]))


@given(st.lists(blocks(), max_size=3))
def test_equals_the_measured_footprint(given):
    x = inputs = keras.Input((97, 112, 1))  # large enough for the middle to see no border
    for block in given:
        residual = isinstance(block, tuple)
        x = x + layers.Conv2D(1, block, padding="same", **ones)(x) if residual else block(x)
    model = keras.Model(inputs, x)
    for step in range(3):  # neighbours differ after enlarging
        check_measured(model, (x.shape[1] // 2 + step % 2, x.shape[2] // 2 + step))


@pytest.mark.parametrize(
    "layer",
    [
        layers.DepthwiseConv2D(3),
        layers.SeparableConv2D(2, 3),
        layers.MaxPooling2D(3, strides=1),
        layers.Conv2D(2, 3, activation="relu"),
    ],
)
def test_other_windows(layer):
    assert receptive_field(stack(layer)) == 3


@pytest.mark.parametrize(
    "layer",
    [
        layers.BatchNormalization(),
        layers.LayerNormalization(),
        layers.Softmax(),
        layers.Dropout(0.5),
        layers.Dense(3),
        layers.PReLU(),
        layers.Rescaling(2.0),
    ],
)
def test_layers_that_act_on_each_position_alone(layer):
    assert receptive_field(stack(layers.Conv2D(2, 3), layer)) == 3


@pytest.mark.parametrize(
    "layer",
    [
        layers.Flatten(),
        layers.GlobalMaxPooling2D(),
        layers.GroupNormalization(1),
        layers.LayerNormalization(axis=(1, 2, 3)),
        layers.Softmax(axis=(1, 2)),
    ],
)
def test_layers_that_see_everything(layer):
    assert receptive_field(stack(layers.Conv2D(2, 3), layer)) == 63
    with raises(r"size is unknown.*input_shape"):
        x = keras.Input((None, None, 1))
        receptive_field(keras.Model(x, layers.GlobalMaxPooling2D()(x)))


def test_unknown_layers_are_refused_or_answer():
    class Shifting(layers.Layer):
        def call(self, x):
            return keras.ops.roll(x, 1, axis=1)

    class Answering(Shifting):
        def receptive_field(self, spans, input_shape, output_shape):
            return [spans[0].slide(2, padding=1), spans[1]]

    with raises("'shift' of kind Shifting.*rules={Shifting.*up to this layer"):
        receptive_field(stack(Shifting(name="shift")))
    assert receptive_field(stack(Shifting()), rules={Shifting: lambda layer, spans, *_: spans}) == 1
    assert receptive_field(stack(Answering())) == (2, 1)
    # After a layer that sees everything it does not matter.
    assert receptive_field(stack(layers.Softmax(axis=(1, 2)), Shifting())) == 63


def test_paths_that_do_not_belong_together_are_refused():
    x = keras.Input((8, 8, 1))
    half = layers.MaxPooling2D(2)(x)
    with raises("2 and 1 pixels between positions meet"):
        receptive_field(keras.Model(x, layers.Add()([half, layers.Cropping2D(2)(x)])))
    with raises("maps of different sizes meet"):
        receptive_field(keras.Model(x, x + layers.Conv2D(1, 8)(x)))
    with raises("joined side by side"):
        receptive_field(keras.Model(x, layers.Concatenate(axis=1)([x, x])))


def test_a_model_without_images_is_refused():
    with raises("no input with spatial axes"):
        receptive_field(keras.Sequential([keras.Input((4,)), layers.Dense(2)]))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "size"), [("VGG16", 212), ("ResNet50", 483), ("MobileNet", 315), ("InceptionV3", 1311)]
)
def test_published_networks(name, size):
    # Araujo et al. 2019, table of architectures: VGG-16 212, ResNet-50 483, MobileNet 315, Inception-v3 1311.
    model = getattr(keras.applications, name)(weights=None, include_top=False, input_shape=(224, 224, 3))
    assert receptive_field(model) == size
