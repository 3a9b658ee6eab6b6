# SPDX-License-Identifier: Apache-2.0
#
# Reads .play files into scenes: titles, settings, tables of cases, statements. Knows the shape of the
# language but not what a statement does (acts.py) and nothing of sockets. See README.md for the
# language on one page.
"""Parsing of .play files."""

import itertools
import re


class BadPlay(Exception):
    """The play itself is wrong, not the proxy."""


class Statement:
    """One line of a scene, with its block or continuation lines folded in."""

    def __init__(self, line, text):
        self.line = line  # number in the file, from 1
        self.text = text
        self.block = None  # lines of a << ... >> block

    def with_cells(self, cells):
        copy = Statement(self.line, fill(self.text, cells))
        if self.block is not None:
            copy.block = [fill(line, cells) for line in self.block]
        return copy


class Scene:
    def __init__(self, path, title, line, flags):
        self.path = path
        self.title = title
        self.line = line
        self.flags = flags  # "in cuts", "in bytes", "fail each"
        self.settings = []  # (key, text)
        self.statements = []
        self.tables = []  # (names, rows)

    def cases(self):
        """The scene once for every row (every combination of rows when there are several tables)."""
        if not self.tables:
            yield self
            return
        for rows in itertools.product(*(table[1] for table in self.tables)):
            cells = {}
            for (names, _), row in zip(self.tables, rows):
                cells.update(zip(names, row))
            case = Scene(self.path, fill(self.title, cells), self.line, self.flags)
            case.settings = [(key, fill(text, cells)) for key, text in self.settings]
            case.statements = [statement.with_cells(cells) for statement in self.statements]
            yield case


def fill(text, cells):
    """Replaces $name and ${name} by the cell of the table; leaves other dollars alone."""
    def cell(match):
        name = match.group(1) or match.group(2)
        return cells.get(name, match.group(0))
    return re.sub(r"\$\{([a-z_]+)\}|\$([a-z_]+)", cell, text)


def split_parts(text):
    """Splits at ' | ' outside quotes."""
    parts, start, quoted, i = [], 0, False, 0
    while i < len(text):
        c = text[i]
        if c == "\\":
            i += 2
            continue
        if c == '"':
            quoted = not quoted
        elif c == "|" and not quoted and (i == 0 or text[i - 1] == " ") and text[i + 1:i + 2] in ("", " "):
            parts.append(text[start:i].strip(" "))
            start = i + 1
        i += 1
    parts.append(text[start:].strip(" "))
    return parts


def strings(text):
    """The adjacent quoted strings that make up `text`, without their quotes; None if it is not that."""
    if not re.fullmatch(r'\s*("(?:[^"\\]|\\.)*"\s*)+', text, re.S):
        return None
    return re.findall(r'"((?:[^"\\]|\\.)*)"', text, re.S)


ESCAPES = {"r": "\r", "n": "\n", "t": "\t", "0": "\0", "\\": "\\", '"': '"', "s": " ", "$": "$"}


def unescape(text):
    """Escapes to bytes: \\r \\n \\t \\0 \\s (space) \\xHH \\\\ \\" \\$. Text is Latin-1."""
    def one(match):
        if match.group(1):
            return chr(int(match.group(1), 16))
        if match.group(2) not in ESCAPES:
            raise BadPlay("unknown escape \\%s" % match.group(2))
        return ESCAPES[match.group(2)]
    if "\\" in text:
        text = re.sub(r"\\x([0-9A-Fa-f]{2})|\\(.)", one, text, flags=re.S)
    return text.encode("latin-1")


def read_cell(text):
    found = strings(text)
    return "".join(found) if found is not None else text


def read_header(line, path, number):
    match = re.fullmatch(r'play\s+"((?:[^"\\]|\\.)*)"\s*(?:\(([a-z, ]*)\))?', line.strip())
    if not match:
        raise BadPlay("%s:%d: a play begins: play \"title\" (flags)" % (path, number))
    flags = {flag.strip() for flag in (match.group(2) or "").split(",") if flag.strip()}
    unknown = flags - {"in cuts", "in bytes", "fail each"}
    if unknown:
        raise BadPlay("%s:%d: unknown flag %s" % (path, number, sorted(unknown)))
    return Scene(path, match.group(1), number, flags)


def read_block(lines, at, path):
    block = []
    for i in range(at, len(lines)):
        text = lines[i].strip()
        if text == ">>":
            return block, i + 1
        block.append(text)
    raise BadPlay("%s:%d: a << block is not ended by >>" % (path, at))


def read_play(path):
    """All scenes of a file, tables not yet spread out."""
    with open(path, encoding="utf-8") as file:
        lines = file.read().split("\n")
    scenes, scene, at = [], None, 0
    while at < len(lines):
        number, line = at + 1, lines[at]
        text = line.strip()
        at += 1
        if not text or text.startswith("#"):
            continue
        if re.match(r"play\b", line):
            scene = read_header(line, path, number)
            scenes.append(scene)
        elif scene is None:
            raise BadPlay("%s:%d: a statement before the first play" % (path, number))
        elif text.startswith("set "):
            key, _, value = text[4:].strip().partition(" ")
            scene.settings.append((key, value.strip()))
        elif text.startswith("each "):
            names = text[5:].split()
            rows = []
            while at < len(lines) and lines[at].strip().startswith("|"):
                row = [read_cell(cell) for cell in split_parts(lines[at].strip())[1:]]
                if len(row) != len(names):
                    raise BadPlay("%s:%d: %d cells for %s" % (path, at + 1, len(row), names))
                rows.append(row)
                at += 1
            scene.tables.append((names, rows))
        elif text.startswith('"') or text.startswith("| "):
            if not scene.statements:
                raise BadPlay("%s:%d: nothing to continue" % (path, number))
            scene.statements[-1].text += " " + text
        else:
            statement = Statement(number, text)
            if text.endswith("<<"):
                statement.text = text[:-2].strip()
                statement.block, at = read_block(lines, at, path)
            scene.statements.append(statement)
    return scenes
