"""Every option of every command: one typed, frozen dataclass a command, one file each."""
