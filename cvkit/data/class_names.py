"""The class names that a reader gives."""


def check_class_names(classes):
    """Names of classes in the order of their labels, as a tuple.

    Raises:
        ValueError: `classes` is no list of different names.

    Example:
        >>> check_class_names(["cat", "dog"])
        ('cat', 'dog')
        >>> check_class_names("cat")
        Traceback (most recent call last):
        ValueError: classes must be a list of one or more different names. Received 'cat'.
    """
    fits = isinstance(classes, (tuple, list)) and all(isinstance(name, str) and name for name in classes)
    if not fits or not classes or len(set(classes)) < len(classes):
        raise ValueError(f"classes must be a list of one or more different names. Received {classes!r}.")
    return tuple(classes)
