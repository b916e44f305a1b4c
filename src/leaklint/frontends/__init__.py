"""The doors: the command line and the plugin of flake8; everything that prints, reads options or exits is here."""
