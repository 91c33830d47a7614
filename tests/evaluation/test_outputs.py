"""Where the result of files given by a pattern is written."""

import pytest

from jetgen.config.evaluate import EvaluateConfig
from jetgen.errors import InputError
from jetgen.evaluation.command import evaluate_files


def test_a_pattern_of_generated_files_needs_an_output(tmp_path):
    config = EvaluateConfig(generated=str(tmp_path / "*.h5"), real=str(tmp_path / "real.h5"))
    with pytest.raises(InputError, match="output: expected a file to write for the pattern"):
        evaluate_files(config)
