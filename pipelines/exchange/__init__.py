"""Other people's formats, one a module."""
