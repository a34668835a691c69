"""``make demo``: what a new user sees first has to end well."""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from runtime.paths import PROJECT_ROOT
from runtime.settings import PREFIX

SEED = PROJECT_ROOT.parent / "shared" / "cases" / "000-seed" / "source.txt"


def run_demo(*arguments: str) -> "subprocess.CompletedProcess[str]":
    """Run the demo in a home of its own."""
    home = Path(tempfile.mkdtemp(prefix="jianbao-demo-"))
    home.chmod(0o711)
    environment = {n: v for n, v in os.environ.items() if not n.startswith(PREFIX)}
    try:
        return subprocess.run(
            [sys.executable, "-m", "mailer.cli.main", "demo", "--exit", *arguments],
            cwd=PROJECT_ROOT,
            env=environment | {PREFIX + "HOME": str(home), PREFIX + "LANGUAGE": "en"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=150,
        )
    finally:
        shutil.rmtree(home, ignore_errors=True)


def test_the_sample_office_gets_its_bulletin() -> None:
    """Every delivery ends as its mailbox declares, and the inbox's bytes are the mails meant."""
    result = run_demo()
    assert result.returncode == 0, result.stdout[-3000:] + result.stderr[-3000:]
    assert "each as its mailbox declares" in result.stdout
    assert "Traceback" not in result.stdout + result.stderr


@pytest.mark.skipif(not SEED.exists(), reason="the shared cases are not beside this checkout")
def test_any_bulletin_can_be_tried() -> None:
    """A bulletin's own blocks make a directory, and it goes out to it."""
    result = run_demo("--bulletin", str(SEED))
    assert result.returncode == 0, result.stdout[-3000:] + result.stderr[-3000:]


def test_a_file_without_blocks_is_refused(tmp_path: Path) -> None:
    """Without blocks there is nobody to send to, and the demo says so."""
    file = tmp_path / "plain.txt"
    file.write_text("只是一段文字，没有报送对象。\n", encoding="utf-8")
    result = run_demo("--bulletin", str(file))
    assert result.returncode == 1
    assert "has no distribution blocks" in result.stderr
