//! One page that needs nothing else, for whoever is to be shown what was found: no script, no font, no request.

use std::fmt::Write as _;

use super::{Report, Verdict};
use crate::check::vector::Level;
use crate::html::escaped;

const STYLE: &str = "\
:root{color-scheme:light dark;--ink:#1d2733;--soft:#66727f;--line:#d5dbe1;--page:#fff;--bad:#b3261e;--good:#1e7d43;--code:#f4f6f8}
@media(prefers-color-scheme:dark){:root{--ink:#e4e9ee;--soft:#93a0ad;--line:#36404b;--page:#12171d;--bad:#f2867d;--good:#6fcf97;--code:#1b222a}}
body{font:15px/1.5 system-ui,sans-serif;color:var(--ink);background:var(--page);max-width:960px;margin:2rem auto;padding:0 1rem}
h1{font-size:1.4rem}h2{font-size:1.1rem;margin-top:2.2rem}h3{font-size:1rem;margin:1.6rem 0 .2rem}.soft{color:var(--soft)}
.bad{color:var(--bad)}.good{color:var(--good)}.score{font-size:1.1rem;font-weight:600}
table{border-collapse:collapse;width:100%}td,th{padding:.25rem .6rem;text-align:left;border-bottom:1px solid var(--line);vertical-align:top}
pre{background:var(--code);padding:.7rem;overflow-x:auto;font-size:12.5px;white-space:pre-wrap;word-break:break-all}
dt{font-weight:600}dd{margin:0 0 .4rem 0}";

impl Report {
    pub(crate) fn html(&self) -> String {
        let class = if self.is_good() { "good" } else { "bad" };
        let mut html = format!(
            "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" \
             content=\"width=device-width\">\n<title>Check of {url}</title>\n<style>{STYLE}</style></head><body>\n\
             <h1>Check of {url}</h1>\n<p class=\"soft\">{started} · profile {profile:?} · seed {seed} · {version}</p>\n\
             <p class=\"score {class}\">{totals}</p>\n",
            url = escaped(&self.url),
            started = escaped(&self.started),
            profile = self.profile,
            seed = self.seed,
            version = concat!("mock-publisher ", env!("CARGO_PKG_VERSION")),
            totals = self.totals.in_words(),
        );
        if self.interrupted {
            html.push_str("<p class=\"bad\">Interrupted: not all was tried.</p>\n");
        }
        if let Some(diagnosis) = &self.diagnosis {
            html.push_str(&format!("<pre class=\"bad\">{}</pre>\n", escaped(diagnosis)));
        }
        for hint in self.hints() {
            html.push_str(&format!("<p>{}</p>\n", escaped(&hint)));
        }
        self.failures(&mut html);
        self.table(&mut html);
        html.push_str("</body></html>\n");
        html
    }

    fn failures(&self, html: &mut String) {
        let mut is_first = true;
        for (class, trial) in self.bad() {
            if std::mem::take(&mut is_first) {
                html.push_str("<h2>What did not pass</h2>\n");
            }
            let found = &trial.found;
            // Writing into a text does not fail.
            let _ = writeln!(
                html,
                "<h3><span class=\"{}\">{}</span> {}</h3>\n<p>{} <span class=\"soft\">{}</span></p>\n<dl>",
                if found.excepted.is_some() { "soft" } else { "bad" },
                escaped(&found.id),
                escaped(&found.title),
                escaped(&found.in_words()),
                escaped(found.excepted.as_deref().map(|reason| format!("known: {reason}")).as_deref().unwrap_or("")),
            );
            for (what, text) in [
                ("Why it matters", trial.why(class)),
                ("What to change", trial.change(class)),
                ("Reference", trial.reference(class)),
            ] {
                let _ = writeln!(html, "<dt>{what}<dd>{}", escaped(text));
            }
            html.push_str("</dl>\n");
            let again = format!("{}\n{}", trial.repeat, found.curl.as_deref().unwrap_or_default());
            let empty = String::new();
            for (what, text) in [
                ("Again", &again),
                ("Sent", found.sent.as_ref().unwrap_or(&empty)),
                ("Answered", found.answered.as_ref().unwrap_or(&empty)),
            ] {
                if !text.trim().is_empty() {
                    let _ = writeln!(
                        html,
                        "<details><summary>{what}</summary><pre>{}</pre></details>",
                        escaped(text.trim_end())
                    );
                }
            }
        }
    }

    fn table(&self, html: &mut String) {
        html.push_str("<h2>All that was tried</h2>\n");
        for class in &self.classes {
            let _ = writeln!(
                html,
                "<details><summary><b>{}</b> {}/{} <span class=\"soft\">{}</span></summary>\n<table>",
                escaped(&class.class),
                class.totals.passed,
                class.totals.judged(),
                escaped(&class.title),
            );
            for trial in &class.vectors {
                let found = &trial.found;
                let (word, style) = match (&found.excepted, found.verdict) {
                    (_, Verdict::Pass) => ("pass", "good"),
                    (_, Verdict::Skipped) => ("skipped", "soft"),
                    (Some(_), _) => ("known", "soft"),
                    (None, Verdict::Fail) => ("FAIL", "bad"),
                    (None, Verdict::Error) => ("ERROR", "bad"),
                };
                let level = if found.level == Level::Must { "must" } else { "policy" };
                let _ = writeln!(
                    html,
                    "<tr><td class=\"{style}\">{word}<td class=\"soft\">{level}<td>{}<td>{}<td class=\"soft\">{}",
                    escaped(&found.id),
                    escaped(&found.title),
                    escaped(&found.got),
                );
            }
            html.push_str("</table></details>\n");
        }
    }
}
