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
    devices = keras.distribution.list_devices()  # asked for GPUs alone, JAX raises where there are none
    return [device for device in devices if device.startswith(("gpu", "cuda"))]
