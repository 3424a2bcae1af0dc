"""The command `cvkit`. Each subcommand loads what it needs when it is called, so that ``cvkit --help`` is quick."""

import argparse
import json
import re
import sys

from cvkit.files import checkout


def _parser():
    parser = argparse.ArgumentParser(prog="cvkit", description="A hands-on computer-vision course.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    commands.add_parser("doctor", help="look at this machine and say what to mend")
    data = commands.add_parser("data", help="list, fetch and verify data sets")
    actions = data.add_subparsers(dest="action", required=True, metavar="ACTION")
    actions.add_parser("list", help="every data set, and whether it is on this machine")
    actions.add_parser("fetch", help="download data sets").add_argument("names", nargs="+", metavar="NAME")
    actions.add_parser("verify", help="check data sets, all by default").add_argument(
        "names", nargs="*", metavar="NAME"
    )
    commands.add_parser("lessons", help="the lessons, their exercises and points")
    commands.add_parser("claims", help="what the lectures claim, and which lesson measures it")
    return parser


def main(argv=None):
    """Run a command.

    Args:
        argv: the words after ``cvkit``; by default those of the command line.

    Returns:
        Exit code: 0 when all went well.
    """
    args = _parser().parse_args(argv)
    if args.command == "doctor":
        from cvkit import doctor

        return doctor.main()
    return {"data": _data, "lessons": _lessons, "claims": _claims}[args.command](args)


def _data(args):
    from cvkit.data import commands

    if args.action == "list":
        return commands.list_sets()
    if args.action == "fetch":
        return commands.fetch_sets(args.names)
    return commands.verify_sets(args.names or None)


def _lessons(_):
    root = checkout()
    if root is None:
        print("The lessons are in a checkout of the course; this is an installed copy of its package.", file=sys.stderr)
        return 1
    rows = [("lesson", "title", "exercises", "points", "notebook")]
    for path in sorted((root / "notebooks" / "src").glob("*.py")):
        title, points = outline(path.read_text(encoding="utf-8"))
        built = "built" if (root / "notebooks" / f"{path.stem}.ipynb").is_file() else "not built: run make notebooks"
        rows.append((path.stem, title, str(len(points)), f"{sum(points):g}", built))
    print(table(rows))
    return 0


def _claims(_):
    from cvkit.claims import read_claims

    for claim in read_claims().values():
        print(f"{claim.id}: {claim.lecture}, lesson {claim.lesson}, {claim.bound_text()}")
        print(f"    says: {claim.says}")
        if claim.correct:
            print(f"    correct is: {claim.correct}")
    return 0


def outline(text):
    r"""Title of a lesson and the points of its exercises, read from its source without jupytext.

    Args:
        text: the source, jupytext's percent format.

    Returns:
        The title, and a list with the points of each graded cell.

    Example:
        >>> outline('# %% [markdown]\n# # Doubling\n\n# %% nbgrader={"grade": true, "points": 2}\n1')
        ('Doubling', [2])
    """
    title = re.search(r"^# # (.+)$", text, re.MULTILINE)
    points = []
    for match in re.finditer(r"^# %% .*?nbgrader=", text, re.MULTILINE):
        exercise, _ = json.JSONDecoder().raw_decode(text, match.end())
        if exercise.get("grade"):
            points.append(exercise.get("points", 0))
    return title[1].strip() if title else "", points


def table(rows):
    """Rows of words as lines of text in columns.

    Example:
        >>> print(table([("a", "b"), ("long", "c")]))
        a     b
        long  c
    """
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows)
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
