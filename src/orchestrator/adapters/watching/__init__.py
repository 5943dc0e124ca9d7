"""Files and folders that change: what the system tells, and what a look finds."""
