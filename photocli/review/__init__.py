"""The review page: a local web page over the scores, to look at photos and judge them."""
