"""The only floor that touches the disk: settings, discovery, reading, suppressions, baseline, and the analysis."""
