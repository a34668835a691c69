"""How an issue is called (pure). The number is quoted from print, so it has one form."""


def issue_number(year: int | None, number: int | None, total: int | None) -> str:
    """Return the number as it is printed under the masthead: 2024年第3期（总第454期）."""
    printed = "" if year is None else f"{year}年"
    printed += "" if number is None else f"第{number}期"
    whole = "" if total is None else f"总第{total}期"
    return f"{printed}（{whole}）" if printed and whole else printed or whole
