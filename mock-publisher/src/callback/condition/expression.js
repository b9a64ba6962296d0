// What the JavaScript of a condition finds: `profile`, `subprofile`, and the fields of whichever changed by their bare
// names. Each value that is read is noted, so that the publisher can tell why a callback did not fire.
(({ Proxy, scopeBy, stringify, wellFormed }) => {
    const { Array, Object, String } = globalThis;
    const has = Object.prototype.hasOwnProperty.call.bind(Object.prototype.hasOwnProperty);
    const MOST_NOTES = 32;
    // More than is kept, so that who keeps it sees that it was longer.
    const LONGEST_NOTE = 500;

    return (input, need) => {
        const notes = [];
        // Half of a character is not one, and could not be handed back.
        const short = (text) => text.length > LONGEST_NOTE ? wellFormed(text.slice(0, LONGEST_NOTE)) : text;
        const note = (path, given, value) => {
            if (notes.length >= MOST_NOTES) return;
            const name = path + '.' + given;
            for (let at = 0; at < notes.length; at++) if (notes[at][0] === name) return;
            notes.push([name, Array.isArray(value) ? value.length + ' subprofiles' : short(String(value))]);
        };
        // An object whose values are noted when they are read. What `later` knows is fetched when somebody asks for it.
        const watched = (path, values, later) => new Proxy(values, {
            get(target, name) {
                if (typeof name !== 'string') return target[name];
                const isKnown = has(target, name);
                if (!isKnown && later !== undefined && later(target, name)) {
                    if (Array.isArray(target[name])) note(path, name, target[name]);
                } else if (isKnown || !(name in target)) {
                    if (typeof target[name] !== 'object') note(path, isKnown ? name : wellFormed(short(name)), target[name]);
                }
                return target[name];
            },
        });
        const profileOf = (path, values) => watched(path, values, (target, name) => {
            if (!input.collections.includes(name)) return false;
            if (!has(input.subprofiles, name)) need(`subprofiles ${name}`);
            target[name] = input.subprofiles[name].map((values, at) => watched(`${path}.${name}[${at}]`, values));
            return true;
        });
        const subprofileOf = (values) => watched('subprofile', values, (target, name) => {
            if (name !== 'profile') return false;
            target.profile = profile();
            return true;
        });

        let known;
        const profile = () => {
            if (known === undefined) known = profileOf('profile', input.profile === null ? need('profile') : input.profile);
            return known;
        };
        const subprofile = input.subprofile === null ? undefined : subprofileOf(input.subprofile);
        // The language's own names are not covered by fields of the same name; `profile.` leads to those.
        const changed = subprofile === undefined ? input.profile : input.subprofile;
        const scope = scopeBy({
            has: (name) => name === 'profile' || name === 'subprofile' || (has(changed, name) && !(name in globalThis)),
            get(name) {
                if (name === 'profile') return profile();
                if (name === 'subprofile') return subprofile;
                return (subprofile === undefined ? profile() : subprofile)[name];
            },
            set(name, value) {
                if (name !== 'profile' && name !== 'subprofile') changed[name] = value;
            },
        });
        return { scope, close: () => stringify(notes) };
    };
})
