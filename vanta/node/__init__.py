"""What a process on a node stands on: its folders, its configuration, its clock."""
