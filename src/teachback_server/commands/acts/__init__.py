"""What each command does once its data folder is open."""
