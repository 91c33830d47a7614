"""``python -m jetgen.cli.step WORDS``: a jetgen command that ends with its parent process."""

import os
import signal
import sys
import threading

from jetgen.cli.main import main


def _end_with_parent() -> None:
    """Wait until the standard input, a pipe from the parent, is closed; then end this process."""
    while os.read(0, 1):  # sys.stdin has a lock that would be held while Python shuts down
        pass
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    threading.Thread(target=_end_with_parent, daemon=True).start()
    sys.exit(main())
