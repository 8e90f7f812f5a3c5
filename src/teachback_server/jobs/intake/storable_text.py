"""Text as every database can store it. Pure."""


def without_nul(text: str) -> str:
    """The text with a mark for each null character, which PostgreSQL cannot store."""
    return text.replace("\x00", "\ufffd")
