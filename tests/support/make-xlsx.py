"""Writes payments as a workbook, as the two common writers do: make-xlsx.py FILE WRITER ROWS."""

import datetime
import sys

PATH, WRITER, ROWS = sys.argv[1], sys.argv[2], int(sys.argv[3])
HEADER = ["id", "amount", "day", "payee"]


def rows():
    for at in range(ROWS):
        day = datetime.date(2026, 11, 1 + at % 9)
        # Every hundredth is an error that the sheet itself has calculated.
        amount = "=1/0" if at % 100 == 50 else at + 0.1 + 0.2
        yield f"p{at}", amount, day, f"Ünal & <Søn> {at}"


if WRITER == "xlsxwriter":
    import xlsxwriter

    book = xlsxwriter.Workbook(PATH)
    sheet = book.add_worksheet("Payments")
    form = book.add_format({"num_format": "dd.mm.yyyy"})
    sheet.write_row(0, 0, HEADER)
    for at, (name, amount, day, payee) in enumerate(rows(), 1):
        sheet.write_string(at, 0, name)
        if isinstance(amount, str):
            sheet.write_formula(at, 1, amount, None, "#DIV/0!")
        else:
            sheet.write_number(at, 1, amount)
        sheet.write_datetime(at, 2, datetime.datetime.combine(day, datetime.time()), form)
        sheet.write_string(at, 3, payee)
    book.close()
else:
    import openpyxl

    # Formulas are written without what they come to: nobody has calculated them.
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet("Payments")
    sheet.append(HEADER)
    for row in rows():
        sheet.append(row)
    book.save(PATH)
