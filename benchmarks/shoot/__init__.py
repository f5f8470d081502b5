"""The benchmarks' own shoot: photos like a camera's, made from the sample pictures of scikit-image and -learn."""
