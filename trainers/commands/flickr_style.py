"""`python -m trainers.flickr_style`: the photos of Flickr Style."""

from trainers.classes.flickr_style import command

if __name__ == "__main__":
    command()()
