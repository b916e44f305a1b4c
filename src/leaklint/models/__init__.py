"""What libraries do, as rows of data: the form of a row, and summaries made from rows."""
