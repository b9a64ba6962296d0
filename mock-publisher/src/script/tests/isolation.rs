//! What one run leaves behind is not seen by the next.

use super::*;

#[test]
fn a_run_sees_nothing_of_the_run_before_it() {
    let mut realm = realm::Realm::new(PLAIN).unwrap();
    // Each source leaves something behind, if it can, and returns what an earlier run has left.
    for source in [
        "let before = 1; const constant = 2; function declared() {} 'nothing'",
        "var seen = typeof globalThis.leak; globalThis.leak = 1; seen == 'undefined' ? 'nothing' : seen",
        "var seen; try { seen = leak } catch (error) { seen = 'nothing' } leak = 'leaked'; seen",
        "var seen = typeof this.leak; this.leak = 1; seen == 'undefined' ? 'nothing' : seen",
        "var seen = typeof [].leak; Array.prototype.leak = 1; seen == 'undefined' ? 'nothing' : seen",
        "var seen = typeof ({}).leak; ({}).__proto__.leak = 1; seen == 'undefined' ? 'nothing' : seen",
        "try { Object.defineProperty(Object.prototype, 'leak', {value: 1}) } catch (e) {} ({}).leak || 'nothing'",
        "String.prototype.trim = () => 'patched'; ' x '.trim() == 'x' ? 'nothing' : 'patched'",
        "JSON.stringify = () => 'patched'; JSON.stringify(1) == '1' ? 'nothing' : 'patched'",
        "Error.prepareStackTrace = () => 'patched'; new Error('x').stack == 'patched' ? 'patched' : 'nothing'",
        "Math.leak ? Math.leak : (Math.leak = 1, 'nothing')",
        "var f = (function () { return this })(); f.leak ? 'leaked' : (f.leak = 1, 'nothing')",
        "(function () { leak = 1 })(); typeof globalThis.leak == 'undefined' ? 'nothing' : 'leaked'",
        "var p = Object.getPrototypeOf(function* () {}); p.leak ? 'leaked' : (p.leak = 1, 'nothing')",
        "var p = Object.getPrototypeOf((function* () {})()); p.leak ? 'leaked' : (p.leak = 1, 'nothing')",
        "var p = Object.getPrototypeOf(async function () {}); p.leak ? 'leaked' : (p.leak = 1, 'nothing')",
        "var p = Object.getPrototypeOf(async function* () {}); p.leak ? 'leaked' : (p.leak = 1, 'nothing')",
        "var p = Object.getPrototypeOf([].values()); p.leak ? 'leaked' : (p.leak = 1, 'nothing')",
        "var p = Object.getPrototypeOf([].values().map(x => x)); p.leak ? 'leaked' : (p.leak = 1, 'nothing')",
        "var p = Object.getPrototypeOf('x'.matchAll(/x/g)); p.leak ? 'leaked' : (p.leak = 1, 'nothing')",
        "var p = Object.getPrototypeOf(new Map().keys()); p.leak ? 'leaked' : (p.leak = 1, 'nothing')",
        "fetch.leak ? 'leaked' : (fetch.leak = 1, 'nothing')",
        "profile.leak ? 'leaked' : (profile.leak = 1, 'nothing')",
        "profile.constructor.leak ? 'leaked' : (profile.constructor.leak = 1, 'nothing')",
        "/x/.leak = 1; RegExp.leak ? 'leaked' : (RegExp.leak = 1, 'nothing')",
        "/(x)/.exec('x'); RegExp.$1 ? 'leaked' : 'nothing'",
        "$call || typeof eval != 'undefined' ? 'reached' : 'nothing'",
        "try { Function('leak = 1')() } catch (error) {} typeof globalThis.leak == 'undefined' ? 'nothing' : 'leaked'",
        "var f; try { f = (() => 1).constructor('return typeof eval')() } catch (error) { f = 'nothing' } f",
        "var p = Object.getPrototypeOf(Iterator.from({next() {}})); p.leak ? 'leaked' : (p.leak = 1, 'nothing')",
        "''.trim.leak ? 'leaked' : (''.trim.leak = 1, 'nothing')",
        "[].map.leak ? 'leaked' : ([].map.leak = 1, 'nothing')",
        "JSON.stringify.leak ? 'leaked' : (JSON.stringify.leak = 1, 'nothing')",
        "try { Error.captureStackTrace(Array) } catch (error) {} Array.stack ? 'leaked' : 'nothing'",
        "Error.stackTraceLimit = 0; new Error('x').stack == '' ? 'leaked' : 'nothing'",
        "try { Error.prototype.stack = 'leaked' } catch (error) {} Error.prototype.stack == 'leaked' ? 'leaked' : 'nothing'",
        "try { Array.prototype.push.call(Array.prototype, 'leaked') } catch (error) {} [][0] || 'nothing'",
        "try { Array.prototype.length = 1 } catch (error) {} Array.prototype.length == 0 ? 'nothing' : 'leaked'",
        "try { Object.setPrototypeOf(Array.prototype, {leak: 1}) } catch (error) {} [].leak || 'nothing'",
        "try { globalThis.__proto__ = {leak: 1} } catch (error) {} globalThis.leak || 'nothing'",
        "try { Object.prototype.__defineGetter__.call(Object.prototype, 'leak', () => 1) } catch (e) {} ({}).leak || 'nothing'",
        "var tag = (parts) => parts, t = (() => tag`x`)(); t.leak ? 'leaked' : (t.leak = 1, 'nothing')",
        "Symbol.for('x').description == 'x' && Symbol.iterator.leak ? 'leaked' : (Symbol.iterator.leak = 1, 'nothing')",
        "var d = new Date(0); d.leak || Date.leak ? 'leaked' : (d.leak = Date.leak = 1, 'nothing')",
        "RegExp.prototype.compile ? 'leaked' : 'nothing'",
    ] {
        for turn in 0..3 {
            let ran = realm.run(&Script::compile(source).unwrap(), NOW, &json!({"profile": {}})).unwrap();
            assert_eq!(ran.output["value"], json!("nothing"), "turn {turn}: {source}: {:?}", ran.result);
        }
    }
}

#[test]
fn whatever_can_be_reached_is_frozen() {
    // From the language's own objects, and from what only its syntax makes, along prototypes, values, getters and
    // setters. What is not frozen is told by its path.
    let walk =
        "var open = [['globalThis', globalThis]], seen = new Set(), unfrozen = [];
         var made = {
            generator: function* () {}, async: async function () {}, asyncGenerator: async function* () {},
            generated: Object.getPrototypeOf((function* () {})()),
            asyncGenerated: Object.getPrototypeOf((async function* () {})()), arrow: () => 1, asyncArrow: async () => 1,
            sloppyArguments: (function () { return arguments })(), values: (function () { return arguments })()[Symbol.iterator],
            strictArguments: (function () { 'use strict'; return arguments })(), Class: class { static { this.x = 1 } }, object: {},
            array: [], regexp: /x/, error: (() => { try { null.x } catch (error) { return error } })(), date: new Date(),
            rangeError: (() => { try { [].length = -1 } catch (error) { return error } })(), symbol: Object(Symbol()),
            number: Object(1), text: Object('x'), truth: Object(true), arrayIterator: [].values(), textIterator: ''[Symbol.iterator](),
            mapIterator: new Map().keys(), setIterator: new Set().keys(), matches: 'x'.matchAll(/x/g), nativeMatches: /x/g[Symbol.matchAll]('x'),
            helper: [].values().map(x => x), wrapped: Iterator.from({next() {}}), zipped: Iterator.zip([[1]]),
            zippedKeyed: Iterator.zipKeyed({a: [1]}), concatenated: Iterator.concat([1]), argumentsIterator: (function () {
                return arguments[Symbol.iterator]() })(), stack: new DisposableStack(), template: (parts => parts)`x`,
            map: new Map(), set: new Set(), weakMap: new WeakMap(), weakSet: new WeakSet(), bound: (function () {}).bind(),
            method: { m() {} }.m, getter: Object.getOwnPropertyDescriptor({ get x() { return 1 } }, 'x').get,
         };
         var promise; try { promise = Object.getPrototypeOf((async () => 1)()) } catch (error) {}
         open.push(['promise', promise]);
         for (var name of Object.keys(made)) {
            // What a script makes is its own.
            var own = made[name];
            seen.add(own);
            if (typeof own == 'function') seen.add(own.prototype);
            for (var value of [own, own.prototype]) {
                if (Object(value) !== value) continue;
                open.push([name + '.__proto__', Object.getPrototypeOf(value)]);
            }
            if (name.endsWith('Arguments')) {
                var callee = Object.getOwnPropertyDescriptor(own, 'callee');
                open.push([name + '.callee', callee.get], [name + ' iterator', own[Symbol.iterator]]);
            }
         }
         seen.delete(made.values);
         open.push(['values', made.values]);
         while (open.length) {
            var last = open.pop(), path = last[0], value = last[1];
            if (Object(value) !== value || seen.has(value)) continue;
            seen.add(value);
            if (!Object.isFrozen(value)) unfrozen.push(path);
            open.push([path + '.__proto__', Object.getPrototypeOf(value)]);
            for (var key of Reflect.ownKeys(value)) {
                var property = Object.getOwnPropertyDescriptor(value, key), at = path + '.' + String(key);
                if (Object(property.value) === property.value) open.push([at, property.value]);
                if (property.get) open.push([at + ' get', property.get]);
                if (property.set) open.push([at + ' set', property.set]);
            }
         }
         ({ unfrozen, seen: seen.size })";
    // It takes a good part of the time that a script has.
    let ran = (0..50).map(|_| run(walk)).find(|ran| ran.result != Err(ScriptError::Deadline)).unwrap();
    let found = &ran.output["value"];
    assert_eq!(found["unfrozen"], json!([]));
    assert!(found["seen"].as_u64() > Some(500), "{found}");
}

#[test]
fn a_script_finds_the_globals_that_somebody_has_looked_at() {
    // What a newer engine brings along has to be looked at: whether it is bounded, and keeps nothing.
    for (object, expected) in [
        (
            "globalThis",
            "AggregateError Array AsyncDisposableStack Boolean Date DisposableStack Error EvalError Function \
             Infinity InternalError Iterator JSON Map Math NaN Number Object Promise RangeError \
             ReferenceError Reflect RegExp Set String SuppressedError Symbol SyntaxError TypeError URIError \
             WeakMap WeakSet decodeURI decodeURIComponent encodeURI encodeURIComponent escape globalThis \
             isFinite isNaN parseFloat parseInt undefined unescape",
        ),
        ("Array", "from fromAsync isArray length name of prototype"),
        (
            "Array.prototype",
            "at concat constructor copyWithin entries every fill filter find findIndex findLast \
             findLastIndex flat flatMap forEach includes indexOf join keys lastIndexOf length map pop push \
             reduce reduceRight reverse shift slice some sort splice toLocaleString toReversed toSorted \
             toSpliced toString unshift values with",
        ),
        ("Error", "captureStackTrace isError length name prototype"),
        ("Iterator", "concat from length name prototype zip zipKeyed"),
        ("Iterator.prototype", "constructor every filter find flatMap forEach map reduce some take toArray"),
        ("JSON", "parse stringify"),
        (
            "Map.prototype",
            "clear constructor delete entries forEach get getOrInsert getOrInsertComputed has keys set size \
             values",
        ),
        (
            "Math",
            "E LN10 LN2 LOG10E LOG2E PI SQRT1_2 SQRT2 abs acos acosh asin asinh atan atan2 atanh cbrt ceil \
             clz32 cos cosh exp expm1 f16round floor fround hypot imul log log10 log1p log2 max min pow \
             random round sign sin sinh sqrt sumPrecise tan tanh trunc",
        ),
        (
            "Object",
            "assign create defineProperties defineProperty entries freeze fromEntries \
             getOwnPropertyDescriptor getOwnPropertyDescriptors getOwnPropertyNames getOwnPropertySymbols \
             getPrototypeOf groupBy hasOwn is isExtensible isFrozen isSealed keys length name \
             preventExtensions prototype seal setPrototypeOf values",
        ),
        ("Promise", "all allSettled any length name prototype race reject resolve try withResolvers"),
        (
            "Reflect",
            "apply construct defineProperty deleteProperty get getOwnPropertyDescriptor getPrototypeOf has \
             isExtensible ownKeys preventExtensions set setPrototypeOf",
        ),
        (
            "RegExp.prototype",
            "constructor dotAll exec flags global hasIndices ignoreCase multiline source sticky test \
             toString unicode unicodeSets",
        ),
        ("Set.prototype", "add clear constructor delete entries forEach has keys size values"),
        ("String", "fromCharCode fromCodePoint length name prototype raw"),
        (
            "String.prototype",
            "anchor at big blink bold charAt charCodeAt codePointAt concat constructor endsWith fixed \
             fontcolor fontsize includes indexOf isWellFormed italics lastIndexOf length link localeCompare \
             match matchAll normalize padEnd padStart repeat replace replaceAll search slice small split \
             startsWith strike sub substr substring sup toLocaleLowerCase toLocaleUpperCase toLowerCase \
             toString toUpperCase toWellFormed trim trimEnd trimLeft trimRight trimStart valueOf",
        ),
    ] {
        let found = value(&format!("Object.getOwnPropertyNames({object}).sort().join(' ')"));
        assert_eq!(found, json!(expected), "{object}");
    }
}

#[test]
fn what_was_promised_in_one_run_does_not_happen_in_the_next() {
    for source in [
        "var own = profile; Promise.resolve().then(() => { own.name = 'late' }); true",
        "var own = profile; (async () => { await 1; own.name = 'late' })(); true",
        "new Promise((resolve, reject) => reject(1)).catch(() => { throw 1 }); true",
        "Array.fromAsync([1]); true",
    ] {
        assert_eq!(run(source).result, Err(ScriptError::Promise), "{source}");
        assert_eq!(run("profile.name == 'Mike'").result, Ok(true), "{source}");
    }
}
