"""The commands of `teachback`: one module each for what a command is asked, and one in `acts` for what it then does.

The two are apart because whatever touches the tables can only be imported once the data folder is known.
"""
