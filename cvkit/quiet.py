"""Import Keras in a notebook without the start-up notes of its backend."""

import contextlib
import os
import sys
import tempfile


def import_keras():
    """Import Keras, and keep back what TensorFlow writes to the standard error while it starts.

    TensorFlow's compiled part writes notes about processors and missing GPU drivers before any of its own settings
    apply, and a notebook shows them in red above the first lesson. When the import fails, they are written after all.
    """
    with tempfile.TemporaryFile() as notes, contextlib.ExitStack() as undo:
        kept = os.dup(2)
        undo.callback(os.close, kept)
        undo.callback(os.dup2, kept, 2)
        os.dup2(notes.fileno(), 2)
        try:
            import keras  # noqa: F401
        except BaseException:
            notes.seek(0)
            os.write(kept, notes.read())
            raise
        finally:
            sys.stderr.flush()
