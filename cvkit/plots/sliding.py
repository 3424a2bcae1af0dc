"""A kernel that slides over an image: with a slider where widgets run, as a picture where they do not."""

import numpy as np

from cvkit.plots.matrix import matrix
from cvkit.plots.png import to_png


def sliding_kernel(image, kernel, stride=1, position=None):
    """Show which window makes which output, position by position.

    In JupyterLab and Colab a slider moves the window; where widgets do not run (a page, an executed copy) the picture
    of one position is shown.

    Args:
        image: array (H, W), small.
        kernel: array (kh, kw).
        stride: steps in pixels.
        position: index of the output cell that is shown first, row by row; by default the middle one.

    Raises:
        ValueError: the kernel does not fit into the image, or there is no such position.

    Example:
        >>> sliding_kernel(np.eye(4), np.ones((2, 2)), position=9)
        Traceback (most recent call last):
        ValueError: position must be from 0 to 8, one for each cell of the 3 x 3 output. Received 9.
    """
    from IPython.display import display
    from ipywidgets import Image, IntSlider, VBox

    image, kernel = np.asarray(image, "float32"), np.asarray(kernel, "float32")
    rows, columns = ((n - k) // stride + 1 for n, k in zip(image.shape, kernel.shape, strict=True))
    if rows < 1 or columns < 1:
        raise ValueError(f"The kernel {kernel.shape} does not fit into the image {image.shape}.")
    last = rows * columns - 1
    position = last // 2 if position is None else position
    if not 0 <= position <= last:
        raise ValueError(
            f"position must be from 0 to {last}, one for each cell of the {rows} x {columns} output. Received "
            f"{position}."
        )
    windows = np.lib.stride_tricks.sliding_window_view(image, kernel.shape)[
        ::stride, ::stride
    ]  # (rows, columns, kh, kw)
    output = np.einsum("ijab,ab->ij", windows, kernel)

    def draw(position):
        return _picture(image, kernel, output, divmod(position, columns), stride)

    slider = IntSlider(value=position, min=0, max=last, description="position", continuous_update=True)
    first = draw(position)
    picture = Image(value=first, format="png")
    slider.observe(lambda change: setattr(picture, "value", draw(change["new"])), names="value")
    box = VBox([slider, picture])
    alt = "[Figure: an image with one framed window, the kernel, and the output with that window's cell framed.]"
    view = {"model_id": box.model_id, "version_major": 2, "version_minor": 0}
    # A frontend shows the richest of these that it can: the slider, else the picture, else the words.
    display({"application/vnd.jupyter.widget-view+json": view, "image/png": first, "text/plain": alt}, raw=True)


def _picture(image, kernel, output, cell, stride):
    import matplotlib.pyplot as plt

    row, column = cell
    top, left = row * stride, column * stride
    fig, axes = plt.subplots(1, 3, figsize=(9, 3.2))
    matrix(image, axes[0], "input", highlight=(top, left, *kernel.shape))
    matrix(kernel, axes[1], "kernel", cmap="Oranges")
    matrix(output, axes[2], f"output: cell ({row}, {column})", highlight=(row, column, 1, 1), cmap="Greens")
    for ax in axes:  # one scale for all three
        ax.set(xlim=(-0.6, image.shape[1] - 0.4), ylim=(image.shape[0] - 0.4, -0.6), frame_on=False)
    products = image[top : top + kernel.shape[0], left : left + kernel.shape[1]] * kernel
    terms = " + ".join(f"{value:g}" for value in products.ravel())
    fig.supxlabel(f"window times kernel, summed: {terms} = {products.sum():g}", fontsize=10)
    png = to_png(fig)
    plt.close(fig)
    return png
