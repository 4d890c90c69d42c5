"""RFC 9162 tree heads, written from the RFC, to check the server's against."""

from hashlib import sha256


def leaf_hash(leaf):
    """The hash of a leaf's bytes."""
    return sha256(b"\x00" + leaf).digest()


def root(hashes):
    """The tree head over leaf hashes (RFC 9162, section 2.1.1)."""
    if not hashes:
        return sha256(b"").digest()
    if len(hashes) == 1:
        return hashes[0]
    split = 1
    while split * 2 < len(hashes):
        split *= 2
    return sha256(b"\x01" + root(hashes[:split]) + root(hashes[split:])).digest()


def delimited(encoded):
    """Takes apart messages that each follow their length as a varint."""
    messages, at = [], 0
    while at < len(encoded):
        length = shift = 0
        while True:
            byte = encoded[at]
            at += 1
            length |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                break
        assert at + length <= len(encoded), "the last message is cut off"
        messages.append(encoded[at : at + length])
        at += length
    return messages
