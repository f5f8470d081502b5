"""The review page: a shoot is looked through and rated in a browser, from a server on this machine alone."""
