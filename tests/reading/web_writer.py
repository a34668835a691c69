"""Writes the invented bulletin as web pages: a site's page, and a document saved by Word."""

from html import escape

from mailer.reading.model import Article, BodyPart, Paragraph, Picture, Subhead, Table
from tests.reading.bulletin import ARTICLES, BLOCKS, PUBLISHER, TITLE

CENTRE = "text-align:center"


def site_page() -> bytes:
    """Return a page of a public site: navigation, share buttons, a footer around the bulletin."""
    return f"""<!DOCTYPE html>
<html lang="zh-CN"><head><meta charset="utf-8"><title>简报第9期_澄湖市水务局</title>
<script>var hits = "第10期";</script><style>.x {{color:red}}</style></head><body>
<div class="top-nav"><a href="/">首页</a> | <a href="/xw/">新闻</a> | 今天是2026年12月1日</div>
<div class="crumb">当前位置：<a href="/">首页</a> &gt; <a href="/jb/">工作简报</a></div>
<h1>节水工作简报2026年第9期</h1>
<div class="info">发布时间：2026-09-20 10:11　来源：市水务局　浏览次数：128　【打印】【关闭】</div>
<div id="article-text">{_bulletin()}</div>
<div class="share">分享到：<a>微信</a><a>微博</a></div>
<p class="prev">上一篇：<a href="8.html">节水工作简报2026年第8期</a></p>
<div class="footer"><p>主办：澄湖市水务局　地址：澄湖市平湖路1号　电话：0599-6120000</p></div>
</body></html>""".encode()


def saved_by_word() -> bytes:
    """Return the bulletin as Word saves a web page, in the old Chinese encoding."""
    page = (
        '<html xmlns:o="urn:schemas-microsoft-com:office:office"><head>'
        '<meta http-equiv=Content-Type content="text/html; charset=gb2312">'
        "<style><!-- p.MsoNormal {margin:0cm;text-align:justify} --></style></head>"
        f"<body lang=ZH-CN><div class=WordSection1>{_bulletin()}</div></body></html>"
    )
    return page.encode("gb18030")


def printable(columns: int = 1) -> str:
    """Return a page whose style sets the bulletin as on paper, to be printed to PDF."""
    style = (
        "@page{size:A4;margin:37mm 26mm 35mm 28mm} body{font:16pt/29pt 'Noto Serif CJK SC'}"
        " p{margin:0} table{width:100%;border-collapse:collapse}"
        " td{border:1px solid #000;font-size:12pt}"
        f" .articles{{columns:{columns};column-gap:24pt;font-size:{16 if columns == 1 else 11}pt;"
        f"line-height:{29 if columns == 1 else 20}pt}}"
    )
    return (
        f"<html><head><meta charset=utf-8><style>{style}</style></head><body>{_bulletin()}</body>"
    )


def _bulletin() -> str:
    contents = "".join(f"<p>◎{escape(each.title.replace(' ', ''))}</p>" for each in ARTICLES)
    articles = "".join(_article(each) for each in ARTICLES)
    blocks = "".join(
        f"<p><span>{block.kind}</span><span>：</span>{'，'.join(block.entries)}。</p>"
        for block in BLOCKS
    )
    return (
        f'<p style="{CENTRE}"><b><span style="font-size:30pt;color:red">{TITLE}</span></b></p>'
        f'<p style="{CENTRE}">2026年第9期（总第63期）</p>'
        f"<p>{PUBLISHER}编&nbsp;&nbsp;&nbsp;&nbsp;&nbsp;&nbsp;&nbsp;&nbsp;2026年9月18日</p>"
        f'<hr color=red><p style="{CENTRE}">本期要目</p>{contents}<hr>'
        f'<div class="articles">{articles}</div><hr>{blocks}<hr>'
        "<p>责任编辑：温如故&emsp;&emsp;电话：0599－6123457&emsp;&emsp;（共印85份）</p>"
    )


def _article(article: Article) -> str:
    title = "<br>".join(escape(part) for part in article.title.split(" "))
    text = f'<p style="{CENTRE};font-size:20pt"><strong>{title}</strong></p>'
    if article.subtitle:
        text += f'<p style="{CENTRE}">{escape(article.subtitle)}</p>'
    text += "".join(_part(part) for part in article.body)
    if article.contributor:
        text += f'<p style="text-align:right">（{article.contributor}供稿）</p>'
    return text


def _part(part: BodyPart) -> str:
    match part:
        case Paragraph(text=text) | Subhead(text=text):
            return f'<p style="text-indent:2em">{escape(text)}</p>'
        case Table(rows=rows):
            cells = (
                "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>"
                for row in rows
            )
            return f"<table>{''.join(cells)}</table>"
        case Picture():
            raise NotImplementedError
