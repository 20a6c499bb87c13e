"""The protobuf wire format and data frames, written by hand."""

import io

import pyarrow as pa


def varint(value):
    value &= (1 << 64) - 1
    out = bytearray()
    while True:
        low = value & 0x7F
        value >>= 7
        if value == 0:
            out.append(low)
            return bytes(out)
        out.append(low | 0x80)


def number(field, value):
    return varint(field << 3) + varint(value) if value else b""


def data(field, value, always=False):
    value = value.encode() if isinstance(value, str) else value
    return varint(field << 3 | 2) + varint(len(value)) + value if value or always else b""


def read_varint(buffer, at):
    value = shift = 0
    while True:
        byte = buffer[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7


def fields(buffer):
    """Field number to the list of its values, ints or bytes."""
    found = {}
    at = 0
    while at < len(buffer):
        key, at = read_varint(buffer, at)
        if key & 7 == 0:
            value, at = read_varint(buffer, at)
        elif key & 7 == 2:
            size, at = read_varint(buffer, at)
            value = buffer[at:at + size]
            at += size
        else:
            raise ValueError(f"wire type {key & 7}")
        found.setdefault(key >> 3, []).append(value)
    return found


def first(message, field, default=b""):
    return message.get(field, [default])[-1]


def frame(columns, name="", ref_id=""):
    arrays = [pa.array(values) for _, values in columns]
    schema = pa.schema(
        [pa.field(title, array.type, metadata={"name": title}) for (title, _), array in zip(columns, arrays)],
        metadata={"name": name, "refId": ref_id})
    out = io.BytesIO()
    with pa.ipc.new_file(out, schema) as writer:
        batch = pa.record_batch(arrays, schema=schema)
        if batch.num_rows:
            writer.write_batch(batch)
    return out.getvalue()
