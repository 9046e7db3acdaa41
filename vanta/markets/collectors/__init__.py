"""One collector per feed behind one port; each reads a feed's files, whoever wrote them."""
