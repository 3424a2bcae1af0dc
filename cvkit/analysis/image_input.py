"""What the analysis of a classifier takes: images that fit the model, classes, and layers by name."""

import keras
import numpy as np
from keras import ops

from cvkit.validation import as_float, check_shape


def check_images(model, images):
    """Images as a float tensor that fits the model; one image of ones if None.

    Args:
        model: `keras.Model` with one batch of images as input.
        images: array (B, H, W, C), or None.

    Returns:
        Float tensor (B, H, W, C).

    Raises:
        ValueError: the model does not take one batch of images, or these do not fit.

    Example:
        >>> check_images(keras.Sequential([keras.Input((5, 5, 1)), keras.layers.Flatten()]), None).shape
        TensorShape([1, 5, 5, 1])
    """
    if len(model.inputs) != 1 or len(model.inputs[0].shape) != 4:
        raise ValueError(
            "model must take one batch of images (B, H, W, C). "
            f"Received inputs of shape {[tuple(tensor.shape) for tensor in model.inputs]}."
        )
    shape = tuple(model.inputs[0].shape[1:])
    if images is not None:
        dtype = model.inputs[0].dtype
        images = ops.cast(images, dtype) if keras.backend.is_float_dtype(dtype) else as_float(images)
        check_shape("images", images, ("B", *(size or "H or W" for size in shape)), "images for the model")
        return images
    if None in shape:
        raise ValueError(f"model takes images of any size, {shape}. Pass images of the size that you mean.")
    return ops.ones((1, *shape))


def check_classes(model, images, classes):
    """One class for each image, as int32; by default the one that the model gives it.

    Args:
        model: `keras.Model` from images to scores (B, K).
        images: float tensor (B, H, W, C).
        classes: an integer for all images, B integers, or None.

    Returns:
        NumPy array (B,) of int32.

    Raises:
        ValueError: the model makes no scores, or a class does not exist.
    """
    count = num_classes(model)
    if classes is None:
        return np.argmax(ops.convert_to_numpy(model(images, training=False)), axis=1).astype("int32")
    classes = np.asarray(ops.convert_to_numpy(classes))
    if classes.dtype.kind not in "iu" or classes.shape not in ((), (len(images),)):
        raise ValueError(
            f"classes must be an integer, or one for each of the {len(images)} images. "
            f"Received {classes.dtype} of shape {classes.shape}."
        )
    if classes.size and not 0 <= classes.min() <= classes.max() < count:
        raise ValueError(f"classes must lie from 0 to {count - 1}, the model's outputs. Received {classes.tolist()}.")
    return np.broadcast_to(classes, (len(images),)).astype("int32")


def num_classes(model):
    """How many scores the model makes for an image.

    Raises:
        ValueError: its output is not (B, K).
    """
    shapes = [tuple(tensor.shape) for tensor in model.outputs]
    if len(shapes) != 1 or len(shapes[0]) != 2:
        raise ValueError(
            f"model must make one score a class, (B, K). Received outputs of shape {shapes}. For a feature map, "
            "average it: keras.Model(model.input, keras.layers.GlobalAveragePooling2D()(model.output))."
        )
    return shapes[0][1]


def score_of(model, classes):
    """The function images -> sum over the images of each one's class score.

    Images do not touch each other, so its gradient holds that of each image's own score.

    Args:
        model: `keras.Model` from images to scores (B, K).
        classes: int array (B,).
    """
    chosen = ops.one_hot(classes, num_classes(model))  # (B, K)
    return lambda x: ops.sum(model(x, training=False) * ops.cast(chosen, model.compute_dtype))


def find_layer(model, name):
    """The layer of that name.

    Raises:
        ValueError: there is none; the message lists those that exist.
    """
    layers = {layer.name: layer for layer in model.layers}
    if name not in layers:
        raise ValueError(f"model has no layer {name!r}. Its layers are: {', '.join(layers)}.")
    return layers[name]
