"""What is worth a look before an issue is approved: weaknesses of a rendering, not errors."""

from dataclasses import dataclass
from enum import StrEnum

from runtime.text import translate as _

HTML_LIMIT = 90 * 1024
"""Octets of HTML; Gmail clips at about 102 KB, and a forwarding server may add some."""
MESSAGE_LIMIT = 10 * 1024 * 1024
SUBJECT_LIMIT = 60


class FindingCode(StrEnum):
    """What is worth a look before the issue is approved."""

    HTML_CLIPPED = "html-clipped"
    MESSAGE_HEAVY = "message-heavy"
    PICTURE_LEFT_OUT = "picture-left-out"
    SUBJECT_LONG = "subject-long"
    ARTICLE_EMPTY = "article-empty"


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """A weakness that does not stop the issue; ``size`` is in the unit that the text names."""

    code: FindingCode
    detail: str = ""
    size: int = 0

    @property
    def text(self) -> str:
        """The finding as a sentence in the current language."""
        return {
            FindingCode.HTML_CLIPPED: _(
                "The HTML part has {size} KB. Gmail hides what lies beyond 102 KB, the foot with "
                "it: shorten the issue, or send the long tables as a link."
            ),
            FindingCode.MESSAGE_HEAVY: _(
                "The message has {size} MB. Many servers refuse mails of more than 10 MB: make the "
                "pictures smaller."
            ),
            FindingCode.PICTURE_LEFT_OUT: _(
                "A picture in the article “{detail}” is in a format that mail programmes do not "
                "show, so only its caption is sent: save it as PNG or JPEG."
            ),
            FindingCode.SUBJECT_LONG: _(
                "The subject has {size} characters. Lists of mails show about 40: a shorter name "
                "of the bulletin is read to its end."
            ),
            FindingCode.ARTICLE_EMPTY: _("The article “{detail}” has a headline but no text."),
        }[self.code].format(detail=self.detail, size=self.size)
