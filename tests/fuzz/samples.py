"""What targets begin with that stands nowhere else in the project."""

import base64

POLICIES = [
    b"[rubric]\ninput = 'judgement'\n[[rubric.levels]]\nkey = 'A'\ntitle = 'a'\n",
    b"[evaluation]\non_track_from = '0.95'\nmean_cap = 'none'\ndisplay_digits = 2\nrubric = 'a'\n",
    b"[access]\ncedar = '@id(\"a\")permit(principal, action, resource);'\n",
    b"[approval]\n[[approval.rules]]\nkind = 'period-closed'\ndeciders = ['director']\nexternal = true\n",
]

# In Japanese or English; of a section's sheet, of entries, of transfers.
TABLES = [
    (0, "指標,報告日,値・分子・状況,分母,備考・理由,識別1,識別2,識別3,識別4,識別5\nR5-1,R6.4.1,97%,,a,a,b,c,d,e\n"),
    (1, "Indicator,Date,Value,Denominator,Note\nR5-1,2024-04-01,3,4,a\nR5-2,2024/4/1,×,,\n"),
    (2, "event_id,kind,indicator,valid_from,value\n00000000-0000-0000-0000-000000000001,REPORT,R5-1,2024-04-01,3\n"),
    (4, "発令日,氏名,ログイン,所属,職,区分,権限\nR6.4.1,山田 花子,a#yamada,企画部 企画課,企画課長,発令,課長\n"),
    (5, "date,name,login,unit,seat,kind,role\n2024-04-01,A,a,U,S,grant,clerk\n2024-04-01,A,a,U,S,revoke,\n"),
]

RELATIONSHIPS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
# The parts of a workbook but for its sheet.
WORKBOOK = {
    "[Content_Types].xml": '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>',
    "xl/workbook.xml": f'<workbook xmlns:r="{RELATIONSHIPS}"><sheets><sheet name="令和5年度" sheetId="1" r:id="rId1"/></sheets></workbook>',
    "xl/_rels/workbook.xml.rels": '<Relationships><Relationship Id="rId1" Target="worksheets/sheet1.xml" '
    f'Type="{RELATIONSHIPS}/worksheet"/></Relationships>',
    "xl/styles.xml": '<styleSheet><numFmts><numFmt numFmtId="164" formatCode="0.0%"/><numFmt numFmtId="165" '
    'formatCode="yyyy/m/d"/></numFmts><cellXfs><xf numFmtId="0"/><xf numFmtId="164"/><xf numFmtId="165"/></cellXfs></styleSheet>',
    "xl/sharedStrings.xml": '<sst uniqueCount="2"><si><t>年度</t></si><si><r><t>企画</t></r><r><t>部</t></r></si></sst>',
}


def sheet(rows, after=""):
    """The part of a sheet: of texts, and of cells that are written out."""
    lines = []
    for number, row in enumerate(rows, 1):
        cells = [cell if cell.startswith("<") else f'<c t="inlineStr"><is><t>{cell}</t></is></c>' for cell in row]
        lines.append(f'<row r="{number}">{"".join(cells)}</row>')
    return f"<worksheet><sheetData>{''.join(lines)}</sheetData>{after}</worksheet>"


HEAD = ["年度", "部", "柱", "組織目標", "取組内容", "課等", "目標達成基準", "基準値", "基準日"]
ROW = ["R5", "企画部", "(1) 信頼", "目標", "①取組", "企画課", "改善 1件", '<c s="1"><v>0.5</v></c>', '<c s="2"><v>45000</v></c>']
SHEETS = [
    sheet([HEAD, ROW], '<mergeCells count="1"><mergeCell ref="A2:A3"/></mergeCells>'),
    sheet([["企画部 令和5年度組織重点目標"], ["(1) 信頼"], HEAD[3:7], ["目標", "①取組", "企画課", "・改善 1件"]]),
    sheet([["Indicator", "Date", "Value"], ["R5-1", '<c r="B2" s="2"><v>45000</v></c>', "<c><f>1+1</f><v>2</v></c>"]]),
    sheet([['<c t="s"><v>0</v></c>', '<c t="s"><v>1</v></c>', '<c t="b"><v>1</v></c>', '<c t="e"><v>#N/A</v></c>']]),
]

# Header and claims, a token, keys, a certificate, a token file's name, a page token.
CALLERS = [
    (
        0,
        b'{"alg":"EdDSA","kid":"k","typ":"at+jwt"}\n'
        b'{"iss":"https://id.example","aud":"daicho","sub":"a","client_id":"c","exp":4102444800,"iat":1790000000}',
    ),
    (
        0,
        b'{"alg":"EdDSA"}\n'
        b'{"iss":"https://id.example","aud":["daicho"],"azp":"c","sub":"a","exp":4102444800,"cnf":{"x5t#S256":"AA"}}',
    ),
    (1, b"eyJhbGciOiJub25lIn0.eyJzdWIiOiJhIn0."),
    (
        2,
        b'{"keys":[{"kty":"OKP","crv":"Ed25519","use":"sig","key_ops":["verify"],"kid":"k",'
        b'"x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}',
    ),
    (3, base64.b64decode(
        "MIIBYjCCARSgAwIBAgIUXeM0oGMvQ9f2DqBZczv0xxD7xpMwBQYDK2VwMBExDzANBgNVBAMMBmltcG9ydDAgFw0yNjExMjcxNzIw"
        "MzBaGA8yMTI2MTEwMzE3MjAzMFowETEPMA0GA1UEAwwGaW1wb3J0MCowBQYDK2VwAyEAI9AbaiRhFdH+mDBLycFKBjLgVjW8O+8K"
        "iq/JNgyfzjKjfDB6MB0GA1UdDgQWBBQKXSXfbW1mhfAYFUAAadd4SVumBTAfBgNVHSMEGDAWgBQKXSXfbW1mhfAYFUAAadd4SVum"
        "BTAPBgNVHRMBAf8EBTADAQH/MCcGA1UdEQQgMB6GHHNwaWZmZTovL2NpdHkuZXhhbXBsZS9pbXBvcnQwBQYDK2VwA0EA4VhPlCl2"
        "UQTA2slyglscnwc8P1FslXUdwhpGRPgFrqtNXvQ7UEGAtNcIksp/wLIri9T6LvH5mt4CAVbj5wBxCg=="
    )),
    (4, "長寿課長".encode()),
    (5, b"\1\1\4\1cursor"),
]

FILE = b'{"bytes":1,"sha256":"' + b"ab" * 32 + b'"}'
# Of a backup and a bundle what they say of themselves; what opens a key.
KEPT = [
    (0, b'{"format":"daicho backup 1","made_at":"2026-11-27T03:00:00Z","version":"0.1.0","ledgers":{},"files":{}}'),
    (
        0,
        b'{"format":"daicho backup 1","made_at":"","version":"","ledgers":{"a":{"generation":1,"size":1,"root":"a"}},'
        b'"files":{"heads":' + FILE + b"}}",
    ),
    (
        1,
        b'{"files":[{"bytes":3,"path":"checkpoint","sha256":"' + b"05" * 32 + b'"}],"format":1,"generation":1,'
        b'"ledger":{"code":"a","id":"b"},"origin":"city.example/daicho","root":"' + b"07" * 32 + b'","sample":false,"size":2}\n',
    ),
    (2, b"# a comment\nAGE-SECRET-KEY-1QURSWPC8QURSWPC8QURSWPC8QURSWPC8QURSWPC8QURSWPC8QURSKMP32K\n"),
]


def index():
    """How far an index reaches, its only run, and a record of each kind."""

    def number(value, size):
        return value.to_bytes(size, "big")

    run = number(0, 4) + b"\0" + number(1, 8) + number(1, 8) + number(8, 8)
    records = {
        b"m": b"\5" + number(8, 8) + number(1, 4) + run,
        b"f" + number(0, 4) + number(0, 2): b"\xff" * 8,
        b"i" + number(0, 4) + bytes(17): bytes(25),
        b"p" + number(0, 4) + b"\1q" + number(0, 8): b"\1q\2\3\2",
        b"t\0" + number(0, 8): b"\7" * 256,
    }
    packed = [number(len(key), 1) + number(len(value), 2) + key + value for key, value in records.items()]
    return b"".join(packed)
