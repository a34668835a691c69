"""Why a mail cannot be rendered: each situation a class, its docstring the message.

Refusal
├── UnsafeHeaderValue     a name or subject that could forge a header
├── HeaderValueTooLong    a name or subject that no mail programme would show
├── UnsafeAddress         an address that cannot stand in a header
├── SenderNotAscii        a sender address that most servers could not answer
├── UnsafeLink            a link that is not one plain web address
├── UnknownZone           a time zone that does not exist
├── SecretDocument        a marked document, which is never sent
├── UnknownTheme          a theme that is not shipped
├── UnfinishedTheme       a theme that lacks a word, colour or font
└── UnreadableRendition   stored bytes of another version, or damaged ones
"""

from runtime.refusal import Refusal


class UnsafeHeaderValue(Refusal):
    """The {field} {value} contains {found}, which could forge lines of the mail's header. Remove it there and try again."""  # noqa: E501 - the first paragraph is the message


class HeaderValueTooLong(Refusal):
    """The {field} {value} has {length} characters; at most {limit} are possible. Shorten it and try again."""  # noqa: E501 - as above


class UnsafeAddress(Refusal):
    """The address {value} of the {field} cannot be written into a mail: {reason}. Correct the address and try again."""  # noqa: E501 - as above


class SenderNotAscii(Refusal):
    """The {field} {value} has letters other than a-z before the @, so most mail servers would refuse the mail. Choose an address in plain letters for the bulletin."""  # noqa: E501 - as above


class UnsafeLink(Refusal):
    """The link {value} for {field} is not one plain http or https address without spaces. Correct the web address in the settings and try again."""  # noqa: E501 - as above


class UnknownZone(Refusal):
    """The time zone {name} of the bulletin is not known. Choose a name such as Asia/Shanghai."""


class SecretDocument(Refusal):
    """The document is marked {secrecy}. Marked documents are never sent by mail; use the channel that your office has for them."""  # noqa: E501 - as above


class UnknownTheme(Refusal):
    """There is no mail theme called {name}. Choose one of: {known}."""


class UnfinishedTheme(Refusal):
    """The mail theme {name} lacks {missing} in its theme.toml. Add it there."""


class UnreadableRendition(Refusal):
    """The stored rendering of the issue cannot be read: {reason}. Submit the issue again, so that it is rendered anew."""  # noqa: E501 - as above
