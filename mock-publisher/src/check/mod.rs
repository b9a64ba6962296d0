//! Would a receiver be fooled? Sends it what honest publishers and attackers send, and judges what it answers.
//!
//! The vectors are data (`vectors/`, in the form of [`vector`]); [`forge`] makes requests of them, [`run`] sends those and judges the
//! answers, [`report`] tells what was found.

mod curl;
mod expected;
mod export;
mod forge;
mod pair;
mod report;
mod run;
mod setup;
mod suite;
mod template;
mod vector;

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::SystemTime;

use anyhow::Context;
use callback_verifier::Zone;
use sha2::{Digest, Sha256};
use tokio::sync::watch;

use crate::emit::TargetUrl;
use crate::keyring::dns::Names;
use crate::send::RawClient;
pub(crate) use expected::Exceptions;
use forge::Forge;
pub(crate) use report::Report;
use report::{Found, Heading};
use run::{FirstLook, Runner};
pub(crate) use run::{Options, Profile};
pub(crate) use vector::Needs;
use vector::{Class, Level, Vector};

/// The JSON schemas of a report and of vectors.
pub(crate) const REPORT_SCHEMA: &str = include_str!("report.schema.json");
pub(crate) const VECTORS_SCHEMA: &str = include_str!("vectors.schema.json");

/// What is to be checked, and how.
pub(crate) struct Check {
    pub(crate) url: TargetUrl,
    pub(crate) account: u64,
    pub(crate) zone: Zone,
    /// How many seconds old and ahead a date may be.
    pub(crate) window: u32,
    pub(crate) ahead: u32,
    pub(crate) seed: u64,
    pub(crate) options: Options,
    /// What a repetition needs besides a vector's name.
    pub(crate) arguments: String,
}

/// Where a check tells how it goes.
pub(crate) trait Audience {
    fn line(&self, text: &str) -> anyhow::Result<()>;
    /// So many of so many were tried.
    fn progress(&self, done: usize, of: usize);
}

/// What came of a check.
pub(crate) enum Outcome {
    /// There is no point in going on, for the reason that was told.
    Pointless,
    Checked(Box<Report>),
}

/// All vectors of a selection, with their classes.
pub(crate) struct Selection {
    classes: Vec<Class>,
    chosen: Vec<Vector>,
}

impl Selection {
    /// Those that are named, by their ids or by their classes, in the order of a seed.
    ///
    /// # Errors
    /// A name that is none.
    pub(crate) fn of(only: &[String], skip: &[String], seed: u64) -> anyhow::Result<Self> {
        let classes = suite::classes()?;
        let all = || classes.iter().flat_map(|class| &class.vectors);
        for name in only.iter().chain(skip) {
            anyhow::ensure!(
                all().any(|vector| is_named(vector, name)),
                "there is no vector or class `{name}`; `--list` names all"
            );
        }
        let chosen = |vector: &&Vector| {
            (only.is_empty() || only.iter().any(|name| is_named(vector, name)))
                && !skip.iter().any(|name| is_named(vector, name))
        };
        let mut chosen: Vec<Vector> = all().filter(chosen).cloned().collect();
        anyhow::ensure!(!chosen.is_empty(), "nothing is left to be tried");
        chosen.sort_by_cached_key(|vector| Sha256::digest(format!("{seed} {}", vector.id)).to_vec());
        Ok(Self { classes, chosen })
    }

    pub(crate) fn len(&self) -> usize {
        self.chosen.len()
    }

    /// A line for each vector, in the order of the data.
    pub(crate) fn list(&self) -> String {
        let all = self.classes.iter().flat_map(|class| &class.vectors);
        let chosen = all.filter(|vector| self.chosen.iter().any(|chosen| chosen.id == vector.id));
        let line = |vector: &Vector| {
            let level = if vector.level == Level::Must { "must" } else { "policy" };
            format!("{:<44} {level:<6}  {}\n", vector.id, vector.title)
        };
        chosen.map(line).collect()
    }

    /// Known exceptions among all vectors.
    pub(crate) fn exceptions(&self, path: &Path) -> Result<Exceptions, expected::ExceptionsError> {
        Exceptions::read(path, &self.classes)
    }

    fn vector(&self, id: &str) -> anyhow::Result<&Vector> {
        let mut all = self.classes.iter().flat_map(|class| &class.vectors);
        all.find(|vector| vector.id == id).with_context(|| format!("there is no vector `{id}`"))
    }
}

/// Whether a name is that of a vector or of its class.
fn is_named(vector: &Vector, name: &str) -> bool {
    vector.id == name || vector.id.split_once('/').is_some_and(|(class, _)| class == name)
}

impl Check {
    pub(crate) async fn run(
        &self,
        selection: &Selection,
        exceptions: &Exceptions,
        dns: SocketAddr,
        client: RawClient,
        stop: watch::Receiver<bool>,
        audience: &impl Audience,
    ) -> anyhow::Result<Outcome> {
        let mut random = [0; 4];
        getrandom::fill(&mut random)?;
        let runner = Arc::new(Runner {
            names: Names::new(self.zone.clone()),
            client,
            plain_target: TargetUrl::parse(&self.url.as_str().replacen("https://", "http://", 1))?,
            options: self.options.clone(),
            looks: AtomicU64::new(0),
            forge: self.forge(hex(&random))?,
        });
        let server = runner.name_server(dns).await;
        let server =
            server.with_context(|| format!("cannot listen on `{dns}`; choose another address with `--dns`"))?;
        audience.line(&setup::summary(self, server.address()))?;
        let found = self.found(&runner, selection, server.address(), stop.clone(), audience).await;
        server.stop().await;
        let Some((started, found)) = found? else { return Ok(Outcome::Pointless) };
        let heading = Heading {
            url: self.url.as_str().to_owned(),
            started: jiff::Timestamp::try_from(started).unwrap_or_default().strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
            profile: self.options.profile,
            strict: self.options.strict,
            seed: self.seed,
            interrupted: *stop.borrow(),
            arguments: self.arguments.clone(),
        };
        Ok(Outcome::Checked(Box::new(Report::of(heading, &selection.classes, found, exceptions))))
    }

    /// When it began, and what was found; `None` if there was no point in going on.
    async fn found(
        &self,
        runner: &Arc<Runner>,
        selection: &Selection,
        dns: SocketAddr,
        stop: watch::Receiver<bool>,
        audience: &impl Audience,
    ) -> anyhow::Result<Option<(SystemTime, Vec<Found>)>> {
        let started = SystemTime::now();
        let honest = selection.vector("accepts/update-profile-json")?;
        let look = runner.first_look(honest, selection.vector("unsigned/absent")?).await?;
        match setup::diagnosis(self, &look, dns) {
            setup::Diagnosis::GoOn => {}
            setup::Diagnosis::Warn(text) => audience.line(&text)?,
            setup::Diagnosis::Stop(text) => {
                audience.line(&text)?;
                return Ok(None);
            }
        }
        let profile = format!("{:?}", self.options.profile).to_lowercase();
        audience.line(&format!("{} vectors   profile {profile}   seed {}\n", selection.len(), self.seed))?;
        let progress = |done| audience.progress(done, selection.len());
        Ok(Some((started, runner.run(&selection.chosen, honest, stop, progress).await?)))
    }

    /// Writes all that would be sent at a time, the keys, and the zone, into a new folder.
    pub(crate) fn export(&self, selection: &Selection, folder: &Path, now: SystemTime) -> anyhow::Result<usize> {
        let digest = Sha256::digest(format!("mock-publisher check {}", self.seed));
        export::write(&self.forge(hex(&digest[..4]))?, selection, folder, now)
    }

    /// How a receiver is to be set up, at length.
    pub(crate) fn guide(&self, dns: SocketAddr) -> String {
        setup::guide(self, dns)
    }

    fn forge(&self, run: String) -> anyhow::Result<Forge> {
        let (window, ahead) = (i64::from(self.window), i64::from(self.ahead));
        Ok(Forge::new(self.url.clone(), self.account, self.zone.clone(), (window, ahead), run, suite::keys()?)?)
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
