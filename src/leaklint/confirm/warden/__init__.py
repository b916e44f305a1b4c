"""The warden: a process of its own that starts containers, plays the platform, freezes, thaws and ends them.

It is single-threaded, knows the containers as process trees, and understands nothing of what the observers say: it
passes their messages on. It ends everything that it started when it is asked to, when time is up, and when whoever
started it goes away.
"""
