"""What all trainers share: training module, checkpoints, splits, metrics, plots. It imports no trainer."""
