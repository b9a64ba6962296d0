//! All vectors and keys, from the files below `vectors/`.

use std::collections::BTreeMap;

use super::vector::{Class, Key};

const KEYS: &str = include_str!("vectors/keys.json");

/// In the order in which they are tried and shown.
const CLASSES: [&str; 21] = [
    include_str!("vectors/accepts.json"),
    include_str!("vectors/unsigned.json"),
    include_str!("vectors/algorithm.json"),
    include_str!("vectors/empty.json"),
    include_str!("vectors/coverage.json"),
    include_str!("vectors/body.json"),
    include_str!("vectors/digest.json"),
    include_str!("vectors/unbound.json"),
    include_str!("vectors/freshness.json"),
    include_str!("vectors/parser.json"),
    include_str!("vectors/duplicates.json"),
    include_str!("vectors/place.json"),
    include_str!("vectors/tenant.json"),
    include_str!("vectors/foreign_key.json"),
    include_str!("vectors/key_record.json"),
    include_str!("vectors/spoofing.json"),
    include_str!("vectors/rsa.json"),
    include_str!("vectors/replay.json"),
    include_str!("vectors/injection.json"),
    include_str!("vectors/unavailable.json"),
    include_str!("vectors/resources.json"),
];

pub(super) fn classes() -> Result<Vec<Class>, serde_json::Error> {
    CLASSES.iter().map(|text| serde_json::from_str(text)).collect()
}

pub(super) fn keys() -> Result<BTreeMap<String, Key>, serde_json::Error> {
    serde_json::from_str(KEYS)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::super::vector::{Expect, Request};
    use super::*;

    #[test]
    fn every_vector_belongs_to_its_class_and_is_there_once() {
        let (classes, keys) = (classes().unwrap(), keys().unwrap());
        let mut ids = HashSet::new();
        for class in &classes {
            for vector in &class.vectors {
                assert!(vector.id.starts_with(&format!("{}/", class.class)), "{}", vector.id);
                assert!(ids.insert(vector.id.as_str()), "{} is there twice", vector.id);
                assert!(!vector.steps.is_empty(), "{}", vector.id);
                assert!(!matches!(vector.steps[0].request, Request::Again), "{}", vector.id);
                for step in &vector.steps {
                    assert!(
                        step.times == 1 || matches!(step.expect, Expect::Accept | Expect::Anything),
                        "{}",
                        vector.id
                    );
                    assert!(!step.few_questions || step.times > 1, "{}", vector.id);
                    assert!(step.held == 0 || step.expect == Expect::Anything, "{}", vector.id);
                    assert_eq!(step.copies > 1, step.expect == Expect::Once, "{}", vector.id);
                    let names = step.dns.iter().flat_map(|(name, other)| [name, other]);
                    names.for_each(|name| assert!(keys.contains_key(name), "{}: {name}", vector.id));
                }
            }
        }
        assert!(ids.len() >= 150, "{}", ids.len());
    }
}
