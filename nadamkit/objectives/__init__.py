"""Every spelling of an objective, brought to one internal form; bounds and finite differences."""
