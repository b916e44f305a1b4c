"""Value types that every floor shares: frozen, without behaviour, without a path on disk."""
