"""Fetching from a server on this machine that cuts connections and serves wrong bytes."""

from __future__ import annotations

import hashlib
import io
import json
import re
import shlex
import socket
import tarfile
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from jetgen.cli.main import main
from jetgen.datasets import read
from jetgen.datasets.download.catalogue import KNOWN_MD5, catalogue, find
from jetgen.datasets.download.command import _unpack, fetch
from jetgen.errors import InputError
from jetgen.files.cache import cache_folder


class Zenodo(ThreadingHTTPServer):
    """Serves one file; ``cuts`` says after how many bytes each of the next answers breaks off."""

    def __init__(self, name: str, content: bytes) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.name, self.content = name, content
        self.md5 = hashlib.md5(content).hexdigest()
        self.cuts: list[int] = []
        self.ranges = True
        self.record: bytes | None = None  # in place of the usual answer
        self.asked: list[str | None] = []
        self.url = f"http://127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    server: Zenodo

    def log_message(self, *_: object) -> None:
        pass

    def do_GET(self) -> None:
        server = self.server
        if self.path.startswith("/api/records/"):
            entry = {
                "key": server.name,
                "size": len(server.content),
                "checksum": f"md5:{server.md5}",
            }
            body, status = server.record or json.dumps({"files": [entry]}).encode(), 200
        elif self.path.endswith(f"/files/{server.name}"):
            server.asked.append(self.headers["Range"])
            start = int(self.headers["Range"].split("=")[1].rstrip("-")) if server.ranges else 0
            body, status = server.content[start:], 206 if server.ranges else 200
        else:
            body, status = b"", 404
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        cut = server.cuts.pop(0) if server.cuts and status == 206 else len(body)
        self.wfile.write(body[:cut])


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


@pytest.fixture
def zenodo() -> Iterator[Zenodo]:
    with Zenodo("g.hdf5", bytes(range(256)) * 4000) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def test_a_file_is_fetched_once(zenodo: Zenodo, tmp_path: Path) -> None:
    path = fetch("jetnet30-g", cache=tmp_path, server=zenodo.url)
    assert path == tmp_path / "g.hdf5"
    assert path.read_bytes() == zenodo.content
    assert [p.name for p in tmp_path.iterdir()] == ["g.hdf5"]


def test_a_cut_connection_is_resumed_at_once(zenodo: Zenodo, tmp_path: Path) -> None:
    zenodo.cuts = [300_000, 400_000]
    path = fetch("jetnet30-g", cache=tmp_path, server=zenodo.url)
    assert path.read_bytes() == zenodo.content
    assert zenodo.asked[0] == "bytes=0-"
    assert len(zenodo.asked) == 3
    assert all(int(asked[6:-1]) > 0 for asked in zenodo.asked[1:] if asked)


def test_a_cut_that_lasts_is_resumed_by_the_next_call(zenodo: Zenodo, tmp_path: Path) -> None:
    zenodo.cuts = [300_000, 0, 0]
    with pytest.raises(InputError, match=r"cannot fetch g\.hdf5"):
        fetch("jetnet30-g", cache=tmp_path, server=zenodo.url)
    kept = (tmp_path / "g.hdf5.part").stat().st_size
    assert 0 < kept <= 300_000
    zenodo.cuts = []
    path = fetch("jetnet30-g", cache=tmp_path, server=zenodo.url)
    assert zenodo.asked[-1] == f"bytes={kept}-"
    assert path.read_bytes() == zenodo.content


def test_a_server_without_ranges_starts_over(zenodo: Zenodo, tmp_path: Path) -> None:
    zenodo.ranges = False
    (tmp_path / "g.hdf5.part").write_bytes(b"other bytes")
    path = fetch("jetnet30-g", cache=tmp_path, server=zenodo.url)
    assert path.read_bytes() == zenodo.content


def test_a_wrong_checksum_leaves_nothing(zenodo: Zenodo, tmp_path: Path) -> None:
    zenodo.md5 = "0" * 32
    with pytest.raises(InputError, match=f"expected the MD5 checksum {'0' * 32}, received"):
        fetch("jetnet30-g", cache=tmp_path, server=zenodo.url)
    assert list(tmp_path.iterdir()) == []


def test_a_record_without_the_file(zenodo: Zenodo, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"record 6975118 lists no such file"):
        fetch("jetnet30-t", cache=tmp_path, server=zenodo.url)


@pytest.mark.parametrize("answer", [b"<html>", b"[]", b"7", b'{"files": [{"size": 3}]}'])
def test_an_odd_answer_about_the_record(zenodo: Zenodo, tmp_path: Path, answer: bytes) -> None:
    zenodo.record = answer
    with pytest.raises(InputError, match=r"cannot fetch g\.hdf5"):
        fetch("jetnet30-g", cache=tmp_path, server=zenodo.url)


def test_a_server_that_sends_more_than_it_announced(zenodo: Zenodo, tmp_path: Path) -> None:
    entry = {"key": "g.hdf5", "size": 1000, "checksum": "md5:0"}
    zenodo.record = json.dumps({"files": [entry]}).encode()
    with pytest.raises(InputError, match="more than the 1,000 bytes"):
        fetch("jetnet30-g", cache=tmp_path, server=zenodo.url)
    assert list(tmp_path.iterdir()) == []


def test_links_in_an_archive_are_not_followed(hls4ml_file, tmp_path: Path) -> None:
    archive = tmp_path / "hls4ml_LHCjet_100p_val.tar.gz"
    with tarfile.open(archive, "w:gz") as content:
        content.add(hls4ml_file("jets.h5"), "jets.h5")
        for kind, target in ((tarfile.SYMTYPE, "/etc/passwd"), (tarfile.LNKTYPE, "nowhere.h5")):
            link = tarfile.TarInfo(f"link{kind.decode()}.h5")
            link.type, link.linkname = kind, target
            content.addfile(link)
    folder = _unpack(archive, tmp_path / "unpacked")
    assert [path.name for path in folder.iterdir()] == ["jets.h5"]


def test_no_network_says_which_file_to_put_where(tmp_path: Path, capsys) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        server = f"http://127.0.0.1:{unused.getsockname()[1]}"
        words = ["fetch", "qg-herwig-3", "--cache", str(tmp_path), "--server", server]
        assert main(words) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert len(shown.err.splitlines()) == 1
    assert f"{server}/records/3066475/files/QG_jets_herwig_3.npz" in shown.err
    assert str(tmp_path / "QG_jets_herwig_3.npz") in shown.err
    assert "no connection to the server" in shown.err


def test_a_file_put_there_by_hand_is_taken(jetnet_file, tmp_path: Path, capsys) -> None:
    path = jetnet_file("t150.hdf5", slots=150)
    assert (
        main(["fetch", "jetnet150-t", "--cache", str(tmp_path), "--server", "http://[::1]:1"]) == 0
    )
    assert capsys.readouterr().out.strip() == str(path)


def test_a_wrong_file_put_there_by_hand_is_refused(tmp_path: Path) -> None:
    (tmp_path / "QG_jets.npz").write_bytes(b"PK")
    with pytest.raises(InputError, match=f"expected the MD5 checksum {KNOWN_MD5['QG_jets.npz']}"):
        fetch("qg-pythia-0", cache=tmp_path)
    (tmp_path / "q.hdf5").write_bytes(b"<html>")
    with pytest.raises(InputError, match="is it the error of a failed download"):
        fetch("jetnet30-q", cache=tmp_path)


def test_archives_become_folders_that_can_be_read(hls4ml_file, tmp_path: Path) -> None:
    files = [hls4ml_file(f"val/jetImage_{i}_100p_0_10000.h5", labels="gt", seed=i) for i in (0, 1)]
    archive = tmp_path / "cache" / "hls4ml_LHCjet_100p_val.tar.gz"
    archive.parent.mkdir()
    with tarfile.open(archive, "w:gz") as tar:
        for file in files:
            tar.add(file, f"val/{file.name}")
        outside = tarfile.TarInfo("../../outside.h5")
        outside.size = 4
        tar.addfile(outside, io.BytesIO(b"evil"))
    folder = fetch("hls4ml100-val", cache=archive.parent)
    assert not (tmp_path / "outside.h5").exists()
    (folder / "outside.h5").unlink()
    assert read(folder).condition("type").tolist() == [0, 2, 0, 2]
    archive.unlink()
    assert fetch("hls4ml100-val", cache=archive.parent) == folder


def test_an_archive_cut_short_leaves_no_folder(hls4ml_file, tmp_path: Path) -> None:
    archive = tmp_path / "hls4ml_LHCjet_150p_train.tar.gz"
    with tarfile.open(archive, "w:gz") as tar:
        tar.add(hls4ml_file(labels="gt" * 50), "train/a.h5")
    archive.write_bytes(archive.read_bytes()[:-3000])
    with pytest.raises(InputError, match="cut short"):
        fetch("hls4ml150-train", cache=tmp_path)
    assert not any(path.is_dir() for path in tmp_path.iterdir())


def test_the_cache_folder(monkeypatch, tmp_path: Path) -> None:
    monkeypatch.delenv("JETGEN_CACHE", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_folder() == tmp_path / "jetgen"
    monkeypatch.setenv("JETGEN_CACHE", str(tmp_path / "mine"))
    assert cache_folder() == tmp_path / "mine"
    assert cache_folder("given") == Path("given")


def test_the_catalogue_names_the_published_files() -> None:
    known = catalogue()
    assert len(known) == 10 + 4 + 80 + 6
    assert len({(p.record, p.file) for p in known.values()}) == len(known)
    assert known["qg-pythia-0"].file == "QG_jets.npz"
    assert known["qg-herwig-withbc-0"].file == "QG_jets_herwig_withbc_0.npz"
    assert {p.file for p in known.values()} >= set(KNOWN_MD5)
    with pytest.raises(InputError, match="expected one of jetnet30-g, "):
        fetch("jetnet")


ROOT = Path(__file__).parents[3]
PAGES = (ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")))
COMMANDS = sorted(
    {
        found
        for page in PAGES
        for found in re.findall(r"^jetgen fetch [^#\n]*", page.read_text(encoding="utf-8"), re.M)
    }
)


def test_there_are_commands() -> None:
    assert len(COMMANDS) >= 2


@pytest.mark.parametrize("command", COMMANDS)
def test_the_commands_of_the_pages_fetch(
    command: str,
    zenodo: Zenodo,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("JETGEN_CACHE", "cache")
    words = shlex.split(command)[1:]
    zenodo.name = find(words[1]).file
    assert main([*words, "--server", zenodo.url]) == 0
    assert Path(capsys.readouterr().out.strip()).read_bytes() == zenodo.content
