"""SegNet: an encoder, and a decoder that puts each value back to where its maximum was."""

import keras
from keras import layers, ops

from cvkit.layers.max_pooling_with_switches import MaxPoolingWithSwitches2D
from cvkit.layers.max_unpooling import MaxUnpooling2D
from cvkit.validation import check_positive

SEGNET_STAGES = ((64, 2), (128, 2), (256, 3), (512, 3), (512, 3))  # channels and convolutions: those of VGG-16


def segnet(num_classes, stages=SEGNET_STAGES, input_shape=(None, None, 3), switches=True):
    """An encoder of convolutions and max pooling, and its mirror image with unpooling by the pooling's switches.

    The decoder has no weights for enlarging a map: unpooling puts each value to the position of its maximum and zeros
    beside it, and convolutions fill the gaps. The last of each stage's convolutions leaves as many channels as the next
    stage's switches have.

    Args:
        num_classes: K.
        stages: pairs of channels and number of convolutions, from the finest stage to the coarsest.
        input_shape: (height, width, channels); None stands for any size of at least 2^len(stages) pixels.
        switches: False puts each value into the upper left corner of its window instead, to show what switches keep.

    Returns:
        A functional `keras.Model` from images (B, H, W, C), values from 0 to 255, to logits (B, H, W, K).

    Raises:
        ValueError: an argument does not fit.

    Example:
        >>> network = segnet(5, stages=((8, 1), (16, 2)))
        >>> network(keras.ops.ones((1, 30, 21, 3))).shape
        TensorShape([1, 30, 21, 5])

    Reference:
        Badrinarayanan, Kendall and Cipolla, "SegNet", 2015, arXiv 1511.00561, section 3. The paper's last layer is a
        softmax; here it is left to the loss. Averages of batch normalisation move with momentum 0.9.
    """
    check_positive("num_classes", num_classes, "classes of the pixels", integer=True)
    _check_stages(stages, input_shape)
    inputs = keras.Input(input_shape, name="image")
    x = layers.Rescaling(1 / 127.5, offset=-1, name="rescaling")(inputs)
    remembered = []  # of each stage: where its values go back to, and the map before pooling, for its size
    for k, (channels, count) in enumerate(stages, start=1):
        before = _convolutions(x, [channels] * count, f"encode{k}")
        x, places = MaxPoolingWithSwitches2D(2, name=f"pool{k}")(before)
        if not switches:  # of equal values the first counts
            _, places = MaxPoolingWithSwitches2D(2, name=f"corner{k}")(ops.zeros_like(before))
        remembered.append((places, before))
    for k in range(len(stages), 0, -1):
        channels, count = stages[k - 1]
        x = MaxUnpooling2D(2, name=f"unpool{k}")([x, *remembered[k - 1]])
        finer = [stages[k - 2][0]] if k > 1 else []
        x = _convolutions(x, [channels] * (count - 1) + finer, f"decode{k}")
    logits = layers.Conv2D(num_classes, 3, padding="same", name="logits")(x)
    return keras.Model(inputs, logits, name="segnet")


def _convolutions(x, filters, name):
    for i, channels in enumerate(filters, start=1):
        x = layers.Conv2D(channels, 3, padding="same", use_bias=False, name=f"{name}_conv{i}")(x)
        x = layers.BatchNormalization(momentum=0.9, name=f"{name}_norm{i}")(x)
        x = layers.ReLU(name=f"{name}_relu{i}")(x)
    return x


def _check_stages(stages, input_shape):
    if not stages or any(len(stage) != 2 for stage in stages):
        raise ValueError(f"stages must be pairs of channels and number of convolutions. Received {stages!r}.")
    for channels, count in stages:
        check_positive("channels of a stage", channels, "a pair is (channels, convolutions)", integer=True)
        check_positive("convolutions of a stage", count, "a pair is (channels, convolutions)", integer=True)
    least = 2 ** len(stages)
    if any(side is not None and side < least for side in input_shape[:2]):
        raise ValueError(
            f"input_shape must be at least {least} pixels on a side: {len(stages)} poolings halve it. "
            f"Received {input_shape}."
        )
