"""What a person is told when the system will not do something.

Every error that a user may see is a subclass of :class:`Refusal`. The first paragraph of the
subclass' docstring is the message: it says what is wrong, where, and what to do. Its ``{names}``
are filled from the keyword arguments, which stay on the exception as attributes.

Commands print ``str(error)`` and exit with 1; pages show it with a 4xx status.
"""

import inspect
from typing import ClassVar

from runtime.text import translate


class Refusal(Exception):  # noqa: N818 - a refusal is not a fault of the program
    """The request was refused."""

    message: ClassVar[str] = "The request was refused."

    def __init_subclass__(cls) -> None:
        """Take the message from the docstring."""
        cls.message = inspect.cleandoc(cls.__doc__ or "").split("\n\n")[0].replace("\n", " ")

    def __init__(self, **details: object) -> None:
        super().__init__(details)
        self.details = details

    def __reduce__(self) -> tuple[object, ...]:
        """Let a refusal travel between processes with its details."""
        return _rebuild, (type(self), self.details)

    def __getattr__(self, name: str) -> object:
        """Return a detail by its name."""
        try:
            return self.__dict__["details"][name]
        except KeyError:
            raise AttributeError(name) from None

    def __str__(self) -> str:
        """Return the message in the current language."""
        return translate(self.message).format(**self.details)

    def in_english(self) -> str:
        """Return the message as it is stored where it is not known who will read it."""
        return self.message.format(**self.details)


def _rebuild(kind: type[Refusal], details: dict[str, object]) -> Refusal:
    return kind(**details)
