use std::path::PathBuf;

use clap::Args;

use super::ReceiverArgs;

#[derive(Debug, Args)]
pub(crate) struct VerifyArgs {
    /// The request, head and body, byte for byte as it came in; `-` is standard input
    #[arg(value_name = "FILE", default_value = "-", hide_default_value = true)]
    pub(crate) request: PathBuf,

    #[command(flatten)]
    pub(crate) receiver: ReceiverArgs,

    /// Print one JSON object
    #[arg(long)]
    pub(crate) json: bool,
}

pub(super) const HELP: &str = "\
Examples:
  A saved request, judged by the time at which it came in:
    callback-verifier verify request.http --account 1234 \\
        --host hooks.example.com --now 'Mon, 23 Nov 2026 08:15:00 GMT'

  From a pipe, with the key from one name server:
    cat request.http | callback-verifier verify --account 1234 \\
        --host hooks.example.com --nameserver 127.0.0.1:7053

  Without a network:
    callback-verifier verify request.http --account 1234 \\
        --host hooks.example.com --key publisher.pem

Input:
  One HTTP/1.1 request of at most 64 MiB, each line of its head ended by CRLF.
  The body is as long as `Content-Length` says, or is decoded if
  `Transfer-Encoding` is `chunked`; without either there is none, as HTTP has it.
  What two servers could read in two ways gets no verdict (exit status 2).

JSON (`--json`): one object; what is not known is null
  verdict     \"verified\", \"refused\" or \"temporary\"
  code, step  the reason in snake case, and the step of the checklist (1 to 12)
  reason      the reason in words
  hint        what to look at
  account     \"account_1234\"
  key         the name of the key that signed
  key_bits    its size
  date        when the sender says that it signed
  covered     what is signed: names in lower case, with their values
  body_bytes  the length of the body

Exit status:
  0  verified
  1  refused
  2  wrong usage, or input that is not one HTTP/1.1 request
  3  temporary: the key could not be looked up, try again";
