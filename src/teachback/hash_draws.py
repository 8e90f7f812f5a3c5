"""Random draws that anyone can repeat: a hash of names in place of a generator with a state."""

import hashlib

_BITS = 53  # what a float between 0 and 1 carries exactly


def hash_to_unit(salt: str, purpose: str, name: str) -> float:
    """A number in [0, 1) that is the same on server, in SDK and in a resumed run, and independent between purposes.

    The first 53 bits of SHA-256 over the three strings, each with its length before it so that no two triples collide.
    """
    spelled = "".join(f"{len(part)}:{part}" for part in (salt, purpose, name))
    digest = hashlib.sha256(spelled.encode("utf-8", "surrogatepass")).digest()
    return (int.from_bytes(digest[:8], "big") >> (64 - _BITS)) / (1 << _BITS)
