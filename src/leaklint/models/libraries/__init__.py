"""What third-party libraries do: rows for functions, classes and objects, one table a theme."""
