"""Programs that people would use instead, each as a script for an environment of its own.

The environment is made once, by pip, from `competitors.txt`: none of it is needed by photocli. Each script
takes a folder, and prints a line of JSON; networks have random weights, as none are downloaded.
"""
