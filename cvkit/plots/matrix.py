"""A small matrix drawn as coloured cells with their numbers."""

import numpy as np
from keras import ops


def matrix(values, ax, title=None, highlight=None, cmap="Blues", decimals=None):
    """Draw a matrix with its numbers in the cells.

    Args:
        values: array (rows, columns), small enough to read: at most 20 on a side.
        ax: matplotlib Axes to draw on.
        title: title of the Axes.
        highlight: ``(top, left, height, width)`` of a frame around some cells, or None.
        cmap: matplotlib colour map.
        decimals: digits after the point; by default none for whole numbers and two otherwise.

    Returns:
        The Axes.

    Raises:
        ValueError: the array is not a matrix, or too large to read.

    Example:
        >>> import matplotlib.pyplot as plt
        >>> matrix([[1, 2], [3, 4]], plt.figure().gca(), title="four numbers").get_title()
        'four numbers'
        >>> plt.close("all")
    """
    from matplotlib.patches import Rectangle

    values = np.asarray(ops.convert_to_numpy(values))
    if values.ndim != 2 or max(values.shape, default=0) > 20:
        raise ValueError(f"values must be a matrix of at most 20 x 20 cells. Received shape {values.shape}.")
    if decimals is None:
        decimals = 0 if np.allclose(values, np.round(values)) else 2
    low, high = float(values.min()), float(values.max())
    span = high - low or 1.0
    ax.imshow(values, cmap=cmap, vmin=low - 0.2 * span, vmax=high + 0.8 * span)  # pale, so that numbers stay readable
    for (row, column), value in np.ndenumerate(values):
        ax.text(column, row, f"{value:.{decimals}f}", ha="center", va="center", fontsize=9)
    ax.set_xticks([])
    ax.set_yticks([])
    ax.set_xticks(np.arange(0.5, values.shape[1] - 1), minor=True)  # lines between the cells
    ax.set_yticks(np.arange(0.5, values.shape[0] - 1), minor=True)
    ax.grid(True, which="minor", color="white", linewidth=1)
    ax.tick_params(which="minor", length=0)
    if highlight is not None:
        top, left, height, width = highlight
        frame = Rectangle(
            (left - 0.5, top - 0.5),
            width,
            height,
            fill=False,
            edgecolor="crimson",
            linewidth=2.5,
            clip_on=False,
            zorder=3,
        )
        ax.add_patch(frame)
    if title is not None:
        ax.set_title(title)
    return ax
