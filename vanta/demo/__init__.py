"""`make demo`: the main job told as a story on one machine, with every promise checked."""
