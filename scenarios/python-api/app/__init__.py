"""A small REST service: a list of items in memory."""
