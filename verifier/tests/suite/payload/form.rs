use callback_verifier::{Action, Callback, Dialect, Entity, PayloadError};

use super::{Error, Syntax, duplicate, empty, facts, missing, pairs, refused, unexpected};

const TYPE: &str = "application/x-www-form-urlencoded";

#[test]
fn reads_profiles_with_all_that_the_form_tells() {
    let body = "type=update&parameters[city]=Utrecht&timestamp=2026-11-23%2008:15:00&time=1795421700&profile=123&database=4\
                &created=2020-01-01+00%3A00%3A00&modified=&fields[name]=Mike&fields%5Bcity%5D=Utrecht&fields[a+b%26c]=%2B+%c3%A9\
                &interests[]=tennis&interests%5b%5D=golf&id=9&other[]=1&other[]=2&more[x]=1";
    let callback = Callback::decode(body.as_bytes(), Some(TYPE.as_bytes())).unwrap();
    let fields = vec![("name", "Mike"), ("city", "Utrecht"), ("a b&c", "+ é")];
    assert_eq!(facts(&callback), (Action::Update, Entity::Profile, "123", fields, vec!["tennis", "golf"]));
    assert_eq!(callback.dialect(), Dialect::Form);
    assert_eq!(pairs(callback.changed().unwrap()), [("city", "Utrecht")]);
    assert_eq!((callback.timestamp(), callback.time()), (Some("2026-11-23 08:15:00"), Some(1_795_421_700)));
    assert_eq!((callback.profile(), callback.database()), (Some("123"), Some("4")));
    assert_eq!((callback.subprofile(), callback.collection(), callback.previous()), (None, None, None));
    assert_eq!((callback.created(), callback.modified()), (Some("2020-01-01 00:00:00"), Some("")));
    assert_eq!(Callback::decode(body.as_bytes(), None), Ok(callback));
}

#[test]
fn reads_subprofiles_and_what_was_deleted() {
    for (body, expected) in [
        (
            "type=create&profile=1&subprofile=22&collection=3&fields[a]=b",
            (Action::Create, Entity::Subprofile, "22", vec![("a", "b")], vec![]),
        ),
        ("profile=1&type=delete", (Action::Delete, Entity::Profile, "1", vec![], vec![])),
        ("profile=1&type=delete&fields[a]=", (Action::Delete, Entity::Profile, "1", vec![("a", "")], vec![])),
        ("profile=1&type=delete&fields[a]=b=c", (Action::Delete, Entity::Profile, "1", vec![("a", "b=c")], vec![])),
        ("profile=1&type=delete&fieldsets=a&interestsx=b", (Action::Delete, Entity::Profile, "1", vec![], vec![])),
    ] {
        let callback = Callback::decode(body.as_bytes(), None).unwrap();
        assert_eq!(facts(&callback), expected, "{body}");
        assert_eq!(callback.changed(), None);
    }
}

#[test]
fn refuses_what_is_no_callback() {
    let time = |text: &str| Error(PayloadError::Time(text.into()));
    refused(
        Some(TYPE),
        &[
            ("a=b", Error(PayloadError::UnknownShape)),
            ("type=create", missing("profile")),
            ("profile=1", missing("type")),
            ("type=create&profile=1&collection=2", missing("subprofile")),
            ("type=create&subprofile=1&collection=2", missing("profile")),
            ("type=create&profile=", empty("profile")),
            ("type=create&profile=1&subprofile=", empty("subprofile")),
            ("type=create&profile=1&fields[]=a", empty("field name")),
            ("type=Create&profile=1", Error(PayloadError::UnknownAction("Create".into()))),
            ("type=click&profile=1", Error(PayloadError::UnknownAction("click".into()))),
            ("type=create&type=create&profile=1", duplicate("type")),
            ("type=create&t%79pe=create&profile=1", duplicate("type")),
            ("x=1&x=2", duplicate("x")),
            ("x[a]=1&x[a]=2", duplicate("x[a]")),
            ("type=create&profile=1&fields[a]=1&fields%5Ba%5D=1", duplicate("a")),
            ("type=create&profile=1&parameters[a]=1&parameters[a]=2", duplicate("a")),
            ("type=create&profile=1&subprofile=2&interests[]=a", unexpected("interests")),
            ("time=", time("")),
            ("time=01", time("01")),
            ("time=-1", time("-1")),
            ("time=%2b1", time("+1")),
            ("time=1.5", time("1.5")),
            ("time=18446744073709551616", time("18446744073709551616")),
        ],
    );
}

#[test]
fn refuses_what_is_no_form() {
    const PAIR: &str = "`name=value`";
    const DIGITS: &str = "two hexadecimal digits behind the `%`";
    const VISIBLE: &str = "a visible ASCII character other than `;`";
    let not_utf8 = |at| Error(PayloadError::NotUtf8 { at });
    refused(
        Some(TYPE),
        &[
            ("", Syntax(PAIR)),
            ("type", Syntax(PAIR)),
            ("&type=create", Syntax(PAIR)),
            ("type=create&", Syntax(PAIR)),
            ("type=create&&profile=1", Syntax(PAIR)),
            ("x=%zz", Syntax(DIGITS)),
            ("x=%", Syntax(DIGITS)),
            ("x=a%4", Syntax(DIGITS)),
            ("x=%+1", Syntax(DIGITS)),
            ("x=%%41", Syntax(DIGITS)),
            ("%zz=1", Syntax(DIGITS)),
            ("x[]=%zz", Syntax(DIGITS)),
            ("x=a;y=b", Syntax(VISIBLE)),
            ("x=a b", Syntax(VISIBLE)),
            ("x=a\n", Syntax(VISIBLE)),
            ("x=é", Syntax(VISIBLE)),
            ("x=%00\0", Syntax(VISIBLE)),
            ("x=%ff", not_utf8(2)),
            ("x=%c0%80", not_utf8(2)),
            ("x=%ed%a0%80", not_utf8(2)),
            ("x=%f4%90%80%80", not_utf8(2)),
            ("x=1&y=a%c3&z=%a9", not_utf8(6)),
            ("%ff=1", not_utf8(0)),
            ("fields=a", Syntax("`fields[name]` before it")),
            ("fields[a=b", Syntax("`fields[name]` before it")),
            ("fields[a]b=c", Syntax("`fields[name]` before it")),
            ("fields[a][b]=c", Syntax("`fields[name]` before it")),
            ("fields[a[b]=c", Syntax("`fields[name]` before it")),
            ("fields[a%5Db]=c", Syntax("`fields[name]` before it")),
            ("fields[=c", Syntax("`fields[name]` before it")),
            ("parameters[a][]=c", Syntax("`parameters[name]` before it")),
            ("interests=a", Syntax("`interests[]` before it")),
            ("interests[0]=a", Syntax("`interests[]` before it")),
            ("interests[][]=a", Syntax("`interests[]` before it")),
        ],
    );
}

#[test]
fn says_where_a_form_is_malformed() {
    for (body, at) in [("x=1&y=%zz", 6), ("x=1&y=ab%4", 8), ("x=1&y=a;b", 7), ("x=1&y", 4), ("x=1&fields=2", 11)] {
        let error = Callback::decode(body.as_bytes(), None).unwrap_err();
        assert!(matches!(error, PayloadError::Syntax { at: got, .. } if got == at), "{body}: {error}");
    }
}
