use std::fmt;

use super::super::super::WorldError;
use super::super::ConditionError;
use super::date::{BOUND_KEYS, Bounds};
use super::field::FieldName;
use super::members::Members;
use super::{Finding, Subject};
use crate::platform::{Action, Kind};

/// What kind of change it is.
///
/// Assumption: on the platform, a selection asks about changes in the past. A callback is about the change that it
/// tells of, so here that one is looked at, and dates bound the present.
#[derive(Debug, Clone)]
pub(super) struct ChangeTest {
    what: What,
    /// Of `field` and `nofield`: any, if none is given.
    field: Option<FieldName>,
    /// Of changes of interests: any, if none is given.
    interest: Option<String>,
    bounds: Bounds,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum What {
    Any,
    None,
    Field { changed: bool },
    Is { action: Action, kind: Option<Kind>, so: bool },
    Interest,
    GotInterest,
    LostInterest,
}

const WHAT: [(&str, What); 17] = {
    const fn is(action: Action, kind: Option<Kind>, so: bool) -> What {
        What::Is { action, kind, so }
    }
    const SUBPROFILE: Option<Kind> = Some(Kind::Subprofile);
    [
        ("any", What::Any),
        ("none", What::None),
        ("field", What::Field { changed: true }),
        ("nofield", What::Field { changed: false }),
        ("new", is(Action::Create, None, true)),
        ("notnew", is(Action::Create, None, false)),
        ("edit", is(Action::Update, None, true)),
        ("noedit", is(Action::Update, None, false)),
        ("newsubprofile", is(Action::Create, SUBPROFILE, true)),
        ("nonewsubprofile", is(Action::Create, SUBPROFILE, false)),
        ("editsubprofile", is(Action::Update, SUBPROFILE, true)),
        ("noeditsubprofile", is(Action::Update, SUBPROFILE, false)),
        ("removesubprofile", is(Action::Delete, SUBPROFILE, true)),
        ("noremovesubprofile", is(Action::Delete, SUBPROFILE, false)),
        ("interest", What::Interest),
        ("gotinterest", What::GotInterest),
        ("lostinterest", What::LostInterest),
    ]
};

impl ChangeTest {
    pub(super) fn read(members: &Members<'_>) -> Result<Self, ConditionError> {
        members.allow_only(&[["change-type", "field", "interest"].as_slice(), &BOUND_KEYS].concat())?;
        Ok(Self {
            what: members.required_choice("change-type", &WHAT)?,
            field: members.reference("field")?.map(FieldName::new),
            interest: members.reference("interest")?,
            bounds: Bounds::read(members)?,
        })
    }

    pub(super) fn find(&self, subject: Subject<'_>) -> Result<Finding, WorldError> {
        let change = subject.change;
        let mut read = vec![("action".to_owned(), change.action.name().to_owned())];
        let holds = match self.what {
            What::Any => true,
            What::None => false,
            What::Is { action, kind, so } => {
                let is = change.action == action && kind.is_none_or(|kind| kind == change.entity.home.kind());
                is == so
            }
            What::Field { changed } => {
                let wanted = self.field.as_ref().map(|field| field.value(subject, subject.entity)).transpose()?;
                let prefix = change.entity.home.kind().name();
                let fields = change.changed_fields().map(|(name, old, new)| (format!("{prefix}.{name}"), old, new));
                let meant = fields.filter(|(name, ..)| wanted.as_ref().is_none_or(|(wanted, _)| wanted == name));
                let before = read.len();
                read.extend(meant.map(|(name, old, new)| (name, format!("{old} -> {new}"))));
                (read.len() > before) == changed
            }
            What::Interest | What::GotInterest | What::LostInterest => {
                let (got, lost) = self.interests(subject);
                let told = |names: &[&String], what: &str| {
                    names.iter().map(|name| (format!("profile.{name}"), what.to_owned())).collect::<Vec<_>>()
                };
                read.extend(told(&got, "got"));
                read.extend(told(&lost, "lost"));
                match self.what {
                    What::GotInterest => !got.is_empty(),
                    What::LostInterest => !lost.is_empty(),
                    _ => !got.is_empty() || !lost.is_empty(),
                }
            }
        };
        Ok(Finding { holds: holds && self.bounds.contain_now(subject.world.now()), read })
    }

    /// Which interests came, and which went.
    fn interests<'a>(&self, subject: Subject<'a>) -> (Vec<&'a String>, Vec<&'a String>) {
        let change = subject.change;
        let none = Vec::new();
        let after = if change.action == Action::Delete { &none } else { &change.entity.interests };
        let before = match (&change.before, change.action) {
            (Some(before), _) => before.interests.as_slice(),
            (None, Action::Delete) => change.entity.interests.as_slice(),
            (None, _) => &[],
        };
        let is_meant = |name: &&String| self.interest.as_ref().is_none_or(|wanted| name.eq_ignore_ascii_case(wanted));
        let known = |names: &[String], others: &[String]| -> Vec<&'a String> {
            let interests = subject.database.interests.iter().map(|interest| &interest.name);
            interests.filter(|name| names.contains(name) && !others.contains(name)).filter(is_meant).collect()
        };
        (known(after, before), known(before, after))
    }
}

impl fmt::Display for ChangeTest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = WHAT.iter().find(|(_, what)| *what == self.what).map_or("", |(name, _)| name);
        write!(f, "change is {name}")?;
        if let Some(field) = &self.field {
            write!(f, " {field}")?;
        }
        if let Some(interest) = &self.interest {
            write!(f, " {interest}")?;
        }
        write!(f, "{}", self.bounds)
    }
}
