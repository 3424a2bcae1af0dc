import keras
from keras import layers

from cvkit.analysis import count_parameters
from tests.analysis.networks import lenet, twins
from tests.support import raises


def test_lenet_by_hand():
    # C1 25·1·6 + 6 = 156; C3 25·6·16 + 16 = 2,416; C5 400·120 + 120 = 48,120; F6 120·84 + 84 = 10,164; 84·10 + 10.
    assert count_parameters(lenet()) == 156 + 2416 + 48120 + 10164 + 850 == 61706


def test_shared_weights_count_once():
    assert count_parameters(twins()) == 9 * 2 * 2 + 2


def test_trainable_and_others():
    model = keras.Sequential([keras.Input((4, 4, 3)), layers.Conv2D(5, 1), layers.BatchNormalization()])
    # 15 + 5 of the convolution; 5 scales and 5 shifts to learn; 5 means and 5 variances kept.
    assert count_parameters(model) == 40
    assert count_parameters(model, trainable=True) == 30
    assert count_parameters(model, trainable=False) == 10
    model.trainable = False
    assert count_parameters(model, trainable=True) == 0


def test_agrees_with_keras_and_takes_a_layer():
    model = lenet()
    assert count_parameters(model) == model.count_params()
    assert count_parameters(model.get_layer("C1")) == 156
    assert count_parameters(keras.Sequential([keras.Input((3,)), layers.ReLU()])) == 0


def test_a_model_without_weights_yet_is_refused():
    with raises("model must be built.*keras.Input first"):
        count_parameters(keras.Sequential([layers.Dense(2)]))
