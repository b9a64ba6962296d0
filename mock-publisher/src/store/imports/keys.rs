use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::hash::{BuildHasher, RandomState};

use crate::platform::{Entity, EntityInput, Field, Id, Layout};

/// Finds entities by the values of their key fields without looking at all of them.
///
/// It keeps a number for each, and no values: what it finds may be another one with the same hash, or one that has changed, so
/// whoever uses it reads what it finds. 17 bytes for each entity whose values no other has.
#[derive(Debug, Default)]
pub(super) struct KeyIndex {
    hasher: RandomState,
    first: HashMap<u64, Id>,
    more: HashMap<u64, Vec<Id>>,
}

/// Values of key fields: normalised, and without case. Assumption: the platform does not document how it compares them.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Key(Vec<String>);

impl Key {
    /// Those that an entity would have after it was created with these values.
    pub(super) fn of_input(names: &[String], layout: Layout<'_>, input: &EntityInput) -> Self {
        let value = |field: &Field| input.value(field).unwrap_or_else(|| field.default_value());
        Self(names.iter().filter_map(|name| layout.field(name)).map(|field| value(field).to_lowercase()).collect())
    }

    pub(super) fn of_entity(names: &[String], entity: &Entity) -> Self {
        Self(names.iter().map(|name| entity.field(name).unwrap_or_default().to_lowercase()).collect())
    }

    /// Whether there is nothing in it. Assumption: then it is the key of nothing, and not of all that have no values.
    pub(super) fn is_empty(&self) -> bool {
        self.0.iter().all(String::is_empty)
    }
}

impl KeyIndex {
    /// Adds an entity; `within` is the profile of a subprofile.
    pub(super) fn add(&mut self, within: Id, key: &Key, id: Id) {
        if key.is_empty() {
            return;
        }
        let hash = self.hasher.hash_one((within, key));
        match self.first.entry(hash) {
            Entry::Vacant(vacant) => {
                vacant.insert(id);
            }
            Entry::Occupied(first) if *first.get() == id => {}
            Entry::Occupied(_) => self.more.entry(hash).or_default().push(id),
        }
    }

    /// The numbers of those that may have the key, smallest first.
    pub(super) fn candidates(&self, within: Id, key: &Key) -> Vec<Id> {
        if key.is_empty() {
            return Vec::new();
        }
        let hash = self.hasher.hash_one((within, key));
        let mut ids: Vec<Id> = self.first.get(&hash).copied().into_iter().collect();
        ids.extend(self.more.get(&hash).into_iter().flatten());
        ids.sort_unstable();
        ids.dedup();
        ids
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_that_share_a_key_are_found_and_nothing_has_an_empty_one() {
        let mut index = KeyIndex::default();
        let key = |value: &str| Key(vec![value.to_owned()]);
        for (id, value) in [(1, "a"), (3, "b"), (2, "b"), (2, "b"), (4, "")] {
            index.add(0, &key(value), id);
        }
        assert_eq!(index.candidates(0, &key("a")), [1]);
        assert_eq!(index.candidates(0, &key("b")), [2, 3]);
        assert!(index.candidates(0, &key("c")).is_empty());
        assert!(index.candidates(0, &key("")).is_empty());
        assert!(index.candidates(7, &key("a")).is_empty(), "in another profile");
    }
}
