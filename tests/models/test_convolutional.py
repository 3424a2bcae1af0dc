import keras
import numpy as np
import pytest
from keras import layers

from cvkit.models import lenet5, make_convolutional, small_vgg
from tests.support import assert_close, raises, to_numpy


def two_heads():
    """No padding, pooling by 2 twice: stride 4. On 18 x 22: 16 x 20, 8 x 10, 6 x 8, 3 x 4 positions."""
    x = image = keras.Input((18, 22, 2))
    for filters in (3, 5):
        x = layers.Conv2D(filters, 3, activation="relu")(x)
        x = layers.MaxPooling2D(2)(x)
    x = layers.Dropout(0.5)(layers.Flatten()(x))
    x = layers.BatchNormalization()(layers.Dense(7, activation="relu")(x))
    classes, box = layers.Dense(3, activation="softmax", name="class")(x), layers.Dense(4, name="box")(x)
    return keras.Model(image, [classes, box], name="two_heads")


@pytest.fixture(scope="module", name="pair")
def _pair():
    keras.utils.set_random_seed(0)
    model = two_heads()
    for weight in model.weights:  # biases and averages too, so that a lost one shows
        weight.assign(np.random.default_rng(1).uniform(0.1, 0.5, weight.shape))
    return model, make_convolutional(model)


def images(*shape):
    return np.random.default_rng(0).uniform(0, 1, shape).astype("float32")


def test_the_same_outputs_at_the_models_own_size(pair):
    model, sliding = pair
    x = images(2, 18, 22, 2)
    for dense, conv in zip(model(x), sliding(x), strict=True):
        assert_close(to_numpy(conv)[:, 0, 0], to_numpy(dense))
    assert sliding.count_params() == model.count_params()
    assert sliding.name == "two_heads"


def test_each_output_on_a_larger_image_is_that_of_a_window(pair):
    model, sliding = pair
    scene = images(2, 31, 34, 2)  # windows at 0, 4, 8, 12 down and 0, 4, 8, 12 across
    maps = [to_numpy(output) for output in sliding(scene)]
    assert [m.shape for m in maps] == [(2, 4, 4, 3), (2, 4, 4, 4)]
    for i, j in np.ndindex(4, 4):
        window = scene[:, 4 * i : 4 * i + 18, 4 * j : 4 * j + 22]
        for dense, conv in zip(model(window), maps, strict=True):
            assert_close(conv[:, i, j], to_numpy(dense))


def test_what_lenet_says_and_lecture_3s_numbers():
    # L3: 50 maps of 7 x 7 and 100 units: 245,000 weights and 100 biases, as a dense layer and as a convolution.
    model = keras.Sequential([keras.Input((7, 7, 50)), layers.Flatten(), layers.Dense(100, name="dense")])
    sliding = make_convolutional(model)
    assert sliding.get_layer("dense").kernel.shape == (7, 7, 50, 100)
    assert sliding.count_params() == 245_100
    assert sliding.compute_output_shape((1, 14, 14, 50)) == (1, 8, 8, 100)
    lenet = lenet5()
    assert_close(make_convolutional(lenet)(images(2, 32, 32, 1))[:, 0, 0], to_numpy(lenet(images(2, 32, 32, 1))))


def test_the_weights_are_copies(pair):
    model, sliding = pair
    before = model.layers[1].get_weights()[0]
    sliding.layers[1].set_weights([w + 1 for w in sliding.layers[1].get_weights()])
    assert_close(model.layers[1].get_weights()[0], before)
    sliding.layers[1].set_weights(model.layers[1].get_weights())


def test_networks_within_networks_are_opened_too():
    body = keras.Sequential([keras.Input((8, 8, 1)), layers.Conv2D(2, 3)])
    model = keras.Sequential([keras.Input((8, 8, 1)), body, layers.Flatten(), layers.Dense(3)])
    scene = images(2, 9, 8, 1)
    below = to_numpy(make_convolutional(model)(scene))[:, 1, 0]
    assert_close(below, to_numpy(model(scene[:, 1:])))


def test_trains_and_comes_back_from_a_file(tmp_path):
    classifier = keras.Sequential([keras.Input((8, 8, 1)), layers.Conv2D(4, 3), layers.Flatten(), layers.Dense(2)])
    sliding = make_convolutional(classifier)
    sliding.compile("sgd", loss="mse")
    x, y = images(4, 10, 10, 1), np.ones((4, 3, 3, 2), "float32")
    history = sliding.fit(x, y, batch_size=4, epochs=2, verbose=0).history["loss"]
    assert history[1] < history[0]
    sliding.save(tmp_path / "model.keras")
    assert_close(keras.saving.load_model(tmp_path / "model.keras")(x), to_numpy(sliding(x)))


def test_layers_keep_whether_they_learn_and_their_bias():
    model = keras.Sequential([keras.Input((4, 4, 1)), layers.Flatten(), layers.Dense(3, use_bias=False, name="dense")])
    model.get_layer("dense").trainable = False
    dense = make_convolutional(model).get_layer("dense")
    assert (dense.trainable, dense.use_bias) == (False, False)


def test_a_network_without_a_flatten_is_refused():
    with raises("end in global pooling|global pooling takes images of any size"):
        make_convolutional(small_vgg(10, (32, 32, 3)))


def test_what_cannot_slide_is_named():
    middle = keras.Sequential(
        [keras.Input((4, 4, 2)), layers.Flatten(), layers.BatchNormalization(name="norm"), layers.Dense(3)]
    )
    with raises(r"'norm' \(BatchNormalization\) cannot slide where it stands"):
        make_convolutional(middle)
    with raises("must end in Dense layers behind a Flatten"):
        make_convolutional(keras.Sequential([keras.Input((4, 4, 2)), layers.Flatten()]))


def test_models_without_a_size_or_without_images_are_refused():
    image = keras.Input((None, 8, 1))
    with raises("must take images of one size: 'flat' flattens maps of unknown size"):
        make_convolutional(keras.Model(image, layers.Flatten(name="flat")(image)))
    with raises(r"must take images \(B, H, W, C\), one input. Received inputs \[\(None, 5\)\]"):
        make_convolutional(keras.Sequential([keras.Input((5,)), layers.Dense(2)]))
