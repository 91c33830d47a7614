"""Download of public data sets from Zenodo to a cache, with resumption and checksums."""

from __future__ import annotations

import gzip
import hashlib
import shutil
import sys
import tarfile
import zlib
from pathlib import Path, PurePosixPath

import requests
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)

from jetgen.datasets.detection import SUFFIXES, detect
from jetgen.datasets.download.catalogue import Published, find
from jetgen.errors import InputError
from jetgen.files.cache import cache_folder
from jetgen.files.folders import make_folder
from jetgen.files.terminal import Terminal

TIMEOUT = 30.0
"""Seconds without a response, or without data, after which a connection counts as lost."""


def fetch(
    name: str, *, cache: str | Path | None = None, server: str = "https://zenodo.org"
) -> Path:
    """Download a public data set unless it is in the cache, and return its path.

    An existing file, downloaded before or put there by hand, is checked (its MD5 if that is
    published, else its format) and used without any network access.

    Returns:
        The file, or the folder for data sets published as an archive of many files.

    Raises:
        InputError: for an unknown name, when the transfer fails (the message describes the manual
            download), or when the checksum is wrong.
    """
    published = find(name)
    path = cache_folder(cache) / published.file
    unpacked = path.with_name(path.name.removesuffix(".tar.gz"))
    if unpacked.is_dir():
        return unpacked
    make_folder(path.parent)
    if path.exists():
        _check_present(path, published)
    else:
        _download(path, published, server.rstrip("/"))
    return path if unpacked == path else _unpack(path, unpacked)


def _check_present(path: Path, published: Published) -> None:
    if published.md5:
        _check_md5(path, path, published.md5)
    elif not path.name.endswith(".tar.gz"):
        detect(path)


def _download(path: Path, published: Published, server: str) -> None:
    part = path.with_name(path.name + ".part")
    url = published.url(server)
    try:
        size, md5 = _record(published, server)
        _require_space(path, size - (part.stat().st_size if part.exists() else 0))
        with _progress(path.name) as progress:
            _transfer(url, part, size, progress)
    except requests.RequestException as error:
        raise InputError(
            f"cannot fetch {published.file} ({_reason(error)}): try again later (the part received "
            f"so far is kept), or download {url} manually to {path}"
        ) from error
    _check_md5(part, path, md5)
    part.replace(path)


def _record(published: Published, server: str) -> tuple[int, str]:
    """Size in bytes and MD5 of a file, from its record."""
    answer = requests.get(f"{server}/api/records/{published.record}", timeout=TIMEOUT)
    answer.raise_for_status()
    try:
        for entry in answer.json().get("files", ()):
            if entry["key"] == published.file:
                return int(entry["size"]), str(entry["checksum"]).removeprefix("md5:")
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise requests.RequestException("its answer is not that of Zenodo") from error
    raise requests.RequestException(f"record {published.record} lists no such file")


class _TooMuch(requests.RequestException):
    """More bytes than were announced."""


def _transfer(url: str, part: Path, size: int, progress: Progress) -> None:
    """Append to ``part`` until it is complete; retry as long as each attempt receives data."""
    task = progress.task_ids[0]
    while True:
        before = part.stat().st_size if part.exists() else 0
        if before > size:
            part.unlink()
            before = 0
        progress.update(task, total=size, completed=before)
        if before == size:
            return
        try:
            headers = {"Range": f"bytes={before}-", "Accept-Encoding": "identity"}
            with requests.get(url, headers=headers, stream=True, timeout=TIMEOUT) as answer:
                answer.raise_for_status()
                # A server without support for ranges answers 200, with the complete file.
                with part.open("ab" if answer.status_code == 206 else "wb") as handle:
                    progress.update(task, completed=handle.tell())
                    for block in answer.iter_content(1 << 18):
                        handle.write(block)
                        if handle.tell() > size:
                            raise _TooMuch(f"the server sends more than the {size:,} bytes of it")
                        progress.advance(task, len(block))
        except _TooMuch:
            part.unlink()
            raise
        except requests.RequestException:
            if not part.exists() or part.stat().st_size <= before:
                raise
        else:
            if part.stat().st_size <= before:
                raise requests.ConnectionError("the server closed the connection")


def _check_md5(file: Path, path: Path, expected: str) -> None:
    digest = hashlib.md5(usedforsecurity=False)
    with file.open("rb") as handle:
        while block := handle.read(1 << 20):
            digest.update(block)
    if digest.hexdigest() != expected:
        if file != path:
            file.unlink()
        raise InputError(
            f"{path}: expected the MD5 checksum {expected}, received {digest.hexdigest()}; "
            + ("fetch it again" if file != path else "remove it and fetch it again")
        )


def _require_space(path: Path, size: int) -> None:
    free = shutil.disk_usage(path.parent).free
    if size > free:
        raise InputError(
            f"{path.parent}: expected {size / 1e9:.1f} GB of free space for {path.name}, found "
            f"{free / 1e9:.1f} GB; free disk space or choose another folder with `cache`"
        )


def _unpack(archive: Path, folder: Path) -> Path:
    """Extract the jet files of an archive to a folder that appears when it is complete."""
    partial = folder.with_name(f".{folder.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir()
    try:
        with tarfile.open(archive) as content:
            for member in content:
                name = PurePosixPath(member.name).name  # members cannot leave the folder
                wanted = member.isreg() and name.endswith(SUFFIXES)  # no links
                data = content.extractfile(member) if wanted else None
                if data is not None:
                    with data, (partial / name).open("wb") as handle:
                        shutil.copyfileobj(data, handle, 1 << 20)
    except (tarfile.TarError, EOFError, gzip.BadGzipFile, zlib.error) as error:
        shutil.rmtree(partial)
        raise InputError(
            f"{archive}: expected a complete .tar.gz archive, received one that is cut short or "
            f"damaged ({error}); remove it and fetch it again"
        ) from error
    return partial.replace(folder)


def _progress(name: str) -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn())
    progress = Progress(
        *columns, TransferSpeedColumn(), TimeRemainingColumn(), console=Terminal(file=sys.stderr)
    )
    progress.add_task(name, total=None)
    return progress


def _reason(error: requests.RequestException) -> str:
    """The cause of a failed request in a few words."""
    if isinstance(error, requests.HTTPError):
        return f"the server answered {error.response.status_code} {error.response.reason}"
    if isinstance(error, requests.Timeout):
        return "the server does not answer"
    if isinstance(error, requests.exceptions.ChunkedEncodingError):
        return "the connection was interrupted"
    if isinstance(error, requests.ConnectionError):
        return "no connection to the server"
    return str(error)
