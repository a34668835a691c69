"""An invented office and one issue of its bulletin, for all tests of rendering."""

import datetime as dt

import pytest
from hypothesis import HealthCheck, settings

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
from mailer.rendering.model import Credited, SenderIdentity, SlotValues

# A busy machine is no failure: examples are judged by what they find, not by how long they take.
settings.register_profile("unhurried", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("unhurried")


@pytest.fixture(scope="session")
def document() -> IssueDocument:
    """Return an issue with every kind of text: columns, subheads, a table, two blocks."""
    return IssueDocument(
        document_kind=DocumentKind.BULLETIN,
        title="云湾市水利工作简报",
        number=7,
        year=2026,
        total=128,
        publisher="云湾市水利局办公室",
        date="2026-11-20",
        articles=(
            Article(
                title="秋季堤防检查全部完成",
                column="防汛抗旱",
                contributor="工程管理科",
                body=(
                    Paragraph(
                        text="十一月上旬，市水利局组织三个检查组，用 9 天走完全市 312 公里堤防，"
                        "逐段核对险工险段台账，新发现渗漏点 4 处，均已当场交办到责任单位。"
                    ),
                    Table(
                        rows=(
                            ("河段", "长度（公里）", "问题"),
                            ("青溪河", "118", "2"),
                            ("南渠", "64", "1"),
                        )
                    ),
                ),
            ),
            Article(
                title="水库值守实行“双人双岗”",
                subtitle="——从十二月起试行",
                column="防汛抗旱",
                body=(
                    Subhead(text="一、人员"),
                    Paragraph(text="每座水库每班不少于两人，交接班记录保存三年。"),
                    Subhead(text="（一）培训"),
                    Paragraph(text="上岗前完成 16 学时培训。"),
                ),
            ),
            Article(title="节水宣传进学校", body=(Paragraph(text="全市 21 所小学参加。"),)),
            Article(title="R & D <pilot>", body=(Paragraph(text="{{7*7}} <script>x</script>"),)),
        ),
        blocks=(
            Block(kind="报", role=BlockRole.REPORT, entries=("市委办公室", "市政府办公室")),
            Block(
                kind="送",
                role=BlockRole.SEND,
                entries=("市应急管理局", "市文明办", "各县（市、区）水利局"),
            ),
        ),
        imprint=Imprint(copies=60, editor="周岚", phone="0000-2345678"),
    )


@pytest.fixture(scope="session")
def identity() -> SenderIdentity:
    """Return the sender of the bulletin."""
    return SenderIdentity(
        bulletin_name="云湾市水利工作简报",
        from_name="云湾市水利局办公室",
        from_address="bulletin@water.yunwan.example",
        reply_to="office@water.yunwan.example",
        list_id="gongzuo.water.yunwan.example",
        unsubscribe_mailto="unsubscribe@water.yunwan.example",
        contact="联系电话：0000-2345678",
    )


@pytest.fixture(scope="session")
def values() -> SlotValues:
    """Return the values of one recipient, the second entry of the second block."""
    return SlotValues(
        to_address="wmb@yunwan.example",
        to_name="云湾市文明办",
        message_id="<k3Jx9-_a@water.yunwan.example>",
        date=dt.datetime(2026, 11, 20, 1, 0, tzinfo=dt.UTC),
        credits=(Credited(kind="送", unit="云湾市文明办", block=1, entry=1),),
        reference="k3Jx9",
    )
