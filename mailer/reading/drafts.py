"""An article while it is read, and the parts that its body is made of."""

from dataclasses import dataclass, field, replace

from mailer.reading.doubts import Code, doubt
from mailer.reading.letters import tidy
from mailer.reading.lines import Figure, Grid
from mailer.reading.model import Article, BodyPart, Paragraph, Picture, Subhead, Table
from mailer.reading.model import Warning as Doubt
from mailer.reading.outline import Cast, Role
from mailer.reading.shapes import is_table_caption

_QUOTED = 20  # letters of a text that a warning quotes


@dataclass(kw_only=True, slots=True)
class Draft:
    """An article whose end is not yet reached."""

    title: str
    number: int
    column: str | None = None
    subtitle: str | None = None
    contributor: str | None = None
    body: list[BodyPart] = field(default_factory=list)
    numbered: int | None = None
    """Level of the number that the headline begins with."""
    dropped: bool = False
    """An empty place of a template, not an article."""

    def add(self, part: BodyPart) -> None:
        """Add a part; a caption goes to the picture before it."""
        before = self.body[-1] if self.body else None
        if isinstance(part, Picture) and part.caption and isinstance(before, Picture):
            self.body[-1] = replace(before, caption=before.caption or part.caption)
        else:
            self.body.append(part)

    def article(self) -> Article:
        """Return the finished article."""
        return Article(
            title=self.title,
            body=tuple(self.body),
            subtitle=self.subtitle,
            column=self.column,
            contributor=self.contributor,
        )

    def doubts(self) -> list[Doubt]:
        """Return what is missing from the article."""
        if self.dropped:
            return []
        if not self.title:
            text = next((each.text for each in self.body if isinstance(each, Paragraph)), "")
            return [doubt(Code.ARTICLE_WITHOUT_HEADLINE, text[:_QUOTED], self.number)]
        if not self.body:
            return [doubt(Code.ARTICLE_WITHOUT_BODY, self.title, self.number)]
        return []


def body_part(cast: Cast) -> BodyPart | None:
    """Return what a part of the body becomes; None for a table without cells."""
    part = cast.part
    if isinstance(part, Figure):
        return Picture(media_type=part.media_type, data=part.data)
    if isinstance(part, Grid):
        return _table(part)
    text = tidy(part.text)
    if cast.role is Role.CAPTION:
        return Subhead(text=text) if is_table_caption(text) else Picture(caption=text)
    return Subhead(text=text) if cast.role is Role.SUBTITLE else Paragraph(text=text)


def _table(grid: Grid) -> Table | None:
    """Return the texts of a table, every row with as many cells as the widest."""
    rows = [[tidy("".join(line.text for line in cell)) for cell in row] for row in grid.rows]
    columns = max((len(row) for row in rows), default=0)
    filled = tuple(tuple(row + [""] * (columns - len(row))) for row in rows)
    return Table(rows=filled) if columns else None
