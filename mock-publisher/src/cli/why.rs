use std::fmt::Write as _;
use std::process::ExitCode;

use serde::Deserialize;

use super::args::WhyArgs;
use super::running::Running;
use crate::output::print;

pub(super) async fn why(args: WhyArgs) -> anyhow::Result<ExitCode> {
    let running = Running::find(args.running)?;
    let body = running.get(&format!("/mock/v1/changes/{}/why", args.change)).await?;
    if args.json {
        print(body)?;
    } else {
        print(story(&serde_json::from_value(body)?).trim_end())?;
    }
    Ok(ExitCode::SUCCESS)
}

/// What the control API says of a change.
#[derive(Deserialize)]
struct Why {
    change: Change,
    callbacks: Vec<Callback>,
}

#[derive(Deserialize)]
struct Change {
    id: i64,
    trigger: String,
    action: String,
    profile: Option<i64>,
    subprofile: Option<i64>,
    database_name: Option<String>,
    collection_name: Option<String>,
    changed: Vec<(String, String, String)>,
}

#[derive(Deserialize)]
struct Callback {
    callback: i64,
    url: Option<String>,
    reason: String,
    looks: Vec<Look>,
    error: Option<String>,
    delivery: Option<Delivery>,
}

#[derive(Deserialize)]
struct Look {
    condition: String,
    read: Vec<(String, String)>,
    holds: bool,
}

#[derive(Deserialize)]
struct Delivery {
    id: i64,
    state: String,
    status: Option<u16>,
    micros: Option<u64>,
    error: Option<String>,
}

/// The longest part of a value that is shown.
const MAX_SHOWN: usize = 60;

fn story(why: &Why) -> String {
    let Why { change, callbacks } = why;
    let named = |name: &Option<String>, gone: &str| name.as_ref().map_or(gone.to_owned(), |name| format!("`{name}`"));
    let database = named(&change.database_name, "a database that is gone");
    let what = match (change.profile, change.subprofile) {
        (Some(id), _) => format!("profile {id} in {database}"),
        (None, id) => format!(
            "subprofile {} in {} of {database}",
            id.unwrap_or_default(),
            named(&change.collection_name, "a collection that is gone"),
        ),
    };
    let mut out = format!("change {}   {}   {what}   through {}", change.id, change.action, change.trigger);
    for (name, old, new) in &change.changed {
        let _ = write!(out, "\n  {name}: {} -> {}", shown(old), shown(new));
    }
    out.push_str("\n\n");
    if callbacks.is_empty() {
        out.push_str("  no callback watched it\n");
    }
    let width = callbacks.iter().filter_map(|callback| callback.url.as_ref()).map(String::len).max().unwrap_or(0);
    let digits = callbacks.iter().map(|callback| callback.callback.to_string().len()).max().unwrap_or(0);
    for callback in callbacks {
        let verdict = if callback.reason == "fired" { "FIRED   " } else { "not sent" };
        let url = callback.url.as_deref().unwrap_or("(removed)");
        let (number, because) = (callback.callback, callback.because(change));
        let _ = writeln!(out, "  callback {number:<digits$}  {url:width$}  {verdict}   {because}");
        for look in &callback.looks {
            out.push_str(&look.line());
        }
    }
    out
}

impl Callback {
    fn because(&self, change: &Change) -> String {
        match self.reason.as_str() {
            "fired" => {
                self.delivery.as_ref().map_or_else(|| "its delivery is no longer kept".to_owned(), Delivery::told)
            }
            "not_active" => "it is not active".to_owned(),
            "action_not_selected" => format!("action `{}` is not selected", change.action),
            "trigger_not_selected" => format!("trigger `{}` is not selected", change.trigger),
            "condition_false" => "its condition is false".to_owned(),
            "condition_failed" => {
                format!("its condition failed: {}", self.error.as_deref().unwrap_or("it does not say why"))
            }
            other => other.to_owned(),
        }
    }
}

impl Delivery {
    fn told(&self) -> String {
        let time = self.micros.map(|micros| format!(" in {:.1} ms", micros as f64 / 1000.0)).unwrap_or_default();
        let outcome = match (self.status, &self.error) {
            (Some(status), _) => format!("{status}{time}"),
            (None, Some(error)) => format!("{error}{time}"),
            (None, None) => self.state.clone(),
        };
        format!("delivery {}, {outcome}", self.id)
    }
}

impl Look {
    fn line(&self) -> String {
        let read: Vec<_> = self.read.iter().map(|(name, value)| format!("{name} is {}", shown(value))).collect();
        let found = if self.holds { "true" } else { "false" };
        let separator = if read.is_empty() { "" } else { ": " };
        format!("      `{}` is {found}{separator}{}\n", one_line(&self.condition), read.join(", "))
    }
}

/// A condition on one line; nothing in it can disturb a terminal.
fn one_line(condition: &str) -> String {
    condition.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// A value in quotes, cut where it is long; nothing in it can disturb a terminal.
fn shown(value: &str) -> String {
    let cut: String = value.chars().take(MAX_SHOWN).collect();
    let more = if cut.len() < value.len() { "..." } else { "" };
    format!("{cut:?}{more}")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn each_callback_says_what_became_of_it() {
        let why = json!({
            "change": {"id": 4711, "trigger": "rest", "action": "update", "profile": 12, "database_name": "customers",
                       "collection_name": null, "changed": [["city", "Amsterdam", "Utrecht\u{1b}[2J"]]},
            "callbacks": [
                {"callback": 3, "url": "http://h/hook", "reason": "fired", "looks": [], "error": null,
                 "delivery": {"id": 9001, "state": "delivered", "status": 200, "micros": 4000, "error": null}},
                {"callback": 5, "url": "http://h/crm", "reason": "trigger_not_selected", "looks": [], "error": null,
                 "delivery": null},
                {"callback": 6, "url": "http://h/mike", "reason": "condition_false", "error": null, "delivery": null,
                 "looks": [{"condition": "profile.name == 'Mike'", "read": [["profile.name", "Jessica"]],
                            "holds": false}]},
                {"callback": 10, "url": null, "reason": "condition_failed", "looks": [], "error": "took too long",
                 "delivery": null},
            ],
        });
        let expected = r#"change 4711   update   profile 12 in `customers`   through rest
  city: "Amsterdam" -> "Utrecht\u{1b}[2J"

  callback 3   http://h/hook  FIRED      delivery 9001, 200 in 4.0 ms
  callback 5   http://h/crm   not sent   trigger `rest` is not selected
  callback 6   http://h/mike  not sent   its condition is false
      `profile.name == 'Mike'` is false: profile.name is "Jessica"
  callback 10  (removed)      not sent   its condition failed: took too long
"#;
        assert_eq!(story(&serde_json::from_value(why).unwrap()), expected);
    }
}
