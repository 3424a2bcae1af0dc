"""Occlusion: how far the score falls when a patch of the image is covered."""

import numpy as np
from keras import ops

from cvkit.analysis.image_input import check_classes, check_images
from cvkit.validation import check_positive


def occlusion_map(model, images, classes=None, patch=8, stride=4, fill=0.0, batch_size=128):
    r"""Mean fall of a class's score over the patches that cover a pixel.

    $$M_{yx} = \frac{1}{|P_{yx}|} \sum_{p \in P_{yx}} \big( S(x) - S(x \text{ without } p) \big)$$

    where $P_{yx}$ are the patches that hold pixel (y, x). Positive where the patch hides evidence for the class,
    negative where it hides evidence against it. No gradient is used, so any model will do.

    Args:
        model: `keras.Model` from images (B, H, W, C) to scores (B, K).
        images: float array (B, H, W, C), as the model takes them.
        classes: an integer or one for each image; None for the class that the model gives each image.
        patch: height and width of the patch in pixels.
        stride: pixels between patches, at most `patch`; the last ones end at the border.
        fill: value of the covered pixels, in the model's units.
        batch_size: covered images that the model gets at a time.

    Returns:
        NumPy array (B, H, W).

    Raises:
        ValueError: an argument does not fit, or the patch is larger than the image.

    Example:
        >>> import keras
        >>> x = keras.Input((4, 4, 1))
        >>> model = keras.Model(x, keras.layers.Dense(1, kernel_initializer="ones")(keras.layers.Flatten()(x)))
        >>> image = np.zeros((1, 4, 4, 1))
        >>> image[0, 0, 1] = 5
        >>> occlusion_map(model, image, patch=2, stride=2)[0]
        array([[5., 5., 0., 0.],
               [5., 5., 0., 0.],
               [0., 0., 0., 0.],
               [0., 0., 0., 0.]])

    Reference:
        Zeiler and Fergus, "Visualizing and Understanding Convolutional Networks", 2013, arXiv 1311.2901, section 4.2.
        They draw the probability for each place of a grey square; here the fall of the score, spread over the pixels.
    """
    images = check_images(model, images)
    classes = check_classes(model, images, classes)
    _, height, width, _ = images.shape
    _check_patch(patch, stride, batch_size, height, width)
    images = ops.convert_to_numpy(images)
    rows, columns = _cover(height, patch, stride), _cover(width, patch, stride)  # (n, H), (m, W)
    whole = ops.convert_to_numpy(model(images, training=False))[np.arange(len(images)), classes]  # (B,)
    shape = len(images), len(rows), len(columns)
    drops = np.zeros(shape)
    for start in range(0, drops.size, batch_size):
        b, i, j = np.unravel_index(np.arange(start, min(start + batch_size, drops.size)), shape)
        covered = rows[i][:, :, None, None] & columns[j][:, None, :, None]  # (batch, H, W, 1)
        occluded = np.where(covered, np.asarray(fill, images.dtype), images[b])
        scores = ops.convert_to_numpy(model(occluded, training=False))
        drops[b, i, j] = whole[b] - scores[np.arange(len(b)), classes[b]]
    count = rows.sum(axis=0)[:, None] * columns.sum(axis=0)  # (H, W), patches that hold each pixel
    return np.einsum("bij,iy,jx->byx", drops, rows, columns) / count


def _cover(size, patch, stride):
    """Which pixels of an axis each patch covers, bool (patches, size)."""
    starts = np.unique(np.append(np.arange(0, size - patch + 1, stride), size - patch))
    places = np.arange(size) - starts[:, None]  # (patches, size)
    return (places >= 0) & (places < patch)


def _check_patch(patch, stride, batch_size, height, width):
    check_positive("patch", patch, "height and width of the patch in pixels", integer=True)
    check_positive("stride", stride, "pixels between patches", integer=True)
    check_positive("batch_size", batch_size, "images that the model gets at a time", integer=True)
    if stride > patch:
        raise ValueError(f"stride must be at most patch, or pixels are left out. Received {stride} and {patch}.")
    if patch > min(height, width):
        raise ValueError(f"patch must fit into the image of {height} × {width}. Received {patch}.")
