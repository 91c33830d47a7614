"""The order in which the batches of several workers are taken."""

import multiprocessing
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from jetgen.datasets.parallel import received
from jetgen.datasets.simulation.clustering import Jets
from jetgen.errors import InputError


def batch(mark: int, jets: int = 2) -> Jets:
    momenta = np.full((4, jets), float(mark))
    return Jets(momenta, np.zeros(jets, int), momenta, np.ones(jets, int))


def given_out(senders_work, quotas, stop=lambda given: False):
    pipes, threads, given = [], [], []
    for work in senders_work:
        receiver, sender = multiprocessing.Pipe(duplex=False)
        pipes.append(receiver)

        def run(work=work, sender=sender):
            for delay, message in work:
                time.sleep(delay)
                sender.send(message)
            sender.close()

        threads.append(threading.Thread(target=run))
        threads[-1].start()
    try:
        for jets in received(pipes, quotas, lambda: stop(given)):
            given.append(int(jets.momenta[0, 0]))
        return given
    finally:
        for thread in threads:
            thread.join()
        for pipe in pipes:
            pipe.close()


def test_the_order_does_not_depend_on_who_is_faster():
    slow, quick = 0.05, 0.0
    work = [[(0.0, batch(i)) for i in (1, 2, 3)], [(0.0, batch(i)) for i in (11, 12, 13)]]
    first_slow = [[(slow, m) for _, m in work[0]], [(quick, m) for _, m in work[1]]]
    second_slow = [[(quick, m) for _, m in work[0]], [(slow, m) for _, m in work[1]]]
    expected = [1, 11, 2, 12, 3, 13]
    assert given_out(first_slow, [6, 6]) == expected
    assert given_out(second_slow, [6, 6]) == expected


@pytest.mark.parametrize("sent", [b"", (1000).to_bytes(4, "big"), (1000).to_bytes(4, "big") + b"x"])
def test_a_worker_that_dies_within_a_message_is_named(sent):
    receiver, sender = multiprocessing.Pipe(duplex=False)
    os.write(sender.fileno(), sent)
    sender.close()
    with receiver, pytest.raises(EOFError) as found:
        next(received([receiver], [3], lambda: False))
    assert found.value.args == (0,)


def test_a_worker_that_is_done_is_passed_over():
    work = [[(0, batch(1, 4))], [(0, batch(11, 1)), (0, batch(12, 2))]]
    assert given_out(work, [4, 3]) == [1, 11, 12]


def test_a_worker_that_ends_early_is_named():
    with pytest.raises(EOFError) as caught:
        given_out([[(0, batch(1))], []], [2, 2])
    assert caught.value.args == (1,)


def test_the_error_of_a_worker_is_raised():
    with pytest.raises(InputError, match="no such thing"):
        given_out([[(0, InputError("no such thing"))]], [2])


def test_stopping_gives_out_the_first_batches_without_a_gap():
    work = [[(0, batch(1)), (0.5, batch(2))], [(0, batch(11)), (0, batch(12))]]
    assert given_out(work, [4, 4], bool) in ([1], [1, 11])  # once there is one


CHILD = """
import multiprocessing, os, signal, time
from functools import partial
from jetgen.datasets.parallel import Share, in_turn

def work(file):
    with open(file, "w") as opened:
        opened.write(str(os.getpid()))
    time.sleep(60)
    yield [1]

if __name__ == "__main__":
    import sys
    next(in_turn([Share(partial(work, sys.argv[1]), 1)], lambda: False))
"""


@pytest.mark.skipif(os.name != "posix", reason="needs SIGKILL")
def test_a_worker_in_a_long_batch_ends_with_its_parent(tmp_path):
    script, file = tmp_path / "script.py", tmp_path / "number"
    script.write_text(CHILD)
    with subprocess.Popen([sys.executable, str(script), str(file)]) as parent:
        worker = wait_for(lambda: file.exists() and file.read_text())
        parent.kill()
    wait_for(lambda: not is_alive(int(worker)))


def is_alive(number: int) -> bool:
    try:
        os.kill(number, 0)
    except ProcessLookupError:
        return False
    status = Path(f"/proc/{number}/stat")  # a dead one may wait for its new parent
    return not status.exists() or status.read_text().rsplit(")", 1)[1].split()[0] != "Z"


def wait_for(condition):
    for _ in range(400):
        if found := condition():
            return found
        time.sleep(0.05)
    raise AssertionError
