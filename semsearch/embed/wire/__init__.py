"""The wire contract: what is sent, what comes back, and what is refused on sight.

The only place that imports msgspec. OpenRouter's contract has no version and grows without notice:
what we send is closed and validated, what we read ignores every member it does not know.
"""

__all__: list[str] = []
