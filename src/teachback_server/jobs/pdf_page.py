"""Draws one page of a PDF as a PNG; run as a process of its own, as PDFs from elsewhere may be made to do harm.

`python -m teachback_server.jobs.pdf_page FILE PAGE QUOTE… > PNG`, with limits on memory and time; it exits with 3 where
the file has no such page and with 4 where it cannot be read. Places of the quotes on the page are marked.
"""

import resource
import struct
import sys
import zlib
from pathlib import Path

import numpy as np
import pypdfium2
from numpy.typing import NDArray

NO_SUCH_PAGE, NOT_READABLE = 3, 4
_WIDTH_PIXELS = 1200
_MOST_PIXELS = 4_000_000
_MOST_MEMORY_BYTES = 1024**3
_MOST_SECONDS = 10
_MOST_MARKS = 20
_MARK = np.array([255, 226, 122])  # multiplied onto the page, so that what it says stays legible
_WHITE = 255

Pixels = NDArray[np.uint8]  # height × width × 3, red, green, blue


def main(arguments: list[str]) -> int:
    """Draw; returns the exit code."""
    resource.setrlimit(resource.RLIMIT_AS, (_MOST_MEMORY_BYTES, _MOST_MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (_MOST_SECONDS, _MOST_SECONDS))
    file, number, quotes = Path(arguments[0]), int(arguments[1]), arguments[2:]
    try:
        document = pypdfium2.PdfDocument(file)
        if not 1 <= number <= len(document):
            return NO_SUCH_PAGE
        pixels = draw_page(document[number - 1], quotes)
    except (pypdfium2.PdfiumError, MemoryError):
        return NOT_READABLE
    sys.stdout.buffer.write(encode_png(pixels))
    return 0


def draw_page(page: pypdfium2.PdfPage, quotes: list[str]) -> Pixels:
    """The page, with every place of the quotes on it marked."""
    width, height = page.get_size()
    scale = min(_WIDTH_PIXELS / width, (_MOST_PIXELS / (width * height)) ** 0.5)
    pixels: Pixels = page.render(scale=scale, rev_byteorder=True).to_numpy()[:, :, :3].copy()
    for left, bottom, right, top in (place for quote in quotes for place in _find_quote(page, quote)):
        rows = slice(max(0, int((height - top) * scale)), int((height - bottom) * scale) + 1)
        columns = slice(max(0, int(left * scale)), int(right * scale) + 1)
        pixels[rows, columns] = (pixels[rows, columns] * (_MARK / _WHITE)).astype(np.uint8)
    return pixels


def _find_quote(page: pypdfium2.PdfPage, quote: str) -> list[tuple[float, float, float, float]]:
    """Rectangles around the quote in points from the lower left corner."""
    text = page.get_textpage()
    search = text.search(quote)
    found: list[tuple[float, float, float, float]] = []
    while (place := search.get_next()) and len(found) < _MOST_MARKS:
        first, letters = place
        found += [text.get_rect(n) for n in range(text.count_rects(first, letters))]
    return found


def encode_png(pixels: Pixels) -> bytes:
    """PNG of true colour, 8 bits each (ISO/IEC 15948), every line without a filter."""
    height, width, _ = pixels.shape
    lines = np.zeros((height, 1 + width * 3), dtype=np.uint8)
    lines[:, 1:] = pixels.reshape(height, width * 3)
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", head), (b"IDAT", zlib.compress(lines.tobytes(), 6)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body)) for name, body in chunks
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
