"""The app's screens: each a module and a style sheet of the same name."""
