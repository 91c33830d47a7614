"""Every option of every command: one typed, frozen dataclass per command, one file each."""
