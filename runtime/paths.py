"""Where the files that belong to the code are: templates, migrations, catalogues."""

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent
PROJECT_ROOT = _PACKAGE.parent


def shipped(name: str) -> Path:
    """Return the folder ``name`` of the checkout, or its copy inside an installed wheel."""
    in_checkout = PROJECT_ROOT / name
    return in_checkout if in_checkout.is_dir() else _PACKAGE / "shipped" / name
