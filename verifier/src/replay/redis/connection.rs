use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, Client, ErrorKind, RedisError, RedisResult, ScriptInvocation, ServerErrorKind};
use tokio::runtime::Handle;
use tokio::time::timeout;

use crate::replay::ReplayError;
use crate::wire::Excerpt;

/// One connection for all claims, opened when it is first needed and anew when it has failed.
pub(super) struct Connection {
    client: Client,
    open: Mutex<Open>,
    /// Held by the one who opens a connection, so that the others wait for his.
    opening: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct Open {
    connection: Option<MultiplexedConnection>,
    /// Tells a connection from the one that replaced it.
    number: u64,
}

impl Connection {
    pub(super) fn new(client: Client) -> Self {
        Self { client, open: Mutex::default(), opening: tokio::sync::Mutex::default() }
    }

    /// Where the server is, without credentials.
    pub(super) fn address(&self) -> String {
        self.client.get_connection_info().addr().to_string()
    }

    /// Runs a script that may be run twice, and says what it answers.
    ///
    /// A connection that was at hand may have died since it was last used, so a second attempt is made with a new one.
    pub(super) async fn run(&self, script: &ScriptInvocation<'_>, limit: Duration) -> Result<String, ReplayError> {
        if Handle::try_current().is_err() {
            return Err(ReplayError::Unavailable("Redis can be asked inside a tokio runtime only".to_owned()));
        }
        let mut used = None;
        let attempts = async {
            if let Some((mut connection, number)) = self.at_hand() {
                used = Some(number);
                match script.invoke_async(&mut connection).await {
                    Err(error) if is_broken(&error) => self.forget(number),
                    answered => return answered,
                }
            }
            let (mut connection, number) = self.at_hand_or_new().await?;
            used = Some(number);
            let answer = script.invoke_async(&mut connection).await;
            if answer.as_ref().is_err_and(is_broken) {
                self.forget(number);
            }
            answer
        };
        match timeout(limit, attempts).await {
            Ok(answer) => answer.map_err(|error| unavailable(&error)),
            Err(_) => {
                // Nothing tells a server that hangs from a connection whose other end is gone.
                if let Some(number) = used {
                    self.forget(number);
                }
                Err(ReplayError::Unavailable(format!("Redis did not answer within {} ms", limit.as_millis())))
            }
        }
    }

    fn at_hand(&self) -> Option<(MultiplexedConnection, u64)> {
        let open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.connection.clone().map(|connection| (connection, open.number))
    }

    async fn at_hand_or_new(&self) -> RedisResult<(MultiplexedConnection, u64)> {
        let _opening = self.opening.lock().await;
        if let Some(opened_meanwhile) = self.at_hand() {
            return Ok(opened_meanwhile);
        }
        // The limit of the whole operation holds for its parts.
        let config = AsyncConnectionConfig::new().set_connection_timeout(None).set_response_timeout(None);
        let connection = self.client.get_multiplexed_async_connection_with_config(&config).await?;
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.number += 1;
        open.connection = Some(connection.clone());
        Ok((connection, open.number))
    }

    fn forget(&self, number: u64) {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if open.number == number {
            open.connection = None;
        }
    }
}

/// Whether another connection may do better: this one failed, or leads to a server that is no primary any more.
fn is_broken(error: &RedisError) -> bool {
    match error.kind() {
        ErrorKind::Server(ServerErrorKind::ReadOnly | ServerErrorKind::MasterDown) => true,
        ErrorKind::Server(_) | ErrorKind::Extension => false,
        _ => true,
    }
}

fn unavailable(error: &RedisError) -> ReplayError {
    let text = error.to_string();
    let what = if text.contains("OOM") { "Redis is out of memory" } else { "Redis failed" };
    ReplayError::Unavailable(format!("{what}: {}", Excerpt::from(text.as_str())))
}
