use std::fmt::Write as _;
use std::process::ExitCode;
use std::time::{Duration, SystemTime};

use clap::Args;
use jiff::Timestamp;
use serde_json::{Map, Value};

use super::args::{RunningArgs, time};
use super::running::Running;
use crate::output::print;

const STATS_HELP: &str = "\
Examples:
  mock-publisher stats
  mock-publisher stats --since 15m --every minute --callback 3
  mock-publisher stats --json

Exit status: 0 told, 1 there is no such callback or no publisher, 2 wrong usage";

/// Count what deliveries came to: by action, trigger and callback, and over time
///
/// Counts attempts by what they came to, with the time that receivers took to answer. The counts stay when the log forgets
/// deliveries.
#[derive(Debug, Args)]
#[command(after_long_help = STATS_HELP)]
pub(super) struct StatsArgs {
    /// How far back, such as `15m` or `2d`, from the minute that is under way then [default: from the beginning]
    #[arg(long, value_name = "TIME", value_parser = time)]
    since: Option<Duration>,
    /// The steps of time
    #[arg(long, value_enum, default_value_t)]
    every: StatsStep,
    /// Those of one callback only
    #[arg(long, value_name = "N")]
    callback: Option<i64>,
    /// Write JSON, as `/mock/v1/statistics` answers it
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    running: RunningArgs,
}

#[derive(Debug, Clone, Copy, Default, clap::ValueEnum)]
enum StatsStep {
    Minute,
    #[default]
    Hour,
    Day,
}

impl StatsStep {
    const fn name(self) -> &'static str {
        match self {
            Self::Minute => "minute",
            Self::Hour => "hour",
            Self::Day => "day",
        }
    }
}

pub(super) async fn stats(args: StatsArgs) -> anyhow::Result<ExitCode> {
    let running = Running::find(args.running)?;
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.append_pair("every", args.every.name());
    if let Some(since) = args.since {
        query.append_pair("since", &before_now(since)?.to_string());
    }
    if let Some(callback) = args.callback {
        query.append_pair("callback", &callback.to_string());
    }
    let statistics = running.get(&format!("/mock/v1/statistics?{}", query.finish())).await?;
    if args.json {
        print(statistics)?;
    } else {
        print(table(&statistics).trim_end())?;
    }
    Ok(ExitCode::SUCCESS)
}

fn before_now(time: Duration) -> anyhow::Result<Timestamp> {
    let then = SystemTime::now().checked_sub(time).unwrap_or(SystemTime::UNIX_EPOCH);
    Ok(Timestamp::try_from(then)?)
}

const HEADER: &str = "delivered     failed    retried        p50        p99";

/// What the control API answers, for people.
fn table(statistics: &Value) -> String {
    let mut text = format!("{:<28}  {HEADER}\n", "");
    let mut line = |name: &str, of: &Value| {
        let count = |name: &str| of[name].as_u64().unwrap_or_default();
        let (p50, p99) = (latency(&of["latency_us"]["p50"]), latency(&of["latency_us"]["p99"]));
        let (delivered, failed, retried) = (count("delivered"), count("failed"), count("retried"));
        // Writing into a text does not fail.
        let _ = writeln!(text, "{name:<28}  {delivered:>9}  {failed:>9}  {retried:>9}  {p50:>9}  {p99:>9}");
    };
    let mut total = statistics["total"].clone();
    total["latency_us"] = statistics["latency_us"].clone();
    line("all", &total);
    for (title, member) in [("action", "by_action"), ("trigger", "by_trigger")] {
        for (name, counts) in statistics[member].as_object().unwrap_or(&Map::new()) {
            line(&format!("{title} {name}"), counts);
        }
    }
    for callback in statistics["by_callback"].as_array().into_iter().flatten() {
        line(&format!("callback {}", callback["callback"]), callback);
    }
    for step in statistics["over_time"].as_array().into_iter().flatten() {
        let from = Timestamp::from_millisecond(step["from"].as_i64().unwrap_or_default()).unwrap_or_default();
        line(&from.strftime("%Y-%m-%d %H:%M UTC").to_string(), step);
    }
    let errors = statistics["by_error"].as_object();
    for (class, count) in errors.into_iter().flatten() {
        let _ = writeln!(text, "error {class:<22}  {count:>9} attempts");
    }
    text
}

fn latency(micros: &Value) -> String {
    match micros.as_u64() {
        None => "-".to_owned(),
        Some(micros) if micros < 1_000_000 => format!("{:.1} ms", micros as f64 / 1e3),
        Some(micros) => format!("{:.1} s", micros as f64 / 1e6),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn each_kind_of_outcome_has_a_line() {
        let latency = json!({"count": 2, "p50": 1500, "p90": 1500, "p99": 2_500_000, "max": 2_500_000});
        let counts = json!({"delivered": 2, "failed": 1, "retried": 0, "latency_us": latency});
        let with = |name: &str, value: i64| {
            let mut of = counts.clone();
            of[name] = json!(value);
            of
        };
        let text = table(&json!({
            "total": counts, "latency_us": latency, "by_action": {"create": counts}, "by_trigger": {"rest": counts},
            "by_callback": [with("callback", 3)], "by_error": {"http_5xx": 1}, "over_time": [with("from", 60_000)],
        }));
        let lines: Vec<_> = text.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
        assert_eq!(
            lines,
            [
                "delivered failed retried p50 p99",
                "all 2 1 0 1.5 ms 2.5 s",
                "action create 2 1 0 - -".replace("- -", "1.5 ms 2.5 s").as_str(),
                "trigger rest 2 1 0 1.5 ms 2.5 s",
                "callback 3 2 1 0 1.5 ms 2.5 s",
                "1970-01-01 00:01 UTC 2 1 0 1.5 ms 2.5 s",
                "error http_5xx 1 attempts",
            ]
        );
    }
}
