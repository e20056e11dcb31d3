"""The façade's decisions."""
