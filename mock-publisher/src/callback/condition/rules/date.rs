use std::fmt;
use std::sync::LazyLock;

use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp, ToSpan};
use serde_json::Value;

use super::super::super::WorldError;
use super::super::ConditionError;
use super::field::FieldName;
use super::members::{Members, folded};
use super::{Finding, Subject};
use crate::clock::Millis;
use crate::platform::moment;

/// Whether the date in a field lies within bounds. A field without a date never does.
///
/// Assumptions: the bounds themselves are within; a date is of the time zone of the fields, Amsterdam; what
/// `ignoreyear` leaves is compared by month, day and time, and a span may run across the new year.
#[derive(Debug, Clone)]
pub(super) struct DateTest {
    field: FieldName,
    ignores_year: bool,
    bounds: Bounds,
}

/// Not before the one, not after the other.
#[derive(Debug, Clone)]
pub(super) struct Bounds {
    after: Option<Bound>,
    before: Option<Bound>,
}

#[derive(Debug, Clone)]
enum Bound {
    /// `YYYY-MM-DD HH:MM:SS`
    Time(String),
    /// So many units before or after the present, and from there back to where a unit begins.
    Mutation { count: i64, unit: Unit, floor: Option<Unit> },
}

#[derive(Debug, Clone, Copy)]
enum Unit {
    Second,
    Minute,
    Hour,
    Day,
    Week,
    Month,
    Year,
}

const UNITS: [(&str, Unit); 7] = [
    ("second", Unit::Second),
    ("minute", Unit::Minute),
    ("hour", Unit::Hour),
    ("day", Unit::Day),
    ("week", Unit::Week),
    ("month", Unit::Month),
    ("year", Unit::Year),
];

pub(super) const BOUND_KEYS: [&str; 4] = ["before-time", "after-time", "before-mutation", "after-mutation"];

static AMSTERDAM: LazyLock<TimeZone> = LazyLock::new(|| TimeZone::get("Europe/Amsterdam").unwrap_or(TimeZone::UTC));

impl DateTest {
    pub(super) fn read(members: &Members<'_>) -> Result<Self, ConditionError> {
        members.allow_only(&[["field", "compare-mode"].as_slice(), &BOUND_KEYS].concat())?;
        let field = FieldName::read(members)?;
        let modes = [("full", false), ("ignoreyear", true)];
        let ignores_year = members.choice("compare-mode", &modes)?.unwrap_or(false);
        let bounds = Bounds::read(members)?;
        if bounds.after.is_none() && bounds.before.is_none() {
            return Err(
                members.error("a bound is missing: `before-time`, `after-time`, `before-mutation` or `after-mutation`")
            );
        }
        Ok(Self { field, ignores_year, bounds })
    }

    pub(super) fn find(&self, subject: Subject<'_>) -> Result<Finding, WorldError> {
        let (name, value) = self.field.value(subject, subject.entity)?;
        let now = subject.world.now();
        let holds = moment(value).is_some_and(|value| self.bounds.contain(&value, self.ignores_year, now));
        Ok(Finding { holds, read: vec![(name, value.to_owned())] })
    }
}

impl Bounds {
    pub(super) fn read(members: &Members<'_>) -> Result<Self, ConditionError> {
        let bound =
            |time: &str, mutation: &str| match (Bound::time(members, time)?, Bound::mutation(members, mutation)?) {
                (Some(_), Some(_)) => {
                    Err(members.error(format_args!("`{time}` and `{mutation}` exclude each other, give one of them")))
                }
                (time, mutation) => Ok(time.or(mutation)),
            };
        Ok(Self { after: bound("after-time", "after-mutation")?, before: bound("before-time", "before-mutation")? })
    }

    /// Whether the present is within.
    pub(super) fn contain_now(&self, now: Millis) -> bool {
        self.contain(&stamp(present(now)), false, now)
    }

    fn contain(&self, value: &str, ignores_year: bool, now: Millis) -> bool {
        let part = |stamp: &str| if ignores_year { stamp.get(5..).unwrap_or_default() } else { stamp }.to_owned();
        let value = part(value);
        // A present so far off that there is no such date bounds nothing.
        let after = self.after.as_ref().and_then(|bound| bound.at(now)).map(|bound| part(&bound));
        let before = self.before.as_ref().and_then(|bound| bound.at(now)).map(|bound| part(&bound));
        let (is_after, is_before) =
            (after.as_ref().is_none_or(|after| value >= *after), before.as_ref().is_none_or(|before| value <= *before));
        match (&after, &before) {
            (Some(after), Some(before)) if ignores_year && after > before => is_after || is_before,
            _ => is_after && is_before,
        }
    }
}

impl Bound {
    fn time(members: &Members<'_>, name: &str) -> Result<Option<Self>, ConditionError> {
        let Some(text) = members.text(name)?.filter(|text| !text.is_empty()) else { return Ok(None) };
        let expected = || members.error(format_args!("`{name}`: expected `YYYY-MM-DD HH:MM:SS`, got `{text}`"));
        Ok(Some(Self::Time(moment(&text).ok_or_else(expected)?)))
    }

    /// `["plus", "3", "day", "month"]`, as a list or as its JSON in a text.
    fn mutation(members: &Members<'_>, name: &str) -> Result<Option<Self>, ConditionError> {
        let list = match members.value(name) {
            None => return Ok(None),
            Some(Value::String(text)) if text.is_empty() => return Ok(None),
            Some(Value::String(text)) => serde_json::from_str(text).unwrap_or(Value::Null),
            Some(value) => value.clone(),
        };
        let expected =
            || members.error(format_args!("`{name}`: expected such as `[\"minus\", \"3\", \"day\", \"day\"]`"));
        let parts = list.as_array().ok_or_else(expected)?;
        let text = |at: usize| match parts.get(at) {
            Some(Value::String(text)) => text.clone(),
            Some(Value::Number(number)) => number.to_string(),
            _ => String::new(),
        };
        let sign = match folded(&text(0)).as_str() {
            "plus" => 1,
            "minus" => -1,
            _ => return Err(expected()),
        };
        let count: i64 = text(1).parse::<u32>().map_err(|_| expected())?.into();
        let unit = Unit::from_name(&text(2)).ok_or_else(expected)?;
        let floor = match text(3).as_str() {
            "" => None,
            name => Some(Unit::from_name(name).ok_or_else(expected)?),
        };
        Ok(Some(Self::Mutation { count: sign * count, unit, floor }))
    }

    /// The moment that is meant, if there is one.
    fn at(&self, now: Millis) -> Option<String> {
        match self {
            Self::Time(time) => Some(time.clone()),
            Self::Mutation { count, unit, floor } => {
                let moved = present(now).checked_add(unit.span(*count)?).ok()?;
                Some(stamp(floor.map_or(Some(moved), |unit| unit.begin(moved))?))
            }
        }
    }
}

impl Unit {
    fn from_name(name: &str) -> Option<Self> {
        let name = folded(name);
        UNITS.iter().find(|(known, _)| *known == name.trim_end_matches('s')).map(|(_, unit)| *unit)
    }

    fn span(self, count: i64) -> Option<Span> {
        let span = Span::new();
        match self {
            Self::Second => span.try_seconds(count),
            Self::Minute => span.try_minutes(count),
            Self::Hour => span.try_hours(count),
            Self::Day => span.try_days(count),
            Self::Week => span.try_weeks(count),
            Self::Month => span.try_months(count),
            Self::Year => span.try_years(count),
        }
        .ok()
    }

    /// Where the unit begins that a moment is in; a week on Monday.
    fn begin(self, moment: DateTime) -> Option<DateTime> {
        let midnight = |date: Date| date.at(0, 0, 0, 0);
        let date = moment.date();
        let first = |month| Date::new(date.year(), month, 1).ok().map(midnight);
        match self {
            Self::Second => moment.with().subsec_nanosecond(0).build().ok(),
            Self::Minute => moment.with().second(0).subsec_nanosecond(0).build().ok(),
            Self::Hour => moment.with().minute(0).second(0).subsec_nanosecond(0).build().ok(),
            Self::Day => Some(midnight(date)),
            Self::Week => {
                let since_monday = i64::from(date.weekday().to_monday_zero_offset());
                date.checked_sub(since_monday.days()).ok().map(midnight)
            }
            Self::Month => first(date.month()),
            Self::Year => first(1),
        }
    }
}

fn present(now: Millis) -> DateTime {
    AMSTERDAM.to_datetime(Timestamp::from_millisecond(now).unwrap_or(Timestamp::UNIX_EPOCH))
}

fn stamp(moment: DateTime) -> String {
    moment.strftime("%Y-%m-%d %H:%M:%S").to_string()
}

impl fmt::Display for DateTest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let year = if self.ignores_year { " in any year" } else { "" };
        write!(f, "{}{}{year}", self.field, self.bounds)
    }
}

impl fmt::Display for Bounds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(after) = &self.after {
            write!(f, " not before {after}")?;
        }
        match &self.before {
            Some(before) => write!(f, " not after {before}"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for Bound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = |unit: Unit| format!("{unit:?}").to_lowercase();
        match self {
            Self::Time(time) => f.write_str(time),
            Self::Mutation { count, unit, floor } => {
                write!(f, "now {count:+} {}", name(*unit))?;
                floor.map_or(Ok(()), |floor| write!(f, ", start of the {}", name(floor)))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// A Wednesday, 2026-11-25 13:14:15 in Amsterdam.
    const NOW: Millis = 1_795_608_855_000;

    #[test]
    fn a_mutation_counts_from_the_present_and_goes_back_to_where_a_unit_begins() {
        for (mutation, expected) in [
            (json!(["plus", "0", "day"]), Some("2026-11-25 13:14:15")),
            (json!(["minus", "3", "day", "day"]), Some("2026-11-22 00:00:00")),
            (json!(["plus", 1, "month", "month"]), Some("2026-12-01 00:00:00")),
            (json!(["minus", "0", "week", "week"]), Some("2026-11-23 00:00:00")),
            (json!(["minus", "1", "years", "year"]), Some("2025-01-01 00:00:00")),
            (json!(["plus", "50", "minute", "hour"]), Some("2026-11-25 14:00:00")),
            (json!(["plus", "1", "second", "minute"]), Some("2026-11-25 13:14:00")),
            (json!("[\"minus\",\"1\",\"hour\",\"\"]"), Some("2026-11-25 12:14:15")),
            (json!(["plus", "4000000000", "year"]), None),
        ] {
            let given = json!({"before-mutation": mutation});
            let bound = Bound::mutation(&Members::of(&given, "it").unwrap(), "before-mutation").unwrap().unwrap();
            assert_eq!(bound.at(NOW).as_deref(), expected, "{mutation}");
        }
        for mutation in
            [json!(["times", "1", "day"]), json!(["plus", "-1", "day"]), json!(["plus", "1", "eon"]), json!(3)]
        {
            let given = json!({"before-mutation": mutation});
            assert!(Bound::mutation(&Members::of(&given, "it").unwrap(), "before-mutation").is_err(), "{mutation}");
        }
    }

    #[test]
    fn bounds_are_within_and_may_run_across_the_new_year() {
        let bounds = |after: &str, before: &str| {
            Bounds::read(&Members::of(&json!({"after-time": after, "before-time": before}), "it").unwrap()).unwrap()
        };
        let year = bounds("2026-01-01", "2026-12-31 23:59:59");
        for (value, expected) in [
            ("2026-01-01 00:00:00", true),
            ("2026-12-31 23:59:59", true),
            ("2025-12-31 23:59:59", false),
            ("2027-01-01 00:00:00", false),
        ] {
            assert_eq!(year.contain(value, false, NOW), expected, "{value}");
        }
        let holidays = bounds("2000-12-20", "2000-01-06");
        for (value, expected) in
            [("1980-12-24 00:00:00", true), ("1990-01-02 00:00:00", true), ("2026-06-01 00:00:00", false)]
        {
            assert_eq!(holidays.contain(value, true, NOW), expected, "{value}");
        }
    }
}
