"""A network that embeds faces: images to vectors of length one, close together for one person."""

import keras
from keras import layers

from cvkit.validation import check_positive

POOLINGS = ("average", "flatten")


def facenet(backbone, embedding_size=128, pooling="average", tap=None, activation=None):
    r"""Any backbone, pooled, a dense layer, and the result divided by its length.

    $$f(x) = \frac{g(x)}{\lVert g(x) \rVert}$$

    All embeddings lie on a sphere of radius 1. There the squared distance is between 0 and 4, and
    $\lVert a - b \rVert^2 = 2 - 2\, a \cdot b$, so that one matrix product finds the nearest of many.

    Args:
        backbone: a functional or Sequential `keras.Model` from images (B, H, W, C) to maps (B, h, w, D), or to a dict
            of such maps as `cvkit.backbones.backbone` makes it. Its layers are used, not copied.
        embedding_size: numbers in an embedding.
        pooling: "average" over the map, for images of any size; or "flatten", which keeps where each feature was, and
            needs a backbone with a fixed height and width.
        tap: which map of a dict; the coarsest if None.
        activation: of the dense layer; "relu" makes features that are not negative, as `cvkit.layers.ChiSquare` wants.

    Returns:
        A functional `keras.Model` from images to embeddings (B, embedding_size) of length one. (Where all features are
        zero, as ReLU may leave them, the embedding is zero.)

    Raises:
        ValueError: an argument does not fit the backbone.

    Example:
        >>> from cvkit.backbones import backbone
        >>> facenet(backbone(weights=None, taps=("C3",)), embedding_size=64).output.shape
        (None, 64)

    Reference:
        Schroff, Kalenichenko and Philbin, "FaceNet: A Unified Embedding for Face Recognition and Clustering", 2015,
        arXiv 1503.03832, figure 2 and section 3. Its NN1 flattens, its NN2, an Inception network, averages; both end
        with 128 numbers.
    """
    check_positive("embedding_size", embedding_size, "numbers in an embedding", integer=True)
    if pooling not in POOLINGS:
        raise ValueError(f"pooling must be one of {', '.join(POOLINGS)}. Received {pooling!r}.")
    maps = _maps(backbone, tap)
    if pooling == "flatten" and None in maps.shape[1:]:
        raise ValueError(
            f'pooling="flatten" needs a backbone with a fixed height and width. Received maps {tuple(maps.shape)}. '
            'Give the backbone an input_shape, or take pooling="average".'
        )
    pool = layers.GlobalAveragePooling2D if pooling == "average" else layers.Flatten
    x = pool(name="pooling")(maps)
    x = layers.Dense(embedding_size, activation, name="embedding")(x)
    return keras.Model(backbone.inputs[0], layers.UnitNormalization(name="unit_length")(x), name="facenet")


def _maps(backbone, tap):
    output = backbone.outputs[0] if isinstance(backbone, keras.Sequential) else backbone.output
    if isinstance(output, dict):
        tap = tap or max(output)
        if tap not in output:
            raise ValueError(f"tap must name one of the backbone's maps, {', '.join(output)}. Received {tap!r}.")
        output = output[tap]
    elif tap is not None:
        raise ValueError(f"The backbone has one map without a name. Received tap={tap!r}: leave it out.")
    if len(getattr(output, "shape", ())) != 4:
        raise ValueError(
            f"The backbone must return maps (B, h, w, D). Received {getattr(output, 'shape', type(output).__name__)}. "
            "Leave out its head."
        )
    return output
