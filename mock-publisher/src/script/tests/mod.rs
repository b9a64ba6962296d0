mod compiling;
mod hostile;
mod isolation;

use serde_json::{Value, json};

use super::*;

/// What time it is for scripts: 2026-11-25T12:14:15.678Z.
const NOW: Millis = 1_795_608_855_678;

const PLAIN: Prelude = Prelude {
    name: "plain",
    source: "(({ scopeOf }) => (input, need) => {
        const names = Object.assign(Object.create(null), input);
        names.fetch = (name) => name in input ? input[name] : need(name);
        return { scope: scopeOf(names), close: (value) => JSON.stringify({ value, names: input }) };
    })",
};

fn run(source: &str) -> Ran {
    run_with(source, &json!({"x": "1", "list": [1, 2], "profile": {"name": "Mike"}}))
}

fn run_with(source: &str, input: &Value) -> Ran {
    Script::compile(source).unwrap().run(PLAIN, NOW, input).unwrap()
}

fn value(source: &str) -> Value {
    let ran = run(source);
    assert!(ran.result.is_ok(), "{source}: {ran:?}");
    ran.output["value"].clone()
}

#[test]
fn the_last_statement_decides() {
    for (source, expected) in [
        ("true", json!(true)),
        ("x == 1;", json!(true)),
        ("x === 1", json!(false)),
        ("1; 2; 3", json!(3)),
        ("var a = 1; let b = 2; const c = 3; a + b + c", json!(6)),
        ("function twice(n) { return 2 * n } twice(4)", json!(8)),
        ("twice(4); function twice(n) { return 2 * n }", json!(8)),
        ("var n = 0; for (var i = 0; i < 3; i++) n += i; n", json!(3)),
        ("n = 0; for (i = 0; i < 3; i++) n += i; n", json!(3)),
        ("if (x == 1) { 'yes' } else { 'no' }", json!("yes")),
        ("profile.name == 'Mike' // a comment", json!(true)),
        ("/* nothing */", json!(null)),
        ("list.map(n => n * 2).join()", json!("2,4")),
        ("[...list, 3].includes(3)", json!(true)),
        ("new Set([1, 1, 2]).size", json!(2)),
        ("new Map([['a', 1]]).get('a')", json!(1)),
        ("'a-b'.split('-').length + 'abc'.indexOf('c')", json!(4)),
        ("'abc'.split().length", json!(1)),
        ("'a1b2'.replace(/\\d/g, '')", json!("ab")),
        ("'a.b.c'.replaceAll('.', '')", json!("abc")),
        ("'a1b2'.replaceAll(/\\d/g, '')", json!("ab")),
        ("'a1b2'.split(/\\d/).join('-')", json!("a-b-")),
        ("'x'.localeCompare('y') < 0", json!(true)),
        ("new Date(0).getTime()", json!(0)),
        ("typeof profile", json!("object")),
        ("JSON.stringify({a: 1})", json!("{\"a\":1}")),
        ("try { missing } catch (error) { String(error) }", json!("ReferenceError: missing is not defined")),
        ("var o = {}; o.toString = () => 'own'; '' + o", json!("own")),
        ("var e = new Error('x'); e.name = 'Own'; String(e)", json!("Own: x")),
        ("function F() {} F.prototype.toString = function () { return 'f' }; '' + new F()", json!("f")),
        ("class A { constructor() { this.n = 1 } } new A().n", json!(1)),
        ("[...(function* () { yield 1; yield 2 })()].length", json!(2)),
        ("[1, 2].concat([3, [4]], 5, 'six').length", json!(6)),
        ("[10, 9, 1].sort().join() + [10, 9, 1].sort((a, b) => a - b).join()", json!("1,10,91,9,10")),
        ("[1, [2, [3, [4]]]].flat(2).length", json!(4)),
        ("Array.prototype.slice.call({length: 2, 0: 'a', 1: 'b'}).join()", json!("a,b")),
        ("'x1y2'.match(/\\d/g).join() + 'x1'.match('\\\\d')[0] + [...'x1y2'.matchAll(/\\d/g)].length", json!("1,212")),
        ("'aXbX'.replace('X', found => found + '!')", json!("aX!bX")),
        ("/(\\d+)-(\\d+)/.exec('10-20').slice(1).join()", json!("10,20")),
        ("RegExp('A', 'i').test('a') && /x/ instanceof RegExp && /x/.constructor === RegExp", json!(true)),
        ("new (class extends RegExp {})('b').exec('abc').index", json!(1)),
        ("`${x}-${list}`", json!("1-1,2")),
        ("String.raw`a${1}\\n`", json!("a1\\n")),
        ("JSON.stringify({b: {c: 1, a: 2}, a: [{c: 1}]}, ['a', 'b'])", json!("{\"a\":[{}],\"b\":{\"a\":2}}")),
        (
            "JSON.stringify([1, {a: 2}], (key, value) => value === 2 ? 3 : value, 1)",
            json!("[\n 1,\n {\n  \"a\": 3\n }\n]"),
        ),
        ("JSON.parse('[1, 2]', (key, value) => key === '0' ? 5 : value)[0]", json!(5)),
        ("parseInt('12px', 10) + Number.parseFloat('0.5')", json!(12.5)),
        ("Object.assign({}, {a: 1}, null, {b: 2}).b", json!(2)),
        ("Math.max.apply(null, [1, 3, 2])", json!(3)),
        ("(function () {}) instanceof Function", json!(true)),
    ] {
        assert_eq!(value(source), expected, "{source}");
    }
}

#[test]
fn what_time_it_is_is_what_the_script_was_told() {
    for (source, expected) in [
        ("Date.now()", json!(NOW)),
        ("new Date().getTime()", json!(NOW)),
        ("new Date().toISOString()", json!("2026-11-25T12:14:15.678Z")),
        ("Date() == new Date().toString() && Date(0) == Date()", json!(true)),
        ("Date() == String(new Date(Math.floor(Date.now() / 1000) * 1000))", json!(true)),
        ("new (class Own extends Date { year() { return this.getUTCFullYear() } })().year()", json!(2026)),
        ("Reflect.construct(Date, []).getTime() == Date.now()", json!(true)),
        // Whoever says what time is meant gets that.
        ("new Date(2000, 1, 29, 12).getMonth()", json!(1)),
        ("new Date('2000-02-29').toISOString()", json!("2000-02-29T00:00:00.000Z")),
        ("new Date(new Date(7)).getTime() + Date.UTC(1970, 0)", json!(7)),
        ("isNaN(new Date(undefined)) && isNaN(new Date(NaN))", json!(true)),
        // It is the language's own in every other way.
        ("var d = new Date(); d instanceof Date && d.constructor === Date && Date.name + Date.length", json!("Date7")),
        ("Object.prototype.toString.call(new Date())", json!("[object Date]")),
        ("var late; for (var i = 0; i < 50; i++) late = Date.now(); late", json!(NOW)),
    ] {
        assert_eq!(value(source), expected, "{source}");
    }
    let script = Script::compile("Date.now()").unwrap();
    for now in [0, 1, NOW, 253_402_207_200_000] {
        assert_eq!(script.run(PLAIN, now, &json!({})).unwrap().output["value"], json!(now));
    }
}

#[test]
fn truth_is_what_it_is_in_an_if() {
    for source in ["1", "-1", "'0'", "'false'", "[]", "({})", "(function () {})", "Symbol('x')", "Infinity"] {
        assert_eq!(run(source).result, Ok(true), "{source}");
    }
    for source in ["0", "-0", "NaN", "''", "null", "undefined", "false", ";", "var a = 1;"] {
        assert_eq!(run(source).result, Ok(false), "{source}");
    }
}

#[test]
fn what_a_script_throws_is_told() {
    for (source, expected) in [
        ("missing", "ReferenceError: missing is not defined"),
        ("profile.orders[0].sent", "TypeError: cannot read property '0' of undefined"),
        ("throw 'a text'", "a text"),
        ("throw new Error('own')", "Error: own"),
        ("throw 1", "the number 1"),
        ("throw 0.5", "the number 0.5"),
        ("throw false", "the truth value false"),
        ("throw Symbol('x')", "a value of type symbol"),
        ("throw '\\ud800'", "a value of type string"),
        ("throw { get message() { throw 1 } }", "a value of type object"),
        ("'a'.repeat(2e5).indexOf('a'.repeat(1e5) + 'b')", "RangeError: too much to search"),
        ("'xx'.replaceAll(/x/, '')", "TypeError: replaceAll needs a regular expression with the flag g"),
        ("Function('return 1')", "EvalError: functions cannot be made of texts"),
        ("(function* () {}).constructor('yield 1')", "EvalError: functions cannot be made of texts"),
        ("new RegExp('x'.repeat(1001))", "RangeError: regular expression too long"),
        ("'a'.repeat(1e6).normalize('NFD')", "RangeError: text too long to normalise"),
    ] {
        assert_eq!(run(source).result, Err(ScriptError::Thrown(expected.to_owned())), "{source}");
    }
}

#[test]
fn a_source_that_does_not_compile_is_refused_with_its_place() {
    for (source, line, column) in [
        ("profile.name ==", 1, 16),
        ("var a = 1;\n  a +* 2", 2, 6),
        ("}", 1, 1),
        ("1 } {", 1, 3),
        ("return 1", 1, 1),
        ("'open", 1, 1),
        ("`open", 1, 1),
        ("/* open", 1, 1),
        ("/(/", 1, 1),
    ] {
        match Script::compile(source) {
            Err(ScriptError::Syntax { message, line: at, column: in_line }) => {
                assert!(!message.is_empty());
                assert_eq!((at, in_line), (line, column), "{source}: {message}");
            }
            other => panic!("{source}: {other:?}"),
        }
    }
    assert_eq!(Script::compile(&" ".repeat(65_537)), Err(ScriptError::TooLong { length: 65_537 }));
    assert!(Script::compile(&" ".repeat(65_536)).is_ok());
}

#[test]
fn a_script_that_needs_something_is_broken_off() {
    for source in ["fetch('orders').length", "try { fetch('orders') } catch (error) {} 'caught'"] {
        assert_eq!(run(source).needs.as_deref(), Some("orders"), "{source}");
    }
    let ran = run_with("fetch('orders').length", &json!({"orders": [1, 2]}));
    assert_eq!((ran.needs, &ran.output["value"]), (None, &json!(2)));
}

#[test]
fn what_a_script_changes_is_read_afterwards() {
    let ran = run_with("profile.city = 'Utrecht'; profile.name += '!'", &json!({"profile": {"name": "Mike"}}));
    assert_eq!(ran.output["names"]["profile"], json!({"name": "Mike!", "city": "Utrecht"}));
}

#[test]
fn what_a_script_throws_is_cut() {
    for source in ["throw 'é'.repeat(1e5)", "throw new Error('é'.repeat(1e5))"] {
        let Err(ScriptError::Thrown(text)) = run(source).result else { panic!("{source}") };
        assert_eq!(text.chars().count(), limits::MESSAGE + 3, "{source}");
        assert!(text.ends_with("éé..."), "{source}: {text}");
    }
}

#[test]
fn numbers_of_any_size_are_refused_and_nothing_that_looks_like_one() {
    for (source, line, column) in [
        ("1n", 1, 2),
        ("profile.a;\n  2n ** 100000n", 2, 4),
        ("0xFFn + 1", 1, 5),
        ("0b1n", 1, 4),
        ("1_000n", 1, 6),
        ("`${1n}`", 1, 5),
        ("[0n]", 1, 3),
        ("typeof-9n", 1, 9),
        ("[...9n]", 1, 6),
        ("\u{a0}9n", 1, 4),
        ("\u{feff}9n", 1, 5),
    ] {
        match Script::compile(source) {
            Err(ScriptError::Syntax { message, line: at, column: in_line }) => {
                assert_eq!((at, in_line), (line, column), "{source}: {message}");
                assert_eq!(message, "numbers such as `1n` are not supported", "{source}");
            }
            other => panic!("{source}: {other:?}"),
        }
    }
    // These may be refused for another reason.
    for source in ["1.n", "1.5n", "1e3n", "1e+3n", ".5n", "x?.5n:1", "0777n", "09n"] {
        assert!(Script::compile(source).is_err(), "{source}");
    }
    for source in [
        "'1n'",
        "\"1n\"",
        "`1n`",
        "/1n/",
        "/[1n-z]/",
        "// 1n",
        "/* 1n */ 1",
        "a1n",
        "var $1n",
        "profile.x1n",
        "[1].n",
        "é1n",
    ] {
        assert_eq!(Script::compile(source).map(drop), Ok(()), "{source}");
    }
}
