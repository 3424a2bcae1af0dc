"""Of images with boxes, those that hold one object, all of one size: for networks that say one class and one box."""

import numpy as np
from PIL import Image

from cvkit.data.error import DataError


def single_objects(data, image_size):
    """Take the images with exactly one object, and scale them, each with its box, to a square of one size.

    An image of H x W pixels is stretched to S x S, so that nothing of it is lost, and its box with it:

        (x1, y1, x2, y2) -> (x1 S / W, y1 S / H, x2 S / W, y2 S / H)

    The filter is a triangle as wide as the scaling asks for (Pillow's BILINEAR: bilinear with antialiasing; integer
    arithmetic, the same on every machine). Images that are S x S already keep their pixels.

    Args:
        data: dict of "images", N arrays uint8 (H, W, 3), and "objects", N dicts of "boxes" (n, 4) xyxy in pixels and
            "labels" (n,), as `voc_folder` gives it, and `load("shapes")`.
        image_size: S in pixels.

    Returns:
        Dict of "images" uint8 (M, S, S, 3); "labels" int64 (M,); "boxes" float32 (M, 4), xyxy in pixels of the scaled
        images; "left_out", the number of images that were left out, N - M: those with no object, and with several.

    Raises:
        ValueError: image_size is not a positive integer.
        DataError: no image has exactly one object.

    Example:
        >>> image = np.zeros((30, 40, 3), "uint8")
        >>> one = {"boxes": np.array([[10, 0, 20, 30]]), "labels": np.array([2])}
        >>> none = {"boxes": np.zeros((0, 4)), "labels": np.zeros(0, int)}
        >>> single = single_objects({"images": [image, image], "objects": [one, none]}, image_size=20)
        >>> single["images"].shape, single["labels"].tolist(), single["boxes"].tolist(), single["left_out"]
        ((1, 20, 20, 3), [2], [[5.0, 0.0, 10.0, 20.0]], 1)
    """
    if isinstance(image_size, bool) or not isinstance(image_size, int) or image_size < 1:
        raise ValueError(f"image_size must be a positive integer, height and width in pixels. Received {image_size!r}.")
    pairs = [pair for pair in zip(data["images"], data["objects"], strict=True) if len(pair[1]["boxes"]) == 1]
    if not pairs:
        raise DataError(
            f"None of {len(data['images'])} images has exactly one object. Take another set or split, or cut "
            "out the objects."
        )
    scales = np.array([(image_size / image.shape[1], image_size / image.shape[0]) * 2 for image, _ in pairs])  # (M, 4)
    return {
        "images": np.stack([_stretched(image, image_size) for image, _ in pairs]),
        "labels": np.concatenate([truth["labels"] for _, truth in pairs]).astype("int64"),
        "boxes": (np.concatenate([truth["boxes"] for _, truth in pairs]) * scales).astype("float32"),
        "left_out": len(data["images"]) - len(pairs),
    }


def _stretched(image, size):
    return np.array(Image.fromarray(image).resize((size, size), Image.Resampling.BILINEAR))
