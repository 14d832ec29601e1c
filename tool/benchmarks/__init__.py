"""Benchmarks of the book: ``python -m benchmarks`` measures side by side and writes RESULTS.md."""
