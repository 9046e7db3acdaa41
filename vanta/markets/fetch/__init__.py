"""Live feeds: one module per vendor asks it and writes what it answers as a feed's file.

What is written has a layout that `vanta.markets.collectors` reads: whoever follows the folder does
not know whether a vendor or an archive wrote it.
"""
