"""A classifier made fully convolutional: its dense layers become convolutions, and it takes images of any size."""

import keras
from keras import layers

from cvkit.analysis.graph import trace

_POINTWISE = (layers.Activation, layers.Dropout, layers.ReLU, layers.LeakyReLU, layers.ELU)  # one number at a time
_BEHIND_DENSE = (layers.BatchNormalization, layers.Concatenate, layers.Softmax)  # along the channels


def make_convolutional(model):
    """The same network with convolutions in the place of its dense layers, so that it slides over larger images.

    A dense layer on maps of h × w positions and C channels has a weight for each of the h · w · C numbers. The same
    weights, put in the order (h, w, C), are a kernel of h × w: on maps of that size it fits once, without padding, and
    gives the dense layer's output; on larger maps it fits several times. Dense layers after the first become 1 × 1
    convolutions.

    On an image larger than the model's own, output (i, j) is what the model says of the window whose upper left corner
    is at (i, j) times the network's stride. That is exact where no layer pads (padding="valid"). With padding="same" a
    window cut out sees zeros at its border, while the same window inside a larger image sees its neighbours, so that
    the two differ somewhat.

    Args:
        model: a built functional or Sequential `keras.Model` on one image of fixed size: convolutions and pooling, a
            Flatten, and after it Dense layers, activations and Dropout; behind a Dense also BatchNormalization,
            Softmax and Concatenate. It may have several outputs.

    Returns:
        A functional `keras.Model` from images (B, H, W, C) of any H and W not smaller than the model's own, to maps
        (B, H', W', units) where the model gives (B, units). The weights are copies.

    Raises:
        ValueError: the model has no Flatten, or something in it cannot slide; the message names the layer.

    Example:
        >>> classifier = keras.Sequential([keras.Input((8, 8, 1)), layers.Conv2D(4, 3), layers.MaxPooling2D(2),
        ...     layers.Flatten(), layers.Dense(10)])
        >>> sliding = make_convolutional(classifier)
        >>> sliding.compute_output_shape((1, 8, 8, 1)), sliding.compute_output_shape((1, 12, 14, 1))
        ((1, 1, 1, 10), (1, 3, 4, 10))
        >>> sliding.count_params() == classifier.count_params()
        True

    Reference:
        Sermanet et al., "OverFeat", 2013, arXiv 1312.6229, section 3.5; Long et al., "Fully Convolutional Networks",
        2014, arXiv 1411.4038, section 3.1. Lecture L3, "Fully Convolutional Networks".
    """
    kernels = _kernels(model)
    pairs = []

    def convert(layer):
        if isinstance(layer, keras.Model):
            return _any_size(layer, convert)
        if isinstance(layer, layers.Flatten):
            return layers.Identity(name=layer.name)
        fresh = _convolution(layer, kernels[id(layer)]) if id(layer) in kernels else _copy(layer)
        pairs.append((layer, fresh))
        return fresh

    sliding = _any_size(model, convert)
    for layer, fresh in pairs:
        weights = zip(layer.get_weights(), fresh.weights, strict=True)
        fresh.set_weights([value.reshape(weight.shape) for value, weight in weights])
    return sliding


def _any_size(model, convert):
    channels = model.inputs[0].shape[-1]
    image = keras.Input((None, None, channels), dtype=model.inputs[0].dtype, name="image")
    output = model.outputs[0] if len(model.outputs) == 1 else model.output
    plain = keras.Model(model.inputs[0], output, name=model.name)  # a Sequential becomes functional
    return keras.models.clone_model(plain, input_tensors=image, clone_function=convert)


def _copy(layer):
    return type(layer).from_config(layer.get_config())


def _convolution(dense, kernel_size):
    config = dense.get_config()
    kept = ("units", "activation", "use_bias", "name", "dtype", "trainable")
    units, activation, use_bias, name, dtype, trainable = (config[key] for key in kept)
    activation = keras.activations.get(activation)
    conv = layers.Conv2D(units, kernel_size, activation=activation, use_bias=use_bias, name=name, dtype=dtype)
    conv.trainable = trainable
    return conv


def _kernels(model):
    """Dict of id of each Dense after a Flatten to its kernel's (height, width)."""
    if len(model.inputs) != 1 or len(model.inputs[0].shape) != 4:
        raise ValueError(
            f"model must take images (B, H, W, C), one input. Received inputs {[tuple(x.shape) for x in model.inputs]}."
        )
    _, calls, outputs = trace(model)
    kernels, windows = {}, {}  # windows: id of a flat tensor to the (height, width) of the maps that it was
    for call in calls:
        known = {windows[id(x)] for x in call.inputs if id(x) in windows}
        window = known.pop() if len(known) == 1 else None
        if isinstance(call.layer, layers.Flatten) and len(call.input_shape) == 4:
            window = call.input_shape[1:3]
            if None in window:
                raise ValueError(
                    f"model must take images of one size: {call.name!r} flattens maps of unknown size. Build it with "
                    "keras.Input((height, width, channels))."
                )
        elif window is None and not known:
            continue  # not behind a Flatten: it slides as it is
        elif isinstance(call.layer, layers.Dense):
            kernels[id(call.layer)], window = window, (1, 1)
        elif not _slides(call.layer, window):
            raise ValueError(
                f"{call.name!r} ({type(call.layer).__name__}) cannot slide where it stands. After the Flatten there "
                "may be Dense, activations, Dropout, and behind a Dense BatchNormalization and Concatenate."
            )
        windows.update({id(x): window for x in call.outputs})
    if not all(windows.get(id(x)) == (1, 1) for x in outputs):
        raise ValueError(
            "model must end in Dense layers behind a Flatten, which then become convolutions. A network that ends in "
            "global pooling takes images of any size as it is."
        )
    return kernels


def _slides(layer, window):
    return isinstance(layer, _POINTWISE) or (window == (1, 1) and isinstance(layer, _BEHIND_DENSE))
