import keras
import numpy as np
import pytest
from keras import layers, ops

from cvkit.analysis import deconvnet, input_gradient
from tests.analysis.networks import classifier
from tests.support import assert_close, raises, to_numpy

IMAGES = np.random.default_rng(0).normal(size=(2, 27, 26, 2)).astype("float32")


def chain(activation=None, strides=1, padding="same", kernel=None):
    """Two convolutions with pooling that overlaps between them, on 27 × 26 pixels, where no size fits evenly."""
    keras.utils.set_random_seed(5)
    options = dict(
        activation=activation, strides=strides, padding=padding, kernel_initializer=kernel or "glorot_normal"
    )
    x = image = keras.Input((27, 26, 2))
    x = layers.Conv2D(3, 3, name="conv1", **options)(x)
    x = layers.MaxPooling2D(3, 2, padding=padding, name="pool")(x)
    x = layers.Conv2D(4, 2, name="conv2", **(options | dict(strides=1)))(x)
    return keras.Model(image, x)


def top_gradient(model, images, channel, position):
    row, column = position
    value = to_numpy(model(images))[:, row, column, channel]
    slope = input_gradient(lambda x: ops.sum(model(x)[:, row, column, channel]), images)
    return value[:, None, None, None] * slope


def test_hand_worked_case():
    # Image 1 2 / 4 3, kernel [1, -1], no padding: -1 / 1. ReLU: 0 / 1. Back: the kernel once, in the second row.
    x = keras.Input((2, 2, 1))
    conv = layers.Conv2D(1, (1, 2), activation="relu", name="conv")
    model = keras.Model(x, conv(x))
    conv.set_weights([np.array([[[[1.0]], [[-1.0]]]]), np.zeros(1)])
    found = deconvnet(model, np.array([[1.0, 2], [4, 3]])[None, :, :, None], "conv", 0)
    assert_close(found[0, :, :, 0], [[0, 0], [1, -1]])


@pytest.mark.parametrize("padding", ["valid", "same"])
@pytest.mark.parametrize("strides", [1, 2, 4])
def test_in_a_linear_chain_it_is_the_gradient_times_the_activation(strides, padding):
    model = chain(None, strides, padding)
    position = 0, model.output_shape[2] - 1
    found = deconvnet(model, IMAGES, "conv2", 2, position)
    assert_close(found, top_gradient(model, IMAGES, 2, position))


def test_with_positive_kernels_the_relus_make_no_difference():
    kernel = keras.initializers.RandomUniform(0, 1, seed=1)
    model = chain("relu", kernel=kernel)
    images = abs(IMAGES)
    assert_close(deconvnet(model, images, "conv2", 1, (2, 2)), top_gradient(model, images, 1, (2, 2)))


def test_relu_cuts_the_reconstruction_and_not_the_forward_pass():
    # Forward 1 x 1 kernels: 1, then -1 and a bias of 5: 5 - 2 = 3. Back: 3 · (-1) = -3, which the lower ReLU cuts off,
    # though the lower unit was active and the gradient is -1.
    x = keras.Input((1, 1, 1))
    lower, upper = (layers.Conv2D(1, 1, activation="relu", name=name) for name in ("lower", "upper"))
    model = keras.Model(x, upper(lower(x)))
    lower.set_weights([np.ones((1, 1, 1, 1)), np.zeros(1)])
    upper.set_weights([-np.ones((1, 1, 1, 1)), np.full(1, 5.0)])
    image = np.full((1, 1, 1, 1), 2.0)
    assert_close(top_gradient(model, image, 0, (0, 0)), np.full((1, 1, 1, 1), -3.0))
    assert_close(deconvnet(model, image, "upper", 0), np.zeros((1, 1, 1, 1)))


def test_every_kind_of_relu_and_dropout():
    model = chain("relu")
    x = image = keras.Input((27, 26, 2))
    x = layers.Dropout(0.5)(layers.ReLU()(layers.Conv2D(3, 3, padding="same")(x)))
    x = layers.MaxPooling2D(3, 2, padding="same")(x)
    same = keras.Model(image, layers.Activation("relu", name="end")(layers.Conv2D(4, 2, padding="same")(x)))
    same.set_weights(model.get_weights())
    assert_close(deconvnet(same, IMAGES, "end", 3), deconvnet(model, IMAGES, "conv2", 3))


def test_the_default_position_is_that_of_each_image_s_maximum():
    model = chain("relu")
    maps = to_numpy(model(IMAGES))[..., 1]
    both = deconvnet(model, IMAGES, "conv2", 1)
    for image, mapped, found in zip(IMAGES, maps, both, strict=True):
        position = np.unravel_index(mapped.argmax(), mapped.shape)
        assert_close(deconvnet(model, image[None], "conv2", 1, position)[0], found)


def test_without_switches_each_value_goes_to_the_middle():
    x = keras.Input((6, 6, 1))
    model = keras.Model(x, layers.MaxPooling2D(3, name="pool")(x))
    image = np.zeros((1, 6, 6, 1), "float32")
    image[0, 3, 5] = 7
    assert np.argwhere(deconvnet(model, image, "pool", 0)[0, :, :, 0]).tolist() == [[3, 5]]
    assert np.argwhere(deconvnet(model, image, "pool", 0, switches=False)[0, :, :, 0]).tolist() == [[4, 4]]


def test_what_comes_after_the_layer_does_not_matter():
    model = classifier()
    images = IMAGES[:, :9, :9]
    cut = keras.Model(model.input, model.get_layer("relu").output)
    assert_close(deconvnet(model, images, "relu", 0), deconvnet(cut, images, "relu", 0))


def test_errors():
    model = classifier()
    images = IMAGES[:, :9, :9]
    with raises("no layer 'conv9'. Its layers are: conv1, pool, conv2, relu, mean, scores"):
        deconvnet(model, images, "conv9", 0)
    with raises("must be a chain.*Received 'mean' of kind GlobalAveragePooling2D.*guided_backpropagation"):
        deconvnet(model, images, "mean", 0)
    with raises("channel must lie from 0 to 3, the layer's maps. Received 4"):
        deconvnet(model, images, "conv1", 4)
    with raises(r"position must lie in the map of 9 × 9. Received \(9, 0\)"):
        deconvnet(model, images, "conv1", 0, (9, 0))
    for layer in (
        layers.Conv2D(2, 3, strides=(1, 2), name="odd"),
        layers.Conv2D(2, 3, dilation_rate=2, name="odd"),
        layers.Conv2D(2, 3, groups=2, name="odd"),
        layers.Conv2D(2, 3, activation="tanh", name="odd"),
        layers.ReLU(6.0, name="odd"),
        layers.BatchNormalization(name="odd"),
    ):
        x = keras.Input((9, 9, 2))
        with raises("must be a chain.*Received 'odd'"):
            deconvnet(keras.Model(x, layer(x)), images, "odd", 0)
    x = keras.Input((9, 9, 2))
    with raises("must be a chain.*Received 'sum' of kind Add"):
        deconvnet(keras.Model(x, layers.Add(name="sum")([x, x])), images, "sum", 0)
