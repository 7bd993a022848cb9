"""Takes SentencePiece models apart without its library: protobuf's fields, and the rules of a compiled normalisation map."""
import struct


def _varint(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            return value, at


def fields(data):
    """[(number, value)] of a message; bytes stay bytes, floats are floats."""
    at, found = 0, []
    while at < len(data):
        tag, at = _varint(data, at)
        if tag & 7 == 2:
            size, at = _varint(data, at)
            value, at = data[at:at + size], at + size
        elif tag & 7 == 5:
            value, at = struct.unpack('<f', data[at:at + 4])[0], at + 4
        else:
            value, at = _varint(data, at)
        found.append((tag >> 3, value))
    return found


def charsmap_of(model):
    """NormalizerSpec.precompiled_charsmap of a model's bytes."""
    normalizer = next(value for number, value in fields(model) if number == 3)
    return next(value for number, value in fields(normalizer) if number == 2)


def decompile(charsmap):
    """{text: replacement} of a compiled map, by walking its double array."""
    size = struct.unpack('<I', charsmap[:4])[0]
    units = struct.unpack(f'<{size // 4}I', charsmap[4:4 + size])
    replacements = charsmap[4 + size:]
    rules = {}

    def offset(unit):
        return (unit >> 10) << ((unit & 0x200) >> 6)

    def walk(position, key):
        base = position ^ offset(units[position])
        if units[position] >> 8 & 1 and key:
            start = units[base] & 0x7FFFFFFF
            rules[key.decode()] = replacements[start:replacements.index(b'\0', start)].decode()
        for label in range(1, 256):
            child = base ^ label
            if 0 < child < len(units) and units[child] & 0x800000FF == label:
                walk(child, key + bytes([label]))

    walk(0, b'')
    return rules
