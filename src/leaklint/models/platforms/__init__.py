"""How code declares handlers, one table a framework: see ``Framework`` in ``leaklint.link.frameworks``."""
