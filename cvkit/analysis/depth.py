"""How many layers a network has: what the number in "ResNet-50" counts."""

from cvkit.analysis.graph import trace


def count_layers(model, input_shape=None):
    """Layers with a kernel, convolutions and dense ones, on the longest path from the input to an output.

    This is how papers count: 50 for ResNet-50, 22 for GoogLeNet, 121 for DenseNet-121. Pooling and normalisation count
    nothing, nor does what runs beside the longest path, such as the projection of a shortcut.

    Args:
        model: a built functional or Sequential `keras.Model`.
        input_shape: shape without the batch axis, for a model that takes images of any size.

    Returns:
        An int.

    Raises:
        ValueError: the model cannot be walked.

    Example:
        >>> import keras
        >>> x = inputs = keras.Input((8, 8, 4))
        >>> y = keras.layers.Conv2D(4, 3, padding="same")(keras.layers.Conv2D(4, 1)(x))
        >>> count_layers(keras.Model(inputs, keras.layers.Add()([x, y])))
        2

    Reference:
        Szegedy et al., "Going Deeper with Convolutions", 2014, arXiv 1409.4842, section 5: 22 layers "when counting
        only layers with parameters".
    """
    inputs, calls, outputs = trace(model, input_shape)
    depth = {id(tensor): 0 for tensor in inputs}
    for call in calls:
        before = max((depth[id(tensor)] for tensor in call.inputs), default=0)
        depth.update({id(tensor): before + _has_kernel(call.layer) for tensor in call.outputs})
    return max(depth[id(tensor)] for tensor in outputs)


def _has_kernel(layer):
    return any(len(weight.shape) > 1 for weight in getattr(layer, "weights", []))
