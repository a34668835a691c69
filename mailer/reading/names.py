"""How the names of units, posts and bulletins are built: what a clerk knows by heart."""

import re

from mailer.reading.letters import compact, has_sentence

# The last word of a unit's name, in both scripts.
_UNIT_ENDS = (
    "局|委|办|厅|部|处|科|室|院|所|站|队|中心|协会|学会|商会|公司|集团|企业|银行|支行"
    "|分行|学校|大学"
    "|学院|中学|小学|幼儿园|医院|政府|人大|政协|党组|总支|支部|工会|妇联|公会|联合会"
    "|委员会|领导小组"
    "|指挥部|编辑部|报社|杂志社|通讯社|基地|园区|开发区|街道|镇|乡|村|社区|单位|部门|机关"
    "|组织|机构|海关|总署"
    "|署|台|馆|社|会|组|行|司|县|市|区|省|州|旗|盟|系统|专班|库|厂|店|场|港|矿|军区|联社|部队|中队"
    "|處|辦|廳|會|館|隊|縣|區|單位|部門|機關|銀行|學校|學院|醫院|公會|黨委|行庫|團|团|校|园|园林"
    "|党委|纪委|监委|工委|地区|分局|总局|税务|综治|热线|平台|网|报|论坛|民政|街|点|处室|科室|各庭"
    "|庭|户|家|商户|门店|网点|营业部|事务所|服务站|卫生院|卫生室|客户|用户|会员|院校|高校"
)
_POST_ENDS = (
    "书记|主任|[局处科县市省区镇乡州旗部厅司院校会所站队组社台馆行署]长|主席|理事长|经理"
    "|董事长|总监"
    "|秘书长|委员|常委|领导|成员|代表|同志|调研员|巡视员|负责人|干部|顾问|專員|专员|理事"
    "|监事|理監事|顧問"
    "|员|人员|教师|校友|院士|专家|联络员|參事|参事|总工程师|工程师|总师|首长|班子"
)
_PLACE_STARTS = (
    "国家|国务院|中央|中共|中国|全国|各|本|省|市|县|区|州|旗|盟|乡|镇|街道|局|厅|部|委|院|校|公司"
    "|党|政|人大|政协|驻|有关|相关|其他|全体|全省|全市|全县|全区|机关|直属|所属|下属|国|縣|區|會|会"
)
_UNIT = re.compile(f"(?:{_UNIT_ENDS})(?:本级|各处室|[一二三四五六七八九十]+[处科部室组])?$")
_POST = re.compile(f"(?:{_POST_ENDS})$")
_START = re.compile(f"^(?:《|“)?(?:{_PLACE_STARTS})")
_TAIL_BRACKET = re.compile(r"[（(〔\[][^（()）〔〕\[\]]*[）)〕\]]$")
_COLLECTIVE = re.compile(
    "^(?:各|全体|所有|有关|相关|其他)|各[^，、]*$|所属|直属|局属|成员单位|相关"
)

BULLETIN_WORD = re.compile(
    "(?:简报|简讯|简况|簡報|動態|信息|動向|动态|动向|专报|專報|快报|快訊|快讯|通讯|通訊"
    "|会讯|月报|月報|周报|日报|旬报"
    "|季报|季刊|年报|月刊|半月刊|双月刊|周刊|参考|參考|反映|要情|舆情|内参|摘报|摘编|文摘"
    "|摘要|通报|通報|参阅|專刊|专刊|会刊"
    "|會刊|院刊|校刊|工作交流|交流|要报|情况|建议|园地|之窗|导刊|导报|要闻|资讯|資訊|播报"
    "|速递|速报|快递|呈阅件|报告|研究|调研|论坛|视窗"
    "|之声|风采|通信|内刊|纪实|工作报|战报|晨报|晚报|值班信息|动态信息|学习|资料|文摘"
    "|期刊|简刊|直报|報)$"
)
"""The last word of a bulletin's name."""

OFFICIAL_KINDS = "决议|决定|命令|令|公报|公告|通告|意见|通知|通报|报告|请示|批复|议案|函|纪要"
"""The fifteen kinds of the statutory documents (令 stands for 命令)."""


def looks_like_unit(text: str) -> bool:
    """Tell whether ``text`` ends as the name of a unit does."""
    bare = _bare(text)
    return len(bare) > 1 and _UNIT.search(bare) is not None


def looks_like_person(text: str) -> bool:
    """Tell whether ``text`` ends as a post does, with or without a name before it."""
    return _POST.search(_bare(text)) is not None


def looks_like_receiver(text: str) -> bool:
    """Tell whether ``text`` may be an entry of a block: a unit, a person, a collective item."""
    bare = _bare(text)
    if not bare or has_sentence(bare):
        return False
    return looks_like_unit(bare) or looks_like_person(bare) or is_collective(bare)


def is_collective(text: str) -> bool:
    """Tell whether ``text`` stands for a class (各快递企业, 领导小组各成员单位)."""
    return _COLLECTIVE.search(_bare(text)) is not None


def begins_like_receiver(text: str) -> bool:
    """Tell whether ``text`` begins as an entry does: with a place, a level word or 各."""
    return _START.match(compact(text)) is not None


def is_bulletin_name(text: str) -> bool:
    """Tell whether ``text`` ends with the kind of a bulletin (简报, 动态, 专报 …)."""
    return BULLETIN_WORD.search(_bare(text)) is not None


def _bare(text: str) -> str:
    """Return ``text`` without blanks, final stops and a final bracket."""
    text = compact(text).rstrip("。．.;,，、")
    while (shorter := _TAIL_BRACKET.sub("", text)) != text and shorter:
        text = shorter
    return text
