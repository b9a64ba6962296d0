//! Step 11: the body.

use crate::rejection::Rejection;
use crate::verified::{AuthenticHead, BodyVerifier, Verified};
use crate::wire::DigestAlgorithm;

impl AuthenticHead {
    /// Checks a body that is all there.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/doc/genuine.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use callback_verifier::Rejection;
    /// # let (verifier, head, now) = (verifier(), head(), now());
    /// let authentic = verifier.verify_head(&head, now).await?;
    /// let refused = authentic.verify_body(b"{}").err();       // `Content-Length: 78`
    /// assert_eq!(refused, Some(Rejection::ContentLengthMismatch { declared: 78, got: 2 }));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Rejection::BodyTooLarge`], [`Rejection::ContentLengthMismatch`] or [`Rejection::DigestMismatch`].
    pub fn verify_body<B: AsRef<[u8]>>(self, body: B) -> Result<Verified<B>, Rejection> {
        let bytes = body.as_ref();
        self.admits(bytes.len() as u64)?;
        self.is_complete(bytes.len() as u64)?;
        self.digests.check(bytes).map_err(mismatch)?;
        Ok(Verified { head: self, body })
    }

    /// Begins to check a body that comes in parts.
    ///
    /// See the example of [`BodyVerifier`].
    pub fn body(self) -> BodyVerifier {
        BodyVerifier { hasher: self.digests.hasher(), seen: 0, head: self }
    }

    fn admits(&self, length: u64) -> Result<(), Rejection> {
        if length > self.max_body {
            return Err(Rejection::BodyTooLarge { limit: self.max_body });
        }
        match self.content_length {
            Some(declared) if length > declared => Err(Rejection::ContentLengthMismatch { declared, got: length }),
            _ => Ok(()),
        }
    }

    fn is_complete(&self, length: u64) -> Result<(), Rejection> {
        match self.content_length {
            Some(declared) if length != declared => Err(Rejection::ContentLengthMismatch { declared, got: length }),
            _ => Ok(()),
        }
    }
}

impl BodyVerifier {
    /// The next part of the body.
    ///
    /// # Errors
    /// [`Rejection::BodyTooLarge`] or [`Rejection::ContentLengthMismatch`], as soon as the body is too long.
    pub fn update(&mut self, chunk: &[u8]) -> Result<(), Rejection> {
        self.seen = self.seen.saturating_add(chunk.len() as u64);
        self.head.admits(self.seen)?;
        self.hasher.update(chunk);
        Ok(())
    }

    /// The end of the body.
    ///
    /// # Errors
    /// [`Rejection::BodyTooLarge`], [`Rejection::ContentLengthMismatch`] or [`Rejection::DigestMismatch`].
    pub fn finish(self) -> Result<Verified<()>, Rejection> {
        self.head.admits(self.seen)?;
        self.head.is_complete(self.seen)?;
        self.hasher.finish().map_err(mismatch)?;
        Ok(Verified { head: self.head, body: () })
    }
}

fn mismatch(algorithm: DigestAlgorithm) -> Rejection {
    Rejection::DigestMismatch { algorithm }
}
