"""Messages about unknown names are short: at most ten known ones, and those nearly the same."""

import pytest

import jetgen
from jetgen.cli.main import main
from jetgen.datasets.download.catalogue import find
from jetgen.errors import InputError
from jetgen.physics.classes import class_index


@pytest.mark.parametrize(
    ("call", "near"),
    [
        (lambda: jetgen.train(epoch=3), "received epoch; did you mean 'epochs'"),
        (lambda: jetgen.generate("run", fiks=3), "received fiks"),
        (lambda: find("jetnet30-gg"), "did you mean 'jetnet30-g'"),
        (lambda: class_index("gluonn"), "did you mean 'gluon'"),
        (lambda: class_index("xx"), "and 8 more$"),
        (lambda: jetgen.read("data/gluon.h5", map={"set": "n", "pxx": "a"}), "no map"),
    ],
)
def test_an_unknown_name_is_refused_with_the_nearest_not_with_all(call, near, request, monkeypatch):
    monkeypatch.chdir(request.config.rootpath)
    with pytest.raises(InputError, match=near) as error:
        call()
    assert str(error.value).count(",") <= 12


@pytest.mark.parametrize(
    ("words", "near"),
    [
        (["train", "--hiden", "3"], "did you mean '--hidden'"),
        (["trian"], "did you mean 'train'"),
    ],
)
def test_a_mistyped_word_of_the_command_line_is_refused_with_the_nearest(words, near, capsys):
    assert main(words) == 2
    assert near in capsys.readouterr().err
