use std::collections::HashMap;

/// SQL's `LIKE`: `%` for any text, `_` for any character, case aside.
///
/// All ways to match are followed at once, a bit for each ("shift-and"): a text takes time in proportion to its length, with the
/// pattern's 64 characters at a time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pattern {
    /// How many characters it asks for.
    length: usize,
    /// Bit n: behind n characters there may be any text.
    gaps: Vec<u64>,
    /// Of a character that is in the pattern, bit n: it may follow n characters.
    places: HashMap<char, Vec<u64>>,
    /// The same of all other characters.
    elsewhere: Vec<u64>,
}

const BITS: usize = u64::BITS as usize;

impl Pattern {
    /// How many characters it can have.
    const MOST: usize = 1000;

    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let characters = text.chars().count();
        if characters > Self::MOST {
            return Err(format!("a pattern of {characters} characters is too long, at most {}", Self::MOST));
        }
        let text = text.to_lowercase();
        let none = vec![0; text.chars().count() / BITS + 1];
        let mut pattern = Self { length: 0, gaps: none.clone(), places: HashMap::new(), elsewhere: none.clone() };
        for c in text.chars() {
            let bits = match c {
                '%' => &mut pattern.gaps,
                '_' => &mut pattern.elsewhere,
                c => pattern.places.entry(c).or_insert_with(|| none.clone()),
            };
            bits[pattern.length / BITS] |= 1 << (pattern.length % BITS);
            pattern.length += usize::from(c != '%');
        }
        for (word, anywhere) in pattern.places.values_mut().flat_map(|bits| bits.iter_mut().zip(&pattern.elsewhere)) {
            *word |= anywhere;
        }
        Ok(pattern)
    }

    pub(super) fn matches(&self, text: &str) -> bool {
        // Bit n: the text so far is like the first n characters.
        let mut reached = vec![0; self.gaps.len()];
        reached[0] = 1;
        for c in text.to_lowercase().chars() {
            let places = self.places.get(&c).unwrap_or(&self.elsewhere);
            let mut carry = 0;
            for ((word, places), gaps) in reached.iter_mut().zip(places).zip(&self.gaps) {
                let further = *word & places;
                *word = further << 1 | carry | *word & gaps;
                carry = further >> (BITS - 1);
            }
        }
        reached[self.length / BITS] >> (self.length % BITS) & 1 == 1
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use proptest::prelude::*;

    use super::*;

    fn is_like(text: &str, pattern: &str) -> bool {
        Pattern::parse(pattern).unwrap().matches(text)
    }

    /// The definition, as it stands in a textbook.
    fn is_like_by_definition(text: &[char], pattern: &[char]) -> bool {
        match (pattern, text) {
            ([], []) => true,
            (['%', rest @ ..], _) => (0..=text.len()).any(|taken| is_like_by_definition(&text[taken..], rest)),
            ([p, pattern @ ..], [c, text @ ..]) => (*p == '_' || p == c) && is_like_by_definition(text, pattern),
            _ => false,
        }
    }

    proptest! {
        #[test]
        fn a_text_is_like_a_pattern_by_definition(text in "[abÉ%]{0,8}", pattern in "[abé%_]{0,8}", ahead in 0..130_usize) {
            let chars = |text: &str| text.to_lowercase().chars().collect::<Vec<_>>();
            let expected = is_like_by_definition(&chars(&text), &chars(&pattern));
            // Wherever in the bits it stands.
            let ahead = "x".repeat(ahead);
            prop_assert_eq!(is_like(&format!("{ahead}{text}"), &format!("{ahead}{pattern}")), expected);
        }
    }

    #[test]
    fn a_pattern_is_not_longer_than_can_be_matched_fast() {
        Pattern::parse(&"é".repeat(Pattern::MOST)).unwrap();
        let error = Pattern::parse(&"a".repeat(Pattern::MOST + 1)).unwrap_err();
        assert_eq!(error, "a pattern of 1001 characters is too long, at most 1000");
    }

    /// Character by character it took time in proportion to both lengths multiplied.
    #[test]
    fn a_long_text_takes_no_longer_with_a_long_pattern_that_nearly_fits_everywhere() {
        let text = "a".repeat(400_000);
        let begun = Instant::now();
        assert!(!is_like(&text, &format!("%{}b", "a".repeat(Pattern::MOST - 2))));
        assert!(!is_like(&text, &format!("%{}_b", "a_".repeat(Pattern::MOST / 2 - 2))));
        assert!(is_like(&text, &format!("{}%", "%a".repeat(Pattern::MOST / 2 - 1))));
        let elapsed = begun.elapsed();
        assert!(elapsed < Duration::from_secs(10), "{elapsed:?}");
    }
}
