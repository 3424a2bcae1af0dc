"""Make the images of a set with boxes small enough for a network and a laptop."""

import numpy as np
from PIL import Image

from cvkit.validation import check_positive


def shrink(data, side):
    r"""The same set with no image longer than `side` pixels; shapes of things are kept, and boxes shrink along.

    $$s = \min\left(1, \frac{\text{side}}{\max(H, W)}\right), \qquad B \leftarrow s B$$

    Args:
        data: dict as `voc_folder` gives it, with "images", uint8 (H, W, 3) each, and "objects".
        side: longest height or width in pixels. Smaller images stay as they are.

    Returns:
        A new dict; what else `data` holds stays. Heights and widths are rounded to whole pixels, at least 1, so that a
        box's corner may be up to half a pixel off.

    Raises:
        ValueError: `side` is not a positive integer.

    Example:
        >>> data = {"images": [np.zeros((30, 40, 3), "uint8")], "objects": [{"boxes": np.float32([[0, 10, 20, 30]])}]}
        >>> small = shrink(data, side=20)
        >>> small["images"][0].shape, small["objects"][0]["boxes"].tolist()
        ((15, 20, 3), [[0.0, 5.0, 10.0, 15.0]])
    """
    check_positive("side", side, "pixels, the longest height or width", integer=True)
    scales = [min(1.0, side / max(image.shape[:2])) for image in data["images"]]
    images = [_resize(image, scale) for image, scale in zip(data["images"], scales, strict=True)]
    objects = [
        {**truth, "boxes": np.float32(scale) * truth["boxes"]}
        for truth, scale in zip(data["objects"], scales, strict=True)
    ]
    return {**data, "images": images, "objects": objects}


def _resize(image, scale):
    if scale == 1:
        return image
    height, width = (max(1, round(scale * length)) for length in image.shape[:2])
    return np.asarray(Image.fromarray(image).resize((width, height), Image.Resampling.BILINEAR))
