"""The benchmarks' own shoot: photos like a camera's, made from sample pictures of scikit-image and -learn."""
