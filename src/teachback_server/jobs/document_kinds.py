"""What kind of document some bytes are; their sender is not asked. Pure."""

_SIGNS = (
    (b"%PDF-", "application/pdf"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
)
_RIFF, _WEBP, _WEBP_AT = b"RIFF", b"WEBP", slice(8, 12)
PDF, TEXT, IMAGE = "application/pdf", "text/plain", "image/"


def find_media_type(data: bytes) -> str | None:
    """The media type of a PDF, a PNG, JPEG, GIF or WebP image, or a text in UTF-8; None for anything else."""
    for sign, media_type in _SIGNS:
        if data.startswith(sign):
            return media_type
    if data.startswith(_RIFF) and data[_WEBP_AT] == _WEBP:
        return "image/webp"
    if b"\x00" in data:
        return None
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return None
    return TEXT
