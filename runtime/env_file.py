"""The ``.env`` file: settings for who does not want to set them in the environment."""

from pathlib import Path

from dotenv.parser import parse_stream

from runtime.paths import PROJECT_ROOT
from runtime.refusal import Refusal
from runtime.text import translate as _

IN_CHECKOUT = (PROJECT_ROOT / "pyproject.toml").exists()
PATH = PROJECT_ROOT / ".env" if IN_CHECKOUT else Path(".env")
ENCODING = "utf-8-sig"  # some editors put a byte order mark in front


class EnvFileError(Refusal):
    """The settings file {path} cannot be read: {reason}. Save it as UTF-8 text that this user may
    read, with one NAME=value on each line.
    """


def names(path: Path) -> tuple[str, ...]:
    """Return the names that the file sets, in its order; none where there is no file.

    Raises:
        EnvFileError: it cannot be read, or a line cannot: a lost line is a setting that does not
            hold.

    """
    try:
        with path.open(encoding=ENCODING) as file:
            lines = tuple(parse_stream(file))
    except FileNotFoundError:
        return ()
    except OSError as error:
        raise EnvFileError(path=path, reason=error.strerror) from None
    except UnicodeDecodeError:
        raise EnvFileError(path=path, reason=_("it is not UTF-8 text")) from None
    for line in lines:
        if line.error:
            reason = _("line {line} is not NAME=value").format(line=line.original.line)
            raise EnvFileError(path=path, reason=reason)
    return tuple(line.key for line in lines if line.key)
