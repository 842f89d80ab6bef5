"""What a desktop sees of a session: media keys and lock screen, notifications."""
