//! From a document to the call in it: the envelope, its header, and what `href` refers to.

use std::collections::HashMap;

use super::fault::Fault;
use super::xml::Element;

/// How many elements, and how many bytes of names and text, there may be once every `href` is replaced by what it refers to. One
/// element can be referred to many times, and refer to others itself.
const MAX_INLINED_ELEMENTS: usize = 200_000;
const MAX_INLINED_TEXT: usize = 16 << 20;
const MAX_INLINED_DEPTH: usize = 24;

/// The element that is the call: the first in the body. Those behind it are what it refers to.
pub(super) fn call(envelope: Element) -> Result<Element, Fault> {
    if envelope.name != "Envelope" {
        let Element { name, .. } = envelope;
        return Err(Fault::client(format!(
            "`<{name}>` is no SOAP envelope; expected `<Envelope>` as the root element"
        )));
    }
    if envelope.is_soap_12 {
        return Err(Fault::version_mismatch());
    }
    let headers = envelope.child("Header").map(|header| header.children.as_slice()).unwrap_or_default();
    let must_understand = |header: &&Element| header.attribute("mustUnderstand").is_some_and(|must| must.trim() == "1");
    if let Some(header) = headers.iter().find(must_understand) {
        return Err(Fault::must_understand(&header.name));
    }
    let body = envelope.children.into_iter().find(|child| child.name == "Body");
    let body = body.ok_or_else(|| Fault::client("the envelope has no `<Body>`"))?.children;
    let mut refers = false;
    visit(&body, &mut |element| refers |= element.attribute("href").is_some());
    if refers {
        return Inliner::new(&body).call(&body);
    }
    body.into_iter().next().ok_or_else(no_call)
}

fn no_call() -> Fault {
    Fault::client("the `<Body>` is empty; expected one element, named after an operation such as `Account_databases`")
}

fn visit<'a>(elements: &'a [Element], visitor: &mut dyn FnMut(&'a Element)) {
    for element in elements {
        visitor(element);
        visit(&element.children, visitor);
    }
}

/// Replaces `href` by what it refers to (SOAP 1.1 section 5).
struct Inliner<'a> {
    targets: HashMap<&'a str, &'a Element>,
    elements: usize,
    text: usize,
}

impl<'a> Inliner<'a> {
    fn new(body: &'a [Element]) -> Self {
        let mut targets = HashMap::new();
        visit(body, &mut |element| {
            if let Some(id) = element.attribute("id") {
                targets.entry(id).or_insert(element);
            }
        });
        Self { targets, elements: 0, text: 0 }
    }

    fn call(mut self, body: &'a [Element]) -> Result<Element, Fault> {
        self.inline(body.first().ok_or_else(no_call)?, 0)
    }

    fn inline(&mut self, element: &'a Element, depth: usize) -> Result<Element, Fault> {
        self.elements += 1;
        self.text += element.name.len() + element.text.len();
        if depth == MAX_INLINED_DEPTH || self.elements > MAX_INLINED_ELEMENTS || self.text > MAX_INLINED_TEXT {
            return Err(Fault::client("the references (`href`) in it lead in a circle, or to too much"));
        }
        let name = element.name.clone();
        if let Some(href) = element.attribute("href") {
            let target = href.strip_prefix('#').and_then(|id| self.targets.get(id).copied());
            let target =
                target.ok_or_else(|| Fault::client(format!("`href=\"{href}\"` refers to nothing in the body")))?;
            return Ok(Element { name, ..self.inline(target, depth + 1)? });
        }
        let children = element.children.iter().map(|child| self.inline(child, depth + 1)).collect::<Result<_, _>>()?;
        // Of the attributes, none but this one means anything to those who read parameters.
        let nil = element.is_nil().then(|| ("nil", "true".to_owned()));
        let (attributes, text) = (nil.into_iter().collect(), element.text.clone());
        Ok(Element { name, attributes, children, text, ..Element::default() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(body: &str) -> Result<Element, Fault> {
        call(
            Element::parse(format!("<e:Envelope xmlns:e='x'><e:Body>{body}</e:Body></e:Envelope>").as_bytes()).unwrap(),
        )
    }

    #[test]
    fn references_are_replaced_by_what_they_refer_to() {
        let read = read("<f><a href='#1'/></f><multiRef id='1'><b href='#2'/></multiRef><multiRef id='2'>x</multiRef>");
        let read = read.unwrap();
        assert_eq!(read.child("a").unwrap().child("b").unwrap().text, "x");
    }

    #[test]
    fn references_that_lead_nowhere_in_a_circle_or_to_too_much_are_refused() {
        let doubling: String = (0..20)
            .map(|n| format!("<m id='{n}'><a href='#{0}'/><a href='#{0}'/></m>", n + 1))
            .chain([format!("<m id='20'>{}</m>", "x".repeat(100))])
            .collect();
        for (body, expected) in [
            ("<f><a href='#1'/></f>".to_owned(), "refers to nothing"),
            ("<f><a href='http://example.com/'/></f>".to_owned(), "refers to nothing"),
            ("<f><a href='#1'/></f><m id='1'><a href='#1'/></m>".to_owned(), "circle"),
            ("<f><a href='#1'/></f><m id='1' href='#1'/>".to_owned(), "circle"),
            ("<f id='1'><a href='#1'/></f>".to_owned(), "circle"),
            (format!("<f><a href='#0'/></f>{doubling}"), "too much"),
            (format!("<f>{}</f><m id='1'>{}</m>", "<a href='#1'/>".repeat(2000), "x".repeat(10_000)), "too much"),
        ] {
            let fault = read(&body).expect_err(&body);
            let body = &body[..body.len().min(60)];
            assert!(fault.message.contains(expected), "{body}: {fault:?}");
        }
    }

    #[test]
    fn what_is_no_envelope_with_a_call_is_refused() {
        for (document, expected) in [
            ("<a/>", "no SOAP envelope"),
            ("<Envelope/>", "no `<Body>`"),
            ("<Envelope><Body/></Envelope>", "empty"),
            ("<s:Envelope xmlns:s='http://www.w3.org/2003/05/soap-envelope'/>", "SOAP 1.1"),
            ("<Envelope><Header><Security mustUnderstand='1'/></Header><Body/></Envelope>", "`Security`"),
        ] {
            let fault = call(Element::parse(document.as_bytes()).unwrap()).expect_err(document);
            assert!(fault.message.contains(expected), "{document}: {fault:?}");
        }
    }
}
