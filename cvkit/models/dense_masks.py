"""DeepMask on a whole image: a mask and a score for each position and scale. NumPy around one network."""

import keras
import numpy as np
from keras import ops

from cvkit.validation import check_positive, check_shape

GREY = 127.5  # of the margin: what the embedded backbone turns into zeros


def dense_masks(network, image, patch_size, stride, scales=(1.0,), margin=None):
    """Every mask that a `deepmask` says for an image, with its score and the window that it belongs to.

    The image is enlarged by each scale, surrounded with a grey margin, so that objects at its border can be in the
    middle of a patch, and given to the network once. Position (i, j) of the answer belongs to the window whose upper
    left corner lies i and j strides from that of the margin.

    Args:
        network: a `deepmask` that takes images of any size.
        image: array (H, W, 3), values from 0 to 255.
        patch_size: P of the network, in pixels.
        stride: of its map, in pixels.
        scales: enlargements of the image, such as (0.5, 0.71, 1).
        margin: pixels on each side, a multiple of the stride; half a patch, rounded down to one, if None.

    Returns:
        Dict of "boxes" float32 (n, 4), the windows in pixels of the image, row by row and scale by scale; "scores"
        float32 (n,) and "masks" float32 (n, m, m), probabilities. `cvkit.segmentation.paste_masks` puts masks into
        their windows.

    Raises:
        ValueError: an argument does not fit.

    Example:
        >>> from cvkit.backbones import backbone
        >>> from cvkit.models.deepmask import deepmask
        >>> network = deepmask(backbone(weights=None, taps=("C3",)), patch_size=32, mask_size=8, width=4, rank=4)
        >>> found = dense_masks(network, np.zeros((40, 48, 3)), patch_size=32, stride=8)
        >>> found["boxes"][:2].tolist(), found["masks"].shape  # 6 x 7 windows
        ([[-16.0, -16.0, 16.0, 16.0], [-8.0, -16.0, 24.0, 16.0]], (42, 8, 8))

    Reference:
        Pinheiro, Collobert and Dollár, "Learning to Segment Object Candidates", 2015, arXiv 1506.06204, section 3.3,
        "Full scene inference": a stride of 16 pixels, scales from a quarter to 2 in steps of the root of 2.
    """
    check_positive("patch_size", patch_size, "height and width of a patch in pixels", integer=True)
    check_positive("stride", stride, "of the network's map, in pixels", integer=True)
    image = np.asarray(image, "float32")
    check_shape("image", image, ("H", "W", 3), "one image")
    margin = patch_size // 2 // stride * stride if margin is None else margin
    if margin < 0 or margin % stride:
        raise ValueError(f"margin must be a multiple of the stride, {stride}, and not negative. Received {margin}.")
    parts = [_at_one_scale(network, image, patch_size, stride, scale, margin) for scale in scales]
    return {name: np.concatenate([part[name] for part in parts]) for name in ("boxes", "scores", "masks")}


def _at_one_scale(network, image, patch_size, stride, scale, margin):
    size = [round(scale * side) for side in image.shape[:2]]
    if size != list(image.shape[:2]):
        image = ops.convert_to_numpy(ops.image.resize(image, size, antialias=True))
    ends = [(margin, margin + max(-side % stride, patch_size - side - 2 * margin)) for side in size]
    padded = np.pad(image, [*ends, (0, 0)], constant_values=GREY)
    answers = {name: ops.convert_to_numpy(x) for name, x in network.predict_on_batch(padded[None]).items()}
    rows, columns = answers["scores"].shape[1:]
    top, left = (stride * np.arange(count) - margin for count in (rows, columns))
    top, left = (places.ravel() for places in np.meshgrid(top, left, indexing="ij"))
    boxes = np.stack([left, top, left + patch_size, top + patch_size], axis=1) / scale  # (n, 4)
    masks = answers["masks"].reshape(len(boxes), *answers["masks"].shape[3:])
    return {
        "boxes": boxes.astype("float32"),
        "scores": _probability(answers["scores"].ravel()),
        "masks": _probability(masks),
    }


def _probability(logits):
    return keras.ops.convert_to_numpy(ops.sigmoid(logits))
