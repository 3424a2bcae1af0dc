"""Train one compiled network several times, from several seeds."""

import keras


def restart(model, seed):
    """Give a network the weights that a new one would have with this seed, and an optimiser that remembers nothing.

    To build and compile a network takes seconds, often more than an epoch on a small set. So compile once and restart
    for each seed. On TensorFlow the training that follows is that of a network built after
    `keras.utils.set_random_seed(seed)`, as long as its layers stand in one line: branches may be drawn in another
    order, which is another draw of the same kind. Elsewhere the first training of a network draws some random numbers
    more. Loaded weights are drawn anew as well. A learning rate that was set since, by hand or by a callback, stays.

    Args:
        model: functional or sequential `keras.Model`, compiled or not; changed in place.
        seed: int, for the random numbers of Python, NumPy and Keras; what is drawn afterwards, such as the order of the
            images, follows from it too.

    Returns:
        The model.

    Raises:
        TypeError: the model is of a class of its own, of which Keras cannot make a second one.

    Example:
        >>> model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)])
        >>> first = restart(model, seed=0).get_weights()[0]
        >>> bool((restart(model, seed=0).get_weights()[0] == first).all())
        True
    """
    keras.utils.set_random_seed(seed)
    try:
        fresh = keras.models.clone_model(_uncompiled(model))
    except (TypeError, ValueError, NotImplementedError) as error:
        raise TypeError(
            f"restart needs a functional or sequential model; Keras cannot make a second {type(model).__name__}. "
            "Build and compile a new one for each seed."
        ) from error
    _copy(fresh, model)
    optimizer = getattr(model, "optimizer", None)
    if optimizer is not None and optimizer.built:
        fresh = type(optimizer).from_config(optimizer.get_config())
        fresh.build(model.trainable_variables)
        _copy(fresh, optimizer)
    return model


def _uncompiled(model):
    # The same layers without what compile() was given: Keras can copy a loss of one's own only if it is registered.
    is_graph = isinstance(model, (keras.Function, keras.Sequential)) and model.built
    return keras.Model(model.inputs, model.outputs) if is_graph else model


def _copy(source, target):
    """Variables of one object into those of another of the same kind: weights, and the states of random generators."""
    for old, new in zip(target.variables, source.variables, strict=True):
        old.assign(new)
