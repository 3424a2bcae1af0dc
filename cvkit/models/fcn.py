"""Fully convolutional networks: a classifier's features, scored at every position, at several strides, and added."""

import keras
from keras import layers

from cvkit.layers.bilinear_kernel import BilinearInitializer
from cvkit.layers.pad_to_multiple import CropLike, PadToMultiple
from cvkit.layers.resize_like import ResizeLike
from cvkit.models.convolutional import make_convolutional
from cvkit.models.detector import find_tap
from cvkit.validation import check_positive


def fcn(backbone, num_classes, stride=8, head=None):
    r"""FCN-32s, FCN-16s, FCN-8s: named after the stride of the finest map that has a say.

    A 1 × 1 convolution turns each map into a score for each class. Beginning with the coarsest, scores are enlarged to
    the next map's size by a transposed convolution, and the scores of that map are added:

    $$S_{k} = \text{up}_2(S_{k+1}) + W_k * C_k$$

    The finest sum is interpolated to the image's size. Coarse maps know what there is, fine ones where it ends.

    The scores begin at zero, and the transposed convolutions as bilinear interpolation. So a finer network can begin
    (but for the rounding of corners by two interpolations in a row) where a coarser one on the same backbone has ended:

        fine.get_layer("score_C5").set_weights(coarse.get_layer("score_C5").get_weights())

    Args:
        backbone: `keras.Model` of `cvkit.backbones.backbone`, from images (B, H, W, 3) to a dict of maps. With C3, C4
            and C5 it gives the paper's networks. With a `stored_backbone` the network takes a dict of maps in the place
            of images, so that several can share the maps of one backbone.
        num_classes: K.
        stride: of the finest map that is scored: 32, 16 or 8, or that of another map of the backbone. Coarser maps are
            all scored, finer ones are not used.
        head: `keras.Model` from the coarsest map to features of the same size, between that map and its scores, such as
            `convolutional_head` makes; or None.

    Returns:
        A functional `keras.Model` from images (B, H, W, 3) of any size, values as the backbone takes them, to logits
        (B, H, W, K). Images whose sides the coarsest stride does not divide are filled up with zeros on the right and
        below, and the logits are cut back. From maps: to logits `stride` times as large as the finest that is scored.

    Raises:
        ValueError: the backbone has no map of this stride, its maps are smaller than the image over the stride, or an
            argument does not fit.

    Example:
        >>> from cvkit.backbones import backbone
        >>> network = fcn(backbone(taps=("C2", "C3", "C4")), num_classes=3, stride=4)
        >>> network(keras.ops.ones((1, 50, 70, 3))).shape
        TensorShape([1, 50, 70, 3])

    Reference:
        Long, Shelhamer and Darrell, "Fully Convolutional Networks for Semantic Segmentation", 2014, arXiv 1411.4038,
        section 4.2, and 4.3 for zero scores, learned enlargements and the last one, which is fixed. There the image is
        padded by 100 pixels and the maps are cut to fit; here it is padded to a multiple of the stride, and they fit.
        The last enlargement repeats the scores at the border, where the paper's mixes zeros in.
    """
    check_positive("num_classes", num_classes, "classes of the pixels", integer=True)
    names = _maps(backbone, stride)
    strides = [2 ** int(name[1:]) for name in names]
    takes_maps = isinstance(backbone.input, dict)
    if takes_maps:
        inputs = {name: keras.Input(x.shape[1:], name=name) for name, x in backbone.input.items()}
        maps = backbone(inputs)
    else:
        inputs = keras.Input((None, None, backbone.inputs[0].shape[-1]), name="image")
        padded = PadToMultiple(strides[0], name="padding")(inputs)
        maps = backbone(padded)
    features = maps[names[0]] if head is None else head(maps[names[0]])
    scores = _score(features, num_classes, names[0])
    for name, coarse, fine in zip(names[1:], strides, strides[1:], strict=False):
        factor = coarse // fine
        enlarge = layers.Conv2DTranspose(
            num_classes,
            2 * factor,
            strides=factor,
            padding="same",
            use_bias=False,
            kernel_initializer=BilinearInitializer(),
            name=f"enlarge_to_{name}",
        )
        scores = layers.Add(name=f"fuse_{name}")([enlarge(scores), _score(maps[name], num_classes, name)])
    if takes_maps:
        logits = layers.UpSampling2D(stride, interpolation="bilinear", name="logits")(scores)
    else:
        logits = CropLike(name="logits")([ResizeLike(name="enlarge_to_image")([scores, padded]), inputs])
    return keras.Model(inputs, logits, name=f"fcn_{stride}s")


def _score(features, num_classes, name):
    return layers.Conv2D(num_classes, 1, kernel_initializer="zeros", name=f"score_{name}")(features)


def convolutional_head(classifier, dropout=0.5):
    """The hidden dense layers of a classifier as convolutions that keep the map's size, for `fcn`.

    A dense layer on maps of h × w positions becomes a convolution of h × w with the same weights, as in
    `make_convolutional`, but with zeros around the map, so that each position has an answer. Where the h × w window
    around a position lies within the map, that answer is the classifier's of this window; on the map of the
    classifier's own image that is the one position in the middle, [(h - 1) // 2, (w - 1) // 2].

    Args:
        classifier: a `keras.Model` with a Flatten, hidden Dense layers and one for the classes, which is left out.
        dropout: share of the features of each hidden layer that training sets to zero.

    Returns:
        A functional `keras.Model` from maps (B, H, W, C) to features (B, H, W, units of the last hidden layer).

    Raises:
        ValueError: the classifier has no hidden dense layer, or cannot be made convolutional.

    Example:
        >>> classifier = keras.Sequential([keras.Input((8, 8, 2)), layers.Flatten(name="flat"),
        ...     layers.Dense(6, "relu", name="hidden"), layers.Dense(3, name="classes")])
        >>> head = convolutional_head(classifier)
        >>> head(keras.ops.ones((1, 10, 12, 2))).shape, head.count_params()  # 8 · 8 · 2 · 6 weights and 6 biases
        (TensorShape([1, 10, 12, 6]), 774)

    Reference:
        Long et al., 2014, section 4.1: VGG-16's fc6 becomes a convolution of 7 × 7 × 4,096, and fc7 one of 1 × 1.
    """
    names = {layer.name for layer in classifier.layers if isinstance(layer, layers.Dense)}
    dense = [layer for layer in make_convolutional(classifier).layers if layer.name in names]
    if len(dense) < 2:
        raise ValueError(
            f"classifier must have a hidden Dense layer before that of the classes. It has {len(dense)} in all: "
            "call fcn without a head."
        )
    x = maps = keras.Input((None, None, dense[0].kernel.shape[2]), name="maps")
    for layer in dense[:-1]:
        convolution = layers.Conv2D.from_config(layer.get_config() | {"padding": "same"})
        x = layers.Dropout(dropout, name=f"dropout_{layer.name}")(convolution(x))
        convolution.set_weights(layer.get_weights())
    return keras.Model(maps, x, name="head")


def _maps(backbone, stride):
    """Names of the backbone's maps from the coarsest to that of `stride`; they must have H / stride positions."""
    _, most = find_tap(backbone, None)
    known = {2 ** int(name[1:]): name for name in sorted(backbone.output)}
    if stride not in known:
        raise ValueError(
            f"stride must be that of one of the backbone's maps, {', '.join(map(str, known))}. Received {stride!r}. "
            "Make the backbone with cvkit.backbones.backbone(taps=...)."
        )
    if isinstance(backbone.input, dict):
        return [known[size] for size in sorted(known, reverse=True) if size >= stride]
    shapes = backbone.compute_output_shape((1, 4 * most, 4 * most, backbone.inputs[0].shape[-1]))
    for size, name in known.items():
        if shapes[name][1:3] != (4 * most // size,) * 2:
            raise ValueError(
                f"The backbone's map {name} must have a position for each {size} x {size} pixels. An image of "
                f"{4 * most} x {4 * most} gives {shapes[name][1]} x {shapes[name][2]}: take a backbone that pads."
            )
    return [known[size] for size in sorted(known, reverse=True) if size >= stride]
