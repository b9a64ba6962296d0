use rusqlite::Connection;
use sha2::{Digest, Sha256};

use super::error::StoreError;
use super::{CallbackDraft, Handler, Store, callbacks, databases, entities, handlers, migrate, terms};
use crate::callback::Scope;
use crate::clock::Millis;
use crate::emit::TargetUrl;
use crate::platform::{Database, Entity, EntityInput, EntityRef, Home, Kind};
use crate::terms::OwnTerms;

/// What a fresh store is filled with before anybody can look at it. Nothing is told of it: it is not a change.
pub(crate) struct Contents {
    /// Instead of the sample database, unless there are none.
    pub(crate) databases: Vec<DatabaseContents>,
    pub(crate) callbacks: Vec<CallbackContents>,
    /// What the secrets of profiles and subprofiles are made from.
    pub(crate) seed: u64,
}

pub(crate) struct DatabaseContents {
    pub(crate) database: Database,
    /// Made one by one, since there may be a million of them.
    pub(crate) profiles: Box<dyn Iterator<Item = ProfileContents> + Send>,
    pub(crate) handlers: Vec<Handler>,
}

pub(crate) struct ProfileContents {
    pub(crate) input: EntityInput,
    /// Names of collections, and a subprofile for each.
    pub(crate) subprofiles: Vec<(String, EntityInput)>,
}

pub(crate) struct CallbackContents {
    pub(crate) database: String,
    /// The name of a collection, if it watches one.
    pub(crate) collection: Option<String>,
    pub(crate) url: TargetUrl,
    pub(crate) draft: CallbackDraft,
    pub(crate) terms: OwnTerms,
}

impl Store {
    /// Fills a fresh store, or leaves it as it was. A reset brings these contents back.
    pub(crate) async fn fill(&self, contents: Contents) -> Result<(), StoreError> {
        let now = self.clock().now();
        self.write(move |transaction| {
            if !is_fresh(transaction)? {
                return Err(StoreError::NotFresh);
            }
            if !contents.databases.is_empty() {
                remove_sample(transaction)?;
            }
            for database in contents.databases {
                fill_database(transaction, database, contents.seed, now)?;
            }
            for callback in contents.callbacks {
                let CallbackContents { database, collection, url, draft, terms } = callback;
                let database = databases::named(transaction, &database)?;
                let scope = match collection {
                    None => Scope::Database(database.id),
                    Some(name) => match database.collection(&name) {
                        Some(collection) => Scope::Collection(collection.id),
                        None => return Err(StoreError::NoCollection(name)),
                    },
                };
                let id = callbacks::insert(transaction, &callbacks::from_draft(scope, url, draft))?;
                terms::put(transaction, id, &terms)?;
            }
            Ok(())
        })
        .await?;
        self.keep_start().await
    }
}

/// Whether the store is as a new one is, so that nobody can have written anything or have seen a number that is given again:
/// whatever has ever been in a table has left its number in `sqlite_sequence`, which is compared as every table is.
fn is_fresh(connection: &Connection) -> Result<bool, StoreError> {
    let mut new = Connection::open_in_memory()?;
    migrate::migrate(&mut new)?;
    let mut tables = new.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'")?;
    let tables: Vec<String> = tables.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
    for table in tables {
        if !is_same(&table, connection, &new)? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Whether a table has the same rows here as there, but for the time at which they were made.
fn is_same(table: &str, here: &Connection, there: &Connection) -> Result<bool, StoreError> {
    let sql = format!("SELECT * FROM \"{table}\" ORDER BY 1");
    let (mut here, mut there) = (here.prepare(&sql)?, there.prepare(&sql)?);
    let timeless: Vec<usize> =
        there.column_names().enumerate().filter(|(_, name)| *name != "created").map(|(at, _)| at).collect();
    let (mut here, mut there) = (here.query([])?, there.query([])?);
    loop {
        match (here.next()?, there.next()?) {
            (None, None) => return Ok(true),
            (Some(here), Some(there)) => {
                for &column in &timeless {
                    if here.get_ref(column)? != there.get_ref(column)? {
                        return Ok(false);
                    }
                }
            }
            _ => return Ok(false),
        }
    }
}

/// Removes the sample database. The next one gets its number.
fn remove_sample(connection: &Connection) -> Result<(), StoreError> {
    let tables = ["fields", "interests", "collections", "databases"];
    for table in tables {
        connection.execute(&format!("DELETE FROM {table}"), [])?;
    }
    connection.execute("DELETE FROM sqlite_sequence", [])?;
    Ok(())
}

fn fill_database(
    connection: &Connection,
    contents: DatabaseContents,
    seed: u64,
    now: Millis,
) -> Result<(), StoreError> {
    let id = databases::insert(connection, &Database { created: now, ..contents.database })?;
    let database = databases::find(connection, id)?;
    for handler in contents.handlers {
        handlers::put(connection, id, handler)?;
    }
    let put = |home: Home, input: &EntityInput| {
        let layout = database.layout_of(home);
        let number = entities::next_id(connection, home.kind())?;
        let secret = secret(seed, EntityRef { kind: home.kind(), id: number });
        entities::put(connection, &Entity::create(home, layout, number, secret, input, now), layout.fields)?;
        Ok::<_, StoreError>(number)
    };
    for ProfileContents { input, subprofiles } in contents.profiles {
        let profile = put(Home::Database(id), &input)?;
        for (name, input) in subprofiles {
            let collection = database.collection(&name).ok_or(StoreError::NoCollection(name))?.id;
            put(Home::Collection { collection, profile, database: id }, &input)?;
        }
    }
    Ok(())
}

/// 28 hexadecimal digits that the same seed makes again.
fn secret(seed: u64, entity: EntityRef) -> String {
    let kind = match entity.kind {
        Kind::Profile => "profile",
        Kind::Subprofile => "subprofile",
    };
    let digest = Sha256::digest(format!("{seed} {kind} {}", entity.id));
    digest.iter().take(14).map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use std::pin::Pin;

    use super::super::{DatabaseDraft, LinkDraft, Owner};
    use super::*;
    use crate::platform::{
        Command, EntityRef, Field, FieldKind, ImportAction, Interest, Occasion, Switches, Trigger, Unsubscribe,
    };

    fn contents() -> Contents {
        let database = Database { name: "shop".to_owned(), ..Database::sample() };
        let profiles = Box::new(std::iter::empty());
        let databases = vec![DatabaseContents { database, profiles, handlers: Vec::new() }];
        Contents { databases, callbacks: Vec::new(), seed: 1 }
    }

    fn create() -> Command {
        Command::CreateProfile { database: 1, input: EntityInput::default() }
    }

    type Write<'a> = &'a dyn Fn(&Store) -> Written<'_>;
    type Written<'a> = Pin<Box<dyn Future<Output = Result<(), StoreError>> + 'a>>;

    #[tokio::test]
    async fn a_store_is_fresh_until_something_is_written() {
        let writes: [(&str, Write<'_>); 14] = [
            ("nothing", &|_| Box::pin(async { Ok(()) })),
            ("a profile that is gone", &|store| {
                Box::pin(async {
                    store.apply(create(), Trigger::Rest, 1).await?;
                    let gone = Command::Remove { entity: EntityRef::profile(1), completely: true };
                    store.apply(gone, Trigger::Rest, 1).await.map(drop)
                })
            }),
            ("a callback that is gone", &|store| {
                Box::pin(async {
                    let id = store
                        .create_callback(
                            Scope::Database(1),
                            TargetUrl::parse("http://127.0.0.1:9/").unwrap(),
                            CallbackDraft::default(),
                        )
                        .await?;
                    store.remove_callback(id).await
                })
            }),
            ("a link that is gone", &|store| {
                Box::pin(async {
                    let entity = EntityRef::profile(1);
                    store.apply(create(), Trigger::Rest, 1).await?;
                    let (occasion, about) = (Occasion::Click, serde_json::Map::new());
                    let link = LinkDraft { occasion, entity, url: None, script: None, about };
                    let link = store.create_link(link, 1).await?;
                    store.remove_link(link.id).await
                })
            }),
            ("a handler", &|store| {
                let handler = Handler { occasion: Occasion::Click, script: Some("1".to_owned()) };
                Box::pin(store.set_handler(1, handler))
            }),
            ("an import", &|store| {
                Box::pin(async { store.create_import(1, String::new(), ImportAction::Add).await.map(drop) })
            }),
            ("a second database", &|store| {
                Box::pin(async { store.create_database(Database::new("second")).await.map(drop) })
            }),
            ("a field that is gone", &|store| {
                Box::pin(async {
                    let owner = Owner::Database(1);
                    let id = store.create_field(owner, Field::new("shoe", FieldKind::Text)).await?;
                    store.remove_field(owner, id).await
                })
            }),
            ("a field of another type", &|store| {
                Box::pin(async {
                    let (owner, field) = store.field(5).await?;
                    store.update_field(owner, Field { kind: FieldKind::Float, ..field }).await
                })
            }),
            ("an interest that is gone", &|store| {
                Box::pin(async {
                    let id = store
                        .create_interest(1, Interest { id: 0, name: "chess".to_owned(), group: String::new() })
                        .await?;
                    store.remove_interest(id).await
                })
            }),
            ("another group", &|store| Box::pin(store.update_interest(1, None, Some("sports".to_owned())))),
            ("a description", &|store| {
                let draft = DatabaseDraft { description: Some("ours".to_owned()), ..DatabaseDraft::default() };
                Box::pin(store.update_database(1, draft))
            }),
            ("what happens to those who unsubscribe", &|store| {
                let draft = DatabaseDraft { unsubscribe: Some(Unsubscribe::Remove), ..DatabaseDraft::default() };
                Box::pin(store.update_database(1, draft))
            }),
            ("contents", &|store| Box::pin(store.fill(contents()))),
        ];
        for (what, write) in writes {
            let store = Store::in_memory(Switches::default()).unwrap();
            write(&store).await.unwrap();
            let filled = store.fill(contents()).await;
            assert_eq!(filled.is_ok(), what == "nothing", "{what}: {filled:?}");
            assert!(filled.is_ok() || matches!(filled, Err(StoreError::NotFresh)), "{what}: {filled:?}");
        }
    }

    #[tokio::test]
    async fn a_store_that_was_opened_before_is_still_fresh() {
        let folder = tempfile::tempdir().unwrap();
        drop(Store::open(folder.path(), Switches::default()).unwrap());
        Store::open(folder.path(), Switches::default()).unwrap().fill(contents()).await.unwrap();
    }
}
