"""The pass: photos are decoded in a pool of workers, models answer, and answers become scores and stars."""
