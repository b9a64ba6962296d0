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
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex};
use std::time::{Instant, SystemTime};

use anyhow::Context;
use callback_verifier::Zone;
use sha2::{Digest, Sha256};
use tokio::sync::watch;

use crate::emit::TargetUrl;
use crate::keyring::dns::Names;
use crate::send::RawClient;
pub(crate) use expected::Exceptions;
use forge::Forge;
use pair::Pair;
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
    /// What the receiver is called, where it is not what the URL says.
    pub(crate) host: Option<String>,
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

    /// A line for each vector that counts, in the order of the data.
    pub(crate) fn list(&self, profile: Profile) -> String {
        let all = self.classes.iter().flat_map(|class| &class.vectors).filter(|vector| profile.has(vector.level));
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
    ) -> anyhow::Result<Report> {
        let mut random = [0; 4];
        getrandom::fill(&mut random)?;
        let runner = Arc::new(Runner {
            names: Names::new(self.zone.clone()),
            client,
            plain_target: TargetUrl::parse(&self.url.as_str().replacen("https://", "http://", 1))?,
            options: self.options.clone(),
            stop: stop.clone(),
            next: Mutex::new(Instant::now()),
            looks: AtomicU64::new(0),
            forge: self.forge(hex(&random))?,
        });
        let server = runner.name_server(dns).await;
        let server =
            server.with_context(|| format!("cannot listen on `{dns}`; choose another address with `--dns`"))?;
        audience.line(&setup::summary(self, server.address()))?;
        let started = SystemTime::now();
        let found = self.found(&runner, selection, exceptions, server.address(), audience).await;
        server.stop().await;
        let (diagnosis, found) = found?;
        let heading = Heading {
            url: self.url.as_str().to_owned(),
            started: jiff::Timestamp::try_from(started).unwrap_or_default().strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
            profile: self.options.profile,
            strict: self.options.strict,
            seed: self.seed,
            interrupted: *stop.borrow(),
            diagnosis,
            arguments: self.arguments.clone(),
        };
        Ok(Report::of(heading, &selection.classes, found, exceptions))
    }

    /// What is wrong with all that the receiver answers, which was told, and what was found.
    async fn found(
        &self,
        runner: &Arc<Runner>,
        selection: &Selection,
        exceptions: &Exceptions,
        dns: SocketAddr,
        audience: &impl Audience,
    ) -> anyhow::Result<(Option<String>, Vec<Found>)> {
        let honest = selection.vector("accepts/update-profile-json")?;
        let look = runner.first_look(honest, selection.vector("unsigned/absent")?).await?;
        let diagnosis = match setup::diagnosis(self, &look, dns) {
            setup::Diagnosis::GoOn => None,
            setup::Diagnosis::Warn(text) => Some(text),
            setup::Diagnosis::Stop(text) => {
                audience.line(&text)?;
                let reason = text.split([':', '.']).next().unwrap_or_default();
                let skipped = |vector| Found::skipped(vector, reason.to_owned());
                let found = selection.chosen.iter().map(skipped).collect();
                return Ok((Some(text), found));
            }
        };
        if let Some(text) = &diagnosis {
            audience.line(text)?;
        }
        let profile = format!("{:?}", self.options.profile).to_lowercase();
        let vectors = counted(selection.len(), "vector");
        audience.line(&format!("{vectors}   profile {profile}   seed {}\n", self.seed))?;
        let progress = |done| audience.progress(done, selection.len());
        let (found, gone) = runner.run(&selection.chosen, honest, progress).await?;
        let told = gone.or_else(|| setup::refuses_much(&found, exceptions));
        if let Some(text) = &told {
            audience.line(text)?;
        }
        Ok((diagnosis.or(told), found))
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

    /// What the receiver is called.
    fn host(&self) -> String {
        self.host.clone().unwrap_or_else(|| self.url.authority())
    }

    fn forge(&self, run: String) -> anyhow::Result<Forge> {
        Ok(Forge {
            target: self.url.clone(),
            host: self.host(),
            account: self.account,
            zone: self.zone.clone(),
            window: self.window.into(),
            ahead: self.ahead.into(),
            run,
            methods: self.options.methods.clone(),
            pairs: Pair::all()?,
            keys: suite::keys()?,
        })
    }
}

/// A number of things.
pub(crate) fn counted(count: usize, thing: &str) -> String {
    format!("{count} {thing}{}", if count == 1 { "" } else { "s" })
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
