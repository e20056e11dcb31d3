"""The command line as a real process: exit codes, streams, envelopes."""
