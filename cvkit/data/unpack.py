"""Unpack a zip or tar archive; nothing of it may land outside its folder."""

import shutil
import tarfile
import zipfile
import zlib
from pathlib import PurePosixPath, PureWindowsPath

from cvkit.data.error import DataError

_DAMAGED = (zipfile.BadZipFile, tarfile.TarError, EOFError, zlib.error, OSError)


def unpack(archive, folder):
    """Unpack every file of an archive into a new folder.

    All names are looked at before the first file is written. Refused are absolute names, names with "..", links and
    anything else that is neither a file nor a folder.

    Args:
        archive: `pathlib.Path` of a zip file or of a tar file, compressed or not.
        folder: `pathlib.Path` of a folder that does not exist yet. It is removed again when anything fails.

    Returns:
        `folder`.

    Raises:
        DataError: the archive is damaged or is no archive, or a member would leave the folder.
    """
    folder.mkdir(parents=True)
    try:
        if zipfile.is_zipfile(archive):
            with zipfile.ZipFile(archive) as package:
                _write(_zip_members(package), folder)
        else:
            with tarfile.open(archive) as package:
                _write(_tar_members(package), folder)
    except BaseException as error:
        shutil.rmtree(folder, ignore_errors=True)
        if isinstance(error, _DAMAGED) and getattr(error, "errno", None) is None:
            raise DataError(
                f"{archive.name} cannot be unpacked: it is damaged, or neither a zip nor a tar file "
                f"({type(error).__name__})."
            ) from error
        raise
    return folder


def _write(members, folder):
    for name, open_member in members:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        with open_member() as source, path.open("wb") as target:
            shutil.copyfileobj(source, target)


def _zip_members(package):
    members = [info for info in package.infolist() if not info.is_dir()]
    for info in members:
        kind = info.external_attr >> 16 & 0o170000  # the file type of a Unix mode; 0 where there is none
        _check(info.filename, is_file=kind in (0, 0o100000))
    return [(info.filename, lambda info=info: package.open(info)) for info in members]


def _tar_members(package):
    members = [info for info in package.getmembers() if not info.isdir()]
    for info in members:
        _check(info.name, is_file=info.isreg())
    return [(info.name, lambda info=info: package.extractfile(info)) for info in members]


def _check(name, is_file):
    windows = PureWindowsPath(name)  # knows both kinds of slash, and drives
    if PurePosixPath(name).is_absolute() or windows.anchor or ".." in windows.parts:
        raise DataError(f"The archive was refused: its member {name!r} would land outside the set's folder.")
    if not is_file:
        raise DataError(f"The archive was refused: its member {name!r} is a link or a device, not a file.")
