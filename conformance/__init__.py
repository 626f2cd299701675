"""The conformance suite: golden trajectories of Dozat (2015), each number with its bound."""
