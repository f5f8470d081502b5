"""The trainer of painting styles: a network repaints photos in the manner of a picture."""
