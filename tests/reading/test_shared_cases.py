import json
import re
import unicodedata
from pathlib import Path

import pytest

from mailer.reading.contract import to_json_dict
from mailer.reading.reading import read_file

CASES = Path(__file__).parents[2] / ".." / "shared" / "cases"
FOLDERS = sorted(path.parent for path in CASES.glob("*/truth.json")) if CASES.is_dir() else []
HEAD = ("title", "number", "year", "total", "publisher", "date")
ROLES = {"抄报": "报", "分送": "送"}

pytestmark = pytest.mark.skipif(not FOLDERS, reason="the labelled cases are kept beside a checkout")


def _norm(value: object) -> str | None:
    return None if value is None else re.sub(r"\s+", "", unicodedata.normalize("NFKC", str(value)))


@pytest.mark.parametrize("folder", FOLDERS, ids=[folder.name for folder in FOLDERS])
def test_labelled_case_reads_as_decided(folder: Path) -> None:
    """Masthead, headlines, ends of bodies and every entry, as people decided by reading."""
    truth = json.loads((folder / "truth.json").read_text("utf-8"))
    got = json.loads(json.dumps(to_json_dict(read_file(next(folder.glob("source.*"))))))
    for key in HEAD:
        accepted = [truth[key], *truth.get("accept", {}).get(key, [])]
        assert _norm(got[key]) in [_norm(each) for each in accepted], key
    articles = truth.get("articles", [])
    assert [_norm(each["title"]) for each in got["articles"]] == [
        _norm(each["title"] or "") for each in articles
    ]
    for wanted, found in zip(articles, got["articles"], strict=True):
        texts = [_norm(part["text"]) or "" for part in found["body"] if part["type"] == "paragraph"]
        assert len(texts) == wanted["paragraphs"]
        assert texts[0].startswith(_norm(wanted["first"]) or "")
        assert texts[-1].endswith(_norm(wanted["last"]) or "")
    assert [
        (ROLES.get(block["kind"], block["kind"]), [_norm(entry) for entry in block["entries"]])
        for block in got["blocks"]
    ] == [
        (ROLES.get(block["kind"], block["kind"]), [_norm(entry) for entry in block["entries"]])
        for block in truth.get("blocks", [])
    ]
