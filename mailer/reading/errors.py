"""Why a file cannot be read at all.

Refusal
└── UnreadableFile
    ├── FileNotReadable      missing, a folder, no permission
    ├── FileTooLarge         bytes, pages, parts, letters
    ├── EmptyFile            no byte
    ├── UnknownFormat        not one of the formats that are read
    │   └── LegacyWordFile   .doc and .wps
    ├── EncryptedFile        a password is needed
    ├── DamagedFile          cut short or corrupt
    └── FileWithoutText      blank pages
        └── ScannedFile      pictures of pages, no text layer
"""

from runtime.refusal import Refusal


class UnreadableFile(Refusal):
    """The file {name} cannot be read."""


class FileNotReadable(UnreadableFile):
    """The file {name} cannot be opened: {reason}. Check the path and your permission to read it."""


class FileTooLarge(UnreadableFile):
    """The file {name} is too large to be read: {found} {unit}, and the limit is {limit}. Remove
    large pictures or split the file, then try again.
    """


class EmptyFile(UnreadableFile):
    """The file {name} is empty (0 bytes). It was probably not copied completely: get it again."""


class UnknownFormat(UnreadableFile):
    """The file {name} is in no format that can be read. Save the bulletin as .docx, .pdf with
    text, .ofd, .html or .txt and try again.
    """


class LegacyWordFile(UnknownFormat):
    """The file {name} is in the old binary Word or WPS format. Open it in Word or WPS, save it as
    .docx and try again.
    """


class EncryptedFile(UnreadableFile):
    """The file {name} is protected by a password. Save a copy without the password and try
    again.
    """


class DamagedFile(UnreadableFile):
    """The file {name} is damaged or cut short ({reason}). Get it again from its source, or open it
    in the program that made it and save it anew.
    """


class FileWithoutText(UnreadableFile):
    """The file {name} holds no text. Check that it is the right file."""


class ScannedFile(FileWithoutText):
    """The file {name} holds pictures of {pages} pages but no text layer, as a scan does. Use the
    original .docx, or run text recognition (OCR) over the scan and save it with its text layer.
    """
