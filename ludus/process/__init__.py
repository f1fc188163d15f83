"""Running other programs: tools, isolated Python, toolchains, prebuilt dependencies, Godot."""
