"""Share links: each shows one cheer to anyone who has it."""
