use serde_json::Value;

use super::error::RestError;
use crate::platform::{Filter, Layout, is_true};
use crate::store::Order;

/// The query of a call. Names are matched in their exact spelling; of two values, the last counts.
#[derive(Debug, Default)]
pub(super) struct Query(Vec<(String, String)>);

impl Query {
    pub(super) fn read(query: Option<&str>) -> Self {
        let pairs = form_urlencoded::parse(query.unwrap_or_default().as_bytes());
        Self(pairs.map(|(name, value)| (name.into_owned(), value.into_owned())).collect())
    }

    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.0.iter().rfind(|(given, _)| given == name).map(|(_, value)| value.as_str())
    }

    pub(super) fn truth(&self, name: &str) -> Option<bool> {
        self.text(name).map(|text| is_true(&Value::from(text)))
    }

    /// The filters in `fields[]`; `None` if the parameter is missing. What is no filter, or is one on a field that does not
    /// exist, filters nothing: so does the platform, and a mistyped name then means everything there is.
    pub(super) fn filters(&self, layout: Layout<'_>) -> Result<Option<Vec<Filter>>, RestError> {
        let is_filter = |name: &str| name == "fields" || (name.starts_with("fields[") && name.ends_with(']'));
        let given: Vec<&str> =
            self.0.iter().filter(|(name, _)| is_filter(name)).map(|(_, value)| value.as_str()).collect();
        if given.is_empty() {
            return Ok(None);
        }
        let known = |filter: &Filter| {
            ["id", "code", "modified"].iter().any(|special| filter.subject.eq_ignore_ascii_case(special))
                || layout.field(&filter.subject).is_some()
        };
        let read = |text: &str| {
            let filter = Filter::parse(text).transpose().map_err(|error| RestError::invalid("fields", error));
            let filter = filter.map(|filter| filter.filter(known)).transpose();
            if filter.is_none() {
                tracing::warn!(
                    filter = shortened(text),
                    "this filter names no field that exists, so it is ignored, as on the platform: it matches everything"
                );
            }
            filter
        };
        given.into_iter().filter_map(read).collect::<Result<_, _>>().map(Some)
    }

    /// What a list is sorted by, and whether backwards. A field that does not exist leaves it as it is.
    pub(super) fn order(&self, layout: Layout<'_>) -> (Order, bool) {
        let order = match self.text("orderby").unwrap_or_default() {
            "modified" => Order::Modified,
            "random" => Order::Random,
            name => layout.field(name).map_or(Order::Id, |field| Order::Field(field.name.clone())),
        };
        (order, matches!(self.text("order"), Some("desc" | "descending")))
    }
}

/// Enough of a text to recognise it in a log.
fn shortened(text: &str) -> String {
    text.chars().take(100).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::Database;

    #[test]
    fn filters_on_what_does_not_exist_are_left_out() {
        let database = Database::sample();
        let subjects = |query: &str| {
            let filters = Query::read(Some(query)).filters(database.layout()).unwrap()?;
            Some(filters.into_iter().map(|filter| filter.subject).collect::<Vec<_>>())
        };
        for (query, expected) in [
            ("", None),
            ("field[]=name==x&Fields[]=name==x", None),
            ("fields[]=name%3D%3Dx&fields[]=ID>3", Some(vec!["name", "ID"])),
            ("fields%5B%5D=CITY==x&fields[7]=modified>1", Some(vec!["CITY", "modified"])),
            ("fields[]=shoe==44&fields[]=name", Some(vec![])),
            ("fields=", Some(vec![])),
        ] {
            let expected = expected.map(|names| names.into_iter().map(str::to_owned).collect());
            assert_eq!(subjects(query), expected, "{query}");
        }
        // Ignored, it would find everything.
        let too_long = format!("fields[]=name=~{}", "a".repeat(1001));
        assert!(Query::read(Some(&too_long)).filters(database.layout()).is_err());
    }

    #[test]
    fn a_list_is_sorted_by_a_field_or_left_as_it_is() {
        let database = Database::sample();
        let city = Order::Field("city".to_owned());
        for (query, expected) in [
            ("", (Order::Id, false)),
            ("orderby=CITY&order=desc", (city.clone(), true)),
            ("orderby=city&order=descending", (city.clone(), true)),
            ("orderby=city&order=down", (city, false)),
            ("orderby=modified", (Order::Modified, false)),
            ("orderby=shoe&order=desc", (Order::Id, true)),
        ] {
            assert_eq!(Query::read(Some(query)).order(database.layout()), expected, "{query}");
        }
    }
}
