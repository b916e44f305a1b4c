"""The connection to the database."""

import sqlite3


class Database:
    def __init__(self, path):
        self.path = path
        self.connection = None

    def open(self):
        if self.connection is None:
            self.connection = sqlite3.connect(self.path)

    def query(self, sql, *values):
        return self.connection.execute(sql, values).fetchone()[0]

    def close(self):
        self.connection.close()
        self.connection = None


database = Database(":memory:")
