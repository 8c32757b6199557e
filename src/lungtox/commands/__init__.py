"""One module per command of ``lungtox``.

Module ``x`` holds the function ``x`` with typer annotations; its docstring is the help text. A module is imported only
when its command is called. It reads files, calls the library and prints; errors of the library go up to ``cli.main``.
"""
