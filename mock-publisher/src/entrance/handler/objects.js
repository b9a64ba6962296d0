// The objects that the platform documents for scripts of links, made of data; and what a script asked for, as data again.
(function (tools) {
    'use strict';
    const { Proxy, scopeOf } = tools;

    // Without anything inherited: a field may be called `constructor`.
    const map = (members) => Object.assign(Object.create(null), members);

    // Names in any case, as everywhere on the platform.
    function anyCase(values) {
        const own = (name) => {
            if (typeof name !== 'string' || name in values) return name;
            const known = Object.keys(values).find((key) => key.toLowerCase() === name.toLowerCase());
            return known === undefined ? name : known;
        };
        return new Proxy(values, {
            get: (target, name) => target[own(name)],
            set: (target, name, value) => {
                target[own(name)] = value;
                return true;
            },
            has: (target, name) => own(name) in target,
        });
    }

    function changed(now, before) {
        const all = map();
        for (const name of Object.keys(now)) {
            if (now[name] !== before[name]) all[name] = now[name] === undefined ? null : now[name];
        }
        return all;
    }

    // What a script has written into that is not there.
    function unknown(what, now, before) {
        return Object.keys(now).filter((name) => !(name in before)).map((name) => `${what} \`${name}\``);
    }

    return (state) => {
        const made = [];
        const calls = [];
        const database = Object.freeze(state.database);
        const collections = state.collections.map(({ ID, name, fields }) => {
            return { shown: Object.freeze({ ID, name, database }), fields };
        });

        // By its number, its name in any case, or the object itself.
        function collectionOf(given) {
            const wanted = String(given !== null && typeof given === 'object' ? given.ID : given).toLowerCase();
            const is = ({ ID, name }) => String(ID) === wanted || name.toLowerCase() === wanted;
            const found = collections.find(({ shown }) => is(shown));
            if (!found) throw new Error(`no collection \`${wanted}\` in database \`${database.name}\``);
            return found;
        }

        // What a profile and a subprofile have in common.
        function entity(facts, owner) {
            const place = made.length;
            const before = { fields: map(facts.fields), interests: map(facts.interests), data: map(facts.data) };
            const now = {
                fields: map(facts.fields),
                interests: map(facts.interests),
                data: map(facts.data),
                secret: facts.secret,
                extra: facts.extra,
                removed: false,
                unsubscribed: false,
            };
            made.push({ facts, before, now });
            const [fields, interests] = [anyCase(now.fields), anyCase(now.interests)];
            const isNew = facts.ID === null;
            const object = {
                get ID() { return facts.ID; },
                get id() { return facts.ID; },
                get secret() { return now.secret; },
                set secret(text) { now.secret = String(text); },
                get code() { return now.secret; },
                set code(text) { now.secret = String(text); },
                get extra() { return now.extra; },
                set extra(text) { now.extra = String(text); },
                get created() { return facts.created; },
                get removed() { return now.removed || (owner ? owner.removed : false); },
                get unsubscribed() { return now.unsubscribed; },
                get database() { return database; },
                get fields() { return fields; },
                set fields(values) { Object.assign(fields, values); },
                get interests() { return interests; },
                set interests(values) { Object.assign(interests, values); },
                get data() { return now.data; },
                set data(values) { Object.assign(now.data, values); },
                remove() {
                    if (object.removed) return;
                    now.removed = state.now;
                    if (isNew) calls.splice(calls.findIndex((call) => call.entity === place), 1);
                    else calls.push({ call: 'remove', entity: place });
                },
                unsubscribe() {
                    if (object.removed) throw new Error('what has been removed cannot be unsubscribed');
                    if (isNew) throw new Error('what has only just been created cannot be unsubscribed');
                    if (now.unsubscribed) return;
                    now.unsubscribed = true;
                    calls.push({ call: 'unsubscribe', entity: place });
                    if (facts.removedWhenUnsubscribed) now.removed = state.now;
                },
            };
            return object;
        }

        const profile = entity(state.profile, null);
        const subprofiles = [];

        function addSubProfile(facts, collection) {
            const added = entity(facts, profile);
            Object.defineProperties(added, {
                profile: { enumerable: true, value: profile },
                collection: { enumerable: true, value: collection },
            });
            subprofiles.push(added);
            return added;
        }

        for (const facts of state.subprofiles) addSubProfile(facts, collectionOf(facts.collection).shown);

        profile.subProfiles = function (collection) {
            if (!state.hasAllSubprofiles) {
                throw new Error(`the profile has more than ${state.subprofiles.length} subprofiles, too many for a script`);
            }
            const wanted = collection === undefined ? undefined : collectionOf(collection).shown;
            return subprofiles.filter((each) => !each.removed && (wanted === undefined || each.collection === wanted));
        };

        profile.createSubProfile = function (collection) {
            if (profile.removed) throw new Error('what has been removed gets no subprofiles');
            const { shown, fields } = collectionOf(collection);
            calls.push({ call: 'create', entity: made.length, collection: shown.ID });
            return addSubProfile({ ID: null, fields, secret: '', extra: '', created: state.now }, shown);
        };

        const subprofile = state.isForSubprofile ? subprofiles[0] : undefined;
        const destination = subprofile || profile;
        const about = (name) => map({ ID: null, ...state.about[name] });

        // Of the whole account, a script reaches what belongs to the profile that it runs for.
        function reach(what, found) {
            if (!found) throw new Error(`no such ${what} belongs to the profile that the script runs for`);
            return found;
        }
        const is = (key) => (each) => [each.ID, each.name].some((own) => String(own).toLowerCase() === String(key).toLowerCase());
        const copernica = {
            data: {},
            properties: {},
            database: (key) => reach('database', [database].find(is(key))),
            collection: (key) => reach('collection', collections.map(({ shown }) => shown).find(is(key))),
            profile: (key) => reach('profile', [profile].find(is(key))),
            subprofile: (key) => reach('subprofile', subprofiles.find(is(key))),
        };

        const objects = map({
            profile,
            subprofile,
            destination,
            database,
            collection: subprofile && subprofile.collection,
            mailing: about('mailing'),
            message: about('message'),
            template: about('template'),
            report: state.report,
            copernica,
        });

        const told = ({ before, now, facts }) => {
            const data = changed(now.data, before.data);
            const keeps = now.extra !== facts.extra || Object.keys(data).length > 0;
            return {
                fields: changed(now.fields, before.fields),
                interests: changed(now.interests, before.interests),
                secret: now.secret === facts.secret ? null : now.secret,
                unknown: unknown('field', now.fields, before.fields).concat(
                    unknown('interest', now.interests, before.interests),
                ),
                keepsake: keeps ? { extra: now.extra, data: now.data } : null,
            };
        };
        return { scope: scopeOf(objects), close: () => JSON.stringify({ entities: made.map(told), calls }) };
    };
})
