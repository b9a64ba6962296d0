use std::error::Error;
use std::ops::ControlFlow;
use std::sync::Arc;

use super::Scope;
use crate::platform::{Database, Entity, Id};

/// Why something that a condition asks for could not be read.
pub(crate) type WorldError = Box<dyn Error + Send + Sync>;

/// What a condition can look at besides the change itself: everything as it stands after the change.
pub(crate) trait World {
    /// A database, with its fields, interests and collections.
    fn database(&self, id: Id) -> Result<Arc<Database>, WorldError>;

    /// A profile.
    fn profile(&self, id: Id) -> Result<Entity, WorldError>;

    /// The subprofiles of a profile in a collection, by number.
    fn subprofiles(&self, profile: Id, collection: Id) -> Result<Vec<Entity>, WorldError>;

    /// All that are in a scope and not removed, by number, until the visitor breaks off.
    fn visit(&self, scope: Scope, visitor: &mut dyn FnMut(Entity) -> ControlFlow<()>) -> Result<(), WorldError>;
}
