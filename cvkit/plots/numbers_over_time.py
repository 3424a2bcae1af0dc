"""A chart of what a tracker called each object, over time."""

import numpy as np

from cvkit.plots.number_colour import number_colour


def numbers_over_time(ax, ids, table):
    """Draw a row for each object: the colour is its track's number, which is written where it is new.

    Black is where no track lies on the object; where the object is not in the frame the row is empty.

    Args:
        ax: matplotlib Axes to draw on.
        ids: array (k,), the objects' identities.
        table: float array (k, T), as `cvkit.tracking.numbers_over_time` returns it: a number, 0 for none, or NaN.

    Returns:
        The Axes.

    Raises:
        ValueError: the table has not a row for each identity.

    Example:
        >>> import matplotlib.pyplot as plt
        >>> ax = numbers_over_time(plt.figure().gca(), [7], [[1, 1, 0, 2, np.nan]])
        >>> [text.get_text() for text in ax.texts], len(ax.patches)
        (['1', '2'], 3)
        >>> plt.close("all")
    """
    from matplotlib.patheffects import withStroke

    table = np.asarray(table, "float64")
    if table.ndim != 2 or len(table) != len(ids):
        raise ValueError(f"table must have a row for each of {len(ids)} identities. Received shape {table.shape}.")
    rim = [withStroke(linewidth=2, foreground="white")]  # to be read on black, too
    for row, numbers in enumerate(table):
        begins = np.flatnonzero(np.r_[True, numbers[1:] != numbers[:-1]])  # NaN differs from NaN
        for begin, end in zip(begins, [*begins[1:], len(numbers)], strict=True):
            number = numbers[begin]
            if np.isnan(number):
                continue
            colour = number_colour(number) if number else "black"
            ax.barh(row, end - begin, left=begin - 0.5, height=0.7, color=colour)
            if number and number not in numbers[:begin]:
                ax.text(begin, row, f"{number:.0f}", fontsize=7, va="center", path_effects=rim)
    ax.set(xlabel="frame", ylabel="true object", yticks=range(len(ids)), yticklabels=list(ids))
    ax.set_xlim(-1, table.shape[1])
    return ax
