"""Facts of one file, from its bytes alone: ``extract`` gives all of them, ``Source`` the bodies on demand."""

from leaklint.facts.source import Source, extract

__all__ = ["Source", "extract"]
