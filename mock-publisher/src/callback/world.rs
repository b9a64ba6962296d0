use std::error::Error;
use std::sync::Arc;

use crate::clock::Millis;
use crate::platform::{ConditionStyle, Database, Entity, Field, Id};

/// Why something that a condition asks for could not be read.
pub(crate) type WorldError = Box<dyn Error + Send + Sync>;

/// What a condition can look at besides the change itself: everything as it stands after the change.
pub(crate) trait World {
    /// When the change happens.
    fn now(&self) -> Millis;

    /// How conditions are taken.
    fn style(&self) -> ConditionStyle;

    /// A database, with its fields, interests and collections.
    fn database(&self, id: Id) -> Result<Arc<Database>, WorldError>;

    /// A profile.
    fn profile(&self, id: Id) -> Result<Entity, WorldError>;

    /// The first subprofiles of a profile in a collection, by number.
    fn subprofiles(&self, profile: Id, collection: Id, limit: usize) -> Result<Vec<Entity>, WorldError>;

    /// How many others in the scope of an entity have the same values in some fields of it: those with smaller numbers, and those
    /// with larger ones.
    fn twins(&self, entity: &Entity, fields: &[&Field]) -> Result<(u64, u64), WorldError>;

    /// How many others in the scope of an entity come before it, sorted by some of its fields and by number, and how many others
    /// there are.
    fn place(&self, entity: &Entity, fields: &[&Field]) -> Result<(u64, u64), WorldError>;
}
