"""From findings to text, JSON, SARIF and the other formats: pure functions from a report to a string."""
