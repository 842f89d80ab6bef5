"""The screen's own widgets: each is shown a frozen state and repaints only cells that changed."""
