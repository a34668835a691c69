"""An invented bulletin, as a perfect reader gives it: the writers print it, the tests compare."""

from mailer.reading.model import (
    Article,
    Block,
    BlockRole,
    DocumentKind,
    Imprint,
    IssueDocument,
    Paragraph,
    Subhead,
    Table,
)

TITLE = "澄湖市节水型城市创建工作简报"
PUBLISHER = "澄湖市节约用水办公室"
BROKEN_BEFORE = (
    "督导组还走访了三家印染企业，查看再生水回用管线和用水计量设施，详细了解企业用水定额执行情况，"
    "要求企业对照年度取水计划逐月核算，把节水改造与设备更新结合起来，"
)
BROKEN_AFTER = "力争年底前重复利用率再提高两个百分点。"
TABLE = (
    ("片区", "改造小区（个）", "更换管网（公里）"),
    ("东岸片区", "12", "8.6"),
    ("西岸片区", "9", "7.1"),
    ("高铁新城", "4", "5.3"),
)

ARTICLES = (
    Article(
        title="市节水办督导重点用水单位 节水改造进展",
        body=(
            Paragraph(
                text="9月9日至11日，市节水办联合市发展改革委对全市重点用水单位开展专项督导，"
                "现场抽查了澄湖钢铁、南岸热电等六家单位的节水改造项目。"
            ),
            Paragraph(text=BROKEN_BEFORE + BROKEN_AFTER),
            Paragraph(
                text="督导结束后，市节水办向有关单位逐一反馈了问题清单，明确整改时限为10月底。"
            ),
        ),
    ),
    Article(
        title="老旧小区管网改造完成年度任务九成",
        body=(
            Paragraph(
                text="截至9月15日，全市老旧小区供水管网改造已完成年度任务的九成，"
                "累计更换管网21公里，惠及居民1.4万户。各片区进展如下："
            ),
            Table(rows=TABLE),
            Paragraph(text="下一步，市水务集团将对剩余小区倒排工期，确保供暖季前全部完工。"),
        ),
        contributor="市水务集团",
    ),
    Article(
        title="“小水表”里的“大账本”",
        subtitle="——柳堤街道智能水表试点观察",
        body=(
            Subhead(text="一、装表到户，数据上网"),
            Paragraph(
                text="今年4月起，柳堤街道在七个社区试点安装智能远传水表，用水数据每十五分钟上传一次，"
                "异常用水能够自动报警。"
            ),
            Subhead(text="二、漏损下降，纠纷减少"),
            Paragraph(
                text="试点五个月来，七个社区平均漏损率由11.8%降至6.2%，用水纠纷投诉同比减少四成。"
                "居民汪大妈说：“以前半夜漏水谁也不知道，现在手机先响了。”"
            ),
        ),
    ),
    Article(
        title="全市中小学开展“节水第一课”",
        body=(
            Paragraph(
                text="新学期开学以来，市教育局会同市节水办在全市86所中小学开展“节水第一课”活动，"
                "组织学生参观水厂、绘制家庭用水图，参与学生5.2万人次。"
            ),
            Paragraph(text="活动将持续到11月上旬。"),
        ),
    ),
)

BLOCKS = (
    Block(
        kind="报",
        role=BlockRole.REPORT,
        entries=(
            "省节约用水办公室",
            "市委办公室",
            "市政府办公室",
            "市节水型城市创建工作领导小组组长、副组长",
        ),
    ),
    Block(
        kind="送",
        role=BlockRole.SEND,
        entries=(
            "市发展改革委、市财政局",
            "市住房和城乡建设局",
            "市水务局各处室、直属单位",
            "市教育局",
            "市供水行业协会（秘书处）",
            "《澄湖日报》编辑部",
            "各重点用水单位",
        ),
    ),
    Block(
        kind="发",
        role=BlockRole.ISSUE_TO,
        entries=("各县（市、区）节水办", "各街道办事处（柳堤街道除外）", "市水务集团"),
    ),
)

EXPECTED = IssueDocument(
    document_kind=DocumentKind.BULLETIN,
    title=TITLE,
    number=9,
    year=2026,
    total=63,
    publisher=PUBLISHER,
    date="2026-09-18",
    articles=ARTICLES,
    blocks=BLOCKS,
    imprint=Imprint(copies=85, editor="温如故", phone="0599-6123457"),
)
