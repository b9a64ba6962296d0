use std::borrow::Cow;

use quick_xml::events::Event;
use quick_xml::reader::Reader;

use super::lexical::{self, Tag, syntax};
use crate::payload::{MAX_DEPTH, PayloadError};

/// A document, an element at a time. Comments are not seen.
pub(super) struct Document<'a> {
    text: &'a str,
    reader: Reader<&'a [u8]>,
    depth: usize,
}

/// What stands in a document. An empty-element tag is a start and an end.
enum Item<'a> {
    Start(Tag<'a>),
    End,
    Text(Cow<'a, str>),
    /// What a reference stands for.
    Reference(char),
    Eof,
}

impl<'a> Document<'a> {
    pub(super) fn new(text: &'a str) -> Result<Self, PayloadError> {
        lexical::check_characters(text)?;
        let mut reader = Reader::from_str(text);
        let config = reader.config_mut();
        config.enable_all_checks(true);
        config.expand_empty_elements = true;
        Ok(Self { text, reader, depth: 0 })
    }

    /// The start of the one element that holds all others.
    pub(super) fn root(&mut self) -> Result<Tag<'a>, PayloadError> {
        loop {
            match self.next()? {
                Item::Start(tag) => return Ok(tag),
                Item::Text(text) if is_blank(&text) => {}
                _ => return Err(self.expected("a root element before it")),
            }
        }
    }

    /// The start of the next element inside the one that was started last; `None` at that one's end.
    pub(super) fn child(&mut self) -> Result<Option<Tag<'a>>, PayloadError> {
        loop {
            match self.next()? {
                Item::Start(tag) => return Ok(Some(tag)),
                Item::End => return Ok(None),
                Item::Text(text) if is_blank(&text) => {}
                _ => return Err(self.expected("a tag before it")),
            }
        }
    }

    /// All that is inside the element that was started last: text, and nothing but that.
    pub(super) fn text_of(&mut self, tag: &Tag<'a>) -> Result<Cow<'a, str>, PayloadError> {
        tag.has_no_attributes()?;
        let mut whole = Cow::Borrowed("");
        loop {
            match self.next()? {
                Item::End => return Ok(whole),
                Item::Text(text) if whole.is_empty() => whole = text,
                Item::Text(text) => whole.to_mut().push_str(&text),
                Item::Reference(c) => whole.to_mut().push(c),
                Item::Start(_) => {
                    return Err(PayloadError::WrongType { name: tag.name.into(), expected: "a text" });
                }
                Item::Eof => return Err(self.expected("an end tag before it")),
            }
        }
    }

    /// Reads past the rest of the element that was started last.
    pub(super) fn skip(&mut self) -> Result<(), PayloadError> {
        let outside = self.depth - 1;
        while self.depth > outside {
            if let Item::Eof = self.next()? {
                return Err(self.expected("an end tag before it"));
            }
        }
        Ok(())
    }

    /// The end of the document.
    pub(super) fn end(&mut self) -> Result<(), PayloadError> {
        loop {
            match self.next()? {
                Item::Eof => return Ok(()),
                Item::Text(text) if is_blank(&text) => {}
                _ => return Err(self.expected("the end before it")),
            }
        }
    }

    /// How much text there may be in what comes: enough for a usual callback, little enough for any.
    pub(super) fn room(&self) -> usize {
        (self.text.len() - self.at()).min(4096)
    }

    fn next(&mut self) -> Result<Item<'a>, PayloadError> {
        loop {
            let start = self.at();
            let event = self.reader.read_event().map_err(|_| {
                let at = usize::try_from(self.reader.error_position()).unwrap_or(start);
                syntax("well-formed markup", at)
            })?;
            let source = self.text.get(start..self.at()).unwrap_or_default();
            return Ok(match event {
                Event::Start(_) => {
                    if self.depth == MAX_DEPTH {
                        return Err(PayloadError::TooDeep);
                    }
                    self.depth += 1;
                    Item::Start(Tag::parse(source, start)?)
                }
                Event::End(_) => {
                    self.depth -= 1;
                    Item::End
                }
                Event::Text(_) if source.contains("]]>") => return Err(syntax("no `]]>` in a text", start)),
                Event::Text(text) => Item::Text(text.xml10_content()),
                Event::CData(text) if self.depth > 0 => Item::Text(text.xml10_content()),
                Event::GeneralRef(reference) if self.depth > 0 => Item::Reference(lexical::character(&reference)?),
                Event::CData(_) | Event::GeneralRef(_) | Event::Empty(_) => return Err(syntax("an element", start)),
                Event::Comment(_) => continue,
                Event::Decl(_) if start == 0 => {
                    lexical::check_declaration(source)?;
                    continue;
                }
                Event::Decl(_) | Event::PI(_) => return Err(PayloadError::ProcessingInstruction),
                Event::DocType(_) => return Err(PayloadError::Dtd),
                Event::Eof => Item::Eof,
            });
        }
    }

    fn at(&self) -> usize {
        usize::try_from(self.reader.buffer_position()).unwrap_or(usize::MAX).min(self.text.len())
    }

    fn expected(&self, expected: &'static str) -> PayloadError {
        syntax(expected, self.at())
    }
}

/// Nothing but white space.
fn is_blank(text: &str) -> bool {
    text.bytes().all(lexical::is_white_space)
}
