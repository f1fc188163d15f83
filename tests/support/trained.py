"""What a training writes."""

FILES = {
    "config.yaml",
    "model_hyperparameters.json",
    "model_weights.safetensors",
    "network.json",
    "program.pt2",
    "training_set_metadata.json",
}
