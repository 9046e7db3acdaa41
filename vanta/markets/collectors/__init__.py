"""One collector per feed behind one port; in this release each reads recorded feeds."""
