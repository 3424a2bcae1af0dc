"""Find the files that ship beside the code: the claims ledger and the data catalogue."""

from pathlib import Path

_PACKAGE = Path(__file__).parent


def project_file(name):
    """Path of a project file such as ``"notebooks/claims.yaml"``, in a checkout or in an installed package.

    Args:
        name: path from the project's root, with forward slashes.

    Returns:
        A `pathlib.Path` to an existing file.

    Raises:
        FileNotFoundError: the file is in neither place.

    Example:
        >>> project_file("notebooks/claims.yaml").name
        'claims.yaml'
    """
    places = [_PACKAGE.parent / name, _PACKAGE / "files" / name]  # a checkout first, then an installed wheel
    for place in places:
        if place.is_file():
            return place
    raise FileNotFoundError(
        f"{name} was found in none of: {', '.join(map(str, places))}. "
        "Install cvkit again, or run from a complete checkout of the course."
    )


def checkout():
    """Root of the checkout that this package runs from, or None when it is an installed copy.

    Example:
        >>> root = checkout()
        >>> root is None or (root / "pyproject.toml").is_file()
        True
    """
    root = _PACKAGE.parent
    return root if (root / "pyproject.toml").is_file() and (root / "notebooks").is_dir() else None
