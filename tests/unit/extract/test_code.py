from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from semsearch.extract.code import SMALL, TINY, CodeReader

from .reading import blocks, outline, read

BODY = "".join(f"    value_{n} = compute({n})  # step {n} of the way\n" for n in range(10))
"""A function body large enough for a breadcrumb of its own."""
assert len(BODY) > SMALL

MODULE = f'''\
"""Module words.

class NotOne:
"""
import os

# Above the function.
@decorator(
    "with arguments",
)
def first(a,
          b):
    """Doc."""
{BODY}
class Box(Base):
    """A box."""

    size = 1

    async def open(self):
{BODY.replace("    ", "        ")}
    def tiny(self):
        return 1


CONSTANT = first(1, 2) + first(3, 4) + first(5, 6) + first(7, 8) + first(9, 10) + first(11, 12)
'''


def test_python_scopes() -> None:
    document = read(MODULE, "a.py")
    assert document.kind == "python"
    assert document.title == ""
    assert outline(document) == [
        ("code", ""),
        ("definition", "def first"),
        ("definition", "class Box"),
        ("definition", "class Box / def open"),
        ("definition", "class Box"),
        ("code", ""),
    ]


def test_comments_and_decorators_belong_to_the_definition_below() -> None:
    texts = {breadcrumb: text for _, breadcrumb, text in blocks(read(MODULE, "a.py"))}
    assert texts["def first"].startswith("# Above the function.\n@decorator(\n")
    assert texts["def first"].endswith("# step 9 of the way")


def test_a_class_keeps_its_docstring_and_small_methods_share_its_breadcrumb() -> None:
    texts = [
        text for _, breadcrumb, text in blocks(read(MODULE, "a.py")) if breadcrumb == "class Box"
    ]
    assert texts[0] == 'class Box(Base):\n    """A box."""\n\n    size = 1'
    assert texts[1] == "    def tiny(self):\n        return 1"


def test_definitions_inside_strings_and_at_their_column_are_text() -> None:
    source = f'def f():\n    """\nclass Inner:\n    """\n{BODY}\nprint({"x" * 90!r})\n'
    assert outline(read(source, "a.py")) == [("definition", "def f"), ("code", "")]


def test_loose_lines_join_the_definition_before() -> None:
    document = read(f"def f():\n{BODY}\nf = wrap(f)\n", "a.py")
    assert outline(document) == [("definition", "def f")]


def test_a_trailing_comment_stays_inside_and_a_banner_outside() -> None:
    source = f"def a():\n{BODY}    # inside\n\n# -- banner --\n\ndef b():\n{BODY}"
    texts = {breadcrumb: text for _, breadcrumb, text in blocks(read(source, "a.py"))}
    assert texts["def a"].endswith("# inside\n\n# -- banner --")
    assert texts["def b"].startswith("def b")


LANGUAGES = [
    ("a.js", "export default async function load(url) {\n", "}\n", "function load"),
    ("a.js", "const load = async (url) => {\n", "}\n", "load"),
    ("a.js", "module.exports.load = function (url) {\n", "};\n", "module.exports.load"),
    ("a.ts", "export interface Shape<T> {\n", "}\n", "interface Shape"),
    ("a.go", "func (s *Server) Handle(w Writer) error {\n", "}\n", "func Handle"),
    ("a.rs", "pub(crate) fn parse<'a>(x: &'a str) -> Result<T> {\n", "}\n", "fn parse"),
    ("a.rs", "impl<T> Display for Point<T> {\n", "}\n", "impl<T> Display for Point<T>"),
    ("a.rs", "macro_rules! vec_of {\n", "}\n", "macro_rules vec_of"),
    ("a.c", "static int main_loop(int argc, char **argv)\n{\n", "}\n", "main_loop()"),
    ("a.cpp", "void Foo::bar(const std::string& s) {\n", "}\n", "Foo::bar()"),
    ("a.java", "    public static <T> List<T> of(T... items) {\n", "    }\n", "of()"),
    ("a.cs", "public sealed class Box {\n", "}\n", "class Box"),
    ("a.rb", "def self.open(path)\n", "end\n", "def self.open"),
    ("a.php", "function render($x) {\n", "}\n", "function render"),
    ("a.sh", "deploy() {\n", "}\n", "deploy()"),
    ("a.lua", "local function add(a, b)\n", "end\n", "function add"),
    ("a.kt", "suspend fun fetch(id: Int): User {\n", "}\n", "fun fetch"),
    ("a.swift", "extension Array {\n", "}\n", "extension Array"),
    ("a.ex", "defmodule Shop.Cart do\n", "end\n", "defmodule Shop.Cart"),
    ("a.sql", "CREATE TABLE IF NOT EXISTS users (\n", ");\n", "table users"),
    ("a.el", "(defun my-fn (x)\n", ")\n", "defun my-fn"),
    ("a.tf", 'resource "aws_s3_bucket" "logs" {\n', "}\n", 'resource "aws_s3_bucket" "logs"'),
]


@pytest.mark.parametrize(("name", "head", "foot", "label"), LANGUAGES)
def test_definitions_of_many_languages(name: str, head: str, foot: str, label: str) -> None:
    source = f"{head}{BODY.replace('#', '').replace('    ', ' ' * 8)}{foot}\n"
    document = read(source, name)
    assert outline(document) == [("definition", label)]
    assert blocks(document)[0][2] == source.rstrip()


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("a.c", "int forward(int a);"),
        ("a.c", "    if (x) {"),
        ("a.c", "#define MAX(a, b) ((a) > (b) ? (a) : (b))"),
        ("a.js", "if (ready) {"),
        ("a.js", "const total = (a + b) * 2;"),
        ("a.rs", "mod tests;"),
        ("a.py", "defer = 1"),
        ("a.py", "classes = []"),
    ],
)
def test_lines_that_define_nothing(name: str, line: str) -> None:
    source = f"{line}\n{BODY.replace('#', '//')}"
    assert {kind for kind, _ in outline(read(source, name))} == {"code"}


def test_methods_in_braces_get_both_scopes() -> None:
    body = BODY.replace("    ", "        ").replace("#", "//")
    source = (
        f"class Cart {{\n    add(item) {{\n{body}    }}\n\n    drop(item) {{\n{body}    }}\n}}\n"
    )
    assert outline(read(source, "a.js")) == [
        ("definition", "class Cart"),
        ("definition", "class Cart / add()"),
        ("definition", "class Cart / drop()"),
    ]


def test_preprocessor_lines_and_labels_do_not_end_a_function() -> None:
    body = BODY.replace("#", "//")
    source = f"int f(void)\n{{\n{body}#ifdef X\n{body}#endif\nout:\n    return 0;\n}}\n"
    assert outline(read(source, "a.c")) == [("definition", "f()")]


class EveryLine(CodeReader):
    """Looks at every line, where the product passes by those that change nothing."""

    def next_line(self, text: str, at: int) -> int:
        return at + 1


_LONG = f"x = '{'y' * TINY}'"
_SOURCES = {
    "python": [
        *("def f(x):", "async def g():", "class A:", "def k(): {};", "return 1", "*", ")", "}"),
        *("# note", "@decorator", "@decorator(", '"""', '"""Doc."""', "'''", "x = '''", '# """'),
        *("template <T>", "\xa0def h():", "\x0c@decorator("),
    ],
    "c": [
        *("int main(int a)", "{", "}", "class B {", "};", "enum E {};", "int x;", ")", "out:"),
        *("#ifdef X", "// note", "/* note", "*/", "* note", '"""', "@decorator(", "@decorator"),
    ],
}
_SOURCES["javascript"] = ["function h() {", "add(item) {", "const f = () => {", *_SOURCES["c"]]
_indents = st.sampled_from(
    ["", "", "", "    ", "    ", "        ", " ", "\t", "\t\t", " \t", " " * 50]
)


def assert_nothing_missed(text: str, kind: str) -> None:
    found, expected = CodeReader(text, kind), EveryLine(text, kind)
    found.read()
    expected.read()
    assert found.blocks() == expected.blocks()


@pytest.mark.parametrize("kind", _SOURCES)
@given(st.data())
@settings(max_examples=300, deadline=None)
def test_lines_passed_by_change_nothing(kind: str, data: st.DataObject) -> None:
    words = st.sampled_from(["", "", _LONG, *_SOURCES[kind]])
    lines = st.lists(st.tuples(_indents, words).map("".join), min_size=1, max_size=30)
    line_end = data.draw(st.sampled_from(["\n", "\r\n", "\r"]))
    assert_nothing_missed(line_end.join([*data.draw(lines), "last"]), kind)


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("python", f"@d(\n\nx\n)\ndef f(x):\n    {_LONG}\n"),
        ("python", f"def f(x):\n    y\n    @d(\n    z\ndef g(x):\n    {_LONG}\n"),
        ("python", f"{_LONG}\n# note\nx\ndef f(x):\n    {_LONG}\n"),
        ("python", f"{_LONG}\n# note\ndef f(x):\n    {_LONG}\n"),
        ("python", f"{_LONG}\n*\ndef f(x):\n    {_LONG}\n"),
        ("python", f"{_LONG}\ntemplate <T>\ndef f(x):\n    {_LONG}\n"),
        ("c", f"int f(int a)\n{{\n    x;\n    /* y\nint g(int a)\n*/\n    {_LONG}\n"),
        ("javascript", f"function h() {{\n/* note\n\n*/\n    {_LONG}\nx()\n"),
    ],
)
def test_seldom_lines_that_are_not_passed_by(kind: str, text: str) -> None:
    assert_nothing_missed(text, kind)
