// Prepares a realm so that it can be used again and again: nothing that a script does to it outlasts the script.
//
// It gets `look`, which throws if the deadline has passed, and `now`, which says what time it is for the script, and returns a
// function that runs a script, and the tools that preludes are given.
((look, now) => {
    'use strict';
    const global = globalThis;
    const {
        Array, Error, EvalError, Function, JSON, Map, Math, Object, Proxy, RangeError, ReferenceError, Reflect, RegExp, Set,
        String, Symbol, TypeError,
    } = global;
    const apply = Reflect.apply;
    // For preludes: as fast as the engine does it, and for what no script has made or can make long.
    const stringify = JSON.stringify;
    const wellFormed = Function.prototype.call.bind(String.prototype.toWellFormed);
    // What a direct `eval` calls must be the engine's own function, whatever the name is found in.
    const evaluate = global.eval;

    const replace = (object, name, value) => Object.defineProperty(object, name, {
        value, writable: true, enumerable: false, configurable: true,
    });
    // A method in the place of one that is there.
    const wrap = (object, name, around) => replace(object, name, around(object[name]));

    // The engine looks at the clock once in ten thousand steps of a script, and hardly ever inside its own functions. So
    // those say first how much work they are going to have: too much of it is refused, and after every so much of it
    // somebody looks at the clock. What a function is told can change while it looks, so what decides is read once, and
    // the engine gets what was read.
    const MOST_WORK = 1e8;
    const WORK_BETWEEN_LOOKS = 1e5;
    const SOME_WORK = 1e4;
    const LENGTH = 1e6;
    const PATTERN = 1000;
    const PATTERN_WORK = 100;
    const NORMALIZED = 10000;
    let work = 0;
    const spend = (more) => {
        if (more > MOST_WORK) throw new RangeError('too much to search');
        work += more;
        if (work > WORK_BETWEEN_LOOKS) {
            work = 0;
            look();
        }
    };
    // A constructor in the place of one that is there.
    const takePlace = (constructor, native) => {
        for (const key of Reflect.ownKeys(native)) {
            Object.defineProperty(constructor, key, Object.getOwnPropertyDescriptor(native, key));
        }
        Object.defineProperty(native.prototype, 'constructor', { value: constructor });
        return constructor;
    };
    const size = (value) => typeof value === 'string' ? value.length + 1 : 1;
    const textOf = (value) => {
        if (value === undefined || value === null) throw new TypeError('null and undefined have no methods of texts');
        return String(value);
    };

    // Regular expressions. Matching asks for the deadline itself, compiling does not.
    const sourceOf = Object.getOwnPropertyDescriptor(RegExp.prototype, 'source').get;
    const BoundedRegExp = function (given, flags) {
        let source;
        try {
            source = apply(sourceOf, given, []);
        } catch {
            source = given === undefined ? '' : String(given);
        }
        if (flags === undefined && given instanceof RegExp) flags = given.flags;
        if (source.length > PATTERN) throw new RangeError('regular expression too long');
        spend(source.length * PATTERN_WORK);
        const texts = [source, flags === undefined ? '' : String(flags)];
        return Reflect.construct(RegExp, texts, new.target === undefined ? BoundedRegExp : new.target);
    };
    global.RegExp = takePlace(BoundedRegExp, RegExp);
    delete RegExp.prototype.compile;
    // These make a copy of what they belong to, without asking whether it is a regular expression.
    for (const name of [Symbol.matchAll, Symbol.split]) {
        wrap(RegExp.prototype, name, (native) => ({
            method(...given) {
                apply(sourceOf, this, []);
                return apply(native, this, given);
            },
        }).method);
    }
    for (const name of ['exec', 'test', 'match', 'matchAll', 'replace', 'search', 'split']) {
        wrap(RegExp.prototype, name in RegExp.prototype ? name : Symbol[name], (native) => ({
            method(...given) {
                given[0] = String(given[0]);
                spend(given[0].length);
                return apply(native, this, given);
            },
        }).method);
    }

    // Dates. What time it is, the publisher's clock says.
    const Dated = global.Date;
    const PresentDate = function (...given) {
        if (new.target === undefined) return new Dated(now()).toString();
        return Reflect.construct(Dated, given.length === 0 ? [now()] : given, new.target);
    };
    global.Date = takePlace(PresentDate, Dated);
    replace(global.Date, 'now', { method() { return now(); } }.method);

    // Texts.
    const SMALL = ['at', 'charAt', 'charCodeAt', 'codePointAt', 'constructor', 'toString', 'valueOf'];
    for (const name of Reflect.ownKeys(String.prototype)) {
        if (typeof String.prototype[name] !== 'function' || SMALL.includes(name)) continue;
        wrap(String.prototype, name, (native) => ({
            method(...given) {
                const text = textOf(this);
                let length = text.length;
                for (let at = 0; at < given.length; at++) length += size(given[at]);
                spend(length);
                return apply(native, text, given);
            },
        }).method);
    }
    for (const name of ['includes', 'indexOf', 'lastIndexOf']) {
        wrap(String.prototype, name, (native) => ({
            method(...given) {
                const text = textOf(this);
                given[0] = String(given[0]);
                spend(text.length * given[0].length);
                return apply(native, text, given);
            },
        }).method);
    }
    for (const name of ['match', 'matchAll', 'replace', 'replaceAll', 'search', 'split']) {
        const symbol = Symbol[name === 'replaceAll' ? 'replace' : name];
        const isForPatterns = name === 'match' || name === 'matchAll' || name === 'search';
        const isForAll = name === 'matchAll' || name === 'replaceAll';
        wrap(String.prototype, name, (native) => ({
            method(...given) {
                const search = given[0];
                const method = search === undefined || search === null ? undefined : search[symbol];
                if (method !== undefined && method !== null) {
                    if (isForAll && search instanceof RegExp && !String(search.flags).includes('g')) {
                        throw new TypeError(`${name} needs a regular expression with the flag g`);
                    }
                    given[0] = this;
                    return apply(method, search, given);
                }
                const text = textOf(this);
                if (isForPatterns) {
                    return new BoundedRegExp(search === undefined ? '' : String(search), isForAll ? 'g' : '')[symbol](text);
                }
                // `split` without a separator is not `split` at the word `undefined`.
                if (name !== 'split' || search !== undefined) given[0] = String(search);
                spend(text.length * size(given[0]));
                return apply(native, text, given);
            },
        }).method);
    }
    for (const name of ['normalize', 'localeCompare']) {
        wrap(String.prototype, name, (native) => ({
            method(given) {
                const texts = [textOf(this), given === undefined && name === 'normalize' ? 'NFC' : String(given)];
                for (const { length } of texts) {
                    if (length > NORMALIZED) throw new RangeError('text too long to normalise');
                    spend(length * length);
                }
                return apply(native, texts[0], [texts[1]]);
            },
        }).method);
    }
    for (const name of [
        'decodeURI', 'decodeURIComponent', 'encodeURI', 'encodeURIComponent', 'escape', 'parseFloat', 'parseInt', 'unescape',
    ]) {
        wrap(global, name, (native) => ({
            method(...given) {
                given[0] = String(given[0]);
                spend(given[0].length);
                return apply(native, undefined, given);
            },
        }).method);
    }
    replace(global.Number, 'parseInt', global.parseInt);
    replace(global.Number, 'parseFloat', global.parseFloat);
    for (const [object, name] of [[JSON, 'parse'], [global.Date, 'parse'], [Symbol, 'for']]) {
        wrap(object, name, (native) => ({
            method(...given) {
                given[0] = String(given[0]);
                spend(given[0].length);
                return apply(native, object, given);
            },
        }).method);
    }

    // Arrays. What only looks like one could have another length each time it is asked, so it is copied.
    const bounded = (array) => {
        if (array.length > LENGTH) throw new RangeError('array too long');
        return array;
    };
    const copied = (like) => {
        const copy = [];
        for (let at = 0, end = Math.min(+like.length || 0, LENGTH + 1); at < end; at++) {
            if (at in like) copy[at] = like[at];
        }
        return copy;
    };
    const arrayOf = (value) => bounded(Array.isArray(value) ? value : copied(Object(value)));
    const OTHERWISE = ['concat', 'constructor', 'flat', 'flatMap', 'pop', 'push', 'sort', 'toSorted'];
    for (const name of Reflect.ownKeys(Array.prototype)) {
        if (typeof Array.prototype[name] !== 'function' || OTHERWISE.includes(name)) continue;
        const isSearch = ['includes', 'indexOf', 'lastIndexOf'].includes(name);
        wrap(Array.prototype, name, (native) => ({
            method(...given) {
                const array = arrayOf(this);
                spend(array.length * (isSearch ? size(given[0]) : 1));
                return apply(native, array, given);
            },
        }).method);
    }
    // Long texts that begin alike take long to compare.
    const inOrder = (a, b) => {
        const left = String(a);
        const right = String(b);
        spend(Math.min(left.length, right.length));
        return left < right ? -1 : left > right ? 1 : 0;
    };
    for (const name of ['sort', 'toSorted']) {
        wrap(Array.prototype, name, (native) => ({
            method(compare) {
                const array = arrayOf(this);
                spend(array.length);
                return apply(native, array, [compare === undefined ? inOrder : compare]);
            },
        }).method);
    }
    replace(Array.prototype, 'concat', { method(...given) {
        const all = [];
        for (const item of [Object(this), ...given]) {
            const spreads = Object(item) === item ? item[Symbol.isConcatSpreadable] : false;
            if (spreads === undefined ? !Array.isArray(item) : !spreads) {
                all.push(item);
                continue;
            }
            const array = arrayOf(item);
            const from = all.length;
            for (let at = 0; at < array.length; at++) {
                if (at in array) all[from + at] = array[at];
            }
            all.length = from + array.length;
        }
        return all;
    } }.method);
    replace(Array.prototype, 'flat', { method(depth = 1) {
        const flat = [];
        const add = (array, depth) => {
            array.forEach((item) => depth > 0 && Array.isArray(item) ? add(bounded(item), depth - 1) : flat.push(item));
        };
        add(arrayOf(this), +depth);
        return flat;
    } }.method);
    replace(Array.prototype, 'flatMap', { method(...given) { return arrayOf(this).map(...given).flat(); } }.method);
    wrap(String, 'raw', (native) => ({
        method(template, ...given) {
            return apply(native, String, [{ raw: bounded(copied(Object(Object(template).raw))) }, ...given]);
        },
    }).method);

    // Objects: how much there is to do shows only when it is done.
    for (const [object, names] of [
        [Object, [
            'create', 'defineProperties', 'entries', 'freeze', 'fromEntries', 'getOwnPropertyDescriptors',
            'getOwnPropertyNames', 'getOwnPropertySymbols', 'isFrozen', 'isSealed', 'keys', 'seal', 'values',
        ]],
        [Reflect, ['apply', 'construct', 'ownKeys']],
        [Function.prototype, ['apply']],
    ]) {
        for (const name of names) {
            wrap(object, name, (native) => ({
                method(...given) {
                    spend(SOME_WORK);
                    return apply(native, this, given);
                },
            }).method);
        }
    }
    wrap(Object, 'assign', (native) => ({
        method(target, ...sources) {
            const object = Object(target);
            if (target === undefined || target === null) throw new TypeError('nothing can be assigned to null and undefined');
            for (const source of sources) {
                spend(SOME_WORK);
                apply(native, Object, [object, source]);
            }
            return object;
        },
    }).method);
    // One object can be written in a thousand places. With a function to ask for every value, the deadline is asked too.
    const onlyNamed = (given) => {
        const names = new Set();
        for (const name of given) {
            const isName = typeof name === 'string' || typeof name === 'number' || name instanceof String || name instanceof global.Number;
            if (isName) names.add(String(name));
        }
        return (_, value) => {
            if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
            if (value instanceof String || value instanceof global.Number || value instanceof global.Boolean) return value;
            const named = Object.create(null);
            for (const name of names) {
                if (name in value) named[name] = value[name];
            }
            return named;
        };
    };
    wrap(JSON, 'stringify', (native) => ({
        method(value, replacer, space) {
            let each = (_, value) => (spend(size(value)), value);
            if (typeof replacer === 'function') each = replacer;
            else if (Array.isArray(replacer)) each = onlyNamed(replacer);
            return apply(native, JSON, [value, each, space]);
        },
    }).method);

    // Collections.
    for (const [name, add] of [['Map', 'set'], ['Set', 'add'], ['WeakMap', 'set'], ['WeakSet', 'add']]) {
        const Native = global[name];
        const Bounded = function (items) {
            if (new.target === undefined) throw new TypeError(`constructor ${name} requires 'new'`);
            const collection = Reflect.construct(Native, [], new.target);
            if (items != null) {
                for (const item of items) add === 'set' ? collection.set(item[0], item[1]) : collection.add(item);
            }
            return collection;
        };
        global[name] = takePlace(Bounded, Native);
    }
    for (const { prototype } of [Map, Set]) {
        for (const name of ['add', 'delete', 'get', 'getOrInsert', 'has', 'set']) {
            if (!(name in prototype)) continue;
            wrap(prototype, name, (native) => ({
                method(...given) {
                    spend(size(given[0]));
                    return apply(native, this, given);
                },
            }).method);
        }
    }
    // Nothing bounds these: an iterator of the engine's own can be endless, and what a set is joined with need not be one.
    for (const name of ['chunks', 'drop', 'includes', 'join', 'windows']) delete global.Iterator.prototype[name];
    for (const name of [
        'difference', 'intersection', 'isDisjointFrom', 'isSubsetOf', 'isSupersetOf', 'symmetricDifference', 'union',
    ]) delete Set.prototype[name];
    // One iterator can be made of another ten thousand times, and the engine does not see how deep it gets when it asks them
    // itself. It does when a function is called.
    for (const iterator of [[].values().map((x) => x), global.Iterator.from({ next() {} })]) {
        wrap(Object.getPrototypeOf(iterator), 'next', (native) => ({
            method(...given) {
                return apply(native, this, given);
            },
        }).method);
    }
    delete JSON.rawJSON;
    delete JSON.isRawJSON;

    // Keeps state that freezing does not reach.
    delete Error.prepareStackTrace;
    delete Error.stackTraceLimit;
    // An indirect `eval` could declare what outlasts it; nobody needs the others.
    for (const name of ['eval', 'Proxy', 'BigInt', 'queueMicrotask', 'navigator', 'performance', 'gc']) delete global[name];

    // A script that is made while another runs has not been checked.
    for (const made of [function () {}, function* () {}, async function () {}, async function* () {}]) {
        const closed = function () { throw new EvalError('functions cannot be made of texts'); };
        takePlace(closed, Object.getPrototypeOf(made).constructor);
    }
    global.Function = Function.prototype.constructor;

    // What a frozen prototype has cannot be assigned to the objects below it, unless a setter does it.
    const errors = ['Error', 'EvalError', 'RangeError', 'ReferenceError', 'SyntaxError', 'TypeError', 'URIError'];
    for (const { prototype } of [Object, Function, Array, ...errors.map((name) => global[name])]) {
        for (const name of ['constructor', 'hasOwnProperty', 'message', 'name', 'toLocaleString', 'toString', 'valueOf']) {
            const property = Object.getOwnPropertyDescriptor(prototype, name);
            if (!property || !property.configurable || !property.writable) continue;
            Object.defineProperty(prototype, name, {
                enumerable: false,
                configurable: false,
                get: () => property.value,
                set(value) {
                    if (this === prototype || Object(this) !== this) return;
                    Object.defineProperty(this, name, { value, writable: true, enumerable: true, configurable: true });
                },
            });
        }
    }

    const frozen = new Set();
    const freeze = (root) => {
        const open = [root];
        while (open.length > 0) {
            const value = open.pop();
            if ((typeof value !== 'object' && typeof value !== 'function') || value === null || frozen.has(value)) continue;
            frozen.add(value);
            Object.freeze(value);
            open.push(Object.getPrototypeOf(value));
            for (const key of Reflect.ownKeys(value)) {
                const property = Object.getOwnPropertyDescriptor(value, key);
                open.push(property.value, property.get, property.set);
            }
        }
        return root;
    };

    // The names that a script finds besides those of the language: `has(name)`, `get(name)` and `set(name, value)`
    // tell. What it assigns without a declaration ends up here too, as it would in a page's `window`.
    const scopeBy = ({ has, get, set }) => {
        const undeclared = Object.create(null);
        return new Proxy(undeclared, {
            has: (_, name) => typeof name === 'string' && name !== 'eval' && name !== '$call'
                && (has(name) || !(name in global)),
            get(_, name) {
                if (name === Symbol.unscopables) return undefined;
                if (has(name)) return get(name);
                if (name in undeclared) return undeclared[name];
                throw new ReferenceError(`${name} is not defined`);
            },
            set(_, name, value) {
                has(name) ? set(name, value) : undeclared[name] = value;
                return true;
            },
        });
    };
    const scopeOf = (names) => scopeBy({
        has: (name) => name in names,
        get: (name) => names[name],
        set: (name, value) => { names[name] = value; },
    });

    // Sloppy, since `with` is, and so that old scripts run. A script does not see `eval` and `$call`, since it comes
    // wrapped into `{ let eval, $call; ... }`. The inner function is where its variables live, so that they are found
    // before the scope is asked.
    const enter = Function('eval', `return function ($call) {
        with ($call.scope) { return function () { return eval($call.source) }() }
    }`)(evaluate);

    const hidden = [
        function* () {}, async function () {}, async function* () {}, (function* () {})(), (async function* () {})(),
        [][Symbol.iterator](), ''[Symbol.iterator](), new Set()[Symbol.iterator](), new Map()[Symbol.iterator](),
        'x'.matchAll(/x/g), function () { return arguments; }(), Object.getOwnPropertyDescriptor(
            function () { return arguments; }(), 'callee').get, [].values().map((x) => x),
        global.Iterator.from({ next() {} }), global.Iterator.zip([]), global.Iterator.concat(),
    ];
    freeze(hidden);
    freeze(global);
    return { enter: freeze(enter), freeze, tools: freeze({ Proxy, Reflect, scopeBy, scopeOf, stringify, wellFormed }) };
})
