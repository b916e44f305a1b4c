"""What the standard library does: rows for functions, classes and objects, one table a theme."""
