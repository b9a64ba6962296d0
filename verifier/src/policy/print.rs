//! A policy in words, a line for each thing that it insists on.

use std::fmt;

use super::{EnvironmentIds, Hs2019, MissingComma, Policy, TestingKeys, TransportPolicy, joined};

impl fmt::Display for Policy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { max_age, max_ahead, max_body, transport, keys, .. } = self;
        writeln!(f, "accounts   {}", self.expected_accounts())?;
        writeln!(f, "hosts      {}", self.expected_hosts())?;
        writeln!(f, "date       at most {} s old, at most {} s ahead", max_age.as_secs(), max_ahead.as_secs())?;
        writeln!(f, "body       at most {max_body} bytes")?;
        writeln!(
            f,
            "transport  {}",
            match transport {
                TransportPolicy::Any => "any",
                TransportPolicy::RequireHttps => "HTTPS only",
            }
        )?;
        writeln!(f, "key zones  {}", joined(keys.zones.iter().map(|zone| zone.as_str())))?;
        writeln!(f, "key size   at least {} bits", keys.min_bits)?;
        let loosened = self.loosened();
        write!(f, "opt-ins    {}", if loosened.is_empty() { "none".to_owned() } else { loosened.join(", ") })
    }
}

impl Policy {
    /// What is accepted beyond the strict policy.
    fn loosened(&self) -> Vec<&'static str> {
        let opt_ins = [
            (self.environment_ids == EnvironmentIds::Accept, "environments of the sister product"),
            (self.hs2019 == Hs2019::AcceptAsRsaSha256, "`hs2019` read as RSA with SHA-256"),
            (self.missing_comma == MissingComma::Accept, "a `Signature` header without commas"),
            (self.keys.testing == TestingKeys::Accept, "keys published for testing"),
            (self.keys.min_bits < WEAK_KEY_BITS, "weak keys"),
        ];
        opt_ins.into_iter().filter_map(|(is_on, what)| is_on.then_some(what)).collect()
    }
}

/// The size under which an RSA key is weak, in bits.
const WEAK_KEY_BITS: u32 = 2048;

#[cfg(test)]
mod tests {
    use super::super::ExpectedHost;
    use super::*;
    use crate::key::Zone;

    #[test]
    fn says_what_it_insists_on() {
        let mut policy = Policy::strict(1234);
        policy.accounts.push(99);
        policy.hosts.push(ExpectedHost::parse("Hooks.example.com:8443").unwrap());
        policy.keys.zones.push(Zone::parse("copernica.com").unwrap());
        assert_eq!(
            policy.to_string(),
            "accounts   account_1234 or account_99\n\
             hosts      hooks.example.com:8443\n\
             date       at most 300 s old, at most 60 s ahead\n\
             body       at most 8388608 bytes\n\
             transport  any\n\
             key zones  copernica.com\n\
             key size   at least 2048 bits\n\
             opt-ins    none"
        );
        policy.keys.min_bits = 1024;
        policy.keys.testing = TestingKeys::Accept;
        policy.environment_ids = EnvironmentIds::Accept;
        policy.hs2019 = Hs2019::AcceptAsRsaSha256;
        policy.missing_comma = MissingComma::Accept;
        policy.transport = TransportPolicy::RequireHttps;
        let text = policy.to_string();
        assert!(text.contains("transport  HTTPS only\n") && text.contains("at least 1024 bits\n"), "{text}");
        assert!(text.ends_with(
            "opt-ins    environments of the sister product, `hs2019` read as RSA with SHA-256, a `Signature` header \
             without commas, keys published for testing, weak keys"
        ));
    }
}
