"""Loops: each turns a kernel and an objective into a trajectory."""
