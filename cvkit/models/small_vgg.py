"""A small network in the manner of VGG, with batch normalisation: the backbone that ships with the kit."""

import keras
from keras import layers

from cvkit.validation import check_positive

STAGES = ((32, 2), (64, 2), (128, 2), (192, 2), (256, 1))  # channels and convolutions of each stage


def small_vgg(num_classes=10, input_shape=(None, None, 3)):
    """Five stages of 3 × 3 convolutions with max pooling between them, global average pooling and one dense layer.

    Stage k works at stride 2^(k-1); its last layer is called "stage1" ... "stage5".

    Args:
        num_classes: classes of the output, or None for the maps of the last stage, without a head.
        input_shape: (height, width, 3); None stands for any size of at least 16 pixels. With three channels and ten
            classes the network has 1,288,810 parameters, 2,176 of them the averages of batch normalisation.

    Returns:
        A functional `keras.Model` from images (B, H, W, 3), values from 0 to 255, to logits (B, num_classes), or to
        maps (B, H // 16, W // 16, 256).

    Raises:
        ValueError: an argument does not fit.

    Example:
        >>> small_vgg(10).count_params()
        1288810

    Reference:
        Simonyan and Zisserman, 2014, arXiv 1409.1556, section 2.1, for the stages; Ioffe and Szegedy, 2015,
        arXiv 1502.03167, for the normalisation; Lin et al., 2013, arXiv 1312.4400, section 3.2, for the head.
    """
    if num_classes is not None:
        check_positive("num_classes", num_classes, "classes of the output", integer=True)
    if any(size is not None and size < 16 for size in input_shape[:2]):
        raise ValueError(
            f"input_shape must be at least 16 pixels on a side: four poolings halve it. Received {input_shape}."
        )
    inputs = keras.Input(input_shape, name="image")
    x = layers.Rescaling(1 / 127.5, offset=-1, name="rescaling")(inputs)
    for k, (channels, num_convs) in enumerate(STAGES, start=1):
        if k > 1:
            x = layers.MaxPooling2D(2, name=f"pool{k - 1}")(x)
        for i in range(1, num_convs + 1):
            x = layers.Conv2D(channels, 3, padding="same", use_bias=False, name=f"conv{k}_{i}")(x)
            x = layers.BatchNormalization(momentum=0.9, name=f"norm{k}_{i}")(x)
            x = layers.ReLU(name=f"stage{k}" if i == num_convs else f"relu{k}_{i}")(x)
    if num_classes is not None:
        x = layers.GlobalAveragePooling2D(name="average")(x)
        x = layers.Dense(num_classes, name="logits")(x)
    return keras.Model(inputs, x, name="small_vgg")
