"""One module per command: its options and what it prints. The work is done elsewhere, imported when it runs."""
