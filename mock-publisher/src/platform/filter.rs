use std::cmp::Ordering;

use super::pattern::Pattern;
use super::{Entity, Id, Layout};

/// A condition of a search, such as `city==Utrecht`. Several are joined by "and".
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Filter {
    pub(crate) subject: String,
    operator: Operator,
    value: String,
    /// The value, if the operator takes it for one.
    pattern: Option<Pattern>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operator {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    /// Like a pattern in which `%` stands for any text and `_` for any character.
    Like,
    NotLike,
}

/// Longer spellings before those that they begin with.
const OPERATORS: [(&str, Operator); 10] = [
    ("==", Operator::Equal),
    ("!=", Operator::NotEqual),
    ("<>", Operator::NotEqual),
    ("<=", Operator::LessOrEqual),
    (">=", Operator::GreaterOrEqual),
    ("=~", Operator::Like),
    ("!~", Operator::NotLike),
    ("<", Operator::Less),
    (">", Operator::Greater),
    ("=", Operator::Equal),
];

impl Operator {
    pub(crate) fn from_symbol(symbol: &str) -> Option<Self> {
        OPERATORS.iter().find(|(text, _)| *text == symbol).map(|(_, operator)| *operator)
    }
}

impl Filter {
    /// Refuses a pattern that is too long.
    pub(crate) fn new(subject: &str, operator: Operator, value: &str) -> Result<Self, String> {
        let is_pattern = matches!(operator, Operator::Like | Operator::NotLike);
        let pattern = is_pattern.then(|| Pattern::parse(value)).transpose()?;
        Ok(Self { subject: subject.to_owned(), operator, value: value.to_owned(), pattern })
    }

    /// Reads `<field><operator><value>`; `None` if there is no operator in it.
    pub(crate) fn parse(text: &str) -> Option<Result<Self, String>> {
        let at = text.find(['=', '!', '<', '>'])?;
        let (subject, rest) = text.split_at(at);
        let (symbol, operator) = OPERATORS.iter().find(|(symbol, _)| rest.starts_with(symbol))?;
        Some(Self::new(subject.trim(), *operator, &rest[symbol.len()..]))
    }

    /// The filter that a value equals.
    pub(crate) fn equal(subject: &str, value: impl Into<String>) -> Self {
        Self { subject: subject.to_owned(), operator: Operator::Equal, value: value.into(), pattern: None }
    }

    /// Whether an entity matches. As on the platform, a filter on a field that does not exist is ignored: it matches all.
    pub(crate) fn matches(&self, entity: &Entity, layout: Layout<'_>) -> bool {
        let special = match self.subject.to_ascii_lowercase().as_str() {
            "id" => Some(entity.id.to_string()),
            "code" => Some(entity.secret.clone()),
            "modified" => Some(crate::clock::stamp(entity.modified)),
            _ => None,
        };
        match (special, layout.field(&self.subject)) {
            (Some(value), _) => self.holds_for(&value),
            (None, Some(field)) => self.holds_for(entity.field(&field.name).unwrap_or_default()),
            (None, None) => true,
        }
    }

    /// The one number that an entity must have to match, if the filter asks for one.
    pub(crate) fn wanted_id(&self) -> Option<Id> {
        let asks = self.operator == Operator::Equal && self.subject.eq_ignore_ascii_case("id");
        asks.then(|| self.value.parse().unwrap_or(0))
    }

    fn holds_for(&self, value: &str) -> bool {
        let is_like = || self.pattern.as_ref().is_some_and(|pattern| pattern.matches(value));
        match self.operator {
            Operator::Equal => compare(value, &self.value).is_eq(),
            Operator::NotEqual => compare(value, &self.value).is_ne(),
            Operator::Less => compare(value, &self.value).is_lt(),
            Operator::LessOrEqual => compare(value, &self.value).is_le(),
            Operator::Greater => compare(value, &self.value).is_gt(),
            Operator::GreaterOrEqual => compare(value, &self.value).is_ge(),
            Operator::Like => is_like(),
            Operator::NotLike => !is_like(),
        }
    }
}

/// Two numbers as numbers, anything else as texts whose case does not matter. Assumption: the platform does not document how
/// it compares; this is how its database does.
pub(crate) fn compare(left: &str, right: &str) -> Ordering {
    match (number(left), number(right)) {
        (Some(left), Some(right)) => left.total_cmp(&right),
        _ => left.to_lowercase().cmp(&right.to_lowercase()),
    }
}

/// Bytes that are equal if values are, one for one, as [`compare`] has it, and that sort: numbers by their size, and behind them
/// texts by their letters.
pub(crate) fn sort_key<'a>(values: impl Iterator<Item = &'a str>) -> Vec<u8> {
    const NUMBER: u8 = 1;
    const TEXT: u8 = 2;
    let mut key = Vec::new();
    for value in values {
        if let Some(number) = number(value) {
            // As `f64::total_cmp` has it.
            let bits = number.to_bits();
            let sorted = if number.is_sign_negative() { !bits } else { bits | 1 << 63 };
            key.push(NUMBER);
            key.extend(sorted.to_be_bytes());
        } else {
            key.push(TEXT);
            for byte in value.to_lowercase().bytes() {
                key.push(byte);
                if byte == 0 {
                    key.push(0xFF);
                }
            }
            // Less than whatever could go on here.
            key.extend([0, 1]);
        }
    }
    key
}

fn number(text: &str) -> Option<f64> {
    text.trim().parse::<f64>().ok().filter(|number| number.is_finite())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::{Database, EntityInput, Home};
    use super::*;

    fn mike() -> Entity {
        let fields = json!({"name": "Mike", "city": "Den Haag", "score": "9"});
        let input = EntityInput::of_fields(fields.as_object().unwrap().clone());
        Entity::create(Home::Database(1), Database::sample().layout(), 7, "abc".into(), &input, 1000)
    }

    #[test]
    fn a_filter_compares_a_field_with_a_value() {
        let database = Database::sample();
        for (filter, expected) in [
            ("name==Mike", true),
            ("NAME==mike", true),
            ("name=Mike", true),
            ("name!=Mike", false),
            ("name<>Mick", true),
            ("score<10", true),
            ("score>=9", true),
            ("score>9.5", false),
            ("score<=8", false),
            ("city=~den%", true),
            ("city=~%a_g", true),
            ("city=~%a", false),
            ("city!~%x%", true),
            ("id==7", true),
            ("id>7", false),
            ("code==abc", true),
            ("modified==1970-01-01 00:00:01", true),
            // As observed on the platform: a filter on what does not exist filters nothing.
            ("shoe==44", true),
            ("city==", false),
            ("company==", true),
        ] {
            let parsed = Filter::parse(filter).unwrap().unwrap();
            assert_eq!(parsed.matches(&mike(), database.layout()), expected, "{filter}");
        }
        assert_eq!(Filter::parse("name"), None);
        assert!(Filter::parse(&format!("name!~{}", "a".repeat(1001))).unwrap().is_err());
    }

    #[test]
    fn keys_are_equal_if_values_are_and_sort_as_values_do() {
        let sorted = [
            "-1e9", "-3", "-0", "0", "0.5", " 7 ", "10", "1e300", "", "\0", "\0a", "5a", "a", "a\0", "a\0b", "aa", "é",
        ];
        let key = |values: &[&str]| sort_key(values.iter().copied());
        for (at, left) in sorted.iter().enumerate() {
            for (other, right) in sorted.iter().enumerate() {
                assert_eq!(key(&[left]).cmp(&key(&[right])), at.cmp(&other), "{left:?} {right:?}");
                assert_eq!(key(&["x", left, "x"]).cmp(&key(&["X", right, "y"])), at.cmp(&other).then(Ordering::Less));
                assert_eq!(compare(left, right).is_eq(), at == other, "{left:?} {right:?}");
            }
        }
        for (left, right) in [("07", "7.0"), ("Mike", "mIKE"), ("1E3", "1000"), ("NaN", "nan")] {
            assert!(compare(left, right).is_eq() && key(&[left]) == key(&[right]), "{left} {right}");
        }
        assert_ne!(key(&["a", ""]), key(&["", "a"]));
    }
}
