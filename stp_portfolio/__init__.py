"""The Python behind the book: records, what follows from them, and how a page shows it."""
