"""Parts of screens, each for one thing."""
