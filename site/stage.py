"""Puts the pages of this repository into a folder as they lie in it, so that their links to one another hold.

usage: stage.py FOLDER

A link to a folder becomes one to its README.md; where there is none, to a list of its files by their first line.
"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LINK = re.compile(r"\]\(([^)\s#:]+)(#[^)\s]*)?\)")


def main(target: Path) -> None:
    """Copy every page, picture and file of the examples that git knows, then the lists of folders."""
    kinds = ["*.md", "docs/*.png", "examples/*.yaml"]
    listed = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "--", *kinds]
    done = subprocess.run(listed, cwd=ROOT, check=True, capture_output=True, text=True)  # noqa: S603 - fixed words
    names = done.stdout.split()
    for name in names:
        copy = target / name
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / name, copy)
    for name in names:
        if name.endswith(".md"):
            page = target / name
            page.write_text(LINK.sub(lambda link, page=page: _to_page(page, link), page.read_text()))


def _to_page(page: Path, link: re.Match[str]) -> str:
    folder = Path(os.path.normpath(page.parent / link[1]))
    if not folder.is_dir():
        return link[0]
    readme = folder / "README.md"
    if not readme.exists():
        readme.write_text(_list(folder))
    return f"]({link[1].rstrip('/')}/README.md{link[2] or ''})"


def _list(folder: Path) -> str:
    rows = [
        f"| [{path.name}]({path.name}) | {path.read_text().splitlines()[0].lstrip('# ')} |"
        for path in sorted(folder.iterdir())
        if path.is_file()
    ]
    return "\n".join([f"# {folder.name}", "", "| file | what it is |", "|---|---|", *rows, ""])


if __name__ == "__main__":
    main(Path(sys.argv[1]))
