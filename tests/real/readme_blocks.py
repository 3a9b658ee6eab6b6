# SPDX-License-Identifier: Apache-2.0
#
# README.md as data: its fenced blocks, each with the comment before it that says how it is checked, its headings and
# its links. The comment is `<!-- test: WORD; WORD -->`, or `<!-- file: NAME -->`; WORDS says what they mean. No comment
# before a `sh` block: it is run, and must end with 0.
"""Blocks, headings, links and expected output of the README pages."""

import os
import re
import shlex

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
WORDS = {
    "starts": "started, and left running for those behind it, until its output is there",
    "dev": "a command of ./dev: only that there is one",
    "docker": "run by test_docker.py",
    "namespaces, router": "run on the router of three network namespaces",
    "namespaces, device": "run on a device behind it",
    "exit": "run, and must end with this code",
    "elsewhere": "the file named, or one in the folder named, has these words",
    "not here": "cannot be run here; its syntax and the names of files and options are checked",
    "picture": "a drawing",
    "file": "written to a file, and judged by check-config if it is a configuration",
    "faulty": "which is not to please check-config",
}
BLOCK = re.compile(r"(?:^<!-- (?P<kind>test|file): (?P<mark>.*?) -->\n)?"
                   r"^```(?P<lang>\S*)\n(?P<text>.*?)^```$", re.M | re.S)


class Block:
    """One fenced block. `wanted`: what the output of a `sh` block must look like, or None."""

    def __init__(self, found, page):
        self.line = page.count("\n", 0, found.start("lang")) + 1
        self.lang, self.text, self.wanted = found["lang"], found["text"], None
        self.marks = {}
        if found["kind"]:
            mark = found["mark"] if found["kind"] == "test" else "file: " + found["mark"]
            for part in mark.split("; ") if not mark.startswith("not here") else [mark]:
                key, _, value = part.partition(": ")
                if part.startswith("exit "):
                    key, value = part.split(" ")
                self.marks[key] = value
        self.whole = found[0]

    def __str__(self):
        return "README.md:%d, %s" % (self.line, self.text.strip().split("\n")[0][:60])

    def commands(self):
        """Each simple command as a list of words."""
        words = shlex.shlex(self.text.replace("\\\n", " "), posix=True, punctuation_chars="|;&\n")
        words.whitespace = " \t"
        words.commenters = "#"
        commands = [[]]
        for word in words:
            if set(word) <= set("|;&\n"):
                commands.append([])
            else:
                commands[-1].append(word)
        return [command for command in commands if command]


def read(name):
    with open(os.path.join(TOP, name), encoding="utf-8") as file:
        return file.read()


def blocks(page):
    """All of them in order; a `text` without a mark of its own is what the `sh` before it prints."""
    all_blocks, last = [], None
    for found in BLOCK.finditer(page):
        block = Block(found, page)
        all_blocks.append(block)
        if block.lang == "sh":
            last = block
        elif block.lang == "text" and not block.marks:
            assert last and last.wanted is None, "%s: whose output is it?" % block
            last.wanted = block.text
    return all_blocks


def headings(page):
    return re.findall(r"^(#+) (.*)$", BLOCK.sub("", page), re.M)


def anchor(heading):
    """As GitHub makes it."""
    return re.sub(r"[^\w\- ]", "", heading.replace("`", "").lower()).replace(" ", "-")


def links(page):
    return re.findall(r"\]\(([^)\s]+)\)", BLOCK.sub("", page))


def looks_like(wanted, seen):
    """Does the output fit? `…` stands for anything in a line, alone in a line for any lines, also none."""
    pattern, seen = "", seen.replace("\r", "")
    for line in wanted.rstrip("\n").split("\n"):
        if line == "…":
            pattern += r"(?:[^\n]*\n)*?"
        else:
            pattern += ".*?".join(map(re.escape, line.rstrip().split("…"))) + "[ \t]*\n"
    return re.fullmatch(pattern, seen if seen.endswith("\n") or not seen else seen + "\n") is not None
