"""Small networks that several tests look at."""

import keras
from keras import layers


def lenet():
    """LeNet-5 with every map of S2 joined to every map of C3, on 32 × 32."""
    return keras.Sequential(
        [
            keras.Input((32, 32, 1)),
            layers.Conv2D(6, 5, activation="tanh", name="C1"),
            layers.AveragePooling2D(2, name="S2"),
            layers.Conv2D(16, 5, activation="tanh", name="C3"),
            layers.AveragePooling2D(2, name="S4"),
            layers.Flatten(name="flatten"),
            layers.Dense(120, activation="tanh", name="C5"),
            layers.Dense(84, activation="tanh", name="F6"),
            layers.Dense(10, name="output"),
        ]
    )


def twins():
    """Two images through one inner model, which calls one convolution twice; an unused second output inside."""
    image = keras.Input((9, 7, 2))
    conv = layers.Conv2D(2, 3, padding="same", name="conv")
    inner = keras.Model(image, conv(layers.ReLU(name="relu")(conv(image))), name="inner")
    left, right = keras.Input((9, 7, 2), name="left"), keras.Input((9, 7, 2), name="right")
    return keras.Model([left, right], layers.Subtract(name="difference")([inner(left), inner(right)]))


def classifier(size=9):
    """Two convolutions, each kind of ReLU, pooling that overlaps, three classes: random weights, biases included."""
    keras.utils.set_random_seed(3)
    x = image = keras.Input((size, size, 2), name="image")
    x = layers.Conv2D(4, 3, padding="same", activation="relu", bias_initializer="normal", name="conv1")(x)
    x = layers.MaxPooling2D(3, 2, name="pool")(x)
    x = layers.Conv2D(5, 2, bias_initializer="normal", name="conv2")(x)
    x = layers.ReLU(name="relu")(x)
    x = layers.GlobalAveragePooling2D(name="mean")(x)
    return keras.Model(image, layers.Dense(3, name="scores")(x))
