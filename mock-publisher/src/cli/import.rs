use std::fs::File;
use std::io::{self, Read, Seek};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, bail};
use clap::Args;
use clap::builder::BoolishValueParser;
use http::StatusCode;
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::Value;

use super::USAGE;
use super::args::RunningArgs;
use super::interrupts::Interrupts;
use super::running::{Running, refusal};
use crate::output::print;
use crate::platform::ImportAction;

/// How often the publisher is asked how far it is.
const PERIOD: Duration = Duration::from_millis(100);
/// What stands for standard input.
const STANDARD_INPUT: &str = "-";

const HELP: &str = "\
Examples:
  mock-publisher import customers.csv --database customers
  mock-publisher import orders.csv --database customers --action 'update or add' --key email --key orders.product
  mock-publisher import gone.json --database customers --action delete --key email
  zcat orders.csv.gz | mock-publisher import - --database customers

The first row of a CSV file has the names of the fields; a column that has the name of none is ignored and told. The fields of a
collection are named `orders.product`; a profile with several subprofiles has a row for each. JSON is an array of objects.
A row that cannot be read ends the import; the rows before it stay.

Ctrl-C stops the import after the rows under way, and tells how far it came. A second one ends this program at once.

Exit status: 0 everything was carried out, 1 it was not, or Ctrl-C stopped it, 2 wrong usage";

/// Import a file of profiles into a database of a publisher that runs
///
/// Sends a file to a publisher that runs, and shows how far it is.
#[derive(Debug, Args)]
#[command(after_long_help = HELP)]
pub(super) struct ImportArgs {
    /// The file: CSV (commas, semicolons or tabs) or JSON, in UTF-8; `-` for standard input
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// The number or the name of the database
    #[arg(long, value_name = "NAME")]
    database: String,
    /// What happens to a row: `add`, `update`, `update or add`, `ignore or add` or `delete`
    #[arg(long, default_value = "add", value_parser = action)]
    action: ImportAction,
    /// A field that profiles or subprofiles are found by (repeatable)
    #[arg(long = "key", value_name = "FIELD")]
    keys: Vec<String>,
    /// An empty value leaves its field as it is
    #[arg(long, value_parser = BoolishValueParser::new())]
    ignore_empty_fields: bool,
    /// Remove what was there before and is not in the file
    #[arg(long, value_parser = BoolishValueParser::new())]
    remove_missing: bool,
    /// What is removed
    #[arg(long, default_value = "profile", value_parser = ["profile", "subprofile"])]
    delete_target: String,
    /// What the file is written in [default: what its name says, or CSV, as for standard input]
    #[arg(long, value_parser = ["csv", "json"])]
    format: Option<String>,
    /// What stands between values: a comma, a semicolon or `tab` [default: what the first row has]
    #[arg(long, value_name = "CHARACTER")]
    delimiter: Option<String>,
    #[command(flatten)]
    running: RunningArgs,
}

fn action(name: &str) -> Result<ImportAction, String> {
    ImportAction::from_name(name).ok_or_else(|| {
        format!("expected one of {}", ImportAction::ALL.map(|action| format!("`{}`", action.name())).join(", "))
    })
}

pub(super) async fn import(args: ImportArgs) -> anyhow::Result<ExitCode> {
    let (path, content_type) = (args.path(), args.content_type());
    let publisher = Running::find(args.running)?;
    let file = open(&args.file).with_context(|| format!("cannot read `{}`", args.file.display()))?;
    let length = file.metadata()?.len();
    let mut interrupts = Interrupts::catch()?;
    // Both bars are hidden where standard error is no terminal.
    let upload = bar(length, "sending    {bar:30} {bytes} of {total_bytes}");
    let sent = {
        let upload = upload.clone();
        move |gone| upload.set_position(gone)
    };
    let sending = publisher.upload(&path, content_type, file, sent);
    let mut sending = std::pin::pin!(sending);
    let mut asked_to_stop = false;
    let answer = loop {
        tokio::select! {
            answer = &mut sending => break answer?,
            interrupted = interrupts.next() => {
                interrupted?;
                if upload.position() < length {
                    // The publisher begins with nothing that has not come whole.
                    bail!("interrupted before the file was sent; nothing was carried out");
                }
                if asked_to_stop {
                    bail!("interrupted before the publisher told the number of the import; `GET /mock/v1/imports` lists it");
                }
                // It has the file, so that there is an import to be stopped.
                asked_to_stop = true;
            }
        }
    };
    upload.finish_and_clear();
    let body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    if answer.status != StatusCode::CREATED {
        let error = anyhow::anyhow!("the publisher answered {}: {}", answer.status, refusal(&body));
        let wrong = matches!(answer.status, StatusCode::BAD_REQUEST | StatusCode::NOT_FOUND);
        if !wrong {
            return Err(error);
        }
        super::failed(&error);
        return Ok(ExitCode::from(USAGE));
    }
    let id = body["id"].as_i64().context("the publisher did not tell the number of the import")?;
    Progress::of(&publisher, id).end(&mut interrupts, asked_to_stop).await
}

/// Opens what is to be imported, as a file whose length is known: what comes through a pipe is collected in one first.
fn open(path: &Path) -> anyhow::Result<File> {
    if path == Path::new(STANDARD_INPUT) {
        return collected(io::stdin());
    }
    let file = File::open(path)?;
    let kind = file.metadata()?.file_type();
    if kind.is_dir() {
        bail!("it is a folder");
    }
    if kind.is_file() { Ok(file) } else { collected(file) }
}

fn collected(mut from: impl Read) -> anyhow::Result<File> {
    let mut file = tempfile::tempfile().context("there is no place for what comes through the pipe")?;
    // Nothing else happens before it has come whole.
    tokio::task::block_in_place(|| io::copy(&mut from, &mut file))?;
    file.rewind()?;
    Ok(file)
}

/// An import that the publisher carries out.
struct Progress<'a> {
    publisher: &'a Running,
    path: String,
    rows: ProgressBar,
}

impl<'a> Progress<'a> {
    fn of(publisher: &'a Running, id: i64) -> Self {
        let rows = bar(0, "importing  {bar:30} {human_pos} of {human_len} rows   {eta} left");
        Self { publisher, path: format!("/mock/v1/imports/{id}"), rows }
    }

    /// Waits for the end of the import, and tells what came of it.
    async fn end(&self, interrupts: &mut Interrupts, mut asked_to_stop: bool) -> anyhow::Result<ExitCode> {
        let import = loop {
            tokio::select! {
                import = self.followed(asked_to_stop) => break import,
                interrupted = interrupts.next() => {
                    interrupted?;
                    if asked_to_stop {
                        bail!("ended at once; {}", self.left_behind("the publisher is stopping the import"));
                    }
                    asked_to_stop = true;
                }
            }
        };
        let import = import.with_context(|| {
            self.left_behind("the import goes on if that publisher still runs, and is `interrupted` if it has ended")
        })?;
        self.rows.finish_and_clear();
        print(summary(&import))?;
        match import["error"].as_str() {
            None => Ok(ExitCode::SUCCESS),
            Some(reason) => bail!("{reason}"),
        }
    }

    /// Asks again and again until the import has ended, stopping it first if that is wanted.
    async fn followed(&self, stop: bool) -> anyhow::Result<Value> {
        if stop {
            self.publisher.delete(&self.path).await?;
        }
        loop {
            let import = self.publisher.get(&self.path).await?;
            self.rows.set_length(import["total"].as_u64().unwrap_or_default());
            self.rows.set_position(import["processed"].as_u64().unwrap_or_default());
            if import["done"] == true {
                return Ok(import);
            }
            tokio::time::sleep(PERIOD).await;
        }
    }

    /// What whoever stops looking should know.
    fn left_behind(&self, what_goes_on: &str) -> String {
        let (rows, path) = (self.rows.position(), &self.path);
        format!(
            "{rows} rows were carried out when the publisher was last asked, and {what_goes_on}; `GET {path}` tells"
        )
    }
}

fn summary(import: &Value) -> String {
    let number = |key: &str| import[key].as_u64().unwrap_or_default();
    let status = import["status"].as_str().unwrap_or_default();
    let seconds = match (import["begun"].as_i64(), import["ended"].as_i64()) {
        (Some(begun), Some(ended)) => (ended - begun) as f64 / 1000.0,
        _ => 0.0,
    };
    let ignored = match import["ignored_columns"].as_array() {
        Some(names) if !names.is_empty() => {
            let names: Vec<_> = names.iter().filter_map(Value::as_str).map(|name| format!("{name:?}")).collect();
            format!("   columns without a field: {}", names.join(", "))
        }
        _ => String::new(),
    };
    format!(
        "{status}   {} of {} rows in {seconds:.1} s   {} created, {} updated, {} removed, {} unchanged   {} callbacks{ignored}",
        number("processed"),
        number("total"),
        number("created"),
        number("updated"),
        number("removed"),
        number("unchanged"),
        number("fired"),
    )
}

fn bar(length: u64, template: &str) -> ProgressBar {
    let bar = ProgressBar::new(length);
    // A template that cannot be read leaves the bar in its own style.
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
    bar
}

impl ImportArgs {
    /// Where the file is sent, with the options.
    fn path(&self) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.append_pair("database", &self.database).append_pair("action", self.action.name());
        query.append_pair("deleteTarget", &self.delete_target);
        query.append_pair("ignoreEmptyFields", &self.ignore_empty_fields.to_string());
        query.append_pair("removeMissing", &self.remove_missing.to_string());
        if let Some(name) = self.file.file_name().filter(|name| *name != STANDARD_INPUT) {
            query.append_pair("name", &name.to_string_lossy());
        }
        for key in &self.keys {
            query.append_pair("keyFields[]", key);
        }
        for (option, value) in [("format", &self.format), ("delimiter", &self.delimiter)] {
            if let Some(value) = value {
                query.append_pair(option, value);
            }
        }
        format!("/mock/v1/imports?{}", query.finish())
    }

    fn content_type(&self) -> &'static str {
        match extension(&self.file).as_deref() {
            Some("json") => "application/json",
            Some("tsv") => "text/tab-separated-values",
            _ => "text/csv",
        }
    }
}

fn extension(path: &Path) -> Option<String> {
    path.extension().map(|extension| extension.to_string_lossy().to_ascii_lowercase())
}
