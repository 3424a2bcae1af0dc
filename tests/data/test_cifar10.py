import gzip
import io
import socket
import tarfile
import zlib

import numpy as np
import pytest

from cvkit.data import DataError, load
from cvkit.data.cifar10 import read_batches, read_records
from tests.support import assert_close

FOLDER = "cifar-10-batches-bin"
BATCHES = [f"data_batch_{number}.bin" for number in range(1, 6)]


def record(label, red, green, blue):
    return bytes([label]) + bytes([red]) * 1024 + bytes([green]) * 1024 + bytes([blue]) * 1024


def write(path, members):
    """A stand-in for the official archive: tar, compressed, from a dict of names and bytes."""
    with tarfile.open(path, "w:gz") as package:
        for name, body in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(body)
            package.addfile(info, io.BytesIO(body))
    return path


@pytest.fixture
def archive(cache, tmp_path, monkeypatch):
    """Two records a batch, in a folder that CVKIT_DATA names; record k of the training set has the label k."""
    monkeypatch.setenv("CVKIT_DATA", str(tmp_path))
    (tmp_path / "cifar10").mkdir()
    # Written backwards, and with what else the official archive holds: neither may matter.
    members = {f"{FOLDER}/test_batch.bin": record(9, 1, 2, 3), f"{FOLDER}/batches.meta.txt": b"airplane\n"}
    for k in reversed(range(5)):
        members[f"{FOLDER}/{BATCHES[k]}"] = record(2 * k, 10 * k, 0, 0) + record(2 * k + 1, 0, 0, 10 * k)
    return write(tmp_path / "cifar10" / "cifar-10-binary.tar.gz", members)


@pytest.fixture
def unchecked(monkeypatch):
    """Let a stand-in pass whose checksum is not the catalogue's."""
    monkeypatch.setattr("cvkit.data.cifar10.check_files", lambda entry, folder: None)


def test_a_record_hand_worked():
    # Red counts the columns, green the rows, blue is 200. Pixel (row 2, column 5) is then (5, 2, 200).
    columns = bytes(range(32)) * 32
    rows = b"".join(bytes([row]) * 32 for row in range(32))
    images, labels = read_records(bytes([3]) + columns + rows + bytes([200]) * 1024)
    assert images.shape == (1, 32, 32, 3)
    assert images.dtype == np.uint8
    assert labels.dtype == np.int64
    assert images[0, 2, 5].tolist() == [5, 2, 200]
    assert labels.tolist() == [3]


def test_records_equal_a_slow_loop():
    data = np.random.default_rng(0).integers(0, 10, 3 * 3073, dtype="uint8").tobytes()
    images, labels = read_records(data)
    for k in range(3):
        assert labels[k] == data[3073 * k]
        for channel in range(3):
            plane = [data[3073 * k + 1 + 1024 * channel + place] for place in range(1024)]
            assert_close(images[k, :, :, channel], np.reshape(plane, (32, 32)))


def test_no_records_are_no_images():
    images, labels = read_records(b"")
    assert images.shape == (0, 32, 32, 3)
    assert labels.shape == (0,)


def test_part_of_a_record_is_refused():
    with pytest.raises(DataError, match=r"have 3,073 bytes each; 3,072 bytes are no whole number"):
        read_records(bytes(3072))


def test_a_label_above_nine_is_refused():
    with pytest.raises(DataError, match=r"are 0 to 9; these bytes hold the label 11"):
        read_records(record(0, 0, 0, 0) + record(11, 0, 0, 0))


def test_the_batches_are_read_in_order(archive, unchecked):
    train, test = load("cifar10", "train"), load("cifar10", "test")
    assert train["labels"].tolist() == list(range(10))
    assert train["images"][:, 0, 0, 0].tolist() == [0, 0, 10, 0, 20, 0, 30, 0, 40, 0]
    assert train["images"][:, 0, 0, 2].tolist() == [0, 0, 0, 10, 0, 20, 0, 30, 0, 40]
    assert test["labels"].tolist() == [9]
    assert test["images"][0, 31, 31].tolist() == [1, 2, 3]
    test["images"][:] = 0  # an array of the reader's own


def test_another_file_than_the_official_one_is_refused(archive):
    with pytest.raises(
        DataError, match=r"cifar10: cifar-10-binary\.tar\.gz is damaged: its sha256 is .*fetch it again"
    ):
        load("cifar10", "test")


@pytest.mark.parametrize("share", [0, 0.2, 0.5, 0.8])
def test_a_truncated_archive_is_refused(archive, share):
    body = archive.read_bytes()
    archive.write_bytes(body[: int(share * len(body))])
    with pytest.raises(DataError, match=r"cifar-10-binary\.tar\.gz is damaged .*Delete it and fetch it again"):
        read_batches(archive, BATCHES)


def test_changed_bytes_are_refused(tmp_path):
    plain = gzip.decompress(write(tmp_path / "x", {"test_batch.bin": bytes(30730)}).read_bytes())
    packer = zlib.compressobj(wbits=31)
    start = packer.compress(plain[:20000]) + packer.flush(zlib.Z_FULL_FLUSH)
    footer = bytearray(gzip.compress(plain[: 512 + 31232]))  # a header, and the batch in blocks of 512 bytes
    footer[-8] ^= 255  # the checksum
    for body in (start + bytes([255]) * 99, footer):
        (tmp_path / "x.tar.gz").write_bytes(body)
        with pytest.raises(DataError, match=r"x\.tar\.gz is damaged .*Delete it and fetch it again"):
            read_batches(tmp_path / "x.tar.gz", ["test_batch.bin"])


def test_a_missing_batch_is_named(tmp_path):
    path = write(tmp_path / "x.tar.gz", {f"{FOLDER}/{name}": b"" for name in BATCHES[:4]})
    with pytest.raises(DataError, match=r"x\.tar\.gz holds no data_batch_5\.bin, test_batch\.bin"):
        read_batches(path, [*BATCHES, "test_batch.bin"])


def test_a_folder_of_a_batchs_name_is_no_batch(tmp_path):
    path = tmp_path / "x.tar.gz"
    with tarfile.open(path, "w:gz") as package:
        info = tarfile.TarInfo("test_batch.bin")
        info.type = tarfile.DIRTYPE
        package.addfile(info)
    with pytest.raises(DataError, match=r"holds no test_batch\.bin"):
        read_batches(path, ["test_batch.bin"])


def test_the_lossy_copy_is_never_passed_off_as_the_original(cache, tmp_path, monkeypatch):
    def refuse(*args, **kwargs):
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    (tmp_path / "cifar10_jpeg").mkdir()
    for split in ("train", "test"):
        (tmp_path / "cifar10_jpeg" / f"cifar10_jpeg_{split}.zip").write_bytes(b"")
    monkeypatch.setenv("CVKIT_DATA", str(tmp_path))
    with pytest.raises(DataError, match=r'cifar10 could not be fetched: .*Use the set "shapes" instead'):
        load("cifar10")
