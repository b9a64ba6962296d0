//! Invents people, so that a database is full of names as they occur: in several scripts, with marks, quotes and emoji. The same
//! seed invents the same people.

mod chance;

use std::ops::Range;
use std::sync::Arc;

use serde::Deserialize;
use serde_json::Value;

use crate::platform::{Database, EntityInput, Field, FieldKind, InterestsInput};
use chance::Chance;

/// Invents the profiles of a database.
#[derive(Clone)]
pub(super) struct Inventor {
    seed: u64,
    people: Arc<People>,
    fields: Arc<[Field]>,
    interests: Arc<[String]>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct People {
    cultures: Vec<Culture>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Culture {
    given: Vec<(String, String)>,
    family: Vec<(String, String)>,
    cities: Vec<String>,
    companies: Vec<String>,
    country: String,
    phone: String,
    /// Whether the name of the family comes first, without a space.
    family_first: bool,
}

/// Domains that nobody has, so that no mail goes astray.
const DOMAINS: [&str; 3] = ["example.com", "example.net", "example.org"];

impl Inventor {
    pub(super) fn new(seed: u64, database: &Database) -> Result<Self, toml::de::Error> {
        let people: People = toml::from_str(include_str!("people.toml"))?;
        Ok(Self {
            seed: seed ^ chance::hash(&database.name.to_lowercase()),
            people: Arc::new(people),
            fields: database.fields.clone().into(),
            interests: database.interests.iter().map(|interest| interest.name.clone()).collect(),
        })
    }

    /// The profiles with these indices.
    pub(super) fn profiles(self, indices: Range<u32>) -> impl Iterator<Item = EntityInput> + Send + use<> {
        indices.map(move |index| self.profile(index))
    }

    fn profile(&self, index: u32) -> EntityInput {
        let mut chance = Chance::new(self.seed, index);
        let person = Person::invent(&self.people, index, &mut chance);
        let mut input = EntityInput::default();
        for field in self.fields.iter() {
            if let Some(value) = value(field, &person, &mut chance) {
                input.fields.insert(field.name.clone(), value);
            }
        }
        let interests = self.interests.iter().filter(|_| chance.below(3) == 0).cloned().collect();
        input.interests = Some(InterestsInput::Exactly(interests));
        input
    }
}

struct Person<'a> {
    given: &'a str,
    family: &'a str,
    name: String,
    email: String,
    city: &'a str,
    company: &'a str,
    country: &'a str,
    phone: String,
}

impl<'a> Person<'a> {
    fn invent(people: &'a People, index: u32, chance: &mut Chance) -> Self {
        const NOTHING: (&str, &str) = ("", "");
        let nobody = Self {
            given: "",
            family: "",
            name: String::new(),
            email: String::new(),
            city: "",
            company: "",
            country: "",
            phone: String::new(),
        };
        let Some(culture) = chance.one_of(&people.cultures) else { return nobody };
        let pair = |pair: Option<&'a (String, String)>| pair.map_or(NOTHING, |(name, latin)| (name, latin));
        let (given, given_latin) = pair(chance.one_of(&culture.given));
        let (family, family_latin) = pair(chance.one_of(&culture.family));
        let domain = DOMAINS[chance.below(DOMAINS.len() as u64) as usize];
        Self {
            given,
            family,
            name: if culture.family_first { format!("{family}{given}") } else { format!("{given} {family}") },
            // No two of a database have the same.
            email: format!("{given_latin}.{family_latin}.{}@{domain}", index + 1),
            city: chance.one_of(&culture.cities).map_or("", String::as_str),
            company: chance.one_of(&culture.companies).map_or("", String::as_str),
            country: &culture.country,
            phone: format!("{}{:03}", culture.phone, chance.below(1000)),
        }
    }
}

/// What a field of this kind and name would hold; `None` for its default.
fn value(field: &Field, person: &Person<'_>, chance: &mut Chance) -> Option<Value> {
    let name = field.name.to_ascii_lowercase().replace('_', "");
    let is = |words: &[&str]| words.iter().any(|word| name.contains(word));
    let text = |text: &str| Some(Value::from(text));
    match field.kind {
        FieldKind::Email => text(&person.email),
        FieldKind::PhoneFax | FieldKind::PhoneGsm | FieldKind::Phone => text(&person.phone),
        FieldKind::Integer => Some(chance.below(101).into()),
        FieldKind::Float => Some(format!("{}.{:02}", chance.below(1000), chance.below(100)).into()),
        FieldKind::Date | FieldKind::EmptyDate => Some(date(chance).into()),
        FieldKind::Datetime | FieldKind::EmptyDatetime => {
            Some(format!("{} {:02}:{:02}:00", date(chance), chance.below(24), chance.below(60)).into())
        }
        FieldKind::Select => {
            let choices: Vec<&str> =
                field.value.lines().map(|choice| choice.trim_end().trim_end_matches('*')).collect();
            chance.one_of(&choices).map(|choice| (*choice).into())
        }
        FieldKind::ForeignKey | FieldKind::Big => None,
        FieldKind::Text if is(&["mail"]) => text(&person.email),
        FieldKind::Text if is(&["firstname", "given", "voornaam"]) => text(person.given),
        FieldKind::Text if is(&["lastname", "surname", "family", "achternaam"]) => text(person.family),
        FieldKind::Text if is(&["city", "town", "place", "plaats"]) => text(person.city),
        FieldKind::Text if is(&["company", "employer", "firm", "bedrijf"]) => text(person.company),
        FieldKind::Text if is(&["country", "land"]) => text(person.country),
        FieldKind::Text if is(&["phone", "mobile"]) => text(&person.phone),
        FieldKind::Text if is(&["name", "naam"]) => text(&person.name),
        FieldKind::Text => None,
    }
}

/// A day of birth: every month has 28 of them.
fn date(chance: &mut Chance) -> String {
    format!("{}-{:02}-{:02}", 1940 + chance.below(65), 1 + chance.below(12), 1 + chance.below(28))
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    fn database() -> Database {
        let kinds = FieldKind::ALL.iter().map(|kind| Field { value: "a\nb*".into(), ..Field::new(kind.name(), *kind) });
        let named = ["name", "first_name", "last_name", "city", "company", "country", "note"];
        let named = named.iter().map(|name| Field::new(*name, FieldKind::Text));
        Database { fields: named.chain(kinds).collect(), ..Database::sample() }
    }

    fn invented(seed: u64, count: u32) -> Vec<EntityInput> {
        Inventor::new(seed, &database()).unwrap().profiles(0..count).collect()
    }

    fn text<'a>(profile: &'a EntityInput, field: &str) -> &'a str {
        profile.fields[field].as_str().unwrap()
    }

    #[test]
    fn a_seed_invents_the_same_people_again_and_another_seed_others() {
        let shown = |seed| format!("{:?}", invented(seed, 50));
        assert_eq!(shown(7), shown(7));
        assert_ne!(shown(7), shown(8));
        let later: Vec<_> = Inventor::new(7, &database()).unwrap().profiles(40..50).collect();
        assert_eq!(format!("{later:?}"), format!("{:?}", &invented(7, 50)[40..]));
    }

    #[test]
    fn people_have_names_in_many_scripts_and_addresses_of_their_own() {
        let people = invented(1, 1000);
        let names: String = people.iter().map(|profile| text(profile, "name")).collect();
        for script in ['Ł', 'Ш', 'Ε', 'ي', '王', 'さ', '김', '🌷', '\u{200d}', '\''] {
            assert!(names.contains(script), "{script}");
        }
        let emails: HashSet<_> = people.iter().map(|profile| text(profile, "email")).collect();
        assert_eq!(emails.len(), 1000);
        for email in emails {
            let (local, domain) = email.split_once('@').unwrap();
            assert!(local.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'.'), "{email}");
            assert!(DOMAINS.contains(&domain), "{email}");
        }
    }

    #[test]
    fn every_kind_of_field_takes_what_is_invented_for_it() {
        let database = database();
        for profile in invented(3, 200) {
            for field in &database.fields {
                let Some(value) = profile.fields.get(&field.name) else { continue };
                let normalised = field.normalise(value);
                let given = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                let same = normalised == given || field.kind == FieldKind::Float && given.starts_with(&normalised);
                assert!(same, "{}: {given} became {normalised}", field.name);
            }
            assert!(!profile.fields.contains_key("note") && profile.fields.contains_key("country"));
        }
    }
}
