use std::fmt;

use regex::{Regex, RegexBuilder};

use super::super::super::WorldError;
use super::super::ConditionError;
use super::members::Members;
use super::{Finding, Subject};
use crate::platform::{Entity, Field, compare};

/// How large a compiled pattern can be, in bytes.
const PATTERN: usize = 1024 * 1024;

/// The value of a field, compared with a value or with another field.
///
/// Assumption: the platform does not document how values are compared. As in searches through its REST API, case does
/// not matter, and two numbers are compared as numbers. With `numeric-comparison`, what is no number equals, and is
/// less or more than, nothing.
#[derive(Debug, Clone)]
pub(super) struct FieldTest {
    field: FieldName,
    comparison: Comparison,
    operand: Operand,
    numeric: bool,
    pattern: Option<Regex>,
}

/// A field, by its name in any case or by its number.
#[derive(Debug, Clone)]
pub(super) struct FieldName(String);

#[derive(Debug, Clone)]
enum Operand {
    Value(String),
    Field(FieldName),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Comparison {
    Equals,
    NotEquals,
    Contains,
    NotContains,
    Less,
    More,
    IsEmail,
    Regexp,
    IsNumeric,
}

const COMPARISONS: [(&str, Comparison); 9] = [
    ("equals", Comparison::Equals),
    ("not equals", Comparison::NotEquals),
    ("contains", Comparison::Contains),
    ("not contains", Comparison::NotContains),
    ("less", Comparison::Less),
    ("more", Comparison::More),
    ("is_email", Comparison::IsEmail),
    ("regexp", Comparison::Regexp),
    ("is-numeric", Comparison::IsNumeric),
];

impl FieldTest {
    pub(super) fn read(members: &Members<'_>) -> Result<Self, ConditionError> {
        members.allow_only(&["comparison", "field", "value", "other-field", "numeric-comparison"])?;
        let comparison = members.required_choice("comparison", &COMPARISONS)?;
        let field = FieldName::read(members)?;
        let other = members.reference("other-field")?;
        let value = members.text("value")?;
        let operand = match (other, value) {
            (Some(_), Some(value)) if !value.is_empty() => {
                return Err(members.error("`value` and `other-field` exclude each other, give one of them"));
            }
            (Some(other), _) => Operand::Field(FieldName(other)),
            (None, value) => Operand::Value(value.unwrap_or_default()),
        };
        let numeric = members.truth("numeric-comparison")?;
        Self { field, comparison, operand, numeric, pattern: None }.compiled(members)
    }

    /// Reads what a plain editor has: a field, and a comparison as the name of its value.
    pub(super) fn read_plain(members: &Members<'_>) -> Result<Self, ConditionError> {
        let names = COMPARISONS.map(|(name, _)| name);
        let given: Vec<_> = COMPARISONS.iter().filter(|(name, _)| members.has(name)).collect();
        let [(name, comparison)] = given.as_slice() else {
            let allowed = names.map(|name| format!("`{name}`")).join(", ");
            return Err(members.error(format_args!(
                "expected a `type`, or a `field` and one of {allowed}, such as {{\"field\": \"name\", \"contains\": \"Mike\"}}"
            )));
        };
        members.allow_only(&["field", name])?;
        let (field, operand) = (FieldName::read(members)?, Operand::Value(members.text(name)?.unwrap_or_default()));
        Self { field, comparison: *comparison, operand, numeric: false, pattern: None }.compiled(members)
    }

    fn compiled(mut self, members: &Members<'_>) -> Result<Self, ConditionError> {
        if let (Comparison::Regexp, Operand::Value(pattern)) = (self.comparison, &self.operand) {
            self.pattern = Some(compiled(pattern).map_err(|error| members.error(error))?);
        }
        Ok(self)
    }

    pub(super) fn find(&self, subject: Subject<'_>) -> Result<Finding, WorldError> {
        let (name, value) = self.field.value(subject, subject.entity)?;
        let mut read = vec![(name, value.to_owned())];
        let operand = match &self.operand {
            Operand::Value(value) => value.as_str(),
            Operand::Field(other) => {
                let (name, value) = other.value(subject, subject.entity)?;
                read.push((name, value.to_owned()));
                value
            }
        };
        let (lower, wanted) = (value.to_lowercase(), operand.to_lowercase());
        let ordering = if self.numeric {
            number(value).zip(number(operand)).map(|(value, operand)| value.total_cmp(&operand))
        } else {
            Some(compare(value, operand))
        };
        let holds = match self.comparison {
            Comparison::Equals => ordering.is_some_and(|ordering| ordering.is_eq()),
            Comparison::NotEquals => ordering.is_none_or(|ordering| ordering.is_ne()),
            Comparison::Contains => lower.contains(&wanted),
            Comparison::NotContains => !lower.contains(&wanted),
            Comparison::Less => ordering.is_some_and(|ordering| ordering.is_lt()),
            Comparison::More => ordering.is_some_and(|ordering| ordering.is_gt()),
            Comparison::IsEmail => is_email(value),
            Comparison::IsNumeric => number(value).is_some(),
            Comparison::Regexp => match &self.pattern {
                Some(pattern) => pattern.is_match(value),
                None => compiled(operand)?.is_match(value),
            },
        };
        Ok(Finding { holds, read })
    }
}

/// Compiles a pattern of the `regex` crate, whose matching takes time in proportion to the text, whatever the pattern.
fn compiled(pattern: &str) -> Result<Regex, String> {
    let regex = RegexBuilder::new(pattern).size_limit(PATTERN).dfa_size_limit(PATTERN).build();
    regex.map_err(|error| {
        let reason = error.to_string();
        let last = reason.lines().last().unwrap_or_default().trim_start_matches("error: ");
        format!(
            "`{pattern}` is no regular expression: {last} (as of the `regex` crate: no look-around, no back-references)"
        )
    })
}

/// Whether a text looks like an address: one `@`, something before it, and a domain behind it.
fn is_email(text: &str) -> bool {
    let Some((local, domain)) = text.trim().split_once('@') else { return false };
    let labels: Vec<_> = domain.split('.').collect();
    let is_label = |label: &&str| !label.is_empty() && label.chars().all(|c| c.is_alphanumeric() || c == '-');
    !local.is_empty() && !local.contains(char::is_whitespace) && labels.len() > 1 && labels.iter().all(is_label)
}

pub(super) fn number(text: &str) -> Option<f64> {
    text.trim().parse().ok().filter(|number: &f64| number.is_finite())
}

impl FieldName {
    pub(super) fn read(members: &Members<'_>) -> Result<Self, ConditionError> {
        members.reference("field")?.map(Self).ok_or_else(|| members.error("`field` is missing"))
    }

    pub(super) fn new(name: String) -> Self {
        Self(name)
    }

    /// The field that is meant.
    pub(super) fn field<'a>(&self, subject: Subject<'a>) -> Result<&'a Field, WorldError> {
        let fields = subject.layout().fields;
        let named = fields.iter().find(|field| field.name.eq_ignore_ascii_case(&self.0));
        let by_number = || fields.iter().find(|field| self.0.parse() == Ok(field.id));
        Ok(named.or_else(by_number).ok_or_else(|| format!("there is no field `{}`", self.0))?)
    }

    /// Its full name, for the report, and its value.
    pub(super) fn value<'a>(&self, subject: Subject<'_>, entity: &'a Entity) -> Result<(String, &'a str), WorldError> {
        let field = self.field(subject)?;
        let value = entity.field(&field.name).unwrap_or_default();
        Ok((format!("{}.{}", entity.home.kind().name(), field.name), value))
    }
}

impl fmt::Display for FieldName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for FieldTest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name =
            COMPARISONS.iter().find(|(_, comparison)| *comparison == self.comparison).map_or("", |(name, _)| name);
        write!(f, "{} {name}", self.field)?;
        match (self.comparison, &self.operand) {
            (Comparison::IsEmail | Comparison::IsNumeric, _) => Ok(()),
            (_, Operand::Value(value)) => write!(f, " {value:?}"),
            (_, Operand::Field(other)) => write!(f, " the field {other}"),
        }
    }
}
