"""DeepMask: does a patch show an object, whole and in its middle, and which pixels are its own?"""

import keras
import numpy as np
from keras import layers, ops

from cvkit.losses.deepmask import deepmask_loss
from cvkit.models.detector import Losses, find_tap
from cvkit.validation import check_positive


def deepmask(backbone, patch_size=224, mask_size=56, width=512, rank=512, tap=None):
    r"""Two branches on one map: a mask for the object in the middle, and a score for whether there is one.

    The mask's pixels are linear functions of the whole patch, but not free ones: m² numbers are made of r, r < m².
    With $z$ the features of a patch, all in one vector,

    $$f_{segm}(x) = V (U z + a) + b, \qquad U \in \mathbb{R}^{r \times |z|},\; V \in \mathbb{R}^{m^2 \times r}$$

    U and the score's first layer are dense layers on a patch, written as convolutions as large as its map. So the same
    network takes larger images, and answers for a patch at each position of the map.

    Args:
        backbone: `keras.Model` of `cvkit.backbones.backbone`, from images (B, H, W, 3) to a dict of maps.
        patch_size: P, height and width of a patch in pixels, a multiple of the map's stride.
        mask_size: m, height and width of a mask.
        width: channels of both branches.
        rank: r.
        tap: name of the map to look at, such as "C4"; the coarsest of the backbone if None.

    Returns:
        A functional `keras.Model` from images (B, H, W, 3), H and W at least P, to a dict of "masks"
        (B, H', W', m, m), logits, and "scores" (B, H', W'), logits. A patch has H' = W' = 1; an image of h × w
        positions has H' = h - p + 1, with p those of a patch.

    Raises:
        ValueError: the backbone has no map `tap`, or an argument does not fit.

    Example:
        >>> from cvkit.backbones import backbone
        >>> network = deepmask(backbone(weights=None, taps=("C3",)), patch_size=32, mask_size=16, width=8, rank=8)
        >>> [tuple(network(ops.zeros((1, *size, 3)))["scores"].shape) for size in ((32, 32), (48, 64))]
        [(1, 1, 1), (1, 3, 5)]

    Reference:
        Pinheiro, Collobert and Dollár, "Learning to Segment Object Candidates", 2015, arXiv 1506.06204, section 3.
        There the score's branch pools once more and has two hidden layers with dropout; in the dense form that doubles
        its stride, which the authors mend by interleaving. Here both branches keep the map's stride. Their patches come
        with a rim of 16 pixels that takes the place of padding; here the backbone pads as it does.
    """
    for name, value in (("patch_size", patch_size), ("mask_size", mask_size), ("width", width), ("rank", rank)):
        check_positive(name, value, "see deepmask", integer=True)
    tap, stride = find_tap(backbone, tap)
    if patch_size % stride:
        raise ValueError(f"patch_size must be a multiple of the stride of {tap}, {stride}. Received {patch_size}.")
    features, cells = backbone.output[tap], patch_size // stride
    masks = layers.Conv2D(width, 1, activation="relu", name="mask_features")(features)
    masks = layers.Conv2D(rank, cells, name="mask_encoding")(masks)  # U: no non-linearity between U and V
    masks = layers.Conv2D(mask_size**2, 1, name="mask_pixels")(masks)  # V
    scores = layers.Conv2D(width, cells, activation="relu", name="score_features")(features)
    scores = layers.Conv2D(1, 1, name="score")(scores)
    outputs = {"masks": SquareMasks(name="masks")(masks), "scores": ops.squeeze(scores, axis=-1)}
    return keras.Model(backbone.input, outputs, name="deepmask")


@keras.saving.register_keras_serializable(package="cvkit")
class SquareMasks(keras.layers.Layer):
    """The last axis as rows and columns of a square mask: (B, H, W, m²) to (B, H, W, m, m).

    Args:
        **kwargs: `keras.layers.Layer` arguments such as ``name``.

    Raises:
        ValueError: the last axis is no square number.

    Example:
        >>> SquareMasks()(ops.zeros((2, 3, 5, 16))).shape
        TensorShape([2, 3, 5, 4, 4])
    """

    def call(self, inputs):
        """Fold the last axis."""
        return ops.reshape(inputs, (*ops.shape(inputs)[:-1], *self._sides(inputs.shape)))

    def compute_output_shape(self, input_shape):
        """(B, H, W, m, m)."""
        return (*input_shape[:-1], *self._sides(input_shape))

    @staticmethod
    def _sides(shape):
        side = int(np.sqrt(shape[-1]))
        if side**2 != shape[-1]:
            raise ValueError(f"The last axis must be a square number, the pixels of a mask. Received shape {shape}.")
        return side, side


def fit_masks(network, patches, epochs=10, batch_size=32, learning_rate=1e-3, seed=0, score_weight=1 / 32, **options):
    """Train `deepmask` or `sharpmask` on patches, with the joint loss of `deepmask_loss`, and Adam.

    The learning rate falls along a cosine to zero. Layers that are frozen stay as they are.

    Args:
        network: `keras.Model` with the outputs of `deepmask`.
        patches: dict of "images", float array (N, P, P, 3), or what else the network takes, such as a list of maps;
            "labels" (N,), 1 and -1; and "masks" (N, P, P), 1 and -1, as `cvkit.detection.object_patches` makes them. A
            network with smaller masks learns the majority of each cell.
        epochs, batch_size: as in Keras.
        learning_rate: at the start.
        seed: of the order of the patches.
        score_weight: λ of the loss.
        **options: further arguments of `keras.Model.fit`, such as `verbose`.

    Returns:
        A `keras.callbacks.History`; "loss" is the mean of the joint loss.

    Raises:
        ValueError: the masks' side is no multiple of the network's.

    Example:
        >>> from cvkit.backbones import backbone
        >>> network = deepmask(backbone(weights=None, taps=("C3",)), patch_size=16, mask_size=8, width=4, rank=4)
        >>> images, masks = np.zeros((4, 16, 16, 3)), np.ones((4, 16, 16))
        >>> patches = {"images": images, "labels": np.array([1, 1, -1, -1]), "masks": masks}
        >>> len(fit_masks(network, patches, epochs=2, verbose=0).history["loss"])
        2
    """
    first = keras.tree.map_structure(lambda values: values[:2], patches["images"])
    side = network.predict_on_batch(first)["masks"].shape[-1]
    labels, masks = keras.Input((), name="labels"), keras.Input((side, side), name="target_masks")
    answers = network.output["masks"][:, 0, 0], network.output["scores"][:, 0, 0]  # (B, m, m), (B,)
    loss = Losses(lambda *tensors: [deepmask_loss(*tensors, score_weight)], ("joint",))([labels, masks, *answers])
    training = keras.Model([network.input, labels, masks], loss)
    steps = epochs * -(-len(patches["labels"]) // batch_size)
    training.compile(
        keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(learning_rate, steps)),
        loss={"joint": lambda _, value: ops.mean(value)},
    )
    keras.utils.set_random_seed(seed)
    inputs = [patches["images"], np.float32(patches["labels"]), shrink_masks(patches["masks"], side)]
    zeros = {"joint": np.zeros(len(patches["labels"]), "float32")}
    return training.fit(inputs, zeros, batch_size=batch_size, epochs=epochs, **options)


def shrink_masks(masks, side):
    """Masks (N, P, P) of 1 and -1 as smaller ones (N, side, side): 1 where at least half of a cell's pixels are 1.

    Raises:
        ValueError: P is no multiple of `side`.

    Example:
        >>> shrink_masks(np.array([[[1, 1, -1, -1], [1, -1, -1, 1]]]).repeat(2, axis=1), 2)
        array([[[ 1., -1.],
                [ 1.,  1.]]], dtype=float32)
    """
    count, size = masks.shape[:2]
    if masks.shape[2] != size or size % side:
        raise ValueError(f"masks must be squares whose side is a multiple of {side}. Received shape {masks.shape}.")
    cells = masks.reshape(count, side, size // side, side, size // side)
    return np.where(cells.mean(axis=(2, 4)) >= 0, np.float32(1), np.float32(-1))
