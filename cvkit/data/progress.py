"""A progress bar that leaves nothing behind, neither in a terminal nor in a notebook."""

import sys

from tqdm import tqdm


def progress(iterable=None, **options):
    """A bar of text that goes away when it is done.

    tqdm's own bar for notebooks is a widget: once closed, it stays in the saved notebook as an error or a stale count.

    Args:
        iterable: what to go through, or None for a bar that is moved by its `update`.
        options: those of `tqdm.tqdm`, such as total, desc and delay.

    Returns:
        A `tqdm.tqdm`.

    Example:
        >>> sum(progress(range(4), delay=1))
        6
    """
    return tqdm(iterable, leave=False, ncols=80, file=_Output() if _in_notebook() else None, **options)


class _Output:
    """A file whose every text replaces the one before, in one output of the notebook's cell."""

    def __init__(self):
        self._handle = None

    def write(self, text):
        from IPython.display import display

        data = {"text/plain": text.strip()}  # tqdm begins each text with a carriage return, and blanks the last one
        if self._handle:
            self._handle.update(data, raw=True)
        elif data["text/plain"]:
            self._handle = display(data, raw=True, display_id=True)

    def flush(self):
        pass


def _in_notebook():
    ipython = sys.modules.get("IPython")
    return ipython is not None and hasattr(ipython.get_ipython(), "kernel")
