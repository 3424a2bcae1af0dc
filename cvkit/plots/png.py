"""A figure as PNG bytes."""

import io


def to_png(fig):
    """The figure as the bytes of a PNG file, cut to what is drawn.

    Example:
        >>> import matplotlib.pyplot as plt
        >>> to_png(plt.figure())[:4]
        b'\\x89PNG'
        >>> plt.close("all")
    """
    buffer = io.BytesIO()
    fig.savefig(buffer, format="png", bbox_inches="tight", metadata={"Software": None})
    return buffer.getvalue()
