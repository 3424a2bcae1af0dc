"""Show the course's own code in a notebook, so that no lesson carries a second copy of it."""

import ast
import inspect
import textwrap


def show_source(obj, docstring=True):
    """Show the source of a function, class or module of the kit.

    Args:
        obj: what to show.
        docstring: whether its docstring is shown too; False leaves the code alone.

    Returns:
        An `IPython.display.Code`, which a notebook shows with colours.

    Raises:
        TypeError: the object has no Python source.

    Example:
        >>> print(show_source(show_source).data.splitlines()[0])
        def show_source(obj, docstring=True):
    """
    from IPython.display import Code

    source = textwrap.dedent(inspect.getsource(obj))
    tree = ast.parse(source)
    definition = tree if inspect.ismodule(obj) else tree.body[0]
    if not docstring and ast.get_docstring(definition) is not None:
        lines = source.splitlines()
        del lines[definition.body[0].lineno - 1 : definition.body[0].end_lineno]
        source = "\n".join(lines)
    return Code(source, language="python")
