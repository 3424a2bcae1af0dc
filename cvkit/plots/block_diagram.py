"""A small network drawn as boxes and arrows, from its own graph."""

import keras


def block_diagram(model, ax, title=None):
    """Draw each layer of a model as a box with its name and the channels it makes, the input at the bottom.

    Args:
        model: a functional `keras.Model` of at most 40 layers, such as one block.
        ax: matplotlib Axes to draw on.
        title: title of the Axes.

    Returns:
        The Axes.

    Raises:
        ValueError: the model has too many layers to be read.

    Example:
        >>> import matplotlib.pyplot as plt
        >>> maps = keras.Input((8, 8, 4), name="maps")
        >>> model = keras.Model(maps, keras.layers.Conv2D(2, 1, name="conv")(maps))
        >>> [text.get_text() for text in block_diagram(model, plt.figure().gca()).texts if text.get_text()]
        ['maps\\n4 channels', 'conv\\n2 channels']
        >>> plt.close("all")
    """
    if len(model.layers) > 40:
        raise ValueError(f"model must have at most 40 layers to be readable. Received {len(model.layers)}.")
    parents = _parents(model)
    places = _places(parents)
    for name, (x, y) in places.items():
        channels = model.get_layer(name).output.shape[-1]
        box = dict(boxstyle="round,pad=0.4", facecolor=_colour(model.get_layer(name)), edgecolor="grey")
        ax.text(x, y, f"{name}\n{channels} channels", ha="center", va="center", fontsize=8, bbox=box, zorder=2)
        for parent in parents[name]:
            _arrow(ax, places, parent, name, len(parents[name]) > 1)
    columns, rows = zip(*places.values(), strict=True)
    ax.set(xlim=(min(columns) - 0.7, max(columns) + 0.7), ylim=(-0.5, max(rows) + 0.5))
    ax.axis("off")
    if title is not None:
        ax.set_title(title)
    return ax


def _parents(model):
    """Dict of each layer's name to the names of the layers it reads, in the order in which they run."""
    makers = {id(layer.output): layer.name for layer in model.layers}
    return {
        layer.name: [makers[id(x)] for x in keras.tree.flatten(layer.input)]
        if not isinstance(layer, keras.layers.InputLayer)
        else []
        for layer in model.layers
    }


def _places(parents):
    """Dict of name to (column, row): one row above all it reads, above it where it is the only reader."""
    readers = {name: [other for other, read in parents.items() if name in read] for name in parents}
    places = {}
    for name, read in parents.items():
        row = 1 + max((places[parent][1] for parent in read), default=-1)
        column = sum(places[parent][0] for parent in read) / max(len(read), 1)
        if len(read) == 1 and len(siblings := [r for r in readers[read[0]] if len(parents[r]) == 1]) > 1:
            siblings.sort(key=lambda sibling: _entrance(sibling, parents, readers))
            column += siblings.index(name) - (len(siblings) - 1) / 2
        places[name] = (column, row)
    return places


def _entrance(name, parents, readers):
    """Which input of the next join the path from a layer becomes; 0 where it parts or ends first."""
    while len(readers[name]) == 1:
        above = readers[name][0]
        if len(parents[above]) > 1:
            return parents[above].index(name)
        name = above
    return 0


def _arrow(ax, places, start, end, joins):
    """A line that rises in a free column and crosses over where the paths part or, into a join, where they meet."""
    (x0, y0), (x1, y1) = places[start], places[end]
    from matplotlib.transforms import offset_copy

    lane, between = x0 if joins else x1, range(y0 + 1, y1)
    if any(abs(x - lane) < 0.9 and y in between for x, y in places.values()):
        lane = max(x for x, _ in places.values()) + 0.6
    corners = [(lane, y) for y in between]
    path = [(x0, y0), *corners]
    ax.plot(*zip(*path, strict=True), color="grey", linewidth=1, zorder=1)
    below = offset_copy(ax.transData, ax.figure, y=-14, units="points")  # the lower edge of the box
    arrow = dict(arrowstyle="->", color="grey", linewidth=1, shrinkA=0, shrinkB=0)
    ax.annotate("", (x1, y1), path[-1], below, "data", arrow, zorder=1)


def _colour(layer):
    if isinstance(layer, keras.layers.Conv2D) and layer.kernel_size == (1, 1):
        return "#d9ead3"
    kinds = {
        keras.layers.Conv2D: "#cfe2f3",
        keras.layers.MaxPooling2D: "#f9dcc4",
        keras.layers.AveragePooling2D: "#f9dcc4",
    }
    return next((colour for kind, colour in kinds.items() if isinstance(layer, kind)), "#eeeeee")
