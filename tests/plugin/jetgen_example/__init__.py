"""One component of each kind for jetgen."""
