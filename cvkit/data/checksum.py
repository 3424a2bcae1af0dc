"""Checksums: is this file the one that the catalogue means?"""

import hashlib

from cvkit.data.error import DataError


def check_sha256(path, accepted):
    """Raise unless a file's SHA-256 is one of those accepted.

    Args:
        path: a `pathlib.Path` to a file.
        accepted: checksums, each of 64 hexadecimal digits.

    Raises:
        DataError: the file has another checksum; the message tells both.
    """
    with path.open("rb") as stream:
        found = hashlib.file_digest(stream, "sha256").hexdigest()
    if found not in accepted:
        raise DataError(f"{path.name} is damaged: its sha256 is {found}, expected {' or '.join(accepted)}")
