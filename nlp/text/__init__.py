"""The text's structure: sections, sentences, list items, table rows; pure functions with offsets into the report."""
