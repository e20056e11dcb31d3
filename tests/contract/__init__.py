"""What outsiders can hold us to."""
