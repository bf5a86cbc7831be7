# Terms, privacy, exporting and deleting data.

