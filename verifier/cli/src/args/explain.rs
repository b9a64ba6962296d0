use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::ReceiverArgs;

#[derive(Debug, Args)]
pub(crate) struct ExplainArgs {
    /// The saved request, in one of the formats below; `-` is standard input
    #[arg(value_name = "FILE", default_value = "-", hide_default_value = true)]
    pub(crate) request: PathBuf,

    #[command(flatten)]
    pub(crate) receiver: ReceiverArgs,

    /// What the request is saved in
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t = FormatArg::Auto)]
    pub(crate) format: FormatArg,

    /// Which request, counted from 1, of a HAR file or of curl's output that holds several
    #[arg(long, value_name = "N")]
    pub(crate) entry: Option<usize>,

    /// The body, if the saved request does not hold it or not as it was sent
    #[arg(long, value_name = "FILE")]
    pub(crate) body: Option<PathBuf>,

    /// A request target or URL that the sender may have called (repeatable)
    #[arg(long = "target", value_name = "TARGET")]
    pub(crate) targets: Vec<String>,

    /// A path prefix that a proxy may have removed, such as `/internal` (repeatable)
    #[arg(long = "prefix", value_name = "PREFIX")]
    pub(crate) prefixes: Vec<String>,

    /// Print one JSON object
    #[arg(long)]
    pub(crate) json: bool,

    /// Print the JSON schema of that object
    #[arg(long, exclusive = true)]
    pub(crate) schema: bool,
}

/// What a request may be saved in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum FormatArg {
    /// Find out
    Auto,
    /// A raw HTTP/1.1 request
    Http,
    /// A HAR 1.2 file of a browser or a proxy
    Har,
    /// What `curl -v`, `curl --trace` or `curl --trace-ascii` prints
    Curl,
    /// A delivery of the mock publisher's log
    Delivery,
}

pub(super) const HELP: &str = "\
Examples:
  A saved request, judged by the time at which it came in:
    callback-verifier explain request.http --account 1234 \\
        --host hooks.example.com --now 'Mon, 23 Nov 2026 08:15:00 GMT'

  The third request of a recording; the proxy cuts `/internal` off:
    callback-verifier explain recording.har --entry 3 --account 1234 \\
        --host hooks.example.com --prefix /internal

  What curl sent, with the body that it sent:
    curl -v ... 2> sent.txt; callback-verifier explain sent.txt \\
        --body body.json --account 1234 --host hooks.example.com

Input (`--format`), at most 64 MiB:
  http      one raw HTTP/1.1 request, head and body, as `verify` reads it, byte
            for byte
  har       HAR 1.2, exported by a browser or a proxy. It holds the body as
            text, so that bytes which are no UTF-8 are lost, and perhaps other
            line ends
  curl      the output of `curl -v`, which has no body: give it with `--body`;
            or of `curl --trace`, which has all bytes, or of
            `curl --trace-ascii`, which has dots where a byte is not printable
  delivery  a delivery of the mock publisher's log, byte for byte:
            what `GET /mock/v1/deliveries/N` answers

  Of several requests the only one with a `Signature` header is taken;
  otherwise choose with `--entry`.

Output:
  The verdict; each step of the checklist and what it found; the signing string
  that this receiver builds, with its line ends visible; and, if the request is
  refused, each change that would have made it pass. All of them were tried on
  the request as a whole. Nothing is ever accepted by this command.
  Without `--key` the name server is also asked for the keys of the month
  before and the month behind if the request's own key did not make the
  signature.

JSON (`--json`): one object, described by the schema that `--schema` prints

Exit status:
  0  verified
  1  refused
  2  wrong usage, or input that is not one request
  3  temporary: the key could not be looked up, try again";
