import keras
from keras import layers

from cvkit.analysis import count_layers
from tests.analysis.networks import lenet, twins
from tests.support import raises


def test_lenet_has_five():
    assert count_layers(lenet()) == 5  # C1, C3, C5, F6, output


def test_the_longest_of_parallel_paths_counts():
    image = keras.Input((8, 8, 3))
    long = layers.Conv2D(4, 1)(layers.DepthwiseConv2D(3, padding="same")(layers.Conv2D(4, 1)(image)))
    short = layers.BatchNormalization()(layers.Conv2D(4, 1)(image))
    joined = layers.ReLU()(layers.Concatenate()([long, short]))
    assert count_layers(keras.Model(image, layers.Dense(2)(layers.Flatten()(joined)))) == 4


def test_a_shared_layer_counts_each_time_it_runs():
    assert count_layers(twins()) == 2  # one convolution, twice in a row on each side


def test_a_network_without_kernels_has_none():
    image = keras.Input((8, 8, 3))
    assert count_layers(keras.Model(image, layers.BatchNormalization()(image))) == 0


def test_of_several_outputs_the_deepest_counts():
    image = keras.Input((8, 8, 3))
    first = layers.Conv2D(2, 1)(image)
    assert count_layers(keras.Model(image, [layers.Conv2D(2, 1)(first), first])) == 2


def test_what_cannot_be_walked_is_refused():
    with raises("model must be built"):
        count_layers(keras.Sequential([layers.Dense(2)]))
