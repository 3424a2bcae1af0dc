"""ImageNet preprocessing as a layer, so that a saved network carries its own."""

import keras
from keras import layers

MODES = ("caffe", "tf", "torch")


@keras.saving.register_keras_serializable(package="cvkit")
class ImageNetPreprocessing(layers.Layer):
    """Bring pixel values to what a network of `keras.applications` was trained on.

    - "caffe": blue, green, red, each less its mean over ImageNet (103.939, 116.779, 123.68);
    - "tf": x / 127.5 - 1;
    - "torch": x / 255, less the mean (0.485, 0.456, 0.406), over the deviation (0.229, 0.224, 0.225).

    Call with images (B, H, W, 3) in red, green, blue, values from 0 to 255; returns the same shape.

    Args:
        mode: "caffe", "tf" or "torch".

    Raises:
        ValueError: the mode is none of these.

    Example:
        >>> from keras import ops
        >>> ImageNetPreprocessing("tf")(ops.full((1, 1, 1, 3), 255.0))[0, 0, 0, 0].numpy()
        np.float32(1.0)

    Reference:
        `keras.applications.imagenet_utils.preprocess_input`, which does the work.
    """

    def __init__(self, mode, **kwargs):
        super().__init__(**kwargs)
        if mode not in MODES:
            raise ValueError(f"mode must be one of {', '.join(MODES)}. Received {mode!r}.")
        self.mode = mode

    def call(self, images):
        """Pixel values as the network expects them."""
        return keras.applications.imagenet_utils.preprocess_input(images, data_format="channels_last", mode=self.mode)

    def compute_output_shape(self, input_shape):
        """That of the input."""
        return input_shape

    def get_config(self):
        """Arguments that rebuild the layer."""
        return {**super().get_config(), "mode": self.mode}
