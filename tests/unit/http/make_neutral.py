#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes proxy/http/neutral_files.inc: the smallest valid files of their kinds, built byte by byte.

Run from the top of the tree after a change: python3 tests/unit/http/make_neutral.py
"""
import base64
import struct
import zlib


def gif():
    """One transparent pixel: two colours, the first of them invisible."""
    screen = struct.pack("<HHBBB", 1, 1, 0x80, 0, 0) + bytes(3) + b"\xff\xff\xff"
    control = b"\x21\xf9\x04\x01\x00\x00\x00\x00"
    image = b"\x2c" + struct.pack("<HHHHB", 0, 0, 1, 1, 0)
    # LZW with codes of 3 bits: clear (4), pixel (0), end (5).
    data = b"\x02\x02" + struct.pack("<H", 4 | 0 << 3 | 5 << 6) + b"\x00"
    return b"GIF89a" + screen + control + image + data + b"\x3b"


def png(width, height):
    """All transparent, greyscale with alpha."""
    def chunk(kind, body):
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
    rows = (b"\x00" + bytes(2 * width)) * height
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 4, 0, 0, 0)) +
            chunk(b"IDAT", zlib.compress(rows, 9)) + chunk(b"IEND", b""))


def mp3():
    """Three frames of silence: MPEG-2 layer III, 16 kHz, mono, 8 kbit/s; 36 bytes and 36 ms each."""
    return (b"\xff\xf3\x18\xc0" + bytes(32)) * 3


class Bits:
    """Numbers as H.264 writes them (ITU-T H.264 9.1)."""

    def __init__(self):
        self.text = ""

    def u(self, width, value):
        self.text += format(value, "0%db" % width)
        return self

    def ue(self, value):
        digits = format(value + 1, "b")
        self.text += "0" * (len(digits) - 1) + digits
        return self

    def se(self, value):
        return self.ue(2 * value - 1 if value > 0 else -2 * value)

    def unit(self, header):
        """With the stop bit, and escaped where a start code would appear (7.3.1)."""
        text = self.text + "1"
        text += "0" * (-len(text) % 8)
        body = bytes(int(text[i:i + 8], 2) for i in range(0, len(text), 8))
        out, zeros = bytearray([header]), 0
        for byte in body:
            if zeros >= 2 and byte <= 3:
                out.append(3)
                zeros = 0
            out.append(byte)
            zeros = zeros + 1 if byte == 0 else 0
        return bytes(out)


def picture():
    """16 by 16, one macroblock of even grey: parameter sets, and the frame."""
    sequence = (Bits().u(8, 66).u(8, 0xc0).u(8, 10).ue(0).ue(0).ue(2).ue(1).u(1, 0)
                .ue(0).ue(0).u(1, 1).u(1, 1).u(1, 0).u(1, 0).unit(0x67))
    parameters = (Bits().ue(0).ue(0).u(1, 0).u(1, 0).ue(0).ue(0).ue(0).u(1, 0).u(2, 0)
                  .se(0).se(0).se(0).u(1, 0).u(1, 0).u(1, 0).unit(0x68))
    # first_mb, I slice, parameter set, frame_num, idr_pic_id, two flags of dec_ref_pic_marking,
    # qp_delta; then Intra 16x16 predicted flat, nothing coded: mb_type, chroma mode, qp_delta,
    # an empty block of coefficients.
    frame = (Bits().ue(0).ue(7).ue(0).u(4, 0).ue(0).u(1, 0).u(1, 0).se(0)
             .ue(3).ue(0).se(0).u(1, 1).unit(0x65))
    return sequence, parameters, frame


def mp4():
    """The picture, shown for a second (ISO/IEC 14496-12, -15)."""
    def box(kind, *parts):
        body = b"".join(parts)
        return struct.pack(">I", 8 + len(body)) + kind + body

    def full(kind, flags, *parts):
        return box(kind, struct.pack(">I", flags), *parts)

    sequence, parameters, frame = picture()
    matrix = struct.pack(">9I", 0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)
    brands = box(b"ftyp", b"isom", struct.pack(">I", 512), b"isomiso2avc1mp41")
    sample = struct.pack(">I", len(frame)) + frame
    config = box(b"avcC", bytes([1]), sequence[1:4], b"\xff\xe1", struct.pack(">H", len(sequence)),
                 sequence, b"\x01", struct.pack(">H", len(parameters)), parameters)
    entry = box(b"avc1", bytes(6), struct.pack(">H", 1), bytes(16), struct.pack(">HH", 16, 16),
                struct.pack(">II", 0x480000, 0x480000), bytes(4), struct.pack(">H", 1), bytes(32),
                struct.pack(">Hh", 24, -1), config)

    def movie(offset):
        table = box(b"stbl", full(b"stsd", 0, struct.pack(">I", 1), entry),
                    full(b"stts", 0, struct.pack(">III", 1, 1, 1000)),
                    full(b"stsc", 0, struct.pack(">IIII", 1, 1, 1, 1)),
                    full(b"stsz", 0, struct.pack(">II", len(sample), 1)),
                    full(b"stco", 0, struct.pack(">II", 1, offset)))
        where = box(b"dinf", full(b"dref", 0, struct.pack(">I", 1), full(b"url ", 1)))
        media = box(b"mdia", full(b"mdhd", 0, struct.pack(">IIIIHH", 0, 0, 1000, 1000, 0x55c4, 0)),
                    full(b"hdlr", 0, bytes(4), b"vide", bytes(12), b"\x00"),
                    box(b"minf", full(b"vmhd", 1, bytes(8)), where, table))
        track = box(b"trak", full(b"tkhd", 3, struct.pack(">IIIII", 0, 0, 1, 0, 1000), bytes(8),
                                  bytes(8), matrix, struct.pack(">II", 16 << 16, 16 << 16)), media)
        head = full(b"mvhd", 0, struct.pack(">IIIIIH", 0, 0, 1000, 1000, 0x10000, 0x100), bytes(10),
                    matrix, bytes(24), struct.pack(">I", 2))
        return box(b"moov", head, track)

    offset = len(brands) + len(movie(0)) + 8
    return brands + movie(offset) + box(b"mdat", sample)


def files():
    return {"Gif1x1": gif(), "Png2x2": png(2, 2), "Png3x2": png(3, 2), "Png32x32": png(32, 32),
            "Mp3": mp3(), "Mp4": mp4()}


def main():
    with open("proxy/http/neutral_files.inc", "w", encoding="ascii") as out:
        out.write("// SPDX-License-Identifier: Apache-2.0\n//\n"
                  "// Neutral images, sound and film in Base64, written by tests/unit/http/make_neutral.py.\n")
        for name, data in files().items():
            text = base64.b64encode(data).decode()
            out.write("constexpr std::string_view k%s =\n" % name)
            lines = [text[i:i + 90] for i in range(0, len(text), 90)]
            out.write("\n".join('    "%s"' % line for line in lines) + ";\n")


if __name__ == "__main__":
    main()
