"""Export and deletion of the data that we hold about a person."""
