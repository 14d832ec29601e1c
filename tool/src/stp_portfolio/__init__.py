"""The Python behind the book: records, what follows from them, and how a page shows it."""

__version__ = "0.2.0"
