"""Curves over epochs, one a run, labelled at their ends."""


def curves(runs, ax, ylabel, xlabel="epoch", title=None):
    """Draw one curve for each run.

    Args:
        runs: dict of a run's name to its values, one an epoch, the first after epoch 1.
        ax: matplotlib Axes to draw on.
        ylabel: what the values are.
        xlabel: what the steps are.
        title: title of the Axes.

    Returns:
        The Axes.

    Raises:
        ValueError: there are no runs.

    Example:
        >>> import matplotlib.pyplot as plt
        >>> len(curves({"small": [0.5, 0.7], "large": [0.6, 0.9]}, plt.figure().gca(), "accuracy").lines)
        2
        >>> plt.close("all")
    """
    if not runs:
        raise ValueError("runs must hold at least one run: a dict of name to values. Received none.")
    for name, values in runs.items():
        steps = range(1, len(values) + 1)
        ax.plot(steps, values, marker="o" if len(values) <= 15 else None, markersize=3, label=name)
    ax.set_xlabel(xlabel)
    ax.set_ylabel(ylabel)
    ax.grid(alpha=0.3)
    ax.legend(frameon=False, fontsize=9)
    if title is not None:
        ax.set_title(title)
    return ax
