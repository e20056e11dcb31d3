from __future__ import annotations

import pytest

from semsearch.extract.outline import MAX_BLOCKS

from .reading import blocks, outline, read

PAGE = """\
<!DOCTYPE html>
<html><head><title>Install &mdash; Tool Docs</title>
<style>p { color: red }</style><script>if (a<b) alert("<p>no</p>")</script></head>
<body>
<nav><ul><li><a href="/">Home</a></li></ul></nav>
<header>Site header</header>
<main>
<header><h1>Install<a class="headerlink" href="#install">\N{PILCROW SIGN}</a></h1></header>
<p>First <b>bold</b> words,
over two lines.</p>
<h2 id="linux">On <code>Linux</code></h2>
<ul><li>one<li>two<ul><li>deep &amp; nested</ul></ul>
<table><tr><th>Name<th>Value</tr><tr><td>a &lt; b</td><td><p>1</p></td></tr></table>
<pre><code>def f():
    return 1
</code></pre>
<dl><dt>term</dt><dd>meaning</dd></dl>
<blockquote>wise</blockquote>
<p>Line<br>break<br/><br>new paragraph <img alt="a small diagram" src=x> end</p>
<aside>Side note</aside>
</main>
<footer>Imprint</footer>
</body></html>
"""


def test_structure_of_a_page() -> None:
    document = read(PAGE, "a.html")
    assert document.kind == "html"
    assert document.title == "Install \N{EM DASH} Tool Docs"
    assert blocks(document) == [
        ("heading", "", "Install"),
        ("paragraph", "", "First bold words, over two lines."),
        ("heading", "On Linux", "On Linux"),
        ("list", "On Linux", "- one\n- two\n  - deep & nested"),
        ("table", "On Linux", "Name | Value\na < b | 1"),
        ("code", "On Linux", "def f():\n    return 1"),
        ("paragraph", "On Linux", "term\nmeaning"),
        ("quote", "On Linux", "wise"),
        ("paragraph", "On Linux", "Line\nbreak"),
        ("paragraph", "On Linux", "new paragraph a small diagram end"),
        ("paragraph", "On Linux", "Side note"),
    ]


def test_boilerplate_is_left_out() -> None:
    text = read(PAGE, "a.html").text
    for word in ("Home", "Site header", "Imprint", "color", "alert", "\N{PILCROW SIGN}"):
        assert word not in text


def test_every_piece_of_text_knows_its_source_line() -> None:
    document = read(PAGE, "a.html")
    source = PAGE.split("\n")
    words = ["First", "over", "Linux", "one", "Name", "def f", "return 1", "meaning", "Side"]
    for word in words:
        offset = document.text.index(word)
        line = max(line for start, line in document.source_lines if start <= offset)
        assert word in source[line - 1]


def test_source_lines_ascend() -> None:
    pairs = read(PAGE, "a.html").source_lines
    assert list(pairs) == sorted(set(pairs))


@pytest.mark.parametrize(
    "wrap",
    [
        '<div role="navigation">{}</div>',
        "<div role=banner>{}</div>",
        "<div hidden>{}</div>",
        '<section aria-hidden="true">{}</section>',
        "<NAV>{}</NAV>",
        "<svg><text>{}</text></svg>",
        "<template>{}</template>",
        "<button>{}</button>",
        "<!-- {} -->",
        "<textarea>{}</textarea>",
        "<footer><div><footer>{}</footer></div></footer>",
    ],
)
def test_kinds_of_boilerplate(wrap: str) -> None:
    document = read(f"<p>Before</p>{wrap.format('<p>gone</p>')}<p>After</p>", "a.html")
    assert [text for _, _, text in blocks(document)] == ["Before", "After"]


def test_a_role_marks_the_main_part_too() -> None:
    document = read('<div>menu</div><div role="main"><div>x</div>text</div><div>ad</div>', "a.html")
    assert [text for _, _, text in blocks(document)] == ["x", "text"]


def test_a_main_part_that_holds_next_to_nothing_is_not_believed() -> None:
    document = read(f"<p>{'real text ' * 300}</p><main>x</main>", "a.html")
    assert len(document.text) > 2000


@pytest.mark.parametrize("tag", ["nav", "footer", "div hidden"])
def test_boilerplate_that_never_ends_does_not_swallow_the_page(tag: str) -> None:
    document = read(f"<{tag}><p>All of the text</p>", "a.html")
    assert "All of the text" in document.text


def test_a_page_of_nothing_but_boilerplate_is_read_anyway() -> None:
    assert "Only this" in read("<nav><p>Only this</p></nav>", "a.html").text


def test_quotes_protect_tags_in_attributes() -> None:
    document = read('<p title="a > b <p>">text</p><p data-x=\'"\'>more</p>', "a.html")
    assert [text for _, _, text in blocks(document)] == ["text", "more"]


def test_signs_that_begin_no_tag_are_text() -> None:
    document = read("<p>1 < 2 and 3 <4 & x &lt;b&gt; &#233; &nbsp; <b>&nbsp;</b> |</p>", "a.html")
    assert document.text == "1 < 2 and 3 <4 & x <b> \N{LATIN SMALL LETTER E WITH ACUTE} |"


@pytest.mark.parametrize("signs", ["<", "<<", "<" * 1000])
@pytest.mark.parametrize("tag", ["b", "td", "unknown"])
def test_signs_before_a_tag_are_text(signs: str, tag: str) -> None:
    assert read(f"<p>a {signs}<{tag}>c</{tag}><p>d", "a.html").text.split()[:2] == [
        "a",
        f"{signs}c" if tag != "td" else signs,
    ]


def test_a_tag_that_never_ends_keeps_the_text_around_it() -> None:
    document = read("<p>Before</p><p>x <a href=foo Last words", "a.html")
    assert document.text.startswith("Before")
    assert "Last words" in document.text


def test_the_heading_is_the_title_of_a_page_without_one() -> None:
    assert read("<h1>Name</h1><p>x</p><h2>Part</h2><p>y</p>", "a.html").title == "Name"


def test_a_heading_ends_at_the_next_block() -> None:
    document = read("<h2>Head<p>text</p><p>more</p>", "a.html")
    assert outline(document) == [("heading", ""), ("paragraph", ""), ("paragraph", "")]


def test_cells_of_a_layout_table_are_blocks() -> None:
    cell = "<p>" + "words " * 80 + "</p>"
    document = read(f"<table><tr><td>{cell}{cell}</td></tr></table>", "a.html")
    assert len(document.blocks) >= 1
    assert document.text.count("\n") >= 1


def test_a_heading_in_a_layout_cell_is_a_heading() -> None:
    document = read("<table><tr><td><h2>Part</h2><p>text</td></tr></table>", "a.html")
    assert blocks(document) == [("heading", "", "Part"), ("table", "", "text")]


def test_a_hidden_list_leaves_no_trace_in_what_follows() -> None:
    document = read(
        "<p>a</p><ul hidden><li>x</ul><blockquote hidden>y</blockquote><p>b</p>", "a.html"
    )
    assert outline(document) == [("paragraph", ""), ("paragraph", "")]


def test_blocks_of_a_page_are_bounded() -> None:
    document = read("<tr>x<p>" * (MAX_BLOCKS + 50), "a.html")
    assert len(document.blocks) <= MAX_BLOCKS
    assert document.text.count("x") == MAX_BLOCKS + 50
