"""Export: a trainer's checkpoint -> `model.onnx` and `card.json`. Run from a checkout; not in the wheel."""
