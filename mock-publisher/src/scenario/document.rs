//! The format of a scenario's file, table by table. What is not named here is refused.

use serde::Deserialize;
use serde_json::Value;
use toml::Spanned;

use super::values::{CallbackUrl, Profiles, Reference, Time, Values};
use crate::callback::ActionType;
use crate::emit::PayloadMethod;
use crate::platform::{
    ConditionStyle, Dialect, Field, FieldKind, LaneOrder, PayloadStyle, Switches, TriggerSet, Unsubscribe,
};
use crate::terms::TermsDraft;
use crate::wire_profile::WireProfile;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Document {
    /// What invented profiles and secrets are made from.
    #[serde(default = "one")]
    pub(super) seed: u64,
    #[serde(default)]
    pub(super) switches: SwitchTable,
    #[serde(default)]
    pub(super) databases: Vec<DatabaseTable>,
    #[serde(default)]
    pub(super) callbacks: Vec<Spanned<CallbackTable>>,
    #[serde(default)]
    pub(super) steps: Vec<Spanned<StepTable>>,
}

const fn one() -> u64 {
    1
}

/// The assumptions; each is named as its flag of `mock-publisher serve`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct SwitchTable {
    tell_unchanged_updates: Option<bool>,
    hide_cascaded_removals: Option<bool>,
    copy_callbacks: Option<bool>,
    order: Option<LaneOrder>,
    one_condition_suffices: Option<bool>,
    failed_conditions_hold: Option<bool>,
    payload_dialect: Option<Dialect>,
    numbers_as_ids: Option<bool>,
    parents_of_subprofiles: Option<bool>,
    blank_removals: Option<bool>,
}

impl SwitchTable {
    /// The switches as they are set otherwise; where they are at their defaults, as they are set here.
    pub(super) fn under(&self, otherwise: Switches) -> Switches {
        let given = |here: Option<bool>, other: bool| other || here == Some(true);
        let hide = given(self.hide_cascaded_removals, !otherwise.tell_cascaded_removals);
        let dialect = match otherwise.payload.dialect {
            Dialect::Current => self.payload_dialect.unwrap_or_default(),
            chosen @ Dialect::Legacy => chosen,
        };
        let order = match otherwise.order {
            LaneOrder::Entity => self.order.unwrap_or_default(),
            chosen @ LaneOrder::None => chosen,
        };
        Switches {
            tell_updates_without_change: given(self.tell_unchanged_updates, otherwise.tell_updates_without_change),
            tell_cascaded_removals: !hide,
            copy_callbacks: given(self.copy_callbacks, otherwise.copy_callbacks),
            order,
            conditions: ConditionStyle {
                one_of_a_rule_suffices: given(self.one_condition_suffices, otherwise.conditions.one_of_a_rule_suffices),
                failed_ones_hold: given(self.failed_conditions_hold, otherwise.conditions.failed_ones_hold),
            },
            payload: PayloadStyle {
                dialect,
                numbers_as_ids: given(self.numbers_as_ids, otherwise.payload.numbers_as_ids),
                parents_of_subprofiles: given(self.parents_of_subprofiles, otherwise.payload.parents_of_subprofiles),
                blank_removals: given(self.blank_removals, otherwise.payload.blank_removals),
            },
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct DatabaseTable {
    pub(super) name: Spanned<String>,
    #[serde(default)]
    pub(super) description: String,
    #[serde(default)]
    pub(super) fields: Vec<FieldTable>,
    #[serde(default)]
    pub(super) interests: Vec<String>,
    #[serde(default)]
    pub(super) collections: Vec<CollectionTable>,
    #[serde(default)]
    pub(super) unsubscribe: Unsubscribe,
    #[serde(default)]
    pub(super) handlers: HandlerTable,
    #[serde(default)]
    pub(super) profiles: Profiles,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CollectionTable {
    pub(super) name: Spanned<String>,
    #[serde(default)]
    pub(super) description: String,
    #[serde(default)]
    pub(super) fields: Vec<FieldTable>,
    #[serde(default)]
    pub(super) unsubscribe: Unsubscribe,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FieldTable {
    pub(super) name: Spanned<String>,
    #[serde(rename = "type", default = "text")]
    kind: FieldKind,
    /// The default; of a `select`, the choices, one a line.
    #[serde(default)]
    value: String,
}

const fn text() -> FieldKind {
    FieldKind::Text
}

impl FieldTable {
    pub(super) fn field(self) -> Field {
        Field { value: self.value, ..Field::new(self.name.into_inner(), self.kind) }
    }
}

/// Scripts that run when something happens to a message.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct HandlerTable {
    pub(super) click: Option<Spanned<String>>,
    pub(super) open: Option<Spanned<String>>,
    pub(super) failure: Option<Spanned<String>>,
    pub(super) bounce: Option<Spanned<String>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ProfileTable {
    /// The name that steps know it by.
    #[serde(rename = "as")]
    pub(super) known_as: Option<Spanned<String>>,
    #[serde(default)]
    pub(super) fields: Values,
    #[serde(default)]
    pub(super) interests: Vec<Spanned<String>>,
    #[serde(default)]
    pub(super) subprofiles: Vec<SubprofileTable>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SubprofileTable {
    pub(super) collection: Spanned<String>,
    #[serde(rename = "as")]
    pub(super) known_as: Option<Spanned<String>>,
    #[serde(default)]
    pub(super) fields: Values,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CallbackTable {
    pub(super) database: Spanned<String>,
    pub(super) collection: Option<Spanned<String>>,
    pub(super) url: CallbackUrl,
    pub(super) method: Option<PayloadMethod>,
    pub(super) dialect: Option<Dialect>,
    pub(super) wire: Option<WireProfile>,
    pub(super) action: Option<ActionType>,
    pub(super) triggers: Option<TriggerSet>,
    #[serde(default)]
    pub(super) expression: String,
    pub(super) conditions: Option<Value>,
    pub(super) active: Option<bool>,
    /// How what it tells is delivered.
    #[serde(default)]
    pub(super) terms: TermsDraft,
}

/// A step has one of `create`, `update`, `remove`, `import`, `copy`, `message`, `fault`, `wait` and `expect`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct StepTable {
    /// When it begins at the earliest, from the start of the first.
    pub(super) at: Option<Time>,
    /// The entrance.
    pub(super) via: Option<Spanned<String>>,
    pub(super) create: Option<CreateTable>,
    pub(super) update: Option<UpdateTable>,
    pub(super) remove: Option<RemoveTable>,
    pub(super) import: Option<ImportTable>,
    pub(super) copy: Option<CopyTable>,
    pub(super) message: Option<MessageTable>,
    /// A fault as the control API takes it, or `none` to end all of them.
    pub(super) fault: Option<Spanned<Value>>,
    pub(super) wait: Option<Time>,
    pub(super) expect: Option<ExpectTable>,
}

/// A profile of a database, or a subprofile of a profile.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CreateTable {
    pub(super) database: Option<Spanned<String>>,
    pub(super) profile: Option<Spanned<Reference>>,
    pub(super) collection: Option<Spanned<String>>,
    #[serde(default)]
    pub(super) fields: Values,
    pub(super) interests: Option<Vec<Spanned<String>>>,
    #[serde(rename = "as")]
    pub(super) known_as: Option<Spanned<String>>,
    /// How many are invented; instead of `fields`.
    pub(super) invented: Option<Spanned<u32>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct UpdateTable {
    pub(super) profile: Option<Spanned<Reference>>,
    pub(super) subprofile: Option<Spanned<Reference>>,
    #[serde(default)]
    pub(super) fields: Values,
    pub(super) interests: Option<Vec<Spanned<String>>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RemoveTable {
    pub(super) profile: Option<Spanned<Reference>>,
    pub(super) subprofile: Option<Spanned<Reference>>,
}

/// A file is imported, which is made of the rows.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ImportTable {
    pub(super) database: Spanned<String>,
    /// Fields of the database, and of one collection as `Collection.Field`.
    #[serde(default)]
    pub(super) rows: Vec<Values>,
    /// How many profiles are invented; instead of `rows`.
    pub(super) invented: Option<Spanned<u32>>,
    /// What a profile that is there already is found by.
    #[serde(default)]
    pub(super) key: Vec<Spanned<String>>,
}

/// A database is copied; whatever is not said is copied, too.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CopyTable {
    pub(super) database: Spanned<String>,
    pub(super) name: Spanned<String>,
    pub(super) collections: Option<bool>,
    pub(super) profiles: Option<bool>,
    pub(super) subprofiles: Option<bool>,
}

/// Something happens to a message that was sent to a profile.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct MessageTable {
    pub(super) to: Spanned<Reference>,
    /// Of a click or open; without one, the handler of the database runs.
    pub(super) script: Option<Spanned<String>>,
    /// Of a failure or bounce.
    pub(super) code: Option<Spanned<String>>,
    pub(super) description: Option<Spanned<String>>,
}

/// Deliveries since the `expect` before.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ExpectTable {
    pub(super) deliveries: u32,
    pub(super) verdict: Option<Verdict>,
    #[serde(default = "patience")]
    pub(super) within: Time,
}

const fn patience() -> Time {
    Time(std::time::Duration::from_secs(5))
}

/// What came of a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Verdict {
    /// The receiver answered 2xx.
    Delivered,
    /// It did not.
    Failed,
    /// The receiver that comes with the program found it genuine.
    Verified,
    /// It refused it.
    Refused,
}
