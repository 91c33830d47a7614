"""``python -m jetgen`` is ``jetgen``."""

import sys

from jetgen.cli.main import main

sys.exit(main())
