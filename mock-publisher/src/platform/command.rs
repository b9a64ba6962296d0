use super::{EntityInput, EntityRef, Filter, Id, Kind};

/// What an entrance wants to be done to profiles and subprofiles.
#[derive(Debug, Clone)]
pub(crate) enum Command {
    CreateProfile {
        database: Id,
        input: EntityInput,
    },
    CreateSubprofile {
        profile: Id,
        collection: Id,
        input: EntityInput,
    },
    Update {
        entity: EntityRef,
        input: EntityInput,
    },
    Remove {
        entity: EntityRef,
        /// Nothing is left of it then, and its number is the number of nothing.
        completely: bool,
    },
    /// Takes a profile with its subprofiles into another database.
    Move {
        profile: Id,
        database: Id,
    },
    /// Removes those of these numbers that are within and not removed already, and passes over the others.
    RemoveAmong {
        within: Within,
        ids: Vec<Id>,
    },
    /// Does what the database or collection has been told to do with those who unsubscribe.
    Unsubscribe {
        entity: EntityRef,
    },
    /// Updates whatever matches all filters; if nothing does, it can be created.
    UpdateMatching {
        within: Within,
        filters: Vec<Filter>,
        input: EntityInput,
        create: bool,
    },
}

/// Where to look for what matches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Within {
    /// The profiles of a database.
    Database(Id),
    /// The subprofiles of a collection.
    Collection(Id),
    /// Those of them that one profile has.
    CollectionOfProfile { collection: Id, profile: Id },
}

impl Within {
    /// What is in there.
    pub(crate) const fn kind(self) -> Kind {
        match self {
            Self::Database(_) => Kind::Profile,
            Self::Collection(_) | Self::CollectionOfProfile { .. } => Kind::Subprofile,
        }
    }
}
