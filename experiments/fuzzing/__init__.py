"""Every reader of files and names, on damaged and hostile input: an error of Haarwire, an object, or a bug.

    python -m experiments.fuzzing LOADER ... [--inputs 100000] [--seed 0] [--jobs 1] [--show INDEX FOLDER]

Valid files are cut, flipped, spliced and given huge sizes, foreign types and other paths; archives are packed
anew around the damage, so that checksums do not hide it. Workers run with a limit on memory and a time for
each input. Reported as bugs: an exception that is none of Haarwire's, a crash, a hang, more memory than the
limit, and (by an audit hook) code that a file has run, processes, sockets, and writing outside the folder.
"""
