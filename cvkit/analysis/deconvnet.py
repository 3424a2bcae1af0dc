"""Deconvnet: one activation of a feature map, projected back to the pixels that made it."""

import keras
import numpy as np
from keras import layers, ops

from cvkit.analysis.graph import trace
from cvkit.analysis.image_input import check_images
from cvkit.layers.max_pooling_with_switches import max_pool_with_switches
from cvkit.layers.max_unpooling import max_unpool
from cvkit.layers.pooling_window import PoolingWindow
from cvkit.layers.transposed_conv import transposed_conv2d


def deconvnet(model, images, layer, channel, position=None, switches=True):
    r"""Project one activation of each image back to the input, layer by layer.

    All other activations of the layer are set to zero. Then each layer below is undone, from the top down:

    - max pooling by unpooling: each value goes where the maximum was, which the switches have kept;
    - ReLU by ReLU: the reconstruction, too, is cut off where it is negative;
    - convolution by the transposed convolution with the same kernel; the bias is left out.

    Unpooling with switches and the transposed convolution are what the gradient does; only the rule for ReLUs differs.
    Where all units on the way are active and no ReLU cuts the reconstruction off, the result is the activation times
    its gradient (times, since the way back starts with the activation's value and not with 1).

    Args:
        model: `keras.Model` whose way from the image to the layer is a chain of Conv2D, ReLU, MaxPooling2D and
            Dropout. What comes after the layer does not matter.
        images: float array (B, H, W, C), as the model takes them.
        layer: name of the layer.
        channel: which of its maps.
        position: (row, column) in the map, the same for all images; the largest value of each image's map if None.
        switches: False puts each value in the middle of its window instead, to show what the switches keep.

    Returns:
        NumPy array (B, H, W, C).

    Raises:
        ValueError: the way to the layer is no such chain, or layer, channel or position do not exist.

    Example:
        >>> x = keras.Input((2, 4, 1))
        >>> conv = layers.Conv2D(1, 1, kernel_initializer=keras.initializers.Constant(2.0))(x)
        >>> model = keras.Model(x, layers.MaxPooling2D(2, name="pool")(conv))
        >>> image = np.array([[1.0, 0, 0, 0], [0, 3, 1, 0]])[None, :, :, None]
        >>> deconvnet(model, image, "pool", 0)[0, :, :, 0]  # maximum 2 · 3, put back, times 2
        array([[ 0.,  0.,  0.,  0.],
               [ 0., 12.,  0.,  0.]], dtype=float32)

    Reference:
        Zeiler and Fergus, "Visualizing and Understanding Convolutional Networks", 2013, arXiv 1311.2901, section 2.1.
        Their contrast normalisation is not undone there either; here it is not accepted.
    """
    images = check_images(model, images)
    steps = _chain(model, layer)
    undo, features = [], images
    for step in steps:
        features, back = _step(step, features, switches)
        undo.append(back)
    x = _only(ops.convert_to_numpy(features), channel, position)
    for back in reversed(undo):
        x = back(x)
    return ops.convert_to_numpy(x)


def _chain(model, name):
    """The layers from the image to the layer of that name, in order."""
    inputs, calls, _ = trace(model)
    makers = {id(tensor): call for call in calls for tensor in call.outputs}
    named = [call for call in calls if call.name == name]
    if not named:
        known = ", ".join(dict.fromkeys(call.name for call in calls))
        raise ValueError(f"model has no layer {name!r}. Its layers are: {known}.")
    call, chain = named[-1], []
    while True:
        if len(call.inputs) != 1 or not _is_known(call.layer):
            raise ValueError(
                "the way from the image to the layer must be a chain of Conv2D (one stride for both axes, no groups, "
                "no dilation; activation relu or none), ReLU, MaxPooling2D and Dropout. "
                f"Received {call.name!r} of kind {type(call.layer).__name__}. Choose a layer before it, or take "
                "cvkit.analysis.guided_backpropagation, which works on any network."
            )
        chain.insert(0, call.layer)
        if call.inputs[0] is inputs[0]:
            return chain
        call = makers[id(call.inputs[0])]


def _is_known(layer):
    activations = (keras.activations.relu, keras.activations.linear)
    if type(layer) is layers.Conv2D:
        simple = layer.strides[0] == layer.strides[1] and set(layer.dilation_rate) == {1} and layer.groups == 1
        return simple and layer.activation in activations
    if type(layer) is layers.ReLU:
        return layer.max_value is None and not layer.negative_slope and not layer.threshold
    if type(layer) is layers.Activation:
        return layer.activation in activations
    return type(layer) in (layers.InputLayer, layers.MaxPooling2D, layers.Dropout)


def _step(layer, x, switches):
    """The layer's output, and the function that takes a reconstruction back through it."""
    if isinstance(layer, layers.MaxPooling2D):
        return _pool(layer, x, switches)
    y = layer(x, training=False) if isinstance(layer, layers.Dropout) else layer(x)
    rectified = isinstance(layer, layers.ReLU) or getattr(layer, "activation", None) is keras.activations.relu
    if isinstance(layer, layers.Conv2D):
        height, width = x.shape[1:3]
        return y, lambda r: _transpose(layer, ops.relu(r) if rectified else r, (height, width))
    return y, ops.relu if rectified else lambda r: r


def _pool(layer, x, switches):
    height, width = x.shape[1:3]
    window = layer.pool_size, layer.strides, layer.padding
    y, places = max_pool_with_switches(x, *window)
    if not switches:
        places = _middles(PoolingWindow(*window), (height, width), places)
    return y, lambda r: max_unpool(r, places, (height, width))


def _middles(window, sides, like):
    """Switches that name the middle of each window, whatever the maximum."""
    axes = []
    for (count, before), side, size, stride in zip(
        window.places(sides), sides, window.size, window.strides, strict=True
    ):
        axes.append(np.clip(np.arange(count) * stride - before + size // 2, 0, side - 1))
    middles = axes[0][:, None] * sides[1] + axes[1]  # (H', W')
    return np.broadcast_to(middles[:, :, None], like.shape).astype("int32")


def _transpose(layer, x, sides):
    """The transposed convolution, exactly as large as the convolution's input was."""
    stride = layer.strides[0]
    full = ops.convert_to_numpy(transposed_conv2d(x, layer.kernel, stride))  # all that is stamped, padding included
    window = PoolingWindow(layer.kernel_size, stride, layer.padding)
    (_, top), (_, left) = window.places(sides)
    result = np.zeros((len(full), *sides, full.shape[3]), full.dtype)
    inside = full[:, top : top + sides[0], left : left + sides[1]]
    result[:, : inside.shape[1], : inside.shape[2]] = inside  # rows that no kernel reached stay zero
    return result


def _only(features, channel, position):
    """The features with all but one activation an image set to zero."""
    _, height, width, channels = features.shape
    if not 0 <= channel < channels:
        raise ValueError(f"channel must lie from 0 to {channels - 1}, the layer's maps. Received {channel}.")
    maps = features[..., channel].reshape(len(features), -1)  # (B, h w)
    if position is None:
        places = maps.argmax(axis=1)
    else:
        row, column = position
        if not (0 <= row < height and 0 <= column < width):
            raise ValueError(f"position must lie in the map of {height} × {width}. Received {(row, column)}.")
        places = np.full(len(features), row * width + column)
    result = np.zeros_like(features)
    result.reshape(len(features), -1, channels)[np.arange(len(features)), places, channel] = maps[
        np.arange(len(features)), places
    ]
    return result
