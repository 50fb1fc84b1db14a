"""The service that runs: its parts put together, its work in the background, its clock times and its log."""
