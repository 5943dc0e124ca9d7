"""Reads a bash command just far enough to know the quoting at every mark, and writes variables in place of the marks.

The law: where the quoting is not certain, or where bash would read the value again as code, the answer is no.
"""

from __future__ import annotations

import re
from enum import Enum, auto

MARK = "\x00"
_MARK = re.compile(r"\x00(\d+)\x00")


class Unsafe(Exception):
    """A place in which a value cannot be given safely; the message says why and what to write."""


class In(Enum):
    BARE = auto()
    PAREN = auto()
    """Inside ( ), $( ) or <( ): bare, until the parenthesis closes."""
    DOUBLE = auto()
    SINGLE = auto()
    ANSI = auto()
    COMMENT = auto()
    ARITHMETIC = auto()
    BRACE = auto()
    BACKTICK = auto()


_REFUSED = {
    In.ARITHMETIC: "bash computes with what stands in $(( )) and would run code in it; use it outside",
    In.BRACE: "a {{ variable }} cannot stand inside ${ }; use it outside",
    In.BACKTICK: "a {{ variable }} cannot stand inside backticks; write $( )",
    In.ANSI: "a {{ variable }} cannot stand inside $' '; close the quotes before it",
}
_WORD_END = frozenset(" \t\n;|&<>()")
_NEW_COMMAND = frozenset("\n;|&()")
_CODE_WORDS = frozenset({"eval", "let", "trap", "unset", "declare", "typeset"})
_NAME_WORDS = frozenset({"read", "mapfile", "readarray", "getopts"})
_REDIRECTED = re.compile(r"[<>][&|]?\s*$")
_BEFORE_COMMAND = frozenset({
    "if", "then", "elif", "else", "while", "until", "do", "!", "{", "time", "command", "builtin", "exec",
})  # fmt: skip
_SHELL_CODE = re.compile(r"(?:^|[\s/])(?:(?:ba|da|z|k|a)?sh|su|\W?\$\{?SHELL\}?\W?)(?:\s+\S+)*?\s+-[a-z]*c\s*$")
_VARIABLE_NAME = re.compile(r"(?:(?:^|\s)(?:\[\[?|test)(?:\s.*)?|(?:^|\s)printf)\s+-v\s*$", re.DOTALL)
_NUMBER_TEST = re.compile(r"-(?:eq|ne|lt|le|gt|ge)\b")
_DOUBLE_BRACKET = re.compile(r"\[\[\s(.*?)\s\]\]", re.DOTALL)
_REDIRECTION = re.compile(r"\d*(?:<<<|<|&?>>?)[&|]?\s*\S+")
_SUBSCRIPT = re.compile(r"\w+\[[^\]]*\Z")
_HARD = ("'", '"', "`", "$(", "${")


def with_variables(text: str) -> str:
    """`text` with `MARK n MARK` written as the variable `_vn`, each in the way its place needs."""
    _refuse_number_tests(text)
    _refuse_indirection(text)
    return _Reader(text).read()


def _refuse_number_tests(text: str) -> None:
    for match in _DOUBLE_BRACKET.finditer(text):
        if MARK in match[1] and _NUMBER_TEST.search(match[1]):
            raise Unsafe("bash computes with what [[ compares as numbers and would run code in it; write [ ]")


def _refuse_indirection(text: str) -> None:
    if MARK in text and "${!" in text:
        raise Unsafe("bash reads what ${! } leads to as code; write the variable itself")


def _program(command: str) -> str:
    """The program or builtin that a simple command names."""
    for word in _REDIRECTION.sub("", _MARK.sub("x", command)).split():
        if "=" not in word and not word.startswith("-") and word not in _BEFORE_COMMAND:
            return re.sub(r"['\"\\]", "", word)
    return ""


class _Reader:
    """One pass over the text, with a stack of what is open."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.open = [In.BARE]
        self.word = 0
        """Where the current word begins."""
        self.command = 0
        """Where the current simple command begins."""
        self.around: list[tuple[int, int]] = []
        """(word, command) of what surrounds each open parenthesis."""
        self.depth = 0
        """Parentheses open inside an arithmetic expression."""
        self.escaped = -1
        """Where the last escaped character ended."""
        self.doubt: str | None = None
        """Why nothing after here is certain."""

    def read(self) -> str:
        done = []
        while self.at < len(self.text):
            start, mark = self.at, _MARK.match(self.text, self.at)
            if mark:
                done.append(self.variable(mark[1]))
                self.at = mark.end()
            else:
                self.step()
                done.append(self.text[start : self.at])
        return "".join(done)

    def variable(self, number: str) -> str:
        state = self.open[-1]
        if self.doubt or state in _REFUSED:
            raise Unsafe(self.doubt or _REFUSED[state])
        if state is In.COMMENT:
            return f"${{_v{number}}}"
        self.refuse_code()
        if state is In.SINGLE:
            return f"'\"${{_v{number}}}\"'"
        if self.text[: self.at].endswith("$") and self.escaped != self.at:
            raise Unsafe("a $ directly before a {{ variable }} would change its meaning; write \\$")
        return f"${{_v{number}}}" if state is In.DOUBLE else f'"${{_v{number}}}"'

    def refuse_code(self) -> None:
        """Places in which bash reads a value again as code, whatever the quotes."""
        before = self.text[self.command : self.word]
        first = _program(before)
        if first in _CODE_WORDS:
            raise Unsafe(f"`{first}` reads its arguments as code; a {{{{ variable }}}} cannot be one of them")
        if _SHELL_CODE.search(before):
            raise Unsafe(
                "a {{ variable }} in the text of sh -c would be code; pass it behind: sh -c '… \"$1\"' _ {{ x }}"
            )
        if _VARIABLE_NAME.search(before) or (first in _NAME_WORDS and not _REDIRECTED.search(before)):
            raise Unsafe("a {{ variable }} cannot be the name of a variable")
        if _SUBSCRIPT.match(self.text[self.word : self.at]):
            raise Unsafe("bash computes with what stands in [ ] of a variable and would run code in it")

    def step(self) -> None:
        """Takes one character, or what belongs together."""
        state, char = self.open[-1], self.text[self.at]
        if state is In.SINGLE or state is In.COMMENT:
            self.take(1, closes=char == ("'" if state is In.SINGLE else "\n"))
            self.word = self.at if state is In.COMMENT else self.word
        elif char == "\\":
            self.escape()
        elif state is In.ANSI or state is In.BACKTICK:
            self.take(1, closes=char == ("'" if state is In.ANSI else "`"))
        elif state is In.BRACE:
            self.brace(char)
        elif state is In.ARITHMETIC:
            self.arithmetic(char)
        elif state is In.DOUBLE:
            if char == '"' or not self.expansion():
                self.take(1, closes=char == '"')
        else:
            self.bare(char)

    def take(self, length: int, opens: In | None = None, closes: bool = False) -> None:
        self.at += length
        if closes:
            self.open.pop()
        if opens:
            self.open.append(opens)

    def escape(self) -> None:
        following = self.text[self.at + 1 : self.at + 2]
        if following == MARK:
            raise Unsafe("a backslash directly before a {{ variable }} would change its meaning; remove it")
        between_words = following == "\n" and self.word == self.at
        self.take(2)
        self.escaped = self.at
        self.word = self.at if between_words else self.word

    def bare(self, char: str) -> None:
        rest = self.text[self.at : self.at + 3]
        if rest.startswith("$'"):
            self.take(2, In.ANSI)
        elif char in "'\"":
            self.take(1, In.SINGLE if char == "'" else In.DOUBLE)
        elif rest == "<<<":
            self.end_word(3)
        elif rest.startswith("<<"):
            self.doubt = "a {{ variable }} cannot stand in or after a here-document; use printf '%s\\n' {{ x }}"
            self.end_word(2)
        elif rest.startswith("(("):
            self.take(2, In.ARITHMETIC)
        elif char == "#" and self.word == self.at:
            self.take(1, In.COMMENT)
        elif not self.expansion():
            self.plain(char)

    def plain(self, char: str) -> None:
        if char not in _WORD_END:
            self.take(1)
            return
        if self.text[self.word : self.at] == "case":
            self.doubt = "a {{ variable }} cannot stand in or after `case`; set a shell variable before it"
        if char == ")" and self.open[-1] is In.PAREN:
            self.take(1, closes=True)
            self.word, self.command = self.around.pop()
            return
        self.end_word(1)
        if char == "(":
            self.parenthesis()
        elif char in _NEW_COMMAND and not self.redirects(char):
            self.command = self.at

    def redirects(self, char: str) -> bool:
        """`&` and `|` that belong to `>&`, `&>` or `>|`."""
        before, after = self.text[: self.at - 1], self.text[self.at : self.at + 1]
        return (char in "&|" and before.endswith((">", "<"))) or (char == "&" and after == ">")

    def parenthesis(self) -> None:
        """What stands inside begins with a command of its own."""
        self.open.append(In.PAREN)
        self.around.append((self.word, self.command))
        self.word = self.command = self.at

    def end_word(self, length: int) -> None:
        self.at += length
        self.word = self.at

    def expansion(self) -> bool:
        """What begins with $ or a backtick, in double quotes and outside."""
        rest = self.text[self.at : self.at + 3]
        if rest.startswith("$(("):
            self.take(3, In.ARITHMETIC)
        elif rest.startswith("$["):
            self.doubt = "a {{ variable }} cannot stand in or after $[ ]; write $(( ))"
            self.take(2)
        elif rest.startswith("$("):
            self.at += 2
            self.parenthesis()
        elif rest.startswith("${"):
            self.take(2, In.BRACE)
        elif rest.startswith("`"):
            self.take(1, In.BACKTICK)
        elif rest.startswith("$$"):
            self.take(2)
        else:
            return False
        return True

    def brace(self, char: str) -> None:
        if self.text.startswith(_HARD, self.at):
            self.doubt = "what stands inside ${ } is too hard to read; set a shell variable first"
        self.take(1, closes=char == "}")

    def arithmetic(self, char: str) -> None:
        ends = char == ")" and not self.depth
        if self.text.startswith(_HARD, self.at) or (ends and not self.text.startswith("))", self.at)):
            self.doubt = "what stands inside (( )) is too hard to read; set a shell variable first"
        self.depth += (char == "(") - (char == ")" and not ends)
        self.take(2 if ends else 1, closes=ends)
