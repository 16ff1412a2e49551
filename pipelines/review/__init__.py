"""People reviewing what was read: the audit page, the file it saves, samples, and the figures that follow."""
