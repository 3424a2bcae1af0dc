"""A network that has shapes and no numbers: to count what does not fit into memory, or takes long to draw."""

import keras


def on_paper(build, **options):
    """Build a network without drawing its weights.

    Inside `keras.StatelessScope` a network gets its shapes, and Keras puts off drawing the numbers until the scope
    ends; by then `keras.utils.clear_session` has made it forget them. What was built before is not touched, but layers
    that are made afterwards number their default names from the start again.

    Args:
        build: function that makes a `keras.Model`.
        options: arguments of `build`.

    Returns:
        The model. Count on it, with `layer_table` and its like; do not call or train it.

    Example:
        >>> from cvkit import analysis, models
        >>> analysis.count_parameters(on_paper(models.vgg, config="D"))
        138357544
    """
    with keras.StatelessScope():
        model = build(**options)
        keras.utils.clear_session()
    return model
