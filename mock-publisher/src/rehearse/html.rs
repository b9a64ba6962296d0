//! The report as one page that needs nothing else: no script, no font, no request.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::report::{Report, latency, rounded};
use super::timeline::Second;
use crate::html::escaped;

const WIDTH: f64 = 860.0;
const HEIGHT: f64 = 220.0;
/// Room for the numbers beside and below a plot.
const LEFT: f64 = 64.0;
const BOTTOM: f64 = 24.0;

const STYLE: &str = "\
:root{color-scheme:light dark;--ink:#1d2733;--soft:#66727f;--line:#d5dbe1;--page:#fff;--a:#1f6fd1;--b:#d1571f;--c:#2f9a57}
@media(prefers-color-scheme:dark){:root{--ink:#e4e9ee;--soft:#93a0ad;--line:#36404b;--page:#12171d;--a:#6aa8f7;--b:#f29a6b;--c:#6fcf97}}
body{font:15px/1.5 system-ui,sans-serif;color:var(--ink);background:var(--page);max-width:900px;margin:2rem auto;padding:0 1rem}
h1{font-size:1.4rem}h2{font-size:1.05rem;margin-top:2rem}.soft{color:var(--soft)}.verdict{font-size:1.1rem;font-weight:600}
table{border-collapse:collapse;width:100%}td,th{padding:.25rem .6rem;text-align:right;border-bottom:1px solid var(--line)}
td:last-child,th:last-child{text-align:left}svg{width:100%;height:auto}text{fill:var(--soft);font-size:12px}
.grid{stroke:var(--line)}.a{stroke:var(--a);fill:none;stroke-width:2}.b{stroke:var(--b);fill:none;stroke-width:2}
.c{stroke:var(--c);fill:none;stroke-width:2}.key-a{color:var(--a)}.key-b{color:var(--b)}.key-c{color:var(--c)}";

/// The whole page.
pub(super) fn page(report: &Report, before: Option<&Report>) -> String {
    let mut html = format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" \
         content=\"width=device-width\">\n<title>Rehearsal of {url}</title>\n<style>{STYLE}</style></head><body>\n\
         <h1>Rehearsal of {url}</h1>\n<p class=\"soft\">{started} · mix {mix} · {version}</p>\n\
         <p class=\"verdict\">{verdict}</p>\n<p>{ledger}</p>\n",
        url = escaped(&report.url),
        started = escaped(&report.started),
        mix = escaped(&report.mix),
        version = concat!("mock-publisher ", env!("CARGO_PKG_VERSION")),
        verdict = escaped(&report.told()),
        ledger = escaped(&report.ledger.in_words()),
    );
    thresholds(&mut html, report);
    if let Some(before) = before {
        html.push_str(&format!("<pre>{}</pre>\n", escaped(report.compared_with(before).trim_end())));
    }
    table(&mut html, report);
    let seconds: Vec<&Second> = report.stages.iter().flat_map(|stage| &stage.timeline).collect();
    let of = |figure: fn(&Second) -> f64| seconds.iter().map(|second| figure(second)).collect::<Vec<_>>();
    html.push_str(
        "<h2>Callbacks per second <span class=\"key-a\">due</span> <span class=\"key-c\">accepted</span></h2>\n",
    );
    plot(&mut html, &[("a", of(|s| s.sent as f64)), ("c", of(|s| s.answered as f64))], &rounded);
    html.push_str(
        "<h2>Latency, from when a callback was due <span class=\"key-a\">p50</span> <span class=\"key-c\">p90</span> \
         <span class=\"key-b\">p99</span></h2>\n",
    );
    let latencies = [("a", of(|s| s.latency_ms.p50)), ("c", of(|s| s.latency_ms.p90)), ("b", of(|s| s.latency_ms.p99))];
    plot(&mut html, &latencies, &latency);
    html.push_str("<h2>Errors per second</h2>\n");
    plot(&mut html, &[("b", of(|s| s.failed as f64))], &rounded);
    html.push_str("</body></html>\n");
    html
}

fn thresholds(html: &mut String, report: &Report) {
    for held in &report.thresholds {
        // Writing into a text does not fail.
        let _ = writeln!(html, "<p>threshold <b>{}</b>: {}</p>", escaped(&held.threshold), escaped(&held.in_words()));
    }
}

fn table(html: &mut String, report: &Report) {
    html.push_str(
        "<h2>Stages</h2>\n<table><tr><th>rate/s<th>accepted/s<th>p50<th>p90<th>p99<th>max<th>outcome<th>errors</tr>\n",
    );
    for stage in &report.stages {
        let errors: Vec<_> = stage.ledger.errors.iter().map(|(error, count)| format!("{count} {error}")).collect();
        let _ = writeln!(
            html,
            "<tr><td>{}<td>{}<td>{}<td>{}<td>{}<td>{}<td>{}<td>{}</tr>",
            stage.offered.map_or("max".to_owned(), rounded),
            stage.accepted_per_second.map_or("-".to_owned(), rounded),
            latency(stage.latency_ms.p50),
            latency(stage.latency_ms.p90),
            latency(stage.latency_ms.p99),
            latency(stage.latency_ms.max),
            stage.outcome.word(),
            if errors.is_empty() { "0".to_owned() } else { escaped(&errors.join(", ")) },
        );
    }
    html.push_str("</table>\n");
}

/// Lines over the seconds of all stages, one behind the other.
fn plot(html: &mut String, lines: &[(&str, Vec<f64>)], label: &dyn Fn(f64) -> String) {
    let longest = lines.iter().map(|(_, values)| values.len()).max().unwrap_or_default();
    let highest = lines.iter().flat_map(|(_, values)| values).fold(0.0_f64, |highest, value| highest.max(*value));
    // Of small counts each line is a whole number.
    let top = nice(highest).max(4.0);
    let x = |second: usize| LEFT + (WIDTH - LEFT) * second as f64 / (longest.max(2) - 1) as f64;
    let y = |value: f64| (HEIGHT - BOTTOM) * (1.0 - value / top) + 8.0;
    let _ = writeln!(html, "<svg viewBox=\"0 0 {WIDTH} {}\" role=\"img\">", HEIGHT + 8.0);
    for quarter in 0..=4 {
        let value = top * f64::from(quarter) / 4.0;
        let _ = writeln!(
            html,
            "<line class=\"grid\" x1=\"{LEFT}\" x2=\"{WIDTH}\" y1=\"{0:.1}\" y2=\"{0:.1}\"/><text x=\"{1}\" y=\"{2:.1}\" \
             text-anchor=\"end\">{3}</text>",
            y(value),
            LEFT - 8.0,
            y(value) + 4.0,
            escaped(&label(value)),
        );
    }
    let labels = BTreeSet::from([0, longest / 2, longest.saturating_sub(1)]);
    for second in labels {
        let anchor = if second + 1 == longest && second > 0 { "end" } else { "middle" };
        let _ =
            writeln!(html, "<text x=\"{:.1}\" y=\"{HEIGHT}\" text-anchor=\"{anchor}\">{second} s</text>", x(second));
    }
    for (class, values) in lines {
        let mut points: Vec<_> =
            values.iter().enumerate().map(|(n, value)| format!("{:.1},{:.1}", x(n), y(*value))).collect();
        if let [value] = values[..] {
            // One point is no line.
            points.push(format!("{:.1},{:.1}", x(1), y(value)));
        }
        let _ = writeln!(html, "<polyline class=\"{class}\" points=\"{}\"/>", points.join(" "));
    }
    html.push_str("</svg>\n");
}

/// The next round number.
fn nice(value: f64) -> f64 {
    let value = value.max(1.0);
    let power = 10_f64.powf(value.log10().floor());
    [1.0, 2.0, 4.0, 5.0, 10.0].into_iter().map(|factor| factor * power).find(|nice| *nice >= value).unwrap_or(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scale_ends_at_a_round_number() {
        assert_eq!([nice(0.0), nice(1.0), nice(3.1), nice(41.0), nice(612.0)], [1.0, 1.0, 4.0, 50.0, 1000.0]);
    }
}
