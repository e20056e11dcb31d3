"""The command line: argparse in, `present` out, one module per command."""
