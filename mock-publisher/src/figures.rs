//! What `benches/ratios.rs` measures. Not for anybody else.

use std::sync::Arc;

use serde_json::json;

use crate::callback::{Condition, ConditionError, World, WorldError};
use crate::clock::{self, Millis};
use crate::platform::{Action, Change, ConditionStyle, Database, Entity, EntityInput, Field, Home, Id, Trigger};

/// A condition in JavaScript, and the change of a profile that it is asked about.
pub struct Question {
    condition: Condition,
    change: Change,
    database: Arc<Database>,
}

impl Question {
    /// Asks about the typical update of a profile of the sample database.
    ///
    /// # Errors
    ///
    /// The expression is not JavaScript.
    pub fn new(expression: &str) -> Result<Self, String> {
        let condition = Condition::parse(expression, None).map_err(|ConditionError(reason)| reason)?;
        let database = Database { id: 1, ..Database::sample() };
        let fields =
            json!({"name": "Mike", "email": "mike@example.com", "city": "Utrecht", "company": "Apple", "score": 9});
        let input = EntityInput::of_fields(fields.as_object().cloned().unwrap_or_default());
        let secret = "0123456789abcdef0123456789ab".to_owned();
        let entity = Entity::create(Home::Database(1), database.layout(), 12, secret, &input, 1000);
        let before = Some(entity.clone());
        let change = Change { action: Action::Update, trigger: Trigger::Rest, entity, before };
        Ok(Self { condition, change, database: Arc::new(database) })
    }

    /// Whether the condition holds. Nothing is kept from one call to the next.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.condition.holds(&self.change, self)
    }
}

/// The sample database, and no profile besides the one that changed.
impl World for Question {
    fn now(&self) -> Millis {
        clock::real_now()
    }

    fn style(&self) -> ConditionStyle {
        ConditionStyle::default()
    }

    fn database(&self, _: Id) -> Result<Arc<Database>, WorldError> {
        Ok(self.database.clone())
    }

    fn profile(&self, _: Id) -> Result<Entity, WorldError> {
        Ok(self.change.entity.clone())
    }

    fn subprofiles(&self, _: Id, _: Id, _: usize) -> Result<Vec<Entity>, WorldError> {
        Ok(Vec::new())
    }

    fn twins(&self, _: &Entity, _: &[&Field]) -> Result<(u64, u64), WorldError> {
        Ok((0, 0))
    }

    fn place(&self, _: &Entity, _: &[&Field]) -> Result<(u64, u64), WorldError> {
        Ok((0, 0))
    }
}
