//! Sources that want to keep the compiler busy: nothing interrupts it.

use std::thread;

use super::hostile::{AT_MOST, SMALL_STACK};
use super::*;
use crate::stopwatch::Stopwatch;

/// As much as a source can hold of one thing within another: `begin`, made of its number, as often as it fits, then as many ends.
fn filled(begin: impl Fn(usize) -> String, end: &str) -> String {
    let mut source = String::new();
    let mut count = 0;
    while source.len() + begin(count).len() + (count + 1) * end.len() < limits::SOURCE - 100 {
        source.push_str(&begin(count));
        count += 1;
    }
    source + &end.repeat(count)
}

#[test]
fn a_source_compiles_soon_or_is_refused() {
    let always = |text: &'static str| move |_: usize| text.to_owned();
    let within = |open: &str, inner: String, close: &str| format!("{open}{inner}{close}");
    let sources = [
        ("parentheses", filled(always("("), ")")),
        ("brackets", filled(always("["), "]")),
        ("braces", filled(always("{"), "}")),
        ("objects", within("x=", filled(always("{a:"), "}"), "")),
        ("not", within("", filled(always("!"), ""), "1")),
        ("minus", within("", filled(always("- "), ""), "1")),
        ("conditions", within("", filled(always("a?b:"), ""), "1")),
        ("arrows", within("", filled(always("a=>"), ""), "1")),
        ("arrows with parameters", within("", filled(always("(a)=>"), ""), "1")),
        ("maybe arrows", filled(always("(a,"), ")")),
        ("templates", within("", filled(always("`${"), "}`"), "")),
        ("ifs", within("", filled(always("if(1)"), ""), ";")),
        ("functions within", filled(always("function f(){"), "}")),
        ("functions beside", filled(|at| format!("function f{at}(){{}}"), "")),
        (
            "functions with eval",
            within("{", filled(|at| if at < 1000 { format!("var a{at};") } else { "()=>eval();".into() }, ""), "}"),
        ),
        (
            "functions that close over all",
            filled(|at| if at < 3000 { format!("var a{at};") } else { format!("()=>a{};", at % 3000) }, ""),
        ),
        ("blocks with functions", filled(|at| format!("{{function f{at}(){{}}}}"), "")),
        ("classes within", filled(always("class A{m(){"), "}}")),
        ("private names", within("class A{", filled(|at| format!("#a{at};"), ""), "}")),
        ("variables", within("var a", filled(|at| format!(",a{at}"), ""), "")),
        ("variables of a block", within("let a", filled(|at| format!(",a{at}"), ""), "")),
        ("blocks with variables", filled(|at| format!("{{let a{at};"), "}")),
        ("parameters", within("(function(a", filled(|at| format!(",a{at}"), ""), "){})")),
        ("strict parameters", within("((a", filled(|at| format!(",a{at}"), ""), ")=>1)")),
        ("patterns", within("var ", filled(always("["), "]"), "=1")),
        ("wide patterns", within("var {a", filled(|at| format!(",a{at}"), ""), "}=1")),
        ("switches", within("switch(1){", filled(|at| format!("case {at}:"), ""), "}")),
        ("labels", within("", filled(|at| format!("a{at}:"), ""), ";")),
        ("breaks out of finally", within("a:{", filled(always("try{break a}finally{"), "}"), "}")),
        ("tries", filled(always("try{"), "}finally{}")),
        ("withs", within("", filled(always("with(a)"), ""), "a")),
        ("loops", within("", filled(always("for(;;)"), ""), ";")),
        ("names", filled(|at| format!("a{at};"), "")),
        ("texts", filled(|at| format!("'{at}';"), "")),
        ("sums", within("", filled(always("1+"), ""), "1")),
        ("powers", within("", filled(always("1**"), ""), "1")),
        ("members", within("a", filled(always(".a"), ""), "")),
        ("calls", within("a", filled(always("()"), ""), "")),
        ("chains", within("a", filled(always("?.a"), ""), "")),
        ("news", within("", filled(always("new "), ""), "a")),
        ("commas", within("", filled(always("a,"), ""), "a")),
        ("spreads", within("f(", filled(always("...a,"), ""), "a)")),
        ("assignments", within("", filled(always("a="), ""), "a")),
        ("yields", within("function*f(){", filled(always("yield "), ""), "1}")),
        ("awaits", within("async()=>", filled(always("await "), ""), "1")),
        ("a long number", filled(always("9"), "")),
        ("a long hexadecimal number", within("0x", filled(always("f"), ""), "")),
        ("a very big number", within("", filled(always("9"), ""), "n")),
        ("maybe big numbers", within("'", filled(always("9n "), ""), "'")),
        ("a long word", filled(always("n"), "")),
        ("patterns of letters", filled(always("/\\p{L}/u;"), "")),
        ("a pattern of letters", within("/", filled(always("\\p{L}"), ""), "/u")),
        ("a pattern of sets", within("/", filled(always("[\\p{L}--\\p{Lu}]"), ""), "/v")),
        ("a pattern in any case", within("/", filled(always("[\\u{0}-\\u{10ffff}]"), ""), "/iu")),
        ("a set in any case", within("/[", filled(always("\\W\\S"), ""), "]/iu")),
        (
            "a wide set",
            within(
                "/[",
                filled(|at| char::from_u32(0x4e00 + 2 * u32::try_from(at % 9000).unwrap()).unwrap().into(), ""),
                "]/iu",
            ),
        ),
        ("groups", within("/", filled(always("("), ")"), "/")),
        ("groups beside", within("/", filled(always("()"), ""), "/")),
        ("named groups", within("/", filled(|at| format!("(?<a{at}>)"), ""), "/")),
        ("references", within("/(?<a>)", filled(always("\\k<a>"), ""), "/")),
        ("references ahead", within("/", filled(always("\\9"), ""), "()/")),
        ("alternatives", within("/", filled(always("a|"), ""), "/")),
        ("looks ahead", within("/", filled(always("(?="), ")"), "/")),
        ("looks back", within("/", filled(always("(?<="), ")"), "/")),
        ("counts", within("/a", filled(always("{1}"), ""), "/")),
        ("counts of counts", within("/", filled(always("(?:a"), "){9}"), "/")),
        ("large counts", within("/", filled(always("(?:a{99}){99}"), ""), "/")),
    ];
    let wrong = thread::Builder::new().stack_size(SMALL_STACK).spawn(move || late(&sources)).unwrap().join().unwrap();
    assert_eq!(wrong, Vec::<String>::new());
}

/// What takes too long to compile or, if that goes well, to run.
fn late(sources: &[(&str, String)]) -> Vec<String> {
    let mut wrong = Vec::new();
    for (what, source) in sources {
        assert!(source.len() <= limits::SOURCE, "{what}");
        let stopwatch = Stopwatch::start();
        let compiled = Script::compile(source);
        let compiling = stopwatch.elapsed();
        if *what == "a wide set" {
            assert_eq!(compiled, Err(ScriptError::TooMuch));
        }
        if compiling > 5 * AT_MOST {
            wrong.push(format!("{what}: {compiling:?} to compile"));
        }
        if let Ok(script) = compiled {
            let stopwatch = Stopwatch::start();
            let ran = script.run(PLAIN, NOW, &json!({"profile": {}}));
            let running = stopwatch.elapsed();
            if running > AT_MOST {
                wrong.push(format!("{what}: {running:?} to run"));
            }
            assert!(ran.is_ok(), "{what}: {ran:?}");
        }
    }
    wrong
}
