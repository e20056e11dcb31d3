"""Which files exist, which of them changed, and reading one without following a symlink."""

from semsearch.files.defaults import MAX_FILE_BYTES, TEXT_SUFFIXES, is_secret_name
from semsearch.files.explain import Explanation, explain
from semsearch.files.fingerprint import UNTRUSTED, fingerprint, racy
from semsearch.files.ignore import Verdict
from semsearch.files.read import looks_binary, read_file
from semsearch.files.rules import Rules
from semsearch.files.traversal import QUIET_REASONS
from semsearch.files.walk import ScanResult, scan, walk

__all__ = [
    "MAX_FILE_BYTES",
    "QUIET_REASONS",
    "TEXT_SUFFIXES",
    "UNTRUSTED",
    "Explanation",
    "Rules",
    "ScanResult",
    "Verdict",
    "explain",
    "fingerprint",
    "is_secret_name",
    "looks_binary",
    "racy",
    "read_file",
    "scan",
    "walk",
]
