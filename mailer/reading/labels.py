"""The words that open a distribution block (报：, 抄送：) and those of the imprint."""

import re
from dataclasses import dataclass

from mailer.reading.model import BlockRole

_ROLES: dict[str, BlockRole] = {
    **dict.fromkeys(("呈报", "主报", "抄报", "报", "呈送", "呈阅", "呈", "上报"), BlockRole.REPORT),
    **dict.fromkeys(("分送", "发送", "送", "送阅", "送达", "印送"), BlockRole.SEND),
    **dict.fromkeys(("增发", "印发", "分发", "下发", "发至", "发"), BlockRole.ISSUE_TO),
    **dict.fromkeys(("报送",), BlockRole.MIXED),
    **dict.fromkeys(("主送",), BlockRole.MAIN),
    **dict.fromkeys(("抄送", "抄发", "抄致"), BlockRole.COPY),
    **dict.fromkeys(("发送范围", "分送范围", "发放范围", "报送范围"), BlockRole.SEND),
}
_SIMPLIFIED = str.maketrans("報發範圍閱達", "报发范围阅达")
_TRADITIONAL = {"报": "报報", "发": "发發", "范": "范範", "围": "围圍", "阅": "阅閱", "达": "达達"}


def _spread(word: str) -> str:
    """Return a pattern of a word whose letters may be spread with blanks, in both scripts."""
    return r"\s*".join(f"[{_TRADITIONAL.get(letter, letter)}]" for letter in word)


_KIND = "|".join(_spread(word) for word in sorted(_ROLES, key=len, reverse=True))
_BEFORE = r"(?:^|(?<=[。；;\s\u3000（(>]))"
_LABEL = re.compile(
    rf"{_BEFORE}[（(>\s]{{0,6}}(?:[\d一二三四五]+[.、．]\s*)?(?:本\s*期)?(?P<kind>{_KIND})\s*[:：]"
    rf"|^[【\[〔［]\s*(?P<boxed>{_KIND})\s*[】\]〕］]\s*[:：]?"
)
_WEAK = re.compile(
    rf"^\s*(?P<kind>{_KIND})\s*[;；]\s*(?=\S)"
    rf"|^\s*(?P<bare>{_KIND})$"
    rf"|^\s*(?P<wide>{_KIND})(?:[ ]{{2,}}|\u3000+\s*)(?=\S)"
)

IMPRINT = re.compile(
    r"(?P<copies>[（(]?\s*(?:本期)?\s*[共印][印发]?\s*[:：]?\s*(?P<count>[0-9０-９零〇一二三四五六七八九十百千\s]+)\s*份\s*[）)]?)"
    r"|(?P<label>印\s*[数發发]\s*(?:数|份数)?|印\s*刷\s*份\s*数|(?:本期)?责\s*任\s*编\s*辑"
    r"|(?:本期)?責\s*任\s*編\s*輯|本期责编|责\s*编|执行编辑|编\s*辑|編\s*輯|编\s*校"
    r"|编\s*审|审\s*核|審\s*核|审\s*稿|审\s*签|审\s*定|核\s*稿|核\s*发|校\s*对"
    r"|签\s*发(?:\s*人)?|簽\s*發(?:\s*人)?|副?主\s*编|总\s*编|撰\s*稿(?:人)?|撰\s*写"
    r"|执\s*笔"
    r"|承\s*办\s*人|经\s*办\s*人|联\s*系\s*(?:人|电\s*话)|聯\s*絡\s*(?:人|電\s*話)|(?:值班"
    r"|咨询|服务|投稿|办公|卫星|編輯|编辑部)?\s*(?:电\s*话|電\s*話)|传\s*真"
    r"|(?:投稿|电子|電子)?\s*(?:邮\s*箱|郵\s*箱|信\s*箱)|电子邮件|E-?mail|地\s*址|邮\s*编"
    r"|网\s*址|分\s*析|制\s*作|制\s*图|值\s*班\s*[员人]|值班领导|编\s*制\s*单\s*位|审\s*批"
    r"|美\s*编|排\s*版|编\s*印|承印|录入|打字|校核|复核|组\s*稿|统\s*稿|投\s*稿)\s*[:：]"
    r"|(?P<archive>^\s*存\s*[档檔]\s*[（(：:]?|(?<=[，。；、\s])存\s*[档檔]\s*[（(])"
)
"""A copy count (共印60份), a label of the imprint (责任编辑：) or 存档."""

PRINTED = re.compile(
    r"(?:^|\s)(?P<unit>\S.*?\S)??\s*(?P<date>[12二][^，。]{6,14}?日)\s*(?:\d+\s*时)?\s*印\s*发\s*$"
)
"""The line 某办公室    2024年3月5日印发."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Label:
    """A label in a line: the kind as printed, in simplified letters without blanks."""

    kind: str
    start: int
    end: int
    weak: bool = False
    """No colon follows: a scanner's ；, a bare word, a word before wide blanks."""

    @property
    def role(self) -> BlockRole:
        """Return the direction of the block."""
        return _ROLES[self.kind]


def find_labels(text: str) -> list[Label]:
    """Return the labels of a line in order."""
    found = [_label(match, match["kind"] or match["boxed"]) for match in _LABEL.finditer(text)]
    if found:
        return found
    weak = _WEAK.match(text)
    if weak is None:
        return []
    return [_label(weak, weak["kind"] or weak["bare"] or weak["wide"], weak=True)]


def _label(match: re.Match[str], kind: str, *, weak: bool = False) -> Label:
    return Label(
        kind="".join(kind.split()).translate(_SIMPLIFIED),
        start=match.start(),
        end=match.end(),
        weak=weak,
    )
