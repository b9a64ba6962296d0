//! Requests of every shape, the same in each run.

use crate::support::{Forge, Seeded};

const TARGET: &str = "abcXYZ019/?&=%+;:@!$'()*,-._~[]{}|\\^`\"<>";
const VALUE: &str = "abcXYZ019 ,;:=\"'()/\t-_.\u{e9}\u{20ac}";
const WHITE: &str = " \t";
const NAMES: [&str; 8] = ["X-A", "x-b", "X-Trace-Id", "Accept", "User-Agent", "X-Empty", "Via", "x_under.score~1"];

/// A field value, with white space round it as often as not.
fn value(seeded: &mut Seeded) -> Vec<u8> {
    if seeded.once_in(8) {
        return seeded.text(WHITE, 2).into_bytes();
    }
    let mut value = seeded.text(WHITE, 2) + &seeded.text(VALUE, 30);
    value += &seeded.text(WHITE, 2);
    let mut bytes = value.into_bytes();
    if seeded.once_in(10) {
        bytes.push(0x80 | seeded.next().to_be_bytes()[0]); // of no encoding that anybody knows
    }
    bytes
}

fn target(seeded: &mut Seeded) -> String {
    format!("/{}", seeded.text(TARGET, 40))
}

fn respelled(seeded: &mut Seeded, name: &str) -> String {
    name.chars().map(|c| if seeded.once_in(3) { c.to_ascii_uppercase() } else { c }).collect()
}

/// A name of a `headers` list in another case. The pseudo-header has only one.
fn respelled_cover(seeded: &mut Seeded, name: &str) -> String {
    if name.starts_with('(') { name.to_owned() } else { respelled(seeded, name) }
}

/// Adds headers that nobody asked for, some several times; returns their names.
fn add_extra(seeded: &mut Seeded, mut forge: Forge) -> (Forge, Vec<String>) {
    let mut added: Vec<String> = Vec::new();
    for _ in 0..seeded.below(8) {
        let name = *seeded.pick(&NAMES);
        let spelled = respelled(seeded, name);
        forge = forge.add(&spelled, value(seeded));
        if !added.iter().any(|known| known.eq_ignore_ascii_case(name)) {
            added.push(name.to_ascii_lowercase());
        }
    }
    (forge, added)
}

/// A request that need not be a callback: any method, any values, and a signature that covers anything.
pub(super) fn any_request(seeded: &mut Seeded) -> Forge {
    let (mut forge, extra) = add_extra(seeded, Forge::new());
    forge.message.method = (*seeded.pick(&["POST", "post", "GET", "Delete", "M-SEARCH"])).into();
    forge.message.target = target(seeded);
    let mut covered: Vec<_> = forge.covered.split(' ').map(str::to_owned).chain(extra).collect();
    for (name, line) in &mut forge.message.headers {
        *name = respelled(seeded, name);
        if seeded.once_in(4) {
            *line = value(seeded);
        }
    }
    if seeded.once_in(10) {
        covered.push("x-absent".into());
    }
    seeded.shuffle(&mut forge.message.headers);
    seeded.shuffle(&mut covered);
    covered.truncate(1 + seeded.below(covered.len()));
    let covered: Vec<_> = covered.iter().map(|name| respelled_cover(seeded, name)).collect();
    forge.covering(&covered.join(" "))
}

/// A callback that a strict receiver takes once it is signed.
pub(super) fn signable(seeded: &mut Seeded) -> Forge {
    let body: Vec<u8> = (0..seeded.below(200)).map(|_| seeded.next().to_be_bytes()[0]).collect();
    let forge = if seeded.once_in(2) { Forge::new() } else { Forge::documented() };
    let forge = forge.body(body);
    let forge = if seeded.once_in(2) { forge.documented_digest() } else { forge };
    let (forge, extra) = add_extra(seeded, forge);
    let mut forge = forge.target(&target(seeded));
    let optional = ["content-type", "content-length", "x-nonce"];
    let mut covered: Vec<_> = forge.covered.split(' ').map(str::to_owned).collect();
    covered.retain(|name| !optional.contains(&name.to_ascii_lowercase().as_str()) || !seeded.once_in(4));
    covered.extend(extra.into_iter().filter(|_| !seeded.once_in(3)));
    seeded.shuffle(&mut covered);
    for (name, line) in &mut forge.message.headers {
        *name = respelled(seeded, name);
        if seeded.once_in(5) {
            *line = [seeded.text(WHITE, 2).as_bytes(), line, seeded.text(WHITE, 2).as_bytes()].concat();
        }
    }
    seeded.shuffle(&mut forge.message.headers);
    let covered: Vec<_> = covered.iter().map(|name| respelled_cover(seeded, name)).collect();
    forge.covering(&covered.join(" "))
}
