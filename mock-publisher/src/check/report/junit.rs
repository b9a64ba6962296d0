//! For continuous integration: the XML of JUnit, a suite for each class.

use std::fmt::Write as _;

use quick_xml::escape::escape;

use super::{Report, Verdict};

impl Report {
    pub(crate) fn junit(&self) -> String {
        let totals = self.totals;
        // What is wrong with all of it fails once, and has a suite of its own.
        let stale = self.stale_exceptions.iter().map(|id| format!("`{id}` passes: it is no exception any more"));
        let interrupted = self.interrupted.then(|| "interrupted: not all was tried".to_owned());
        let reasons: Vec<_> = self.diagnosis.iter().cloned().chain(interrupted).chain(stale).collect();
        let diagnosis = usize::from(!reasons.is_empty());
        let all = totals.judged() + totals.skipped + diagnosis;
        let mut xml = format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"mock-publisher check\" tests=\"{all}\" \
             failures=\"{}\" errors=\"{}\">\n",
            totals.failed + diagnosis,
            totals.errors
        );
        if !reasons.is_empty() {
            let text = reasons.join("\n");
            let text = escape(&text);
            let _ = writeln!(
                xml,
                "  <testsuite name=\"receiver\" tests=\"1\" failures=\"1\" errors=\"0\" skipped=\"0\">\n    <testcase classname=\"receiver\" \
                 name=\"as-a-whole\">\n      <failure message=\"{text}\"/>\n    </testcase>\n  </testsuite>"
            );
        }
        for class in &self.classes {
            let totals = class.totals;
            // Writing into a text does not fail.
            let _ = writeln!(
                xml,
                "  <testsuite name=\"{}\" tests=\"{}\" failures=\"{}\" errors=\"{}\" skipped=\"{}\">",
                escape(&class.class),
                class.vectors.len(),
                totals.failed,
                totals.errors,
                totals.skipped + totals.excepted,
            );
            for trial in &class.vectors {
                let found = &trial.found;
                let seconds = found.micros.unwrap_or(0) as f64 / 1e6;
                let name = found.id.split_once('/').map_or(found.id.as_str(), |(_, name)| name);
                let _ = write!(
                    xml,
                    "    <testcase classname=\"{}\" name=\"{}\" time=\"{seconds:.6}\"",
                    escape(&class.class),
                    escape(name)
                );
                let (element, message) = match (&found.excepted, found.verdict) {
                    (_, Verdict::Pass) => {
                        xml.push_str("/>\n");
                        continue;
                    }
                    (Some(reason), _) => ("skipped", format!("known exception: {reason}")),
                    (None, Verdict::Skipped) => ("skipped", found.got.clone()),
                    (None, Verdict::Fail) => ("failure", format!("{}: {}", found.title, found.in_words())),
                    (None, Verdict::Error) => ("error", format!("{}: {}", found.title, found.in_words())),
                };
                let text = format!("{}\nchange: {}\nrepeat: {}", trial.why(class), trial.change(class), trial.repeat);
                let text = if element == "skipped" { String::new() } else { text };
                let _ = writeln!(
                    xml,
                    ">\n      <{element} message=\"{}\">{}</{element}>\n    </testcase>",
                    escape(&message),
                    escape(&text)
                );
            }
            xml.push_str("  </testsuite>\n");
        }
        xml.push_str("</testsuites>\n");
        // What no XML document may hold comes from answers only.
        xml.chars().filter(|c| !c.is_control() || matches!(c, '\n' | '\t')).collect()
    }
}
