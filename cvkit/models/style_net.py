"""The image transformation network of fast style transfer: from a photograph to its stylised form in one pass."""

import keras
from keras import layers, ops

from cvkit.validation import check_positive


def style_net(width=32, num_blocks=5, input_shape=(None, None, 3)):
    r"""Two convolutions of stride 2, residual blocks, two enlargements, and pixels.

    The image keeps its size. Instance normalisation brings each channel of each image to a mean of 0 and a deviation
    of 1, and so takes the photograph's contrast out, which belongs to it and not to the style. Enlarging repeats each
    position and then convolves, since a transposed convolution whose kernel its stride does not divide leaves
    checkerboards. Borders are mirrored, as zeros around an image would be painted as a frame.

    Args:
        width: channels of the first convolution; the next ones have 2 and 4 times as many.
        num_blocks: residual blocks at a quarter of the size.
        input_shape: (height, width, 3); None stands for any size.

    Returns:
        A functional `keras.Model` from images (B, H, W, 3), values from 0 to 255, to images (B, H, W, 3) from 0 to 255.
        H and W must be multiples of 4, and at least 8. It holds Keras' own layers only, so its `.keras` file can be
        read without the kit.

    Raises:
        ValueError: an argument does not fit.

    Example:
        >>> network = style_net(width=4, num_blocks=1)
        >>> network(ops.ones((1, 16, 20, 3))).shape
        TensorShape([1, 16, 20, 3])
        >>> style_net().count_params()  # the paper's sizes
        1677635

    Reference:
        Johnson, Alahi and Fei-Fei, "Perceptual Losses for Real-Time Style Transfer and Super-Resolution", 2016,
        arXiv 1603.08155, section 3.1 and the supplement's table 1: 9 × 9 at both ends, five residual blocks of 128
        channels. Instance for batch normalisation: Ulyanov et al., 2016, arXiv 1607.08022. Enlarge, then convolve:
        Odena, Dumoulin and Olah, "Deconvolution and Checkerboard Artifacts", Distill, 2016. There the whole image is
        mirrored by 40 pixels once; here each convolution mirrors what it needs.
    """
    check_positive("width", width, "channels of the first convolution", integer=True)
    check_positive("num_blocks", num_blocks, "residual blocks", integer=True)
    if any(size is not None and (size % 4 or size < 8) for size in input_shape[:2]):
        raise ValueError(
            f"input_shape must be a multiple of 4, and at least 8 pixels, on each side. Received {input_shape}."
        )
    images = keras.Input(input_shape, name="image")
    x = layers.Rescaling(1 / 127.5, offset=-1)(images)
    for channels, kernel, stride in ((width, 9, 1), (2 * width, 3, 2), (4 * width, 3, 2)):
        x = layers.ReLU()(_convolve(x, channels, kernel, stride))
    for _ in range(num_blocks):
        inner = layers.ReLU()(_convolve(x, 4 * width, 3))
        x = layers.Add()([x, _convolve(inner, 4 * width, 3)])
    for channels in (2 * width, width):
        x = layers.ReLU()(_convolve(layers.UpSampling2D(2)(x), channels, 3))
    x = layers.Conv2D(3, 9, activation="tanh", name="pixels")(_mirror(x, 4))
    return keras.Model(images, layers.Rescaling(127.5, offset=127.5)(x), name="style_net")


def _convolve(x, channels, kernel, stride=1):
    x = layers.Conv2D(channels, kernel, strides=stride, use_bias=False)(_mirror(x, kernel // 2))
    return layers.GroupNormalization(groups=-1, epsilon=1e-5)(x)  # a group for each channel: instance normalisation


def _mirror(x, pixels):
    return ops.pad(x, [(0, 0), (pixels, pixels), (pixels, pixels), (0, 0)], mode="reflect")
