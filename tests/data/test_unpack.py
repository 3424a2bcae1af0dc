import io
import tarfile
import zipfile

import pytest

from cvkit.data import DataError, fetch
from cvkit.data.unpack import unpack

FILES = {"set/images/a.txt": b"one" * 5000, "set/b.txt": b"two"}


def make_zip(files=FILES):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as package:
        for name, body in files.items():
            package.writestr(name, body)
    return stream.getvalue()


def make_tar(files=FILES, link=None, mode="w:gz"):
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode=mode) as package:
        for name, body in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(body)
            package.addfile(info, io.BytesIO(body))
        if link:
            info = tarfile.TarInfo("link")
            info.type, info.linkname = link
            package.addfile(info)
    return stream.getvalue()


def contents(folder):
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def unpacked(tmp_path, body):
    archive = tmp_path / "archive"
    archive.write_bytes(body)
    return unpack(archive, tmp_path / "deep" / "out")


@pytest.mark.parametrize("body", [make_zip(), make_tar(), make_tar(mode="w")])
def test_every_file_comes_out(tmp_path, body):
    assert contents(unpacked(tmp_path, body)) == FILES


def test_an_empty_archive_gives_an_empty_folder(tmp_path):
    assert contents(unpacked(tmp_path, make_zip({}))) == {}


@pytest.mark.parametrize("name", ["../evil", "a/../../evil", "{folder}/evil", "C:\\evil", "..\\evil", "\\\\host\\evil"])
@pytest.mark.parametrize("make", [make_zip, make_tar])
def test_a_member_that_would_leave_the_folder_is_refused(tmp_path, make, name):
    name = name.format(folder=tmp_path)
    with pytest.raises(DataError, match=r"refused: its member .*evil' would land outside"):
        unpacked(tmp_path, make({"good": b"1", name: b"2"}))
    assert list(tmp_path.rglob("evil")) == []
    assert not (tmp_path / "deep" / "out").exists()


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE])
def test_links_and_devices_in_a_tar_are_refused(tmp_path, kind):
    with pytest.raises(DataError, match="'link' is a link or a device"):
        unpacked(tmp_path, make_tar(link=(kind, "/etc/passwd")))


def test_a_link_in_a_zip_is_refused(tmp_path):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as package:
        info = zipfile.ZipInfo("link")
        info.external_attr = 0o120777 << 16
        package.writestr(info, "/etc/passwd")
    with pytest.raises(DataError, match="'link' is a link or a device"):
        unpacked(tmp_path, stream.getvalue())


@pytest.mark.parametrize(
    "body", [make_zip()[:-30], make_tar()[:-20], make_tar(mode="w")[:3000], b"", b"no archive at all" * 99]
)
def test_a_truncated_archive_is_refused_and_leaves_nothing(tmp_path, body):
    with pytest.raises(DataError, match="archive cannot be unpacked"):
        unpacked(tmp_path, body)
    assert not (tmp_path / "deep" / "out").exists()


def test_a_member_with_changed_bytes_is_refused(tmp_path):
    body = bytearray(make_zip({"a": b"abcdefgh" * 100}))
    body[40] ^= 255
    with pytest.raises(DataError, match="cannot be unpacked"):
        unpacked(tmp_path, bytes(body))


@pytest.mark.parametrize("make", [make_zip, make_tar])
def test_a_fetched_archive_is_unpacked_and_not_kept(cache, server, offered, make):
    offered(make(), name="set.archive", unpack="set/b.txt")
    folder = fetch("test")
    assert contents(folder) == FILES
    fetch("test")
    assert len(server.requests) == 1


def test_leavings_of_an_earlier_try_are_replaced(cache, offered):
    offered(make_zip(), name="set.zip", unpack="set/b.txt")
    (cache / "test" / "set" / "old").mkdir(parents=True)
    assert contents(fetch("test")) == FILES
    assert not (cache / "test" / "set" / "old").exists()


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (make_zip({"../evil": b""}), "land outside"),
        (make_zip()[:-30], "cannot be unpacked"),
        (make_zip({}), "holds no"),
    ],
)
def test_a_bad_archive_leaves_nothing_in_the_cache(cache, offered, body, words):
    offered(body, name="set.zip", unpack="set/b.txt")
    with pytest.raises(DataError, match=f"test could not be fetched: .*{words}.*digits"):
        fetch("test")
    assert contents(cache).keys() == {"test.lock"}
