"""Download one file: with a progress bar, resumed where it broke off, and believed only when its checksum is right."""

import contextlib
import errno
import http.client
import queue
import threading
import urllib.error
import urllib.request

from cvkit.data.checksum import check_sha256
from cvkit.data.error import DataError
from cvkit.data.progress import progress

PATIENCE = 9  # seconds to wait for an answer, all addresses together
_CHUNK = 1 << 18  # bytes
_FULL = (errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC))


class _CannotWrite(DataError):
    """The trouble is this machine's disk: another address would not help."""


class _BrokenOff(Exception):
    """The connection failed in mid-transfer."""


def download(file, part):
    """Download a file of the catalogue to a temporary path.

    The addresses are tried in order. A partial file is resumed where the server allows it, and stays when the transfer
    breaks off; one that is complete and wrong is removed.

    Args:
        file: the `File` to fetch.
        part: `pathlib.Path` to write to, which may hold the first part already.

    Raises:
        DataError: no address gave the file, or the disk is full; the message names each address and what went wrong.
    """
    failures = []
    for url in file.urls:
        try:
            _transfer(url, part, PATIENCE / len(file.urls), file)
        except _CannotWrite:
            raise
        except (DataError, OSError, http.client.HTTPException) as error:
            failures.append(f"{url}: {_reason(error)}")
            continue
        try:
            return check_sha256(part, file.sha256)
        except DataError as error:
            part.unlink()
            failures.append(f"{url}: {error}")
    raise DataError(f"{'; '.join(failures)}.")


def check_reach(url):
    """Raise unless an address answers within `PATIENCE` seconds, for libraries that would try for minutes.

    Args:
        url: the address; what it offers is not read.

    Raises:
        DataError: there is no answer, or it is an error.
    """
    try:
        _open(url, 0, PATIENCE).close()
    except (OSError, http.client.HTTPException) as error:
        raise DataError(f"{url}: {_reason(error)}.") from error


def _transfer(url, part, wait, file):
    start = part.stat().st_size if part.is_file() else 0
    try:
        response = _open(url, start, wait)
    except urllib.error.HTTPError as error:
        if error.code != http.client.REQUESTED_RANGE_NOT_SATISFIABLE or not start:
            raise
        start = 0  # nothing follows what is here, so begin again
        response = _open(url, start, wait)
    with response:
        if response.status != http.client.PARTIAL_CONTENT:
            start = 0  # the server sends the whole file
        elif not response.headers.get("Content-Range", "").startswith(f"bytes {start}-"):
            raise DataError("the server sent another part of the file than the one asked for")
        length = response.headers.get("Content-Length")
        total = start + int(length) if length else None
        done = _copy(response, part, start, total, file)
    if total is not None and done < total:
        raise DataError(f"the connection closed after {done:,} of {total:,} bytes; fetch again to go on from there")


def _copy(response, part, start, total, file):
    done = start
    # The bar shows up only for transfers that take a moment.
    bar = progress(total=total, initial=start, unit="B", unit_scale=True, desc=file.name, delay=1)
    with bar, _writing(part, file), part.open("ab" if start else "wb") as target:
        while chunk := _read(response):
            target.write(chunk)
            target.flush()
            done += len(chunk)
            bar.update(len(chunk))
    return done


def _read(response):
    try:
        return response.read1(_CHUNK)
    except (OSError, http.client.HTTPException) as error:
        raise _BrokenOff(error) from error


@contextlib.contextmanager
def _writing(part, file):
    try:
        yield
    except _BrokenOff as error:
        raise DataError(f"the connection broke off ({error}); fetch again to go on from there") from error
    except OSError as error:
        if error.errno in _FULL:
            part.unlink(missing_ok=True)
            raise _CannotWrite(f"The disk of {part.parent} is full; make room for {file.size:,} bytes.") from error
        raise _CannotWrite(f"{part} could not be written: {error}.") from error


def _open(url, start, wait):
    # In a thread of its own, since a name server that does not answer heeds no timeout.
    request = urllib.request.Request(url, headers={"User-Agent": "cvkit"})
    if start:
        request.add_header("Range", f"bytes={start}-")
    answers = queue.SimpleQueue()

    def ask():
        try:
            answers.put(urllib.request.urlopen(request, timeout=wait))
        except Exception as error:
            answers.put(error)

    threading.Thread(target=ask, daemon=True).start()
    try:
        answer = answers.get(timeout=1.05 * wait)
    except queue.Empty:
        raise TimeoutError(f"no answer within {wait:g} seconds") from None
    if isinstance(answer, urllib.error.HTTPError):
        answer.close()
    if isinstance(answer, Exception):
        raise answer
    return answer


def _reason(error):
    if isinstance(error, urllib.error.HTTPError):
        return f"the server answered {error.code} {error.reason}"
    if isinstance(error, DataError):
        return str(error)
    return f"no connection ({getattr(error, 'reason', None) or error or type(error).__name__})"
