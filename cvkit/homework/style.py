"""What a lesson's source must look like beyond being a valid notebook."""

import ast

from cvkit.homework.build import read_source

LONGEST_CELL = 15  # lines of code


def problems(text):
    """What breaks the lessons' style, in words: long cells, a figure without `alt`, no summary at the end.

    Args:
        text: the source, jupytext's percent format. An exercise may be long, and so may a cell with
            ``tags=["long"]`` and a ``reason="..."``.

    Returns:
        A list of sentences, empty when all is well.
    """
    found = []
    cells = read_source(text)
    for number, cell in enumerate(cells, 1):
        if cell.cell_type != "code":
            continue
        lines = len(cell.source.splitlines())
        excused = "long" in cell.metadata.get("tags", []) and cell.metadata.get("reason")
        if lines > LONGEST_CELL and "nbgrader" not in cell.metadata and not excused:
            found.append(
                f"cell {number} has {lines} lines of code, the limit is {LONGEST_CELL}: split it, or add "
                'tags=["long"] reason="..." to its first line.'
            )
        try:
            calls = [node for node in ast.walk(ast.parse(cell.source)) if isinstance(node, ast.Call)]
        except SyntaxError as error:
            found.append(f"cell {number} is not Python: {error.msg}.")
            continue
        for call in calls:
            given = [*call.args[1:2], *(k.value for k in call.keywords if k.arg == "alt")]
            if ast.unparse(call.func) == "lesson.figure" and all(ast.unparse(alt) in ("''", "None") for alt in given):
                found.append(f"cell {number}: lesson.figure needs alt, a sentence that says what the figure shows.")
    if cells[-1].source.strip() != "lesson.summary()":
        found.append("the last cell must be lesson.summary() and nothing else.")
    return found
