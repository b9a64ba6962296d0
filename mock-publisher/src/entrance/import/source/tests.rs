use std::io::Write;

use super::*;

/// What a file comes to: its names, its rows, and what is wrong with it.
#[derive(Default)]
struct Seen {
    names: Vec<String>,
    rows: Vec<String>,
}

impl Visitor for Seen {
    fn names(&mut self, names: &[String]) -> Result<(), String> {
        self.names = names.to_vec();
        Ok(())
    }

    fn row(&mut self, values: &mut dyn Iterator<Item = Value>) -> ControlFlow<()> {
        let text = |value: Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        self.rows.push(values.map(text).collect::<Vec<_>>().join("|"));
        ControlFlow::Continue(())
    }
}

fn read(content: &[u8], format: Format) -> (Seen, Option<String>) {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(content).unwrap();
    let mut seen = Seen::default();
    let result = visit(&file, format, None, &mut seen);
    (seen, result.err().map(|error| error.to_string()))
}

#[test]
fn commas_semicolons_and_tabs_are_told_apart() {
    for delimiter in [",", ";", "\t"] {
        for (start, end) in [("", "\n"), ("\u{feff}", "\r\n")] {
            let table = format!(
                "{start}name{delimiter}note{end}Mike{delimiter}\"a{delimiter}\"\"b\"\"\nc\"{end}{end}J{delimiter}"
            );
            let (seen, error) = read(table.as_bytes(), Format::Csv);
            assert_eq!(error, None, "{table:?}");
            assert_eq!(seen.names, ["name", "note"], "{table:?}");
            assert_eq!(seen.rows, [format!("Mike|a{delimiter}\"b\"\nc"), "J|".to_owned()], "{table:?}");
        }
    }
}

#[test]
fn what_is_wrong_with_a_table_is_told_with_its_line_and_the_rows_before_it_are_read() {
    let long = format!("a,b\n1,2\n\n3,{}\n", "x".repeat(10 << 20));
    for (table, rows, expected) in [
        (&b"a,b\n1,2\n\n3\n"[..], 1, "line 4: expected 2 values as in the first row, got 1"),
        (b"a,b\n1,2\n3,4,5\n", 1, "line 3: expected 2 values as in the first row, got 3"),
        (b"a,b\n1,2\n\"3\n\n,4\n", 1, "line 3: the quote that is opened here is never closed"),
        (b"a,b\n1,\"2\n2\"\n3,\"4\" x\n", 1, "line 4: something stands between a closing quote"),
        (b"a,b\n1,2\n\xe9,4\n", 1, "line 3: value 1 is not UTF-8"),
        (b"\xff\xfea\0,\0", 0, "line 1: the file is in UTF-16"),
        (b"", 0, "the file is empty"),
        (b"\n\n", 0, "the file is empty"),
        (long.as_bytes(), 1, "line 4: the row is longer than 1 MiB"),
    ] {
        let (seen, error) = read(table, Format::Csv);
        let error = error.unwrap();
        assert!(error.starts_with(expected), "{error}");
        assert_eq!(seen.rows.len(), rows, "{error}");
    }
}

#[test]
fn records_are_read_one_by_one_whatever_the_order_of_their_keys() {
    let json = "\u{feff}[{\"a\": \"x\", \"b\": 1},\n {\"b\": null, \"a\": true}]\n";
    let (seen, error) = read(json.as_bytes(), Format::Json);
    assert_eq!(error, None);
    assert_eq!((seen.names, seen.rows), (vec!["a".into(), "b".into()], vec!["x|1".to_owned(), "true|null".to_owned()]));
}

#[test]
fn what_is_wrong_with_records_is_told_with_its_line_and_number() {
    let long = format!("[{{\"a\": 1}},\n{{\"a\": \"{}\"}}]", "x".repeat(10 << 20));
    let deep = format!("[{{\"a\": 1}}, {{\"a\": {}", "[".repeat(1000));
    for (json, rows, expected) in [
        (
            "[{\"a\": 1},\n{\"b\": 1},\n\n{\"a\": 2}]",
            1,
            "line 2, record 2: the record has no `a`, which the first one has",
        ),
        ("[{\"a\": 1},\n{\"a\": 1, \"c\": 2}]", 1, "line 2, record 2: the record has `c`, which the first one has not"),
        ("[{\"a\": 1},\n{\"a\": }]", 1, "line 2, record 2: no JSON: expected value"),
        ("[{\"a\": 1},\n7]", 1, "line 2, record 2: invalid type: integer `7`, expected a map"),
        ("{\"a\": 1}", 0, "line 1: invalid type: map, expected an array of objects"),
        ("[{\"a\": 1}", 1, "line 1, record 2: no JSON: EOF"),
        ("[] x", 0, "line 1: no JSON: trailing characters"),
        ("[{\"a\": 1}, {\"a\": 2}, {\"b\": 3}]", 2, "line 1, record 3: the record has no `a`"),
        (&long, 1, "line 2, record 2: the record is longer than 1 MiB"),
        (&deep, 1, "line 1, record 2: the record is nested too deeply"),
    ] {
        let (seen, error) = read(json.as_bytes(), Format::Json);
        let error = error.unwrap();
        assert!(error.starts_with(expected), "{error}");
        assert_eq!(seen.rows.len(), rows, "{error}");
    }
}
