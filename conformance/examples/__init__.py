"""Complete examples of what the suite can be run on."""
