"""Guided backpropagation: the gradient, with all that speaks against the class left out on the way."""

import keras
from keras import layers, ops

from cvkit.analysis.image_input import check_classes, check_images, score_of
from cvkit.analysis.input_gradient import input_gradient


def guided_backpropagation(model, images, classes=None):
    r"""Gradient of a class's score with respect to each pixel, cut off at each ReLU where it is negative.

    A ReLU $y = \max(0, x)$ passes the slope $g$ back where $x > 0$. Here it passes it where $g > 0$ as well:

    $$\frac{\partial S}{\partial x} = g \cdot [x > 0] \cdot [g > 0]$$

    Args:
        model: functional or Sequential `keras.Model` from images (B, H, W, C) to scores (B, K), logits. It must hold
            ReLUs: layers `keras.layers.ReLU`, ``activation="relu"`` (or "relu6"), or `keras.ops.relu`.
        images: float array (B, H, W, C), as the model takes them.
        classes: an integer or one for each image; None for the class that the model gives each image.

    Returns:
        NumPy array (B, H, W, C).

    Raises:
        ValueError: the model holds no ReLU, the images do not fit it, or a class does not exist.

    Example:
        >>> x = keras.Input((1, 1, 2))
        >>> hidden = layers.Dense(2, "relu", use_bias=False, kernel_initializer="identity")(layers.Flatten()(x))
        >>> weights = keras.initializers.Constant([[2.0], [-5.0]])  # the second unit speaks against the class
        >>> model = keras.Model(x, layers.Dense(1, kernel_initializer=weights)(hidden))
        >>> guided_backpropagation(model, ops.ones((1, 1, 1, 2))).ravel()
        array([2., 0.], dtype=float32)

    Reference:
        Springenberg et al., "Striving for Simplicity: The All Convolutional Net", 2014, arXiv 1412.6806, section 3.4.
    """
    images = check_images(model, images)
    classes = check_classes(model, images, classes)
    return input_gradient(score_of(guided_model(model), classes), images)


def guided_model(model):
    """A copy of a model whose ReLUs pass back positive slopes only. Its outputs are the same.

    Args:
        model: functional or Sequential `keras.Model`, models inside it included. It is left as it is.

    Returns:
        A `keras.Model` with copies of the weights.

    Raises:
        ValueError: the model is subclassed, or holds no ReLU.

    Example:
        >>> model = keras.Sequential([keras.Input((4,)), layers.Dense(2, "relu")])
        >>> guided_model(model).layers[1].activation is guided_relu
        True
    """
    if not isinstance(model, (keras.Sequential, keras.Function)):
        raise ValueError(
            "model must be a functional or Sequential keras.Model, whose layers can be copied. "
            f"Received {type(model).__name__}. Build it as keras.Model(inputs, outputs)."
        )
    replaced = []

    def copy(layer):
        kind = type(layer).__name__
        if kind == "ReLU" and not layer.negative_slope and not layer.threshold:
            guided = {None: guided_relu, 6: guided_relu6}.get(layer.max_value)
        else:
            function = getattr(layer, "activation", None)
            guided = {keras.activations.relu: guided_relu, keras.activations.relu6: guided_relu6}.get(function)
            guided = {"Relu": guided_relu, "Relu6": guided_relu6}.get(kind, guided)  # the functions of keras.ops
        if guided is not None:
            replaced.append(layer.name)
        if guided is not None and kind in ("ReLU", "Relu", "Relu6"):
            return layers.Activation(guided, name=layer.name)
        new = type(layer).from_config(layer.get_config())
        if guided is not None:
            new.activation = guided
        return new

    plain = keras.Model(*(_one_or_all(x) for x in (model.inputs, model.outputs)))  # without what compile() added
    guided = keras.models.clone_model(plain, clone_function=copy, recursive=True)
    if not replaced:
        raise ValueError("model must hold ReLUs, which guided backpropagation changes. Received one without any.")
    guided.set_weights(model.get_weights())
    return guided


def _one_or_all(tensors):
    return tensors[0] if len(tensors) == 1 else tensors


@ops.custom_gradient
def guided_relu(x):
    """max(0, x), with a slope that is passed back only where it is positive."""
    return ops.relu(x), lambda *args, upstream=None: _guide(x > 0, args, upstream)


@ops.custom_gradient
def guided_relu6(x):
    """min(max(0, x), 6), with a slope that is passed back only where it is positive."""
    return ops.relu6(x), lambda *args, upstream=None: _guide(ops.logical_and(x > 0, x < 6), args, upstream)


def _guide(active, args, upstream):
    slope = args[0] if upstream is None else upstream  # backends differ in how they hand it over
    return ops.where(active, ops.relu(slope), ops.zeros_like(slope))
