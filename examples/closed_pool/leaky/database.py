"""The connection to the database."""

import sqlite3


class Database:
    def __init__(self, path):
        self.connection = sqlite3.connect(path)

    def query(self, sql, *values):
        return self.connection.execute(sql, values).fetchone()[0]

    def close(self):
        self.connection.close()


database = Database(":memory:")
