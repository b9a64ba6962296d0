//! Checks what a file's tables say of each other, and makes the scenario of them.

mod masses;

use std::collections::HashMap;

use serde_json::Value;
use toml::Spanned;

use super::document::{
    CallbackTable, CollectionTable, CreateTable, DatabaseTable, Document, FieldTable, HandlerTable, MessageTable,
    ProfileTable, StepTable,
};
use super::people::Inventor;
use super::source::{ScenarioError, Source};
use super::step::{Action, Change, Message, Names, Step, Target, Values, Via, What};
use super::values::{Profiles, Reference};
use super::{CallbackPlan, Scenario, values};
use crate::callback::ConditionDraft;
use crate::faults::FaultDraft;
use crate::platform::{
    Collection, Database, EntityInput, EntityRef, Id, Interest, InterestsInput, Kind, Layout, Occasion, Trigger,
};
use crate::script::Script;
use crate::store::{CallbackDraft, DatabaseContents, Handler, ProfileContents};
use crate::terms::OwnTerms;

/// How many steps a scenario can have.
const MAX_STEPS: usize = 10_000;
/// How many profiles one step can invent.
const MAX_INVENTED: u32 = 100_000;

type Checked<T> = Result<T, ScenarioError>;

pub(super) fn checked(document: Document, source: &Source<'_>) -> Checked<Scenario> {
    let Document { seed, switches, databases, callbacks, steps } = document;
    let mut plan = Plan { source, seed, layouts: Vec::new(), names: Names::new(), homes: HashMap::new(), next: (1, 1) };
    let databases = databases.into_iter().map(|table| plan.database(table)).collect::<Checked<Vec<_>>>()?;
    if databases.is_empty() {
        plan.layouts.push(Database::sample());
    }
    let callbacks = callbacks.into_iter().map(|table| plan.callback(table)).collect::<Checked<Vec<_>>>()?;
    if let Some(step) = steps.get(MAX_STEPS) {
        return Err(source.error(Some(step.span()), format!("there are more than {MAX_STEPS} steps")));
    }
    // A step can name what an earlier one creates.
    let names = plan.names.clone();
    let steps = steps.into_iter().map(|table| plan.step(table)).collect::<Checked<Vec<_>>>()?;
    Ok(Scenario { name: source.name.to_owned(), seed, switches, databases, callbacks, steps, names })
}

struct Plan<'a> {
    source: &'a Source<'a>,
    seed: u64,
    layouts: Vec<Database>,
    names: Names,
    /// The indices of the database and of the collection that a name is in.
    homes: HashMap<String, (usize, Option<usize>)>,
    /// The numbers that the next profile and subprofile get.
    next: (Id, Id),
}

impl Plan<'_> {
    fn error<T>(&self, at: &Spanned<T>, message: impl Into<String>) -> ScenarioError {
        self.source.error(Some(at.span()), message)
    }

    fn database(&mut self, table: DatabaseTable) -> Checked<DatabaseContents> {
        let DatabaseTable { name, description, fields, interests, collections, unsubscribe, handlers, profiles } =
            table;
        if self.layouts.iter().any(|other| other.name.eq_ignore_ascii_case(name.get_ref())) {
            return Err(self.error(&name, format!("there are two databases `{}`", name.get_ref())));
        }
        if name.get_ref().trim().is_empty() || name.get_ref().contains('/') {
            return Err(self.error(&name, "expected a name without `/` for the database"));
        }
        let database = Database {
            description,
            unsubscribe,
            fields: self.fields(fields)?,
            interests: interests.into_iter().map(|name| Interest { id: 0, name, group: String::new() }).collect(),
            collections: collections.into_iter().map(|table| self.collection(table)).collect::<Checked<_>>()?,
            ..Database::new(name.into_inner())
        };
        let handlers = self.handlers(handlers)?;
        self.layouts.push(database.clone());
        let index = self.layouts.len() - 1;
        let profiles: Box<dyn Iterator<Item = ProfileContents> + Send> = match profiles {
            Profiles::Invented(count) => {
                self.next.0 += Id::from(count);
                let invented = self.inventor(&database)?.profiles(0..count);
                Box::new(invented.map(|input| ProfileContents { input, subprofiles: Vec::new() }))
            }
            Profiles::Listed(tables) => {
                let listed = tables.into_iter().map(|table| self.profile(index, table.into_inner()));
                Box::new(listed.collect::<Checked<Vec<_>>>()?.into_iter())
            }
        };
        Ok(DatabaseContents { database, profiles, handlers })
    }

    fn fields(&self, tables: Vec<FieldTable>) -> Checked<Vec<crate::platform::Field>> {
        let mut fields: Vec<crate::platform::Field> = Vec::new();
        for table in tables {
            let name = table.name.clone();
            let field = table.field();
            if fields.iter().any(|other| other.name.eq_ignore_ascii_case(&field.name)) {
                return Err(self.error(&name, format!("there are two fields `{}`", field.name)));
            }
            fields.push(field);
        }
        Ok(fields)
    }

    fn collection(&self, table: CollectionTable) -> Checked<Collection> {
        let CollectionTable { name, description, fields, unsubscribe } = table;
        let fields = self.fields(fields)?;
        Ok(Collection { description, unsubscribe, fields, ..Collection::new(name.into_inner()) })
    }

    fn handlers(&self, table: HandlerTable) -> Checked<Vec<Handler>> {
        let HandlerTable { click, open, failure, bounce } = table;
        let given = [
            (Occasion::Click, click),
            (Occasion::Open, open),
            (Occasion::Failure, failure),
            (Occasion::Bounce, bounce),
        ];
        let mut handlers = Vec::new();
        for (occasion, script) in given {
            let Some(script) = script else { continue };
            self.check_script(&script)?;
            handlers.push(Handler { occasion, script: Some(script.into_inner()) });
        }
        Ok(handlers)
    }

    fn check_script(&self, script: &Spanned<String>) -> Checked<()> {
        let compiled = Script::compile(script.get_ref());
        compiled.map(drop).map_err(|error| self.error(script, format!("this is no JavaScript that can run: {error}")))
    }

    fn inventor(&self, database: &Database) -> Checked<Inventor> {
        Inventor::new(self.seed, database).map_err(|error| self.source.error(None, error.to_string()))
    }

    fn profile(&mut self, database: usize, table: ProfileTable) -> Checked<ProfileContents> {
        let ProfileTable { known_as, fields, interests, subprofiles } = table;
        let layout = self.layouts[database].layout();
        self.check_fields(&fields, layout)?;
        self.check_interests(&interests, layout)?;
        let entity = EntityRef::profile(self.next.0);
        self.next.0 += 1;
        self.know(known_as.as_ref(), entity, (database, None))?;
        let mut contents = ProfileContents { input: input(&fields, Some(&interests)), subprofiles: Vec::new() };
        for table in subprofiles {
            let collection = self.collection_of(database, &table.collection)?;
            self.check_fields(&table.fields, self.layouts[database].collections[collection].layout())?;
            let entity = EntityRef::subprofile(self.next.1);
            self.next.1 += 1;
            self.know(table.known_as.as_ref(), entity, (database, Some(collection)))?;
            contents.subprofiles.push((table.collection.into_inner(), input(&table.fields, None)));
        }
        Ok(contents)
    }

    /// Notes a name that the file gives to something.
    fn know(&mut self, name: Option<&Spanned<String>>, entity: EntityRef, home: (usize, Option<usize>)) -> Checked<()> {
        let Some(name) = name else { return Ok(()) };
        if self.homes.insert(name.get_ref().clone(), home).is_some() {
            return Err(self.error(name, format!("the name `{}` is given twice", name.get_ref())));
        }
        self.names.insert(name.get_ref().clone(), entity);
        Ok(())
    }

    fn database_named(&self, name: &Spanned<String>) -> Checked<usize> {
        let found = self.layouts.iter().position(|database| database.name.eq_ignore_ascii_case(name.get_ref()));
        found.ok_or_else(|| {
            let known = expected(self.layouts.iter().map(|database| &database.name));
            self.error(name, format!("no database `{}`, {known}", name.get_ref()))
        })
    }

    fn collection_of(&self, database: usize, name: &Spanned<String>) -> Checked<usize> {
        let collections = &self.layouts[database].collections;
        let found = collections.iter().position(|known| known.name.eq_ignore_ascii_case(name.get_ref()));
        found.ok_or_else(|| {
            let known = expected(collections.iter().map(|collection| &collection.name));
            let database = &self.layouts[database].name;
            self.error(name, format!("no collection `{}` in `{database}`, {known}", name.get_ref()))
        })
    }

    fn check_fields(&self, values: &values::Values, layout: Layout<'_>) -> Checked<()> {
        match values.0.iter().find(|(name, _)| layout.field(name.get_ref()).is_none()) {
            None => Ok(()),
            Some((name, _)) => {
                let known = expected(layout.fields.iter().map(|field| &field.name));
                Err(self.error(name, format!("no field `{}` here, {known}", name.get_ref())))
            }
        }
    }

    fn check_interests(&self, names: &[Spanned<String>], layout: Layout<'_>) -> Checked<()> {
        let known = |name: &str| layout.interests.iter().any(|interest| interest.name.eq_ignore_ascii_case(name));
        match names.iter().find(|name| !known(name.get_ref())) {
            None => Ok(()),
            Some(name) => {
                let known = expected(layout.interests.iter().map(|interest| &interest.name));
                Err(self.error(name, format!("no interest `{}` here, {known}", name.get_ref())))
            }
        }
    }

    fn callback(&self, table: Spanned<CallbackTable>) -> Checked<CallbackPlan> {
        let span = table.span();
        let table = table.into_inner();
        let database = self.database_named(&table.database)?;
        if let Some(collection) = &table.collection {
            self.collection_of(database, collection)?;
        }
        let condition = ConditionDraft::parse(Some(&table.expression), table.conditions.as_ref());
        let condition = condition.map_err(|error| self.source.error(Some(span), error.to_string()))?;
        Ok(CallbackPlan {
            database: table.database.into_inner(),
            collection: table.collection.map(Spanned::into_inner),
            url: table.url,
            terms: OwnTerms::default().with(table.terms),
            draft: CallbackDraft {
                url: None,
                method: table.method,
                dialect: table.dialect,
                wire: table.wire,
                action: table.action,
                triggers: table.triggers,
                condition,
                active: table.active,
            },
        })
    }

    fn step(&mut self, table: Spanned<StepTable>) -> Checked<Step> {
        let span = table.span();
        let StepTable { at, via, create, update, remove, import, copy, message, fault, wait, expect } =
            table.into_inner();
        let one_of =
            "a step has one of `create`, `update`, `remove`, `import`, `copy`, `message`, `fault`, `wait` and `expect`";
        let wrong = |message: &str| self.source.error(Some(span.clone()), message);
        let changes = [create.is_some(), update.is_some(), remove.is_some(), import.is_some(), copy.is_some()];
        let others = [message.is_some(), fault.is_some(), wait.is_some(), expect.is_some()];
        if changes.iter().chain(&others).filter(|given| **given).count() != 1 {
            return Err(wrong(one_of));
        }
        let action = if let Some(wait) = wait {
            self.no_entrance(via.as_ref(), "wait")?;
            Action::Wait(wait.0)
        } else if let Some(expect) = expect {
            self.no_entrance(via.as_ref(), "expect")?;
            Action::Expect(expect)
        } else if let Some(fault) = fault {
            self.no_entrance(via.as_ref(), "fault")?;
            self.fault(&fault)?
        } else {
            let via = via.ok_or_else(|| wrong("`via` is missing: the entrance, such as `rest` or `publisher`"))?;
            let trigger: Trigger = via
                .get_ref()
                .parse()
                .map_err(|_| self.error(&via, format!("unknown entrance `{}`, {ENTRANCES}", via.get_ref())))?;
            match (message, import, copy) {
                (Some(message), ..) => Action::Message(self.message(trigger, &via, message)?),
                (_, Some(table), _) if trigger == Trigger::Import => self.import(table)?,
                (_, _, Some(table)) if trigger == Trigger::Copy => self.copy(table)?,
                (_, Some(_), _) => return Err(self.error(&via, "an `import` comes in through `import`")),
                (_, _, Some(_)) => return Err(self.error(&via, "a `copy` comes in through `copy`")),
                (None, None, None) => {
                    let through = self.via(trigger, &via)?;
                    let what = if let Some(table) = create {
                        self.create(table, &span)?
                    } else if let Some(table) = update {
                        let (target, layout) = self.target(table.profile, table.subprofile, &span)?;
                        self.check_values(&table.fields, table.interests.as_deref(), layout)?;
                        What::Update { target, values: carried(&table.fields, table.interests) }
                    } else if let Some(table) = remove {
                        What::Remove { target: self.target(table.profile, table.subprofile, &span)?.0 }
                    } else {
                        return Err(wrong(one_of));
                    };
                    let change = Change { via: through, what };
                    if change.via == Via::Soap && change.has_interests() {
                        return Err(
                            self.error(&via, "interests do not come in through `soap`, use `rest` or `publisher`")
                        );
                    }
                    Action::Change(change)
                }
            }
        };
        Ok(Step { line: self.source.line(span.start), at: at.map(|time| time.0), action })
    }

    fn fault(&self, fault: &Spanned<Value>) -> Checked<Action> {
        if fault.get_ref() == "none" {
            return Ok(Action::NoFault);
        }
        let draft: Result<FaultDraft, _> = serde_json::from_value(fault.get_ref().clone());
        draft.map_err(|error| self.error(fault, error.to_string()))?;
        Ok(Action::Fault(fault.get_ref().clone()))
    }

    fn no_entrance(&self, via: Option<&Spanned<String>>, what: &str) -> Checked<()> {
        via.map_or(Ok(()), |via| Err(self.error(via, format!("`{what}` does not come in through an entrance"))))
    }

    fn via(&self, trigger: Trigger, at: &Spanned<String>) -> Checked<Via> {
        match trigger {
            Trigger::Publisher => Ok(Via::Publisher),
            Trigger::Rest => Ok(Via::Rest),
            Trigger::Soap => Ok(Via::Soap),
            Trigger::Import | Trigger::Copy => {
                Err(self.error(at, format!("through `{trigger}` comes `{trigger}`, and nothing else")))
            }
            Trigger::Click | Trigger::Open | Trigger::Failure | Trigger::Bounce => {
                Err(self.error(at, format!("through `{trigger}` comes a `message`, and nothing else")))
            }
        }
    }

    fn message(&self, trigger: Trigger, via: &Spanned<String>, table: MessageTable) -> Checked<Message> {
        let occasion = Occasion::from_name(trigger.name());
        let expected = "a `message` comes in through `click`, `open`, `failure` or `bounce`";
        let occasion = occasion.ok_or_else(|| self.error(via, expected))?;
        let MessageTable { to, script, code, description } = table;
        self.layout_of(&to, Kind::Profile)?;
        if matches!(occasion, Occasion::Click | Occasion::Open) {
            if let Some(report) = code.as_ref().or(description.as_ref()) {
                return Err(self.error(report, format!("a message that is followed (`{trigger}`) has no such thing")));
            }
        } else if let Some(script) = &script {
            let instead = "a report runs the handler of the database: write the script there";
            return Err(self.error(script, instead));
        }
        if let Some(script) = &script {
            self.check_script(script)?;
        }
        let text = |text: Option<Spanned<String>>| text.map(Spanned::into_inner);
        Ok(Message {
            occasion,
            to: to.into_inner(),
            script: text(script),
            code: text(code),
            description: text(description),
        })
    }

    fn create(&mut self, table: CreateTable, span: &std::ops::Range<usize>) -> Checked<What> {
        let CreateTable { database, profile, collection, fields, interests, known_as, invented } = table;
        match (database, profile, collection) {
            (Some(database), None, None) => {
                let index = self.database_named(&database)?;
                if let Some(count) = invented {
                    return self.create_invented(
                        index,
                        &count,
                        fields.0.is_empty() && interests.is_none() && known_as.is_none(),
                    );
                }
                self.check_values(&fields, interests.as_deref(), Some(self.layouts[index].layout()))?;
                // It has its number once it is created.
                self.know(known_as.as_ref(), EntityRef::profile(0), (index, None))?;
                let known_as = known_as.map(Spanned::into_inner);
                Ok(What::CreateProfile {
                    database: database.into_inner(),
                    values: carried(&fields, interests),
                    known_as,
                })
            }
            (None, Some(profile), Some(collection)) => {
                if let Some(count) = invented {
                    return Err(self.error(&count, "only profiles can be invented"));
                }
                let home = self.home_of(&profile, Kind::Profile)?;
                let layout = match home {
                    Some((database, _)) => {
                        let index = self.collection_of(database, &collection)?;
                        self.know(known_as.as_ref(), EntityRef::subprofile(0), (database, Some(index)))?;
                        Some(self.layouts[database].collections[index].layout())
                    }
                    None => match &known_as {
                        Some(name) => {
                            let expected =
                                "a name needs a profile that has one, too: this one is known by its number only";
                            return Err(self.error(name, expected));
                        }
                        None => None,
                    },
                };
                self.check_values(&fields, interests.as_deref(), layout)?;
                let (collection, known_as) = (collection.into_inner(), known_as.map(Spanned::into_inner));
                let values = carried(&fields, interests);
                Ok(What::CreateSubprofile { profile: profile.into_inner(), collection, values, known_as })
            }
            _ => {
                let expected = "`create` has a `database`, or a `profile` and a `collection`";
                Err(self.source.error(Some(span.clone()), expected))
            }
        }
    }

    fn create_invented(&self, database: usize, count: &Spanned<u32>, alone: bool) -> Checked<What> {
        if !alone {
            return Err(self.error(count, "what is invented has no other values and no name"));
        }
        if *count.get_ref() > MAX_INVENTED {
            return Err(self.error(count, format!("one step can create up to {MAX_INVENTED}")));
        }
        let database = &self.layouts[database];
        let profiles = self.invented(database, *count.get_ref())?;
        Ok(What::CreateInvented { database: database.name.clone(), profiles: Box::new(profiles) })
    }

    /// Others than those that are there from the start.
    fn invented(&self, database: &Database, count: u32) -> Checked<impl Iterator<Item = EntityInput> + Send + use<>> {
        let first = u32::try_from(self.next.0).unwrap_or_default();
        Ok(self.inventor(database)?.profiles(first..first.saturating_add(count)))
    }

    fn target(
        &self,
        profile: Option<Spanned<Reference>>,
        subprofile: Option<Spanned<Reference>>,
        span: &std::ops::Range<usize>,
    ) -> Checked<(Target, Option<Layout<'_>>)> {
        let (kind, reference) = match (profile, subprofile) {
            (Some(profile), None) => (Kind::Profile, profile),
            (None, Some(subprofile)) => (Kind::Subprofile, subprofile),
            _ => return Err(self.source.error(Some(span.clone()), "expected either a `profile` or a `subprofile`")),
        };
        let layout = self.layout_of(&reference, kind)?;
        Ok((Target { kind, reference: reference.into_inner() }, layout))
    }

    /// Where something is that was given a name; of a number nothing is known.
    fn home_of(&self, reference: &Spanned<Reference>, kind: Kind) -> Checked<Option<(usize, Option<usize>)>> {
        let Reference::Name(name) = reference.get_ref() else { return Ok(None) };
        let home = self.homes.get(name).filter(|home| home.1.is_some() == (kind == Kind::Subprofile));
        match home {
            Some(home) => Ok(Some(*home)),
            None => {
                let message = format!("no {} was given the name `{name}` before this, with `as`", kind.name());
                Err(self.error(reference, message))
            }
        }
    }

    fn layout_of(&self, reference: &Spanned<Reference>, kind: Kind) -> Checked<Option<Layout<'_>>> {
        Ok(self.home_of(reference, kind)?.map(|(database, collection)| match collection {
            None => self.layouts[database].layout(),
            Some(collection) => self.layouts[database].collections[collection].layout(),
        }))
    }

    fn check_values(
        &self,
        fields: &values::Values,
        interests: Option<&[Spanned<String>]>,
        layout: Option<Layout<'_>>,
    ) -> Checked<()> {
        let Some(layout) = layout else { return Ok(()) };
        self.check_fields(fields, layout)?;
        self.check_interests(interests.unwrap_or_default(), layout)
    }
}

const ENTRANCES: &str = "expected `rest`, `soap` or `publisher`, for a `message` one of `click`, `open`, `failure` and `bounce`, or `import` or `copy`";

impl Change {
    fn has_interests(&self) -> bool {
        match &self.what {
            What::CreateProfile { values, .. }
            | What::CreateSubprofile { values, .. }
            | What::Update { values, .. } => values.interests.is_some(),
            What::CreateInvented { .. } | What::Remove { .. } => false,
        }
    }
}

fn input(fields: &values::Values, interests: Option<&[Spanned<String>]>) -> EntityInput {
    let names = |names: &[Spanned<String>]| names.iter().map(|name| name.get_ref().clone()).collect();
    EntityInput {
        fields: fields.map(),
        interests: interests.map(|list| InterestsInput::Exactly(names(list))),
        secret: None,
    }
}

fn carried(fields: &values::Values, interests: Option<Vec<Spanned<String>>>) -> Values {
    let interests = interests.map(|names| names.into_iter().map(Spanned::into_inner).collect());
    Values { fields: fields.map(), interests }
}

/// What could stand here instead.
fn expected<'a>(names: impl Iterator<Item = &'a String>) -> String {
    let names: Vec<String> = names.map(|name| format!("`{name}`")).collect();
    if names.is_empty() { "there are none".to_owned() } else { format!("expected one of {}", names.join(", ")) }
}
