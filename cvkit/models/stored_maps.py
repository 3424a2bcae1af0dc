"""Maps of a backbone that stays as it is, computed once: detectors can learn from them instead of images."""

import keras
from keras import layers

from cvkit.detection.batches import pad_images
from cvkit.validation import check_positive


def stored_maps(backbone, images, batch_size=32):
    """The maps of every image, to be given to a detector in the image's place.

    Args:
        backbone: `keras.Model` of `cvkit.backbones.backbone`, from images (B, H, W, 3) to a dict of maps.
        images: N arrays (H, W, 3) of one size, values from 0 to 255; height and width are multiples of 32.
        batch_size: images at a time.

    Returns:
        List of N dicts of maps (h, w, C), by the names of the backbone's.

    Raises:
        ValueError: the images are not of one such size.

    Example:
        >>> import numpy as np
        >>> from cvkit.backbones import backbone
        >>> maps = stored_maps(backbone(weights=None, taps=("C3", "C4")), np.zeros((2, 64, 32, 3)))
        >>> {name: values.shape for name, values in maps[0].items()}
        {'C3': (8, 4, 192), 'C4': (4, 2, 256)}
    """
    check_positive("batch_size", batch_size, "images at a time", integer=True)
    found = []
    for start in range(0, len(images), batch_size):
        batch = pad_images(images[start : start + batch_size])
        if batch["images"].shape[1:3] != tuple(images[0].shape[:2]) or (batch["sizes"] != batch["sizes"][0]).any():
            raise ValueError("images must all have one size, of whole multiples of 32 pixels: maps know no padding.")
        maps = {name: keras.ops.convert_to_numpy(x) for name, x in backbone.predict_on_batch(batch["images"]).items()}
        found += [{name: values[k] for name, values in maps.items()} for k in range(len(batch["sizes"]))]
    return found


def stored_backbone(backbone):
    """A stand-in for `backbone` in a detector that is given `stored_maps`: what comes in goes out.

    Returns:
        A functional `keras.Model` from a dict of maps to the same maps. `cvkit.models.fpn` takes it, too.

    Example:
        >>> from cvkit.backbones import backbone
        >>> {name: tuple(x.shape) for name, x in stored_backbone(backbone(weights=None, taps=("C3",))).output.items()}
        {'C3': (None, None, None, 192)}
    """
    inputs = {name: keras.Input((None, None, x.shape[-1]), name=name) for name, x in backbone.output.items()}
    return keras.Model(inputs, {name: layers.Identity(name=f"{name}_out")(x) for name, x in inputs.items()})
