"""What lies in docs/ and can be made again."""
