"""Show the course's own code in a notebook, so that no lesson carries a second copy of it."""

import inspect
import textwrap


def show_source(obj):
    """Show the source of a function, class or module of the kit.

    Args:
        obj: what to show.

    Returns:
        An `IPython.display.Code`, which a notebook shows with colours.

    Raises:
        TypeError: the object has no Python source.

    Example:
        >>> print(show_source(show_source).data.splitlines()[0])
        def show_source(obj):
    """
    from IPython.display import Code

    return Code(textwrap.dedent(inspect.getsource(obj)), language="python")
