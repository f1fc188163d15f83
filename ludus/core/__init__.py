"""What every package uses: errors, files, shared types, strict YAML."""
