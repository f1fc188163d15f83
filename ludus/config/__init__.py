"""What a user edits: params.yaml, config.yaml, model.yaml, search.yaml, read strictly."""
