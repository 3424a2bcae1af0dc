"""A row or a grid of images, each with its caption."""

import math

import numpy as np
from keras import ops


def image_grid(images, captions=None, columns=8, size=1.2, axes=None, title=None):
    """Draw images side by side.

    Args:
        images: array (N, H, W), (N, H, W, 1) or (N, H, W, 3); or a list of such images of different sizes.
        captions: N short texts, or None.
        columns: images in a row.
        size: height and width of one image in inches.
        axes: flat list of at least N Axes to draw on; by default a new figure is made.
        title: title of the figure, when one is made.

    Returns:
        The figure.

    Raises:
        ValueError: there are no images, or another number of captions.

    Example:
        >>> import matplotlib.pyplot as plt
        >>> len(image_grid(np.zeros((3, 4, 4)), ["a", "b", "c"], columns=2).axes)
        4
        >>> plt.close("all")
    """
    import matplotlib.pyplot as plt

    images = [np.asarray(ops.convert_to_numpy(image)) for image in images]
    if not images:
        raise ValueError("images must hold at least one image. Received none.")
    if captions is not None and len(captions) != len(images):
        raise ValueError(f"captions must be one text an image. Received {len(captions)} for {len(images)} images.")
    if axes is None:
        columns = min(columns, len(images))
        rows = math.ceil(len(images) / columns)
        height = size * (1.3 if captions is not None else 1.05)
        fig, grid = plt.subplots(rows, columns, figsize=(columns * size * 1.05, rows * height), squeeze=False)
        fig.suptitle(title or "")
        axes = grid.ravel()
    for ax in axes:
        ax.axis("off")
    for index, (ax, image) in enumerate(zip(axes, images, strict=False)):
        ax.imshow(image.squeeze(-1) if image.shape[-1] == 1 and image.ndim == 3 else image)
        if captions is not None:
            ax.set_title(captions[index], fontsize=8)
    return axes[0].figure
