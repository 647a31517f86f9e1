"""Tables are read as people write them; what is wrong is said with its line."""

import gzip
import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from plashet.cli import numbers, tables, timeline
from plashet.cli.faults import DataFault, Fault, UsageFault

HOURLY = "time,load\n" + "".join(f"2026-01-01 {h:02d}:00,{h}\n" for h in range(24))


def table(text, source="t.csv"):
    return tables.parse(text.encode(), source)


def line_of(text, wanted=None):
    said = []
    return timeline.timeline(table(text), wanted, "infer", said.append), said


def test_semicolons_and_decimal_commas_are_understood():
    read = table("Zeit;Last\n01.02.2026 00:00;1.234,5\n01.02.2026 01:00;7,25\n")
    np.testing.assert_array_equal(read.numbers("Last"), [1234.5, 7.25])
    found = timeline.timeline(read, None, "infer", lambda text: None)
    assert str(found.index[0]) == "2026-02-01 00:00:00"


def test_points_among_semicolons_stay_points():
    np.testing.assert_array_equal(table("a;b\n3.14;1\n2.5;2\n").numbers("a"), [3.14, 2.5])


def test_a_comma_and_a_point_as_decimal_marks_in_one_column_are_refused():
    with pytest.raises(DataFault, match=r"line 2, column a: '3\.14'"):
        table("a;b\n3.14;1\n2,5;2\n").numbers("a")


def test_thousands_in_quotes_are_thousands():
    np.testing.assert_array_equal(table('a,b\n"1,234",1\n"12,345.5",2\n').numbers("a"), [1234, 12345.5])


@given(st.lists(st.floats(-1e6, 1e6).map(lambda v: round(v, 3)), min_size=1, max_size=20))
def test_what_is_written_with_a_decimal_comma_is_read_back(values):
    text = "a;b\n" + "".join(f"{str(v).replace('.', ',')};x\n" for v in values)
    np.testing.assert_array_equal(table(text).numbers("a"), values)


@pytest.mark.parametrize("cell", ["", "NA", "nan", "null", "-", "?", " "])
def test_the_usual_ways_to_write_missing_are_missing(cell):
    assert np.isnan(table(f"a,b\n{cell},1\n2,1\n").numbers("a")[0])


@pytest.mark.parametrize("cell", ["abc", "1_000", "12kW", "1,2,3"])
def test_a_cell_that_is_no_number_is_named_with_line_column_and_value(cell):
    with pytest.raises(DataFault, match="line 3, column a") as caught:
        table(f'b,a\n1,1\n2,"{cell}"\n').numbers("a")
    assert repr(cell) in str(caught.value)


def test_lines_are_counted_in_the_file_even_where_cells_hold_line_breaks():
    with pytest.raises(DataFault, match="line 5, column a"):
        table('b,a\n"two\nlines",1\n\nx,bad\n').numbers("a")


def test_an_infinite_value_is_named_with_line_and_column():
    with pytest.raises(DataFault, match="line 3, column a: inf is infinite"):
        table("a\n1\ninf\n").numbers("a")


def test_a_column_that_is_absent_is_answered_with_the_nearest_and_all_others():
    with pytest.raises(UsageFault, match="it has time, load") as caught:
        table(HOURLY).cells("laod")
    assert caught.value.remedy == "--target load"


def test_json_lines_a_list_of_objects_and_an_object_of_lists_are_the_same_table():
    records = [{"time": "2026-01-01", "a": 1}, {"time": "2026-01-02", "a": None}]
    texts = ["\n".join(map(json.dumps, records)), json.dumps(records)]
    texts.append(json.dumps({"time": [r["time"] for r in records], "a": [1, None]}))
    for text in texts:
        np.testing.assert_array_equal(table(text).numbers("a"), [1, np.nan])


def test_compressed_files_and_embedded_sets_are_read(tmp_path):
    path = tmp_path / "t.csv.gz"
    path.write_bytes(gzip.compress(HOURLY.encode()))
    assert len(tables.read(str(path))) == 24
    assert len(tables.read("victoria_demand")) == 3600


def test_latin_text_and_a_byte_order_mark_are_read():
    assert "Größe" in tables.parse("Größe\n1\n".encode("latin-1"), "t").columns
    assert "a" in tables.parse("\ufeffa\n1\n".encode(), "t").columns


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is empty"),
        ("a,b\n", "no rows"),
        ("a,a\n1,2\n", "two columns"),
        ("1,2\n3,4\n", "no header"),
        ("a,b\n1\n", "line 2: 1 cells"),
    ],
)
def test_what_is_no_table_is_refused_in_words(text, said):
    with pytest.raises(DataFault, match=said):
        table(text)


def test_the_time_column_is_found_by_name_and_by_look():
    assert timeline.find(table(HOURLY), None) == "time"
    assert timeline.find(table("x,when_read\n1,2026-01-01\n2,2026-01-02\n"), None) == "when_read"
    assert timeline.find(table("x,month\n1,2026-01\n2,2026-02\n"), None) == "month"
    assert timeline.find(table("x,part\n1,2026-17\n2,2026-18\n"), None) is None
    assert timeline.find(table("x,y\n1,2\n"), None) is None


def test_two_columns_that_read_as_dates_are_asked_about():
    with pytest.raises(UsageFault, match="which column is time") as caught:
        timeline.find(table("start,end,x\n2026-01-01,2026-01-02,1\n"), None)
    assert caught.value.remedy == "--time start"


def test_unsorted_rows_are_sorted_and_the_first_line_is_told():
    found, said = line_of("time,x\n2026-01-01,1\n2026-01-03,3\n2026-01-02,2\n")
    assert list(found.rows) == [0, 2, 1]
    assert "line 4, column time: time goes back" in said[0]


def test_repeated_stamps_keep_the_last_row_and_are_told():
    found, said = line_of("time,x\n2026-01-01,1\n2026-01-02,2\n2026-01-02,3\n2026-01-03,4\n")
    assert list(found.rows) == [0, 2, 3]
    assert "line 4, column time: 2026-01-02 00:00 stands there again" in said[0]


def test_gaps_are_told_with_their_first_line_and_become_missing_rows():
    text = HOURLY.replace("2026-01-01 05:00,5\n", "").replace("2026-01-01 06:00,6\n", "")
    found, said = line_of(text)
    assert said == []
    assert found.gap == "line 7: nothing between 2026-01-01 04:00 and 2026-01-01 07:00 (1 gap, 2 missing steps)"
    assert found.length == 24
    np.testing.assert_array_equal(np.diff(found.steps), [3 if h == 4 else 1 for h in range(21)])


def test_a_weekend_is_no_gap_on_working_days():
    days = np.busday_offset("2026-01-05", np.arange(30))
    found, said = line_of("date,x\n" + "".join(f"{d},1\n" for d in days))
    assert said == []
    assert found.length == 30


def test_rows_may_be_steps_whenever_they_came():
    read = table("time,x\n2026-01-01 00:00,1\n2026-01-01 00:07,2\n2026-01-09 13:00,3\n")
    found = timeline.timeline(read, None, "irregular", lambda text: None)
    assert list(found.index) == [0, 1, 2]


def test_a_step_that_is_none_is_refused():
    with pytest.raises(UsageFault, match="'often' is no step of time"):
        timeline.timeline(table(HOURLY), None, "often", lambda text: None)


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (["1767225600", "1767229200"], "2026-01-01T00:00"),
        (["1767225600000", "1767229200000"], "2026-01-01T00:00"),
        (["2026-01-01T10:00+10:00", "2026-01-01T11:00+10:00"], "2026-01-01T00:00"),
        (["2026-01-01T00:00Z", "2026-01-01T01:00Z"], "2026-01-01T00:00"),
        (["13/01/2026", "14/01/2026"], "2026-01-13T00:00"),
        (["01/13/2026", "01/14/2026"], "2026-01-13T00:00"),
        (["02.01.2026", "03.01.2026"], "2026-01-02T00:00"),
        (["2026-01", "2026-02"], "2026-01-01T00:00"),
    ],
)
def test_times_are_read_in_the_forms_that_people_write(cells, expected):
    read = table("time,x\n" + "".join(f"{c},1\n" for c in cells))
    assert str(timeline.parse(read.columns["time"], read, "time", lambda text: None)[0]).startswith(expected)


def test_a_cell_that_is_no_time_is_named():
    with pytest.raises(DataFault, match=r"line 3, column time: 'soon' is not a time"):
        line_of(
            "time,x\n2026-01-01,1\nsoon,2\n2026-01-03,3\n2026-01-04,3\n"
            + "".join(f"2026-02-{d:02d},1\n" for d in range(1, 20)),
            "time",
        )


def test_stamps_with_and_without_a_zone_are_refused_and_changing_zones_are_told():
    with pytest.raises(DataFault, match=r"line 3.*some stamps have a time zone"):
        line_of("time,x\n2026-01-01T00:00Z,1\n2026-01-01T01:00,2\n")
    _, said = line_of("time,x\n2026-01-01T00:00+01:00,1\n2026-01-01T02:00+02:00,2\n")
    assert "line 3" in said[0]
    assert "time zone changes" in said[0]


def test_every_fault_has_its_exit_code():
    assert [kind.code for kind in (Fault, UsageFault, DataFault)] == [1, 2, 3]


def test_numbers_from_json_pass_and_text_is_parsed():
    np.testing.assert_array_equal(numbers.column([1, None, "2,5", 3.5], ";")[[0, 2, 3]], [1, 2.5, 3.5])
