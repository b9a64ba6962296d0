//! Everything in files, for other tools, and for whoever wants to know years later what was sent.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::SystemTime;

use anyhow::Context;
use serde::Serialize;

use super::forge::Forge;
use super::run::forged;
use super::vector::{Class, Expect, Key, Level, Needs, Vector};
use super::{Selection, VECTORS_SCHEMA};

/// What `vectors.json` holds.
#[derive(Serialize)]
struct Document<'a> {
    version: u32,
    url: &'a str,
    account: u64,
    zone: &'a str,
    now: String,
    run: &'a str,
    classes: Vec<Class>,
    keys: BTreeMap<&'a str, &'a Key>,
    requests: BTreeMap<String, Vec<Written>>,
}

/// A request that was written.
#[derive(Serialize)]
struct Written {
    file: String,
    expect: Expect,
    /// How many bytes of its end are to be sent slowly.
    #[serde(skip_serializing_if = "Option::is_none")]
    slow_bytes: Option<usize>,
    /// Whether time passes before it, how many such requests there are, and how often these bytes come at the same time.
    #[serde(skip_serializing_if = "Option::is_none")]
    wait: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    times: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    held: Option<usize>,
    level: Level,
    #[serde(skip_serializing_if = "Option::is_none")]
    needs: Option<Needs>,
    #[serde(skip_serializing_if = "Option::is_none")]
    may_hang_up: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    copies: Option<usize>,
    /// Whether it goes without TLS.
    #[serde(skip_serializing_if = "Option::is_none")]
    plain_http: Option<bool>,
}

/// Writes a new folder; how many requests it has.
pub(super) fn write(forge: &Forge, selection: &Selection, folder: &Path, now: SystemTime) -> anyhow::Result<usize> {
    let place = || format!("cannot write into `{}`", folder.display());
    anyhow::ensure!(
        !folder.exists() || fs::read_dir(folder).with_context(place)?.next().is_none(),
        "`{}` is there already, and not empty",
        folder.display()
    );
    let put = |name: &str, bytes: &[u8]| {
        let path = folder.join(name);
        path.parent().map_or(Ok(()), fs::create_dir_all).and_then(|()| fs::write(&path, bytes)).with_context(place)
    };
    let is_chosen = |vector: &&Vector| selection.chosen.iter().any(|chosen| chosen.id == vector.id);
    let mut requests: BTreeMap<String, Vec<Written>> = BTreeMap::new();
    let mut count = 0;
    for vector in selection.classes.iter().flat_map(|class| &class.vectors).filter(is_chosen) {
        for (n, request) in forged(forge, vector, now).with_context(|| vector.id.clone())?.iter().enumerate() {
            let file = match vector.steps.len() {
                1 => format!("requests/{}.http", vector.id),
                _ => format!("requests/{}-{}.http", vector.id, n + 1),
            };
            put(&file, &request.raw())?;
            if !request.signing_string.is_empty() {
                put(&file.replace(".http", ".signed"), request.signing_string.as_bytes())?;
            }
            count += 1;
            let slow_bytes = (request.slow_bytes > 0).then_some(request.slow_bytes);
            let step = &vector.steps[n];
            requests.entry(vector.id.clone()).or_default().push(Written {
                file,
                expect: step.expect,
                slow_bytes,
                wait: step.wait.then_some(true),
                times: Some(step.times).filter(|times| *times > 1),
                level: vector.level,
                needs: Some(vector.needs).filter(|needs| *needs != Needs::default()),
                may_hang_up: vector.may_hang_up.then_some(true),
                held: Some(step.held).filter(|held| *held > 0),
                copies: Some(step.copies).filter(|copies| *copies > 1),
                plain_http: step.request.recipe().filter(|recipe| recipe.plain_http).map(|_| true),
            });
        }
    }
    for pair in forge.pairs() {
        put(&format!("keys/{}.pem", pair.name), pair.pem.as_bytes())?;
    }
    put("zone", zone_file(forge)?.as_bytes())?;
    put("vectors.schema.json", VECTORS_SCHEMA.as_bytes())?;
    let classes = selection
        .classes
        .iter()
        .map(|class| Class { vectors: class.vectors.iter().filter(is_chosen).cloned().collect(), ..class.clone() });
    let document = Document {
        version: 1,
        url: forge.target.as_str(),
        account: forge.account,
        zone: forge.zone.as_str(),
        now: callback_verifier::wire::format_date(now),
        run: &forge.run,
        classes: classes.filter(|class| !class.vectors.is_empty()).collect(),
        keys: forge.keys().collect(),
        requests,
    };
    put("vectors.json", format!("{}\n", serde_json::to_string_pretty(&document)?).as_bytes())?;
    Ok(count)
}

/// What DNS tells at first, as a zone file (RFC 1035 section 5.1).
fn zone_file(forge: &Forge) -> anyhow::Result<String> {
    let mut text =
        "; What a name server tells before any vector says otherwise. Faults and forged answers cannot be said here.\n\
         $ORIGIN .\n$TTL 300\n"
            .to_owned();
    for (_, key) in forge.keys().filter(|(_, key)| !key.later) {
        let (name, told) = (forge.name_of(key)?, forge.told(key)?);
        if let Some(alias) = told.alias {
            text.push_str(&format!("{name}. 300 IN CNAME {alias}.\n"));
        }
        for record in &told.records {
            let strings: Vec<_> = record.chunks(255).map(character_string).collect();
            text.push_str(&format!("{name}. 300 IN TXT {}\n", strings.join(" ")));
        }
    }
    Ok(text)
}

/// As a zone file has it: what is not printable in three decimal digits.
fn character_string(bytes: &[u8]) -> String {
    let escaped = |byte: &u8| match byte {
        b'"' | b'\\' => format!("\\{}", char::from(*byte)),
        b' '..=b'~' => char::from(*byte).to_string(),
        _ => format!("\\{byte:03}"),
    };
    format!("\"{}\"", bytes.iter().map(escaped).collect::<String>())
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_zone_file_has_its_own_escapes() {
        assert_eq!(super::character_string(b"k\t= \"rsa\";\\"), "\"k\\009= \\\"rsa\\\";\\\\\"");
    }
}
