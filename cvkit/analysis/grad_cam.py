"""Grad-CAM: the feature maps of a layer, weighted by how much the class depends on each."""

import keras
import numpy as np
from keras import ops

from cvkit.analysis.image_input import check_classes, check_images, find_layer, score_of
from cvkit.analysis.input_gradient import input_gradient


def grad_cam(model, images, classes=None, layer=None):
    r"""Where the last feature maps hold evidence for a class.

    Each map $A^k$ is weighted by the mean slope of the class's score over its positions; what is negative is cut off:

    $$\alpha_k = \frac{1}{h w} \sum_{i,j} \frac{\partial S}{\partial A^k_{ij}} \qquad
    M = \max\Big(0, \sum_k \alpha_k A^k\Big)$$

    Args:
        model: functional or Sequential `keras.Model` from images (B, H, W, C) to scores (B, K), logits.
        images: float array (B, H, W, C), as the model takes them.
        classes: an integer or one for each image; None for the class that the model gives each image.
        layer: name of the layer whose maps are taken; the last one that makes maps if None.

    Returns:
        NumPy array (B, H, W), zero or more, enlarged to the image's size by bilinear interpolation.

    Raises:
        ValueError: an argument does not fit, the layer makes no maps, or a path leads around it.

    Example:
        >>> x = keras.Input((2, 2, 1))
        >>> maps = keras.layers.Conv2D(1, 1, kernel_initializer="ones", name="maps")(x)
        >>> model = keras.Model(x, keras.layers.Dense(1, kernel_initializer="ones")(keras.layers.Flatten()(maps)))
        >>> grad_cam(model, np.array([[1.0, -2.0], [3.0, 0.0]])[None, :, :, None], layer="maps")[0]
        array([[1., 0.],
               [3., 0.]], dtype=float32)

    Reference:
        Selvaraju et al., "Grad-CAM: Visual Explanations from Deep Networks via Gradient-based Localization", 2016,
        arXiv 1610.02391, section 3, equations 1 and 2.
    """
    images = check_images(model, images)
    classes = check_classes(model, images, classes)
    tensor = _maps(model, layer)
    features = keras.Model(model.inputs[0], tensor)(images, training=False)  # (B, h, w, K)
    slopes = input_gradient(score_of(_rest(model, tensor), classes), features)
    weights = slopes.mean(axis=(1, 2))  # (B, K)
    maps = np.maximum(np.einsum("bk,bhwk->bhw", weights, ops.convert_to_numpy(features)), 0)
    enlarged = ops.image.resize(
        maps[..., None], images.shape[1:3], interpolation="bilinear", data_format="channels_last"
    )
    return ops.convert_to_numpy(enlarged)[..., 0]


def _maps(model, name):
    outputs = {layer.name: layer.output for layer in model.layers if isinstance(layer.output, keras.KerasTensor)}
    if name is None:
        names = [name for name, tensor in outputs.items() if len(tensor.shape) == 4 and tensor is not model.inputs[0]]
        if not names:
            raise ValueError("model must have a layer that makes maps (B, h, w, K). Received one without any.")
        return outputs[names[-1]]
    tensor = find_layer(model, name).output
    if not isinstance(tensor, keras.KerasTensor) or len(tensor.shape) != 4:
        raise ValueError(f"layer must make maps (B, h, w, K). Received {name!r}, which does not.")
    return tensor


def _rest(model, tensor):
    try:
        return keras.Model(tensor, model.outputs[0])
    except ValueError as error:
        raise ValueError(
            "layer must be one that everything passes through. A path leads around the one received; "
            "in a residual network take the sum at the end of a block."
        ) from error
