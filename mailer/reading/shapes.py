"""What the letters of a line alone say: numbered, marked, bracketed, a caption, a contributor."""

import re

from mailer.reading.letters import compact, dense, ends_sentence, tidy, tidy_heading

_MARKERS = "■□◎★☆▓※●○◆◇▲△▶►▌▍◤◢◼▪❖✦✿"
_LONGEST = 60
_LONGEST_COLUMN = 10
_LEVELS = (
    re.compile(r"^第?[一二三四五六七八九十]+[、．.]\s*"),
    re.compile(r"^[（(][一二三四五六七八九十]+[）)]\s*[、.．]?"),
    re.compile(r"^[0-9０-９]{1,2}\s*[.．、](?![0-9０-９])\s*"),
    re.compile(r"^[（(][0-9０-９]{1,2}[）)]\s*"),
    re.compile(r"^[①②③④⑤⑥⑦⑧⑨⑩⑪⑫]\s*"),
)
_MARKED = re.compile(rf"^[{_MARKERS}]+\s*")
_BOXED = re.compile(
    r"^[【〖［\[〔◆★●■—\-=≡]*[【〖［\[]\s*(?P<text>[^】〗］\]]+?)\s*[】〗］\]][◆★●■—\-=≡]*$"
)
_FRAMED = re.compile(
    r"^(?P<mark>[≡◆★●■◎※☆▲]{1,3}|[=—\-~]{2,})\s*(?P<text>[^≡◆★●■◎※☆▲=~]{2,12}?)\s*(?P=mark)$"
)
_CAPTION = re.compile(
    r"^(?P<kind>图|表|附图|附表|插图"
    r"|照片)\s*(?:[0-9０-９一二三四五六七八九十]+(?:[-－—.．][0-9]+)?)\s*[:：、.．\s]?"
    r"|^[（(]?(?P<shown>图为|图片[:：]|图[:：]|图片说明|上图|下图|左图|右图)"
)
_PHOTO = re.compile(r"^[（(]?(?:摄影|摄|图/|图片来源|.{1,12}摄(?:影)?)[:：]?.{0,16}[）)]?$")
_BRACKETED = re.compile(
    r"^[（(]\s*(?P<text>[^（()）]*(?:[（(][^（()）]*[）)])?[^（()）]*)\s*[）)]$"
)
_SUPPLIED = re.compile(
    r"^[（(]?\s*(?:供稿(?:单位|人)?|来稿|撰稿(?:人)?|作者|通讯员|来源|稿源|报送单位"
    r"|信息来源|文[/／])\s*[:：]?\s*(?P<text>[^，。]{2,40}?)\s*[）)]?$"
)
_SUPPLIED_END = re.compile(
    r"^[（(]?(?P<text>[^，。：]{2,40}?)\s*(?:供\s*稿|报送|来稿|提供|撰稿)\s*[）)]?$"
)
_NOTE = re.compile(
    r"^[【\[（(〔]?\s*(?:编\s*者\s*按|编\s*者\s*的\s*话|編\s*者\s*按|编\s*后|编后语"
    r"|按\s*语|本期导语|卷首语|编辑按语|开栏语|开栏的话)\s*[】\]）)〕]?\s*[:：]?"
    r"|^按\s*[:：]"
)
_COLUMN = re.compile(
    "(?:要闻|简讯|短讯|特稿|专稿|要情|头条|动态|动向|专题|简报集锦|他山之石|工作研究"
    "|一句话新闻|图片新闻|今日要闻|通知公告|热点|交流|经验|调研|"
    ".{0,6}(?:动态|活动|交流|之窗|聚焦|解读|园地|要闻|速递|速览|简讯|传真|播报|看台|天地"
    "|观察|风采|论坛|之声|短波|集锦|扫描|链接|选登"
    "|快讯|纵横|视点|视窗|参考|追踪|话题|讲话|掠影|撷英|荟萃|快报|经验|研究|信息|瞭望"
    "|窗口|专栏|一线|前沿|之家|简述|简况))"
)
_BODY_STARTS = re.compile(
    r"^(?:为(?:了|进一步|深入|全面|切实|扎实|推动|加强|做好|贯彻)"
    r"|在.{2,20}[中下上时后前]，|近日|日前|近期|近年来|今年|去年|据|自|随着|按照|根据|截至"
    r"|截止|目前|下一步|同时|会上|会议|通过|此外|此次|本次|其中|当天|当日|连日来|"
    r"[0-9０-９]{1,4}\s*[年月](?:[0-9０-９]{1,2}\s*[月日])?"
    r"|[0-9０-９]{1,2}\s*月\s*[0-9０-９]{1,2}\s*日|[一二三四五六七八九十]是)"
)
_PLACEHOLDER = re.compile(
    r"^[■※◎★●\s]*(?:%\w+%|\{\{?\s*\w+\s*\}?\}|\$\{\w+\}|[（(【\[]?\s*(?:标题|文章标题|题目"
    r"|内容|正文内容|来源网站)\s*[0-9一二三]?[）)】\]]|[XxＸ×]{3,})$"
)
_BLANK_DATE = re.compile(r"^[（(]?(?:日期[:：])?\s*年\s*月\s*日[）)]?$")


def level_of(text: str) -> int | None:
    """Return the level of the number that a line begins with (0 for 一、, 1 for （一） …)."""
    for level, pattern in enumerate(_LEVELS):
        if pattern.match(text):
            return level
    return None


def marker_of(text: str) -> str | None:
    """Return the sign (■ ◎ ★ …) that a headline begins with."""
    found = _MARKED.match(text)
    return found[0].strip() if found else None


def unmarked(text: str) -> str:
    """Return a headline without its sign."""
    return _MARKED.sub("", text).strip(f"{_MARKERS} \u3000")


def boxed(text: str) -> str | None:
    """Return the text of a line that stands wholly in 【】 or between two signs."""
    found = _BOXED.match(text.strip()) or _FRAMED.match(text.strip())
    return tidy(found["text"]).replace(" ", "") if found else None


def is_caption(text: str) -> bool:
    """Tell whether a line is the caption of a picture or table (图1 …, 图为…)."""
    return _CAPTION.match(text) is not None and not (ends_sentence(text) and "如" in text[:6])


def is_table_caption(text: str) -> bool:
    """Tell whether a caption belongs to a table."""
    return text.lstrip().startswith(("表", "附表")) and is_caption(text)


def contributor_of(text: str) -> str | None:
    """Return who supplied the article, where a line says only that."""
    text = text.strip()
    if len(text) > _LONGEST or is_note(text) or is_placeholder(text):
        return None
    whole = re.fullmatch(r"[（(](.*)[）)]", text)
    inner = whole[1].strip() if whole and _BRACKETED.match(text) else text
    first = re.split(r"[，,；;]\s*(?=执笔|撰稿|作者|摄影|供稿|通讯员|联系|电话)", inner)[0]
    found = _SUPPLIED.match(first) or _SUPPLIED_END.match(first)
    if found:
        return tidy_heading(found["text"]).strip("：: ")
    if (
        whole
        and inner
        and not re.search("[。！？；]|[，].*[，]", inner)
        and len(inner) <= _LONGEST / 2
    ):
        return tidy_heading(first)
    return None


def is_contributor(text: str) -> bool:
    """Tell whether a line says only who supplied the article."""
    return contributor_of(text) is not None


def is_note(text: str) -> bool:
    """Tell whether a line begins an editor's note (编者按)."""
    return _NOTE.match(text) is not None


def note_text(text: str) -> str:
    """Return an editor's note without its heading."""
    return _NOTE.sub("", text).strip()


def is_subtitle(text: str) -> bool:
    """Tell whether a line is a subtitle: it begins with a dash."""
    return re.match(r"^\s*(?:[—―─–]{1,3}|-{2,3})\s*[^\d\s—\-]", text) is not None


def is_column_word(text: str) -> bool:
    """Tell whether a line names a usual column (领导动态, 经验交流)."""
    bare = compact(unmarked(text))
    return len(bare) <= _LONGEST_COLUMN and _COLUMN.fullmatch(bare) is not None


def is_placeholder(text: str) -> bool:
    """Tell whether a line is an empty place of a template (%title%, （标题）)."""
    return _PLACEHOLDER.match(text.strip()) is not None


def is_blank_form(text: str) -> bool:
    """Tell whether a line is an empty place of a form (年 月 日)."""
    return _BLANK_DATE.match(text.strip()) is not None


def begins_item(text: str) -> bool:
    """Tell whether a line begins something new beyond doubt: a number, a sign, a box."""
    text = text.lstrip()
    if level_of(text) is not None or marker_of(text) or boxed(text) is not None:
        return True
    return is_caption(text) or is_note(text) or is_subtitle(text)


def could_be_headline(text: str) -> bool:
    """Tell whether a line could be a headline by its letters: short, without a final stop."""
    if len(text) > 2 * _LONGEST:
        return False
    bare = dense(text)
    if not bare or len(bare) > _LONGEST or "。" in bare or "；" in bare:
        return False
    if bare[-1] in "，、；：:;,。" and not (bare[-1] in "：:" and len(bare) <= _LONGEST / 3):
        return False
    if bare.count("：") + bare.count(":") > 1:
        return False
    commas = bare.count("，")
    if commas > 1 or (commas and len(bare) > _LONGEST / 2) or not _is_balanced(bare):
        return False
    return _BODY_STARTS.match(bare) is None or (not commas and len(bare) <= _LONGEST / 3)


def _is_balanced(text: str) -> bool:
    """Tell whether every quote and bracket that opens is closed."""
    return all(
        text.count(opener) == text.count(closer) for opener, closer in ("“”", "《》", "（）")
    )
