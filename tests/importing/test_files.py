"""Files as they come, and files that cannot be read."""

import os
from pathlib import Path

import pytest

from hms_web.domain.importing import PATIENT_FIELDS, RowRefused, Rule, Unusable
from hms_web.services.importing import files
from hms_web.services.importing.files import Row, Table
from hms_web.services.importing.rejects import Rejects, places_for
from tests.importing.conftest import Write

HEADER = "mrn,name,phone"


def read(path: Path, encoding: str | None = None) -> Table:
    return files.read(path, PATIENT_FIELDS, {}, encoding=encoding)


def names(table: Table) -> list[str | None]:
    return [row.get("name") for row in table.rows()]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
def test_unicode_is_found_out(write: Write, encoding: str) -> None:
    path = write(f"{HEADER}\n1,Zoë Ågren,\n2,अनिता,\n".encode(encoding))
    assert names(read(path)) == ["Zoë Ågren", "अनिता"]


def test_a_mark_says_more_than_the_option(write: Write) -> None:
    assert names(read(write(f"{HEADER}\n1,Zoë,\n".encode("utf-8-sig")), "cp1252")) == ["Zoë"]


def test_another_encoding_has_to_be_named(write: Write) -> None:
    path = write(f"{HEADER}\n1,Anna,\n2,Zoë,\n".encode("cp1252"))
    with pytest.raises(
        Unusable, match=r"Line 3 is not UTF-8 \(byte 28 of the file, 0xEB\)\. Say which .* --encoding cp1252"
    ):
        read(path)
    assert names(read(path, "cp1252")) == ["Anna", "Zoë"]


def test_the_byte_is_counted_from_the_beginning_of_the_file(write: Write) -> None:
    path = write(b"\xef\xbb\xbf", f"{HEADER}\r\n1,Zo".encode(), b"\xeb")
    with pytest.raises(Unusable, match=r"Line 2 is not UTF-8-SIG \(byte 24 of the file, 0xEB\)"):
        read(path)
    assert path.read_bytes()[23] == 0xEB


@pytest.mark.parametrize(
    ("data", "encoding", "message"),
    [
        (b"mrn,name\n1,\xff", "ascii", r"Line 2 is not ASCII .* Try another --encoding"),
        (b"mrn,name\n", "klingon", "no such text encoding"),
        (b"mrn,name\n", "hex", "no such text encoding"),
        (b"mrn,name\n", "undefined", "--encoding undefined"),
        (b"mrn,name\n1,\\ud800", "unicode_escape", "line 2 holds a character that no text has"),
        ("mrn,name\n".encode("utf-16-le"), None, "line 1 holds a character that no text has"),
        (b"\x7fELF\x02\x01\x01\x00\x00\x00", None, "not a text file"),
        (b"GIF89a\n\x00\xff\xfe", None, "not a text file, or of another encoding: line 2"),
        (b"", None, "The file is empty"),
        (b"\n \n\n", None, "The file is empty"),
        (b'mrn,name\n1,"Anna\n2,Bo\n', None, r"row that begins on line 2 cannot be read \(unexpected end of data\)"),
        (b'mrn,name\n1,A\n2,"B"C\n', None, "row that begins on line 3 cannot be read"),
        (b"mrn,name\n1," + b"x" * 140_000, None, r"line 2 cannot be read \(field larger than field limit"),
        (b"mrn;nom\n1;A\n", None, "A column is missing: name. The file has: mrn, nom"),
    ],
)
def test_what_cannot_be_read_says_why(write: Write, data: bytes, encoding: str | None, message: str) -> None:
    with pytest.raises(Unusable, match=message):
        read(write(data), encoding)


def test_what_is_not_a_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for name, message in (("", "a folder"), ("pipe", "not a regular file"), ("none", "No such file")):
        with pytest.raises(Unusable, match=message):
            read(tmp_path / name)


def test_a_file_that_is_too_large_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "large.csv"
    with path.open("wb") as file:
        file.truncate(100 * files.MEBIBYTE)
    with pytest.raises(Unusable, match=r"100 MiB; an import takes at most 64 MiB\. Split it"):
        read(path)


def test_rows_know_the_line_on_which_they_begin(write: Write) -> None:
    table = read(write("", HEADER, '1,"Anna\r\nMaria",5', "", ",,", "2,Bo,6", name="lines.csv"))
    assert [(row.line, row.get("mrn")) for row in table.rows()] == [(3, "1"), (7, "2")]
    assert table.count == 2


def test_a_value_is_tidied_and_an_empty_one_is_none(write: Write) -> None:
    row = next(read(write(HEADER, " 1 , A , ")).rows())
    assert (row.get("mrn"), row.get("phone"), row.get("email")) == ("1", None, None)
    with pytest.raises(RowRefused, match="says nothing for phone") as refused:
        row.need("phone")
    assert refused.value.rule == Rule.MISSING_VALUE


def test_the_width_of_a_row(write: Write) -> None:
    table = read(write(HEADER, "1,A,2", "1,A", "1,A,2,,  ", "1,A,2,,x"))
    good, short, long, other = table.rows()
    table.check_width(good)
    table.check_width(long)
    for row, width in ((short, 2), (other, 5)):
        with pytest.raises(RowRefused, match=f"The row has {width} values, the header 3"):
            table.check_width(row)


def refuse(path: Path, table: Table, places: list[Path]) -> Path:
    with Rejects(places, path, table) as kept:
        for row in table.rows():
            kept.add(row, RowRefused("RULE", "Because, of this."))
    return kept.path


def test_refused_rows_can_be_read_again_as_they_were(write: Write, tmp_path: Path) -> None:
    path = write("mrn;=name;phone;name", "1;=cmd();+91 98;A", '2;"B ""b""\n b";\'-1;C;', "3")
    target = tmp_path / "out.csv"
    assert refuse(path, read(path), [target]) == target
    text = target.read_bytes().decode("utf-8-sig")
    assert text.startswith("refused_line;refused_rule;refused_why;mrn;'=name;phone;name\r\n")
    assert "2;RULE;Because, of this.;1;'=cmd();'+91 98;A\r\n" in text
    again = read(target)
    assert [list(row.values[3:]) for row in again.rows()] == [list(row.values) for row in read(path).rows()]
    assert [again.headers[place] for place in again.own] == ["mrn", "=name", "phone", "name"]
    third = refuse(target, again, [tmp_path / "third.csv"])
    assert third.read_bytes().decode("utf-8-sig").splitlines()[0].count("refused_line") == 1
    assert [list(row.values[3:]) for row in read(third).rows()] == [list(row.values) for row in read(path).rows()]


def test_only_the_owner_reads_refused_rows_and_nothing_else_is_left(write: Write, tmp_path: Path) -> None:
    path = write(HEADER, "1,A,2")
    target = refuse(path, read(path), [tmp_path / "out.csv"])
    assert target.stat().st_mode & 0o077 == 0
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["file.csv", "out.csv"]


def test_without_refused_rows_there_is_no_file_and_an_earlier_one_stays(write: Write, tmp_path: Path) -> None:
    path, before = write(HEADER), write("before", name="out.csv")
    refuse(path, read(path), [before])
    assert before.read_text() == "before\n"
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["file.csv", "out.csv"]


def test_where_refused_rows_go(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    assert places_for(Path("/data/p.csv"), None) == [Path("/data/p.rejected.csv"), tmp_path / "p.rejected.csv"]
    assert places_for(Path("/data/p"), None)[0] == Path("/data/p.rejected.csv")
    assert places_for(Path("/data/p.csv"), Path("x.csv")) == [Path("x.csv")]


def test_the_next_place_is_taken_where_the_first_cannot_be_written(write: Write, tmp_path: Path) -> None:
    path = write(HEADER, "1,A,2")
    (tmp_path / "folder").mkdir()
    places = [tmp_path / "none" / "out.csv", tmp_path / "folder", tmp_path / "out.csv"]
    assert refuse(path, read(path), places) == tmp_path / "out.csv"
    with pytest.raises(Unusable, match="folder; name a file that can be written with --rejects"):
        refuse(path, read(path), places[:2])


def test_the_file_itself_is_never_written_over(write: Write) -> None:
    path = write(HEADER, "1,A,2")
    with pytest.raises(Unusable, match="over the file itself"):
        refuse(path, read(path), [path.parent / "." / path.name])


def test_a_row_outside_the_header_is_not_asked(write: Write) -> None:
    assert Row(1, ["x"], {}).get("mrn") is None
