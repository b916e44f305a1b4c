"""The project that flake8 is pointed at."""

import shutil
from pathlib import Path

import pytest

PROJECT = Path(__file__).parent / "project"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy of the project, outside of leaklint's own."""
    return shutil.copytree(PROJECT, tmp_path / "bot-project")
