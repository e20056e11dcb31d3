"""The present room: text for people, JSON for programs."""
