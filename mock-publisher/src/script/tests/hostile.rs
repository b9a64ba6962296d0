//! Scripts that want to keep the engine busy, to use its memory or to end the process.

use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use super::*;
use crate::stopwatch::Stopwatch;

/// How long a script can take in a build that is not optimised, on a machine that does other things.
pub(super) const AT_MOST: Duration = Duration::from_secs(2);

/// Every thread that runs scripts has a larger stack than this.
pub(super) const SMALL_STACK: usize = 512 * 1024;

/// Helps scripts to build what they need.
const HELP: &str = "
    var many = 1e5, long = 'x'.repeat(1e6), values = (function () { return arguments })()[Symbol.iterator];
    var endless = () => values.call({length: 2 ** 53 - 1}), like = {length: 2 ** 53 - 1};
    var wide = () => { var o = {}; for (var i = 0; i < 2e4; i++) o['k' + i] = undefined; return o };
    ";

/// Runs every script, and a plain one after it. What is expected is a part of the error; nothing, if only the end is.
fn all_end(scripts: &[(&str, &str)]) {
    let mut wrong = Vec::new();
    for &(script, expected) in scripts {
        let source = format!("{HELP}\n{script}");
        let (told, outcome) = mpsc::channel();
        let run_it = move || {
            let stopwatch = Stopwatch::start();
            let ran = run(&source);
            let took = stopwatch.elapsed();
            let _ = told.send((ran, took, run("profile.name == 'Mike'")));
        };
        thread::Builder::new().stack_size(SMALL_STACK).spawn(run_it).unwrap();
        let Ok((ran, took, next)) = outcome.recv_timeout(10 * AT_MOST) else {
            wrong.push(format!("{script}: does not end"));
            continue;
        };
        if took > AT_MOST {
            wrong.push(format!("{script}: took {took:?}"));
        }
        let said = ran.result.map_or_else(|error| error.to_string(), |_| String::new());
        // A machine that is busy elsewhere gets no further than the deadline.
        if !said.contains(expected) && !said.contains("not finished") {
            wrong.push(format!("{script}: {said}"));
        }
        assert_eq!(next.result, Ok(true), "what comes after {script} is not affected");
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn scripts_that_do_not_end_are_stopped() {
    all_end(&[
        ("while (true) {}", "not finished"),
        ("for (;;) { try { while (true) {} } catch (error) {} finally { continue } }", "not finished"),
        ("function* forever() { while (true) yield 1 } for (var x of forever()) {}", "not finished"),
        ("var o = { get x() { while (true) {} } }; o.x", "not finished"),
        ("var o = { toString() { while (true) {} } }; '' + o", "not finished"),
        ("[3, 1, 2].sort(() => { while (true) {} })", "not finished"),
        ("/^(a+)+$/.test('a'.repeat(40) + 'b')", "not finished"),
        ("/(a|aa)+$/.test('a'.repeat(60) + 'b')", "not finished"),
        ("for (var x of endless()) {}", "not finished"),
        ("Object.groupBy(endless(), String)", ""),
        ("endless().some(() => false)", "not finished"),
        ("endless().map(String).forEach(String)", "not finished"),
    ]);
}

#[test]
fn scripts_that_want_memory_are_stopped() {
    all_end(&[
        ("/a*b/.test('a'.repeat(1e6))", "memory"),
        ("'a'.repeat(1e6).replace(/a*b/g, '')", "memory"),
        ("var all = []; while (true) all.push('x'.repeat(1000) + all.length)", "memory"),
        ("var s = 'x'; while (true) s += s", "memory"),
        ("'x'.repeat(1e9)", "memory"),
        ("'x'.repeat(5e6).split('').sort()", "memory"),
        ("Array.from({length: 4294967295})", "memory"),
        ("Array.from.call(function () { return {} }, like)", "memory"),
        ("Array.from(endless())", "memory"),
        ("[...endless()]", "memory"),
        ("endless().toArray()", "memory"),
        ("Promise.all(endless())", ""),
        ("new AggregateError(endless())", "memory"),
        ("JSON.stringify(Array(4294967295))", ""),
        ("var r = /x/g; r.exec = () => ({length: 4294967295, 0: '', index: 0}); 'x'.replace(r, '')", ""),
        ("var r = /x/y; r.exec = () => ({length: 4294967295, 0: '', index: 0}); 'x'.split(r)", ""),
        ("try { 'x'.repeat(1e9) } catch (error) {} for (;;) try { long += long } catch (error) {}", "not finished"),
    ]);
}

#[test]
fn work_inside_the_engine_is_bounded() {
    all_end(&[
        ("Array(1e9).fill(0)", "array too long"),
        ("Array(4294967295).join('x')", "array too long"),
        ("Array(4294967295).indexOf(1)", "array too long"),
        ("Array(4294967295).reverse()", "array too long"),
        ("Array(4294967295).sort()", "array too long"),
        ("Array(4294967295).copyWithin(1, 0)", "array too long"),
        ("Array(4294967295).with(0, 1)", "array too long"),
        ("[Array(4294967295)].flat()", "array too long"),
        ("Array(4294967295).flatMap(x => x)", "array too long"),
        ("[].concat(Array(4294967295))", "array too long"),
        ("new Set(Array(4294967295))", "array too long"),
        ("Math.max(...Array(4294967295))", "array too long"),
        ("Array.prototype.includes.call(like, 1)", "array too long"),
        ("Array.prototype.forEach.call(like, String)", "array too long"),
        ("Array.prototype.fill.call(like, 0)", "array too long"),
        ("Array.prototype.sort.call(like)", "array too long"),
        ("Array.prototype.concat.call([], Object.assign(like, {[Symbol.isConcatSpreadable]: true}))", "array too long"),
        (
            "var asked = 0; [].concat({...like, get [Symbol.isConcatSpreadable]() { return asked++ > 0 }}).length == 1",
            "",
        ),
        ("[].concat(...Array(1000).fill(Array(1e6)))", "not finished"),
        ("String.apply(null, {length: 4294967295})", "too many arguments"),
        ("String.raw({raw: like})", "array too long"),
        ("endless().includes(1)", "not a function"),
        ("endless().join()", "not a function"),
        ("endless().drop(1e9)", "not a function"),
        ("new Set([1]).union({size: 1, has() {}, keys: endless})", "not a function"),
        ("new Map(endless())", "TypeError"),
        ("Object.fromEntries(endless())", "TypeError"),
        ("Math.sumPrecise(endless())", "TypeError"),
        ("JSON.stringify({}, Array(4294967295))", ""),
        ("JSON.stringify({}, Array.from({length: 1e4}, (_, at) => 'k' + at))", ""),
        (
            "var names = Array.from({length: 1e3}, (_, at) => 'k' + at); JSON.stringify(Array(1e5).fill({}), names)",
            "not finished",
        ),
        ("JSON.stringify(Array(1e5).fill(wide()))", "not finished"),
        ("Object.assign.apply(null, Array(6e4).fill(wide()))", "not finished"),
        ("Object.assign({}, ...Array(6e4).fill(wide()))", "not finished"),
        ("[long + 'a', long + 'b', long + 'c'].flatMap(x => Array(1e4).fill(x)).sort()", "not finished"),
        ("Array(1e5).fill(long + 'a').indexOf(long + 'b')", "too much to search"),
        ("Array(1e5).fill(long + 'a').includes(long + 'b')", "too much to search"),
        ("'xy'.repeat(1e5).indexOf('xy'.repeat(5e4) + 'z')", "too much to search"),
        ("'xy'.repeat(1e5).replaceAll('xy'.repeat(5e4) + 'z', '')", "too much to search"),
        (
            "var asked = 0; 'xy'.repeat(1e5).replace({get [Symbol.replace]() { return asked++ ? undefined : String }, \
            toString: () => 'xy'.repeat(5e4) + 'z'}, '')",
            "",
        ),
        ("'x'.match('\\\\p{L}'.repeat(1e5))", "regular expression too long"),
        ("'x'.search({toString: () => '(?:'.repeat(1e5)})", "regular expression too long"),
        (
            "RegExp.prototype[Symbol.split].call({constructor: undefined, flags: 'u', [Symbol.match]: true, \
            source: '\\\\p{L}'.repeat(1e5)}, 'x')",
            "TypeError",
        ),
        ("+('9'.repeat(4e6))", ""),
        ("parseInt('9'.repeat(4e6))", ""),
        ("Date.parse('1'.repeat(4e6))", ""),
        ("'\\u03a3'.repeat(1e6).toLowerCase()", ""),
        ("'e\\u0301'.repeat(1e5).normalize()", "too long to normalise"),
        ("var a = []; a[4294967290] = 1; a.length = 0", ""),
    ]);
}

#[test]
fn much_work_in_small_pieces_is_bounded() {
    all_end(&[
        ("for (;;) long.trim()", "not finished"),
        ("for (;;) long.indexOf('y')", "not finished"),
        ("for (;;) long.split('y')", "not finished"),
        ("for (;;) try { long.toUpperCase() } catch (error) {}", "not finished"),
        ("for (;;) `${long}${long}`", "not finished"),
        ("for (;;) /.*/s.exec(long)", ""),
        ("for (;;) long.replace(/y/, '')", "not finished"),
        ("for (;;) new RegExp('\\\\p{L}'.repeat(160), 'u')", "not finished"),
        ("for (;;) 'x'.match('\\\\p{L}'.repeat(160))", "not finished"),
        ("for (;;) 'e\\u0301'.repeat(5000).normalize()", "not finished"),
        ("for (;;) parseFloat(long)", "not finished"),
        ("for (;;) encodeURIComponent(long)", "not finished"),
        ("for (;;) JSON.stringify(long)", "not finished"),
        ("var text = JSON.stringify(long); for (;;) JSON.parse(text)", "not finished"),
        ("var set = new Set(); for (;;) set.has(long)", "not finished"),
        ("for (;;) Symbol.for(long)", "not finished"),
        ("var o = wide(); for (;;) Object.keys(o)", "not finished"),
        ("var o = wide(); for (;;) Object.isFrozen(o)", "not finished"),
        ("var o = wide(); for (;;) Reflect.ownKeys(o)", "not finished"),
        ("var o = wide(); for (;;) JSON.stringify(o)", "not finished"),
        ("var a = Array(many).fill(0); for (;;) a.slice()", "not finished"),
        ("var a = Array(many).fill(0); for (;;) a.indexOf(1)", "not finished"),
        ("var a = Array(many).fill(0); for (;;) [...a]", "not finished"),
        ("var a = Array(1e6); for (;;) a.indexOf(1)", "not finished"),
        ("for (;;) Math.max.apply(null, {length: 65000})", "not finished"),
        ("for (;;) Math.max(...Array(6e4))", "not finished"),
    ]);
}

#[test]
fn what_is_nested_without_an_end_is_stopped() {
    all_end(&[
        ("function f() { return f() } f()", "nested too deeply"),
        ("function f() { return 1 + f() } f()", "nested too deeply"),
        ("var o = {}; o.toString = function () { return '' + o }; '' + o", "nested too deeply"),
        ("var a = []; for (var i = 0; i < 2e4; i++) a = [a]; JSON.stringify(a)", "nested too deeply"),
        ("var a = []; for (var i = 0; i < 2e4; i++) a = [a]; '' + a", "nested too deeply"),
        ("var a = []; for (var i = 0; i < 2e4; i++) a = [a]; a.flat(Infinity)", "nested too deeply"),
        ("var o = {}; for (var i = 0; i < 2e4; i++) o = {o}; o", ""),
        ("JSON.parse('['.repeat(1e5))", "nested too deeply"),
        ("function f() { JSON.parse('[1]', f) } f()", "nested too deeply"),
        ("function f() { JSON.stringify([1], f) } f()", "nested too deeply"),
        ("var o = {toJSON() { return JSON.stringify(o) }}; JSON.stringify(o)", "nested too deeply"),
        ("function f() { 'x'.replace(/x/, f) } f()", "nested too deeply"),
        ("function f() { 'x'.replace('x', f) } f()", "nested too deeply"),
        ("function f() { [2, 1].sort(f) } f()", "nested too deeply"),
        ("function f() { [1].map(f) } f()", "nested too deeply"),
        ("function f() { Array.from([1], f) } f()", "nested too deeply"),
        ("function f() { new f } f()", "nested too deeply"),
        ("function f() { f.apply(this, arguments) } f()", "nested too deeply"),
        ("function f() { f(...Array(1000)) } f()", ""),
        ("var o = {get x() { return this.x }}; o.x", "nested too deeply"),
        ("var o = {set x(value) { this.x = value }}; o.x = 1", "nested too deeply"),
        ("var r = /x/; r.exec = text => r.test(text); r.test('x')", ""),
        ("function* f() { yield* f() } [...f()]", "nested too deeply"),
        ("class A { constructor() { new this.constructor() } } new A()", "nested too deeply"),
        ("var bound = String; for (var i = 0; i < 2e4; i++) bound = bound.bind(null, 1); bound()", ""),
        ("var p = {}; for (var i = 0; i < 2e4; i++) p = Object.create(p); p.x", ""),
        ("var it = [1].values(); for (var i = 0; i < 1e4; i++) it = it.map(String); it.next()", "nested too deeply"),
        (
            "var it = [1].values(); for (var i = 0; i < 1e4; i++) it = it.filter(Boolean).take(9); it.next()",
            "nested too deeply",
        ),
        (
            "var it = [1].values(); for (var i = 0; i < 1e4; i++) it = it.flatMap(x => [x]); it.next()",
            "nested too deeply",
        ),
        ("var it = [1].values(); for (var i = 0; i < 1e4; i++) it = it.take(9); it.return()", "nested too deeply"),
        (
            "var it = {next() { return {} }}; for (var i = 0; i < 1e4; i++) it = Iterator.from({__proto__: it}); it.next()",
            "",
        ),
        (
            "var it = [1].values(); for (var i = 0; i < 1e4; i++) it = Iterator.concat(it); it.next()",
            "nested too deeply",
        ),
        ("var it = [1].values(); for (var i = 0; i < 1e4; i++) it = Iterator.zip([it]); it.next()", ""),
        ("var bound = String; for (var i = 0; i < 2e4; i++) bound = bound.bind(); ({}) instanceof bound", ""),
        (
            "var bound = Date; for (var i = 0; i < 4e4; i++) bound = bound.bind(); Reflect.construct(Date, [], bound)",
            "",
        ),
        ("var s = ''; for (var i = 0; i < 1e4; i++) s = 'x' + s + 'y'; s.length == 20000", ""),
        ("new RegExp('('.repeat(1000))", "SyntaxError"),
        ("new RegExp('(?:'.repeat(200) + ')*'.repeat(200)).test(long)", ""),
    ]);
}

#[test]
fn what_is_thrown_and_returned_can_be_hostile() {
    all_end(&[
        ("throw null", ""),
        ("var e = new Error(); Object.defineProperty(e, 'message', {get() { for (;;) {} }}); throw e", "not finished"),
        ("var e = new Error(); Object.defineProperty(e, 'name', {get() { for (;;) {} }}); throw e", "not finished"),
        ("var e = new Error(); e.message = {toString() { for (;;) {} }}; throw e", "not finished"),
        ("var e = new Error(); Object.defineProperty(e, 'message', {get() { throw e }}); throw e", ""),
        ("var e = new Error(); Object.defineProperty(e, 'stack', {get() { for (;;) {} }}); throw e", ""),
        ("throw {toString() { for (;;) {} }, get message() { for (;;) {} }}", "a value of type object"),
        ("throw { __proto__: Error.prototype, get message() { for (;;) {} } }", "a value of type object"),
        ("throw Object.assign(new Error('x'.repeat(2e6)), {name: 'y'.repeat(2e6)})", "yyy"),
        ("({toString() { for (;;) {} }, valueOf() { for (;;) {} }})", ""),
        ("({toJSON() { for (;;) {} }})", "not finished"),
        ("({get x() { for (;;) {} }})", "not finished"),
        ("profile.x = Array(1e5).fill(wide()); 1", "not finished"),
        ("profile.x = profile; 1", "circular"),
        ("var a = []; for (var i = 0; i < 2e4; i++) a = [a]; profile.x = a; 1", "nested too deeply"),
        ("Promise.resolve().then(() => { for (;;) {} }); true", "without promises"),
        ("(async function () { await 1 })(); true", "without promises"),
        ("import('x'); true", "without promises"),
    ]);
}
