"""What people run: one command a file, and the shell scripts setup, run and test."""
