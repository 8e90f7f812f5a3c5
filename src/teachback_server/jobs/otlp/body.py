"""Reads the body of a request: undoes its compression, within limits."""

import zlib

MOST_SENT_BYTES = 16 * 1024 * 1024
MOST_BYTES = 64 * 1024 * 1024  # once unpacked: a few kilobytes can unpack to gigabytes
_GZIP = 16 + zlib.MAX_WBITS
_EMPTY = ("", "identity")


class BodyTooLarge(ValueError):
    """The body is larger than we take. Send smaller batches."""


class BodyUnreadable(ValueError):
    """The body is not what its headers say. Sending it again will not help."""


def unpack_body(body: bytes, encoding: str) -> bytes:
    """Undo the content encoding, `gzip` or none. Raises BodyTooLarge and BodyUnreadable."""
    if len(body) > MOST_SENT_BYTES:
        raise BodyTooLarge(f"The body has more than {MOST_SENT_BYTES} bytes. Send fewer spans in a request.")
    if encoding.strip().lower() in _EMPTY:
        return body
    if encoding.strip().lower() != "gzip":
        raise BodyUnreadable(f"The content encoding '{encoding[:40]}' is not known here. Use gzip or none.")
    return _unpack_gzip(body)


def _unpack_gzip(body: bytes) -> bytes:
    unpacked = bytearray()
    rest = body
    try:
        while rest:  # a file of gzip may have several members
            member = zlib.decompressobj(_GZIP)
            unpacked += member.decompress(rest, MOST_BYTES - len(unpacked) + 1)
            if len(unpacked) > MOST_BYTES:
                raise BodyTooLarge(f"The body unpacks to more than {MOST_BYTES} bytes. Send fewer spans in a request.")
            if not member.eof:
                raise BodyUnreadable("The gzip body ends too early. Send it again whole.")
            rest = member.unused_data
    except zlib.error as problem:
        raise BodyUnreadable(f"The body is not gzip, though its header says so: {problem}.") from problem
    return bytes(unpacked)
