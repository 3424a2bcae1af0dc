"""One process at a time: a lock that the operating system gives back when its holder ends."""

import contextlib
import os
import time


@contextlib.contextmanager
def lock(path):
    """Hold the file `path` as a lock; wait while another process holds it.

    The file is left behind on purpose: to remove it would let two processes lock two files of one name. A file system
    that knows no locks is used without one.

    Args:
        path: a `pathlib.Path`; its folder is made when it is missing.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(path, os.O_RDWR | os.O_CREAT)
    try:
        _acquire(handle)
        yield
    finally:
        os.close(handle)  # closing gives the lock back


if os.name == "nt":
    import msvcrt

    def _acquire(handle):
        while True:
            try:
                return msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
            except PermissionError:  # held by another process
                time.sleep(0.1)

else:
    import fcntl

    def _acquire(handle):
        while True:
            try:
                return fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:  # held by another process
                time.sleep(0.1)
            except OSError:  # this file system knows no locks
                return None
