"""The bench's harness: see bench/README.md."""
