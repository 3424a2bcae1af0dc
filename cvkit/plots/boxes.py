"""Boxes drawn over an image, each with its label."""

import numpy as np
from keras import ops


def boxes(ax, boxes, labels=None, color="crimson", linestyle="-", linewidth=1.8):
    """Draw frames, for instance over an image that `ax.imshow` has drawn.

    `imshow` puts the middle of the first pixel at 0, while a box that holds this pixel alone is 0, 0, 1, 1. So frames
    are drawn half a pixel further up and left. A thin white rim around each line shows it on any background, one of its
    own colour too.

    Args:
        ax: matplotlib Axes to draw on.
        boxes: array (N, 4), corners x1, y1, x2, y2 in pixels.
        labels: N short texts, each at its box's upper left corner; or None.
        color: a matplotlib colour for all, or a list of N.
        linestyle: of the frames, such as "-" or "--".
        linewidth: in points; the white on either side is 0.6 times as wide.

    Returns:
        The Axes.

    Raises:
        ValueError: boxes is not (N, 4), or there is another number of labels or colours.

    Example:
        >>> import matplotlib.pyplot as plt
        >>> ax = boxes(plt.figure().gca(), [[2, 1, 5, 3]], ["cat"])
        >>> [float(edge) for edge in ax.patches[0].get_bbox().extents], ax.texts[0].get_text()
        ([1.5, 0.5, 4.5, 2.5], 'cat')
        >>> plt.close("all")
    """
    from matplotlib.collections import PatchCollection
    from matplotlib.patches import Rectangle

    corners = np.asarray(ops.convert_to_numpy(boxes), "float64")
    if corners.ndim != 2 or corners.shape[1] != 4:
        raise ValueError(
            f"boxes must have shape (N, 4): corners x1, y1, x2, y2 in pixels. Received shape {corners.shape}. For a "
            "single box pass box[None]."
        )
    texts = [None] * len(corners) if labels is None else list(labels)
    colors = list(color) if isinstance(color, (list, tuple)) else [color] * len(corners)
    for name, values in (("labels", texts), ("color", colors)):
        if len(values) != len(corners):
            raise ValueError(f"{name} must be one a box. Received {len(values)} for {len(corners)} boxes.")
    rims = [Rectangle((x1 - 0.5, y1 - 0.5), x2 - x1, y2 - y1) for x1, y1, x2, y2 in corners]
    style = dict(facecolor="none", edgecolor="white", linewidth=2.2 * linewidth)
    ax.add_collection(PatchCollection(rims, zorder=0.9, **style))  # above images, below all frames
    for (x1, y1, x2, y2), text, each in zip(corners, texts, colors, strict=True):
        frame = Rectangle((x1 - 0.5, y1 - 0.5), x2 - x1, y2 - y1, fill=False, edgecolor=each, linestyle=linestyle)
        frame.set_linewidth(linewidth)
        ax.add_patch(frame)
        if text is not None:
            background = dict(facecolor="white", edgecolor="none", alpha=0.75, pad=0.8)
            ax.text(x1 - 0.5, y1 - 1, text, fontsize=8, color=each, va="bottom", bbox=background)
    return ax
