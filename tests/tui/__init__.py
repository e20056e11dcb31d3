"""The terminal UI: behaviour through a pilot, bytes through a pseudo-terminal."""
