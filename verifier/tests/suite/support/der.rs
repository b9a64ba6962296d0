//! Just enough DER to write public keys, good and bad.

/// A value: tag, length and contents.
pub(crate) fn value(tag: u8, contents: &[&[u8]]) -> Vec<u8> {
    let contents = contents.concat();
    let mut out = vec![tag];
    match u16::try_from(contents.len()).unwrap() {
        length @ 0..0x80 => out.push(length.to_be_bytes()[1]),
        length @ 0x80..0x100 => out.extend([0x81, length.to_be_bytes()[1]]),
        length => {
            out.push(0x82);
            out.extend(length.to_be_bytes());
        }
    }
    out.extend(contents);
    out
}

/// A number that is not negative, from its big-endian bytes.
pub(crate) fn integer(number: &[u8]) -> Vec<u8> {
    let significant = &number[number.iter().take_while(|&&b| b == 0).count()..];
    let sign: &[u8] = if significant.first().is_none_or(|b| b & 0x80 != 0) { &[0] } else { &[] };
    value(0x02, &[sign, significant])
}

/// RSAPublicKey (RFC 8017 appendix A.1.1).
pub(crate) fn rsa_public_key(modulus: &[u8], exponent: &[u8]) -> Vec<u8> {
    value(0x30, &[&integer(modulus), &integer(exponent)])
}

/// `rsaEncryption`, without its tag and length.
pub(crate) const RSA_ENCRYPTION: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];
pub(crate) const NULL: &[u8] = &[0x05, 0x00];

/// SubjectPublicKeyInfo (RFC 5280 section 4.1) of an algorithm with parameters.
pub(crate) fn subject_public_key_info(oid: &[u8], parameters: &[u8], key: &[u8]) -> Vec<u8> {
    let algorithm = value(0x30, &[&value(0x06, &[oid]), parameters]);
    value(0x30, &[&algorithm, &value(0x03, &[&[0], key])])
}

/// An odd number of so many bits, which is no product of two primes that anybody knows.
pub(crate) fn modulus_of(bits: usize) -> Vec<u8> {
    let mut number = vec![0x5a; bits.div_ceil(8)];
    let top = 1 << ((bits - 1) % 8);
    number[0] = top | (number[0] & (top - 1));
    *number.last_mut().unwrap() |= 1;
    number
}
