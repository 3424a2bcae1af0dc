"""The accelerators that Keras' backend sees."""

import keras


def gpus():
    """Names of the GPUs that the backend in use sees; an empty list on a machine without one.

    Example:
        >>> isinstance(gpus(), list)
        True
    """
    if keras.backend.backend() == "torch":  # keras.distribution does not cover PyTorch
        import torch

        return [f"cuda:{index}" for index in range(torch.cuda.device_count())]
    return keras.distribution.list_devices("gpu")
