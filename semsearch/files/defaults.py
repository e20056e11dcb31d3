"""What is looked at and what is passed over when nobody says otherwise.

A file is indexed when its suffix is in `TEXT_SUFFIXES`, when its name has no suffix, or when it
begins with a well-known word (`README.first`, `Dockerfile.dev`). Whatever else there is counts as
`unknown type`: guessing by content would mean opening every file of a tree to learn that most of
them are none of our business. All names here are lower case and compared with the name lowered.
"""

from __future__ import annotations

from typing import Final

MAX_FILE_BYTES: Final = 10 * 1024 * 1024


def _words(text: str, before: bytes = b"") -> frozenset[bytes]:
    return frozenset(before + word.encode() for word in text.split())


TEXT_SUFFIXES: Final = _words(
    """
    md markdown mdown mkd mkdn mdwn mdx livemd txt text rst rest org adoc asciidoc textile wiki
    mediawiki creole pod html htm xhtml tex ltx sty bib typ man me ms nfo 1st
    py pyi pyw pyx pxd rb rbi erb rake gemspec pl pm t raku php phtml lua tcl r rmd qmd jl
    js mjs cjs jsx ts mts cts tsx vue svelte astro coffee
    c h cc cpp cxx hh hpp hxx ipp inl m mm cu cuh ino metal glsl vert frag hlsl wgsl
    java kt kts groovy gradle scala sc clj cljs cljc edn
    cs csx fs fsi fsx vb go rs swift zig nim d v odin pony vala cr dart hx
    hs lhs ml mli mll mly elm purs agda idr lean coq erl hrl ex exs eex heex
    lisp lsp cl el scm ss rkt fnl hy janet asm s pas pp dpr ada adb ads f f77 f90 f95 f03 for
    cob cbl vhd vhdl sv svh sol move cairo prql sql psql graphql gql proto thrift avdl capnp
    sh bash zsh fish ksh csh ps1 psm1 psd1 bat cmd awk sed nu vim el
    css scss sass less styl json jsonc json5 jsonl ndjson yaml yml toml ini cfg conf properties
    xml xsd xsl xslt rng dtd svelte plist opml tf tfvars hcl nix dhall cue rego bicep pkl
    cmake mk mak am ac m4 bzl bazel star ninja meson just dockerfile containerfile
    csv tsv tab geojson desktop service editorconfig matlab srt vtt ass ics vcf po pot diff patch
    tmpl tpl j2 jinja jinja2 mustache hbs liquid
    pug haml slim ejs
    """,
    b".",
)

WELL_KNOWN_WORDS: Final = _words(
    """
    authors brewfile changelog changes codeowners contributing contributors copying
    copyright dockerfile containerfile gemfile history install jenkinsfile justfile license
    licence maintainers makefile gnumakefile news notes notice procfile rakefile readme release
    releases security snapcraft support thanks todo vagrantfile
    """
)
"""A name made of one of these and any suffix that is not a binary one is indexed."""

BINARY_SUFFIXES: Final = _words(
    """
    png jpg jpeg jpe gif bmp tif tiff webp avif heic heif ico icns psd ai eps xcf raw cr2 nef dng
    mp3 wav flac ogg oga opus m4a aac wma aiff mid midi mp4 m4v mkv mov avi wmv webm mpg mpeg flv
    zip gz tgz bz2 tbz xz txz zst lz lz4 lzma 7z rar tar cab iso dmg img deb rpm apk ipa msi pkg
    jar war ear aar whl egg crate nupkg vsix xpi crx
    exe dll so dylib a o obj lib pdb class pyc pyo pyd beam wasm bin elf com sys ko node
    ttf otf woff woff2 eot fon pfb
    db db3 sqlite sqlite3 sqlite-wal sqlite-shm db-wal db-shm mdb accdb ldb sst frm ibd
    npy npz pkl pickle h5 hdf5 parquet feather arrow onnx pt pth ckpt safetensors gguf tflite
    blend fbx glb stl dwg skp sketch fig xd swf fla swp swo
    """,
    b".",
)

LOCK_FILES: Final = _words(
    """
    package-lock.json npm-shrinkwrap.json yarn.lock pnpm-lock.yaml bun.lock bun.lockb deno.lock
    poetry.lock pipfile.lock pdm.lock uv.lock pixi.lock conda-lock.yml cargo.lock gemfile.lock
    composer.lock go.sum go.work.sum mix.lock pubspec.lock podfile.lock package.resolved flake.lock
    gradle.lockfile packages.lock.json paket.lock project.assets.json .terraform.lock.hcl
    """
)

GENERATED_ENDINGS: Final = (b".min.js", b".min.css", b".js.map", b".css.map", b".bundle.js")

VERSION_CONTROL: Final = _words(".git .hg .svn .bzr .jj .pijul _darcs .fossil cvs .sl")
"""Never entered, whatever the rules say."""

EXCLUDED_FOLDERS: Final = _words(
    """
    node_modules bower_components jspm_packages .pnpm-store .yarn .npm
    __pycache__ __pypackages__ .mypy_cache .ruff_cache .pytest_cache .hypothesis .tox .nox .eggs
    .venv venv virtualenv site-packages .ipynb_checkpoints htmlcov
    .gradle .m2 .ivy2 .cargo .rustup .stack-work .cabal-sandbox dist-newstyle elm-stuff
    .next .nuxt .svelte-kit .parcel-cache .turbo .angular .cache .sass-cache .terraform .serverless
    cmakefiles bazel-bin bazel-out bazel-testlogs deriveddata xcuserdata
    .idea .vs .vscode-test .direnv .trash .trashes $recycle.bin .spotlight-v100 .fseventsd
    """
)
"""Dependencies, caches, environments and build output whose names leave no doubt."""

ENVIRONMENT_MARKER: Final = "pyvenv.cfg"
"""A folder that holds it is a Python environment under whatever name."""

CACHE_MARKER: Final = "CACHEDIR.TAG"
"""A folder that holds it, beginning with `CACHE_SIGNATURE`, is a cache (bford.info/cachedir)."""

CACHE_SIGNATURE: Final = b"Signature: 8a477f597d28d172789f06886806bc55"

SECRET_FOLDERS: Final = _words(
    ".ssh .aws .gnupg .azure .kube .docker .gcloud .password-store .vault .keychain keyrings"
)

_SECRET_NAMES: Final = _words(
    """
    .netrc _netrc .pgpass .my.cnf .mylogin.cnf .npmrc .yarnrc .pypirc .htpasswd .git-credentials
    .dockercfg .s3cfg .boto .vault-token .vault_pass .terraformrc .rhosts .smbcredentials
    .bash_history .zsh_history .sh_history .ksh_history .python_history .node_repl_history
    .psql_history .mysql_history .sqlite_history .rediscli_history .irb_history .lesshst .histfile
    .histdb fish_history consolehost_history.txt wallet.dat wallet.json keystore.json
    credentials credentials.json service-account.json client_secret.json authinfo .authinfo
    authinfo.gpg logins.json key3.db key4.db shadow gshadow .secrets secrets.json secrets.yml
    secrets.yaml secrets.toml
    """
)
_SECRET_SUFFIXES: Final = _words(
    """
    pem key p12 pfx p8 pkcs12 jks keystore bks ppk der kdb kdbx psafe3 agilekeychain opvault
    gpg pgp age keychain keytab ovpn tfstate env wallet secret
    """,
    b".",
)
_SECRET_BEGINNINGS: Final = (b".env", b".credentials", b"client_secret_", b"service-account-")
_SECRET_ENDINGS: Final = (b".tfstate.backup", b"_history.db")

DEFAULT_SETS: Final = (
    WELL_KNOWN_WORDS,
    BINARY_SUFFIXES,
    LOCK_FILES,
    VERSION_CONTROL,
    EXCLUDED_FOLDERS,
    SECRET_FOLDERS,
    _SECRET_NAMES,
    _SECRET_SUFFIXES,
)
"""Part of every rules digest, so that a release with other defaults looks at all files again."""


def is_secret_name(lowered: bytes) -> bool:
    """Whether a file of this name (lower case) is never opened: keys, tokens, shell history."""
    if lowered in _SECRET_NAMES or suffix_of(lowered) in _SECRET_SUFFIXES:
        return True
    if lowered.startswith(_SECRET_BEGINNINGS) or lowered.endswith(_SECRET_ENDINGS):
        return True
    # A private key's usual name; its public half and `id_card.md` are no secret.
    return lowered.startswith(b"id_") and b"." not in lowered


def suffix_of(name: bytes) -> bytes:
    """The last suffix with its dot; empty when there is none (`.profile`, `Makefile`, `end.`)."""
    dot = name.rfind(b".")
    return name[dot:] if 0 < dot < len(name) - 1 else b""


def refused_type(lowered: bytes, suffixes: frozenset[bytes]) -> str:
    """Why a file of this name (lower case) is not text to us; empty when it may be."""
    if lowered in LOCK_FILES:
        return "lock file"
    suffix = suffix_of(lowered)
    if not suffix:
        return ""
    if suffix in suffixes:
        return "generated" if lowered.endswith(GENERATED_ENDINGS) else ""
    if suffix in BINARY_SUFFIXES:
        return "binary"
    return "" if lowered[: lowered.find(b".")] in WELL_KNOWN_WORDS else "unknown type"
