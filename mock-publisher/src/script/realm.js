// Prepares a realm so that it can be used again and again: nothing that a script does to it outlasts the script.
//
// It returns a function that runs a script, and the tools that preludes are given.
(() => {
    'use strict';
    const global = globalThis;
    const { Array, Error, Function, Math, Object, Proxy, RangeError, ReferenceError, Reflect, Set, String, Symbol, TypeError } = global;
    const apply = Reflect.apply;
    // What a direct `eval` calls must be the engine's own function, whatever the name is found in.
    const evaluate = global.eval;

    // Loops inside the engine that do not ask for the deadline are bounded here instead.
    const WORK = 1e8;
    const LENGTH = 1e6;
    const replace = (object, name, value) => Object.defineProperty(object, name, {
        value, writable: true, enumerable: false, configurable: true,
    });
    for (const name of ['includes', 'indexOf', 'lastIndexOf', 'replace', 'replaceAll', 'split']) {
        const native = String.prototype[name];
        const symbol = Symbol[name === 'replaceAll' ? 'replace' : name];
        replace(String.prototype, name, function (search, ...rest) {
            if (this == null || (symbol && search != null && search[symbol])) return apply(native, this, [search, ...rest]);
            const text = String(this);
            const wanted = String(search);
            if (text.length * wanted.length > WORK) throw new RangeError('text too long to search');
            // `split` without a separator is not `split` at the word `undefined`.
            return apply(native, text, [name === 'split' && search === undefined ? search : wanted, ...rest]);
        });
    }
    for (const name of ['normalize', 'localeCompare']) {
        const native = String.prototype[name];
        replace(String.prototype, name, function (...given) {
            const [text, other] = [String(this), name === 'localeCompare' ? String(given[0]) : given[0]];
            if (text.length > 10000 || (other !== undefined && String(other).length > 10000)) {
                throw new RangeError('text too long to normalise');
            }
            return apply(native, text, [other]);
        });
    }
    const bounded = (array) => {
        if (array.length > LENGTH) throw new RangeError('array too long');
        return array;
    };
    // What only looks like an array could have another length each time it is asked, so it is copied.
    const copied = (like) => {
        const copy = [];
        for (let at = 0, end = Math.min(+like.length || 0, LENGTH + 1); at < end; at++) {
            if (at in like) copy[at] = like[at];
        }
        return copy;
    };
    for (const name of Reflect.ownKeys(Array.prototype)) {
        const native = Array.prototype[name];
        if (typeof native !== 'function' || name === 'constructor' || name === 'push' || name === 'pop') continue;
        replace(Array.prototype, name, function (...given) {
            if (name === 'concat') {
                for (const item of given) {
                    if (Array.isArray(item)) bounded(item);
                    else if (item != null && item[Symbol.isConcatSpreadable]) throw new TypeError('only arrays can be joined');
                }
            }
            return apply(native, bounded(Array.isArray(this) ? this : copied(Object(this))), given);
        });
    }
    replace(Array.prototype, 'flat', function (depth = 1) {
        const flat = [];
        const add = (array, depth) => {
            bounded(array).forEach((item) => depth > 0 && Array.isArray(item) ? add(item, depth - 1) : flat.push(item));
        };
        add(this, +depth);
        return flat;
    });
    replace(Array.prototype, 'flatMap', function (...given) { return this.map(...given).flat(); });
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
        for (const key of Reflect.ownKeys(Native)) {
            Object.defineProperty(Bounded, key, Object.getOwnPropertyDescriptor(Native, key));
        }
        replace(Native.prototype, 'constructor', Bounded);
        replace(global, name, Bounded);
    }
    delete Object.getPrototypeOf(Object.getPrototypeOf([][Symbol.iterator]())).drop;

    // Keeps state that freezing does not reach.
    delete Error.prepareStackTrace;
    delete Error.stackTraceLimit;
    // An indirect `eval` could declare what outlasts it; nobody needs the others.
    for (const name of ['eval', 'Proxy', 'BigInt', 'queueMicrotask', 'navigator', 'performance', 'gc']) delete global[name];

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
    ];
    freeze(hidden);
    freeze(global);
    return { enter: freeze(enter), freeze, tools: freeze({ Proxy, Reflect, scopeBy, scopeOf }) };
})()
