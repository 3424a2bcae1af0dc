"""How many numbers a network has to learn."""

import math


def count_parameters(model, trainable=None):
    """Number of parameters of a model or layer; a weight that several layers share counts once.

    Args:
        model: a built `keras.Model` or `keras.Layer`.
        trainable: True for those that training changes, False for the others (frozen layers, the running means of
            batch normalisation), None for all.

    Returns:
        An int.

    Raises:
        ValueError: the model is not built, so it has no weights yet.

    Example:
        >>> import keras
        >>> model = keras.Sequential([keras.Input((8, 8, 3)), keras.layers.Conv2D(4, 3)])
        >>> count_parameters(model)  # 3 · 3 · 3 · 4 weights and 4 biases
        112
    """
    if not model.built:
        raise ValueError(
            f"model must be built. Received {model.name!r}, which has no weights yet. "
            "Put a keras.Input first, or call model.build((None, height, width, channels))."
        )
    chosen = {None: model.weights, True: model.trainable_weights, False: model.non_trainable_weights}[trainable]
    return count_weights(chosen)


def count_weights(weights):
    """Numbers in a list of weights, each weight counted once however often it is listed.

    Example:
        >>> import keras
        >>> weight = keras.Variable([[1.0, 2.0]])
        >>> count_weights([weight, weight])
        2
    """
    return sum(math.prod(weight.shape) for weight in {id(weight): weight for weight in weights}.values())
