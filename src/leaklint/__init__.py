"""leaklint finds state and work that outlive the invocation of a serverless handler."""

__version__ = "0.1.0"
