"""Prints the workbooks of the first hour with LibreOffice and looks at the pages.

    forms.py check WORKBOOKS             what every printed form has to keep; ends with 1 where one does not
    forms.py pictures WORKBOOKS OUT      the first page of each as a picture for docs/first-hour

Needs LibreOffice Calc, the tools of poppler and a Japanese font (see the Makefile).
"""

import collections
import pathlib
import re
import subprocess
import sys
import tempfile
import unicodedata
import xml.etree.ElementTree as ElementTree
import zipfile

# A4 across, in points.
WIDTH, HEIGHT = 841.9, 595.3
# Dots per inch of a picture, and points that stay below its last line.
RESOLUTION = 80
MARGIN = 12
# The forms name the font that Excel has in Japan; where it is missing this one stands in, as wide and as full.
FONTS = """<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
  <include ignore_missing="yes">/etc/fonts/fonts.conf</include>
  <match target="pattern">
    <test name="family"><string>游ゴシック</string></test>
    <edit name="family" mode="assign" binding="strong"><string>Noto Sans CJK JP</string></edit>
  </match>
</fontconfig>
"""
# By the name of the workbook: words that stand on every page, and whether each department is a run of pages.
FORMS = {
    "02-review": (["目標達成基準", "測り方の修正"], False),
    "06-sheet": (["数えるもの", "報告日"], False),
    "09-midyear": (["組織目標", "目標達成基準", "現目標", "達成率", "根拠"], True),
    "09-results": (["組織目標", "目標達成基準", "実績・成果"], True),
    "09-restatements": (["公表時", "修正後"], False),
    "10-changes": (["記録日時", "変更内容", "葉ハッシュ"], False),
    "10-sample": (["記録日時", "変更内容"], False),
}
MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"


def run(*command, **options):
    done = subprocess.run([str(word) for word in command], capture_output=True, **options)
    if done.returncode:
        sys.exit(f"{command[0]} failed: {done.stderr.decode()}")
    return done.stdout.decode()


def printed(workbooks, folder):
    """The workbooks as PDF, by the name of each."""
    fonts = folder / "fonts.conf"
    fonts.write_text(FONTS)
    profile = (folder / "profile").as_uri()
    run(
        "soffice",
        f"-env:UserInstallation={profile}",
        "--headless",
        "--convert-to",
        "pdf",
        "--outdir",
        folder,
        *workbooks,
        env={"PATH": "/usr/bin:/bin", "HOME": str(folder), "LANG": "C.UTF-8", "FONTCONFIG_FILE": str(fonts)},
    )
    made = {book.stem: folder / f"{book.stem}.pdf" for book in workbooks}
    missing = [str(pdf) for pdf in made.values() if not pdf.is_file()]
    if missing:
        sys.exit(f"LibreOffice did not print {', '.join(missing)}")
    return made


def pages(pdf):
    return run("pdftotext", "-layout", pdf, "-").split("\f")[:-1]


def letters(text):
    """Letters and digits as they count: widths folded, spaces and rulings left out."""
    return "".join(c for c in unicodedata.normalize("NFKC", text) if c.isalnum())


def letters_of(name):
    """The number of a column, from 1."""
    number = 0
    for letter in name:
        number = number * 26 + ord(letter) - 64
    return number


def cells(book):
    """The texts of the cells that can be seen, sheet by sheet in order: (name of the sheet, texts)."""
    with zipfile.ZipFile(book) as parts:
        shared = []
        if "xl/sharedStrings.xml" in parts.namelist():
            items = ElementTree.fromstring(parts.read("xl/sharedStrings.xml"))
            shared = ["".join(item.itertext()) for item in items]
        book = ElementTree.fromstring(parts.read("xl/workbook.xml"))
        # Columns beyond the print area are for the screen.
        last = {
            int(name.get("localSheetId")): letters_of(name.text.rsplit("$", 2)[1])
            for name in book.iter(f"{MAIN}definedName")
            if name.get("name") == "_xlnm.Print_Area"
        }
        for number, sheet in enumerate(book.iter(f"{MAIN}sheet"), 1):
            root = ElementTree.fromstring(parts.read(f"xl/worksheets/sheet{number}.xml"))
            hidden = set()
            for column in root.iter(f"{MAIN}col"):
                if column.get("hidden") == "1":
                    hidden.update(range(int(column.get("min")), int(column.get("max")) + 1))
            texts = []
            for cell in root.iter(f"{MAIN}c"):
                column = letters_of(re.match("[A-Z]+", cell.get("r")).group())
                if cell.get("t") == "s" and column not in hidden and column <= last[number - 1]:
                    texts.append(shared[int(cell.find(f"{MAIN}v").text)])
            yield sheet.get("name"), texts


def faults(book, pdf):
    """Whatever a printed form does not keep."""
    name = book.stem.removesuffix(".ja")
    headings, by_department = FORMS[name]
    japanese = book.stem.endswith(".ja")
    for line in run("pdfinfo", "-l", "-1", pdf).splitlines():
        size = re.match(r"Page +(\d+) size: +([\d.]+) x ([\d.]+)", line)
        if size and (abs(float(size[2]) - WIDTH) > 1 or abs(float(size[3]) - HEIGHT) > 1):
            yield f"page {size[1]} is {size[2]} x {size[3]}, not A4 across"
    told = pages(pdf)
    if not told:
        yield "no page"
    for number, page in enumerate(told, 1):
        if "###" in page:
            yield f"page {number}: a cell is too narrow for its number"
        here = letters(page)
        missing = [word for word in headings if letters(word) not in here]
        if japanese and missing:
            yield f"page {number} has no heading {', '.join(missing)}"
    sheets = list(cells(book))
    if by_department:
        # Each department's name stands above its pages, and its pages stand together.
        runs = [name for name, _ in sheets]
        seen = []
        for number, page in enumerate(told, 1):
            top = letters(next(line for line in page.splitlines() if line.strip()))
            found = [name for name in runs if letters(name) in top]
            if len(found) != 1:
                yield f"page {number} is of {found or 'no department'}"
            elif found != seen[-1:]:
                seen += found
        if seen != runs:
            yield f"the departments are printed as {seen}"
    # A line that is cut off is not printed: every letter of the cells is on the pages, as often as it is in them.
    wanted = collections.Counter(letters("".join(text for _, texts in sheets for text in texts)))
    wanted.subtract(collections.Counter(letters("".join(told))))
    lost = {letter: count for letter, count in wanted.items() if 0 < count}
    if lost:
        yield f"cut off: {sum(lost.values())} letters, such as {''.join(list(lost)[:20])}"


def check(folder):
    workbooks = sorted(folder.glob("*.xlsx"))
    named = {book.stem.removesuffix(".ja") for book in workbooks}
    if named != set(FORMS):
        sys.exit(f"forms are missing: {sorted(set(FORMS) ^ named)}")
    count = 0
    with tempfile.TemporaryDirectory() as place:
        for name, pdf in printed(workbooks, pathlib.Path(place)).items():
            told = list(faults(folder / f"{name}.xlsx", pdf))
            count += len(told)
            print(f"{name}: {len(pages(pdf))} pages", *told, sep="\n  ")
    print(f"forms: {len(workbooks)} printed, {count} faults")
    sys.exit(1 if count else 0)


def pictures(folder, out):
    workbooks = sorted(folder.glob("*.xlsx"))
    with tempfile.TemporaryDirectory() as place:
        for name, pdf in printed(workbooks, pathlib.Path(place)).items():
            # Down to the last line that is not the foot of the page.
            words = run("pdftotext", "-f", 1, "-l", 1, "-bbox", pdf, "-")
            ends = [float(end) for end in re.findall(r'yMax="([\d.]+)"', words)]
            last = max(end for end in ends if end < HEIGHT - 45)
            scale = RESOLUTION / 72
            run(
                *["pdftoppm", "-png", "-singlefile", "-f", 1, "-l", 1, "-r", RESOLUTION],
                *["-x", 0, "-y", 0, "-W", round(WIDTH * scale), "-H", round((last + MARGIN) * scale)],
                *[pdf, out / name],
            )
    print(f"pictures: {len(workbooks)} in {out}")


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["check", folder]:
            check(pathlib.Path(folder))
        case ["pictures", folder, out]:
            pictures(pathlib.Path(folder), pathlib.Path(out))
        case _:
            sys.exit(__doc__)
