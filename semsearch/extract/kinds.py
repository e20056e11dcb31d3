"""Which kind of document a file name announces."""

from __future__ import annotations

from typing import Final

DATA: Final = frozenset({"csv", "data", "ini", "json", "log", "toml", "tsv", "xml", "yaml"})
"""Kinds whose lines are records: never split into sentences. Any other kind is code."""

_SUFFIXES_OF_KIND: Final = {
    "markdown": "md markdown mdown mkd mkdn mdx rmd qmd mdwn livemd",
    "text": "txt text me ms man 1st nfo tex ltx sty bib adoc asciidoc asc textile wiki mediawiki"
    " creole pod typ srt vtt ass pug",
    "rst": "rst rest",
    "org": "org",
    "html": "html htm xhtml",
    "csv": "csv",
    "tsv": "tsv tab",
    "json": "json jsonl ndjson json5 jsonc geojson",
    "yaml": "yaml yml",
    "toml": "toml",
    "ini": "ini cfg conf properties desktop service editorconfig",
    "xml": "xml xsd xsl xslt rng dtd svg plist opml",
    "log": "log",
    "data": "ics vcf po pot diff patch",
    "python": "py pyi pyw pyx pxd bzl bazel star",
    "javascript": "js mjs cjs jsx astro",
    "typescript": "ts mts cts tsx",
    "c": "c h",
    "cpp": "cc cpp cxx hh hpp hxx ipp inl ino cu cuh glsl vert frag hlsl wgsl metal",
    "objective-c": "m mm",
    "csharp": "cs csx",
    "java": "java",
    "kotlin": "kt kts",
    "scala": "scala sc",
    "groovy": "groovy gradle",
    "go": "go",
    "rust": "rs",
    "swift": "swift",
    "dart": "dart",
    "zig": "zig",
    "nim": "nim",
    "ruby": "rb rbi rake gemspec cr",
    "php": "php phtml",
    "perl": "pl pm t raku",
    "lua": "lua",
    "r": "r",
    "julia": "jl",
    "matlab": "matlab",
    "haskell": "hs lhs",
    "ocaml": "ml mli mll mly",
    "fsharp": "fs fsi fsx",
    "elixir": "ex exs",
    "erlang": "erl hrl",
    "clojure": "clj cljs cljc edn",
    "lisp": "lisp lsp cl el scm ss rkt fnl hy janet",
    "shell": "sh bash zsh fish ksh csh nu dockerfile containerfile",
    "powershell": "ps1 psm1 psd1",
    "batch": "bat cmd",
    "sql": "sql psql prql",
    "css": "css scss sass less styl",
    "vue": "vue",
    "svelte": "svelte",
    "graphql": "graphql gql",
    "protobuf": "proto thrift capnp avdl",
    "terraform": "tf tfvars hcl",
    "nix": "nix",
    "cmake": "cmake",
    "make": "mk mak am just",
    "pascal": "pas pp dpr",
    "fortran": "f f77 f90 f95 f03 for",
    "ada": "adb ads",
    "assembly": "asm s",
    "vhdl": "vhd vhdl",
    "verilog": "v sv svh",
    "solidity": "sol",
    "vim": "vim",
    "awk": "awk sed",
    "code": "ac ada agda bicep cairo cbl cob coffee coq cue d dhall eex ejs elm erb haml hbs heex"
    " hx idr j2 jinja jinja2 lean liquid m4 meson move mustache ninja odin pkl pony purs rego slim"
    " tcl tmpl tpl vala vb",
}

_KIND_OF_SUFFIX: Final = {
    suffix: kind for kind, suffixes in _SUFFIXES_OF_KIND.items() for suffix in suffixes.split()
}

_KIND_OF_NAME: Final = {
    "authors": "text",
    "changelog": "text",
    "changes": "text",
    "cmakelists.txt": "cmake",
    "contributing": "text",
    "contributors": "text",
    "copying": "text",
    "copyright": "text",
    "credits": "text",
    "dockerfile": "shell",
    "gemfile": "ruby",
    "gnumakefile": "make",
    "history": "text",
    "install": "text",
    "jenkinsfile": "groovy",
    "justfile": "make",
    "licence": "text",
    "license": "text",
    "makefile": "make",
    "news": "text",
    "notes": "text",
    "notice": "text",
    "procfile": "text",
    "rakefile": "ruby",
    "readme": "text",
    "requirements.txt": "ini",
    "thanks": "text",
    "todo": "text",
    "vagrantfile": "ruby",
}

EXTRACTABLE_SUFFIXES: Final = frozenset(_KIND_OF_SUFFIX)
"""File name endings that announce text, lower case, without the dot."""

KNOWN_NAMES: Final = frozenset(_KIND_OF_NAME)
"""Whole file names that announce text, lower case."""


def kind_of(name: str) -> str | None:
    """The kind a file name or path announces; None when it says nothing."""
    base = name.rpartition("/")[2].lower()
    known = _KIND_OF_NAME.get(base)
    if known is not None:
        return known
    stem, dot, suffix = base.rpartition(".")
    return _KIND_OF_SUFFIX.get(suffix) if dot and stem else None
