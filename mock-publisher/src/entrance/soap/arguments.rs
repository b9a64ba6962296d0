//! The parameters of a call, read as the table of operations says. The forms of several kinds of clients are understood:
//! document/literal as the WSDL has it, and the lists and maps of rpc/encoded.

use std::collections::HashMap;

use serde_json::{Map, Value};

use super::fault::Fault;
use super::operation::{Kind, Parameter};
use super::reply::Page;
use super::xml::Element;
use crate::excerpt::excerpt;
use crate::platform::{Filter, Id, Operator};

/// How many objects a list has. Assumption: as the REST API; the platform does not document it for SOAP.
const DEFAULT_LENGTH: u64 = 100;
const MAX_LENGTH: u64 = 1000;
/// How many requirements a search has at most: each is compared with every profile.
const MAX_REQUIREMENTS: usize = 100;

/// What a call gave for the parameters of its operation.
#[derive(Debug, Default)]
pub(super) struct Arguments(HashMap<&'static str, Argument>);

#[derive(Debug)]
enum Argument {
    Id(Id),
    Number(u64),
    Text(String),
    Truth(bool),
    Map(Map<String, Value>),
    Ids(Vec<Id>),
    Requirements(Vec<Filter>),
}

impl Arguments {
    /// Reads what a call gives. What the operation does not know is ignored.
    pub(super) fn read(call: &Element, parameters: &'static [Parameter]) -> Result<Self, Fault> {
        let given = given(call, |name| parameters.iter().any(|parameter| is(name, parameter.name)));
        let mut arguments = HashMap::new();
        for parameter in parameters {
            let elements: Vec<&Element> = given
                .iter()
                .filter(|(name, element)| is(name, parameter.name) && !element.is_nil())
                .map(|(_, element)| *element)
                .collect();
            if elements.is_empty() && parameter.required {
                return Err(Fault::client(format!("`{}` is missing", parameter.name)));
            }
            if elements.len() > 1 && !parameter.kind.repeats() {
                return Err(Fault::client(format!("`{}` is given {} times", parameter.name, elements.len())));
            }
            if !elements.is_empty() {
                let argument = read(&elements, parameter.kind)
                    .map_err(|reason| Fault::client(format!("`{}`: {reason}", parameter.name)))?;
                arguments.insert(parameter.name, argument);
            }
        }
        Ok(Self(arguments))
    }

    /// The number of what the call is about.
    pub(super) fn id(&self, name: &str) -> Result<Id, Fault> {
        match self.0.get(name) {
            Some(Argument::Id(id)) => Ok(*id),
            _ => Err(Fault::client(format!("`{name}` is missing"))),
        }
    }

    pub(super) fn text(&self, name: &str) -> Option<&str> {
        match self.0.get(name) {
            Some(Argument::Text(text)) => Some(text),
            _ => None,
        }
    }

    /// A text, or nothing.
    pub(super) fn text_or_empty(&self, name: &str) -> String {
        self.text(name).unwrap_or_default().to_owned()
    }

    pub(super) fn number(&self, name: &str) -> Option<u64> {
        match self.0.get(name) {
            Some(Argument::Number(number)) => Some(*number),
            _ => None,
        }
    }

    pub(super) fn truth(&self, name: &str) -> Option<bool> {
        match self.0.get(name) {
            Some(Argument::Truth(truth)) => Some(*truth),
            _ => None,
        }
    }

    /// Names and values; none if the map is not there.
    pub(super) fn map(&mut self, name: &str) -> Map<String, Value> {
        match self.0.remove(name) {
            Some(Argument::Map(map)) => map,
            _ => Map::new(),
        }
    }

    pub(super) fn ids(&mut self, name: &str) -> Vec<Id> {
        match self.0.remove(name) {
            Some(Argument::Ids(ids)) => ids,
            _ => Vec::new(),
        }
    }

    pub(super) fn requirements(&mut self) -> Vec<Filter> {
        match self.0.remove("requirements") {
            Some(Argument::Requirements(filters)) => filters,
            _ => Vec::new(),
        }
    }

    /// `start` and `length`.
    pub(super) fn page(&self) -> Page {
        let length = self.number("length").unwrap_or(DEFAULT_LENGTH).min(MAX_LENGTH);
        // The database counts no further.
        let start = self.number("start").unwrap_or(0).min(i64::MAX as u64);
        Page { start, length }
    }
}

/// A text that a call gives beside the parameters of its operation.
pub(super) fn text_beside<'a>(call: &'a Element, name: &str) -> Option<&'a str> {
    let given = given(call, |known| is(known, name));
    given.into_iter().find(|(known, _)| is(known, name)).map(|(_, element)| element.text.trim())
}

fn is(name: &str, wanted: &str) -> bool {
    name.eq_ignore_ascii_case(wanted)
}

/// The members of the call's one object: directly in the call, or, as rpc clients send it, in an element of any name in it.
fn given(call: &Element, is_known: impl Fn(&str) -> bool) -> Vec<(&str, &Element)> {
    let object = match call.children.as_slice() {
        [only] if !is_known(&only.name) && !only.children.is_empty() && !is_map(call) => only,
        _ => call,
    };
    members(object)
}

/// The members of an object, which may be written as a map.
fn members(object: &Element) -> Vec<(&str, &Element)> {
    if !is_map(object) {
        return object.children.iter().map(|child| (child.name.as_str(), child)).collect();
    }
    let pair = |pair| Some((Element::child(pair, "key")?.text.trim(), pair.child("value").unwrap_or(&NOTHING)));
    object.children.iter().filter_map(pair).collect()
}

/// The value of a pair that has none.
static NOTHING: Element = Element {
    name: String::new(),
    attributes: Vec::new(),
    is_soap_12: false,
    children: Vec::new(),
    text: String::new(),
};

/// Whether it is written as pairs of keys and values: `pair` as in the WSDL, `item` as PHP does.
fn is_map(element: &Element) -> bool {
    let is_pair = |child: &Element| matches!(child.name.as_str(), "pair" | "item") && child.child("key").is_some();
    !element.children.is_empty() && element.children.iter().all(is_pair)
}

/// Reads what was given for a parameter, or says what is wrong with it.
fn read(elements: &[&Element], kind: Kind) -> Result<Argument, String> {
    let [first, ..] = elements else { return Err("nothing is given".to_owned()) };
    Ok(match kind {
        Kind::Id => Argument::Id(number(first)?),
        Kind::Number => Argument::Number(number(first)?),
        Kind::Text => Argument::Text(scalar(first)?.to_owned()),
        Kind::Truth => Argument::Truth(truth(first)?),
        Kind::Map => Argument::Map(map(first)?),
        Kind::Reference => Argument::Id(reference(first)?),
        Kind::Ids => Argument::Ids(items(elements, |_| false).into_iter().map(number).collect::<Result<_, _>>()?),
        Kind::Requirements => {
            let is_one = |element: &Element| members(element).iter().any(|(name, _)| is(name, "fieldname"));
            let requirements = items(elements, is_one);
            if requirements.len() > MAX_REQUIREMENTS {
                return Err(format!("{} are too many, {MAX_REQUIREMENTS} are allowed", requirements.len()));
            }
            Argument::Requirements(requirements.into_iter().map(requirement).collect::<Result<_, _>>()?)
        }
    })
}

/// The items of a list: given one by one, or all of them inside one element.
fn items<'a>(elements: &[&'a Element], is_one: impl Fn(&Element) -> bool) -> Vec<&'a Element> {
    let mut items = Vec::new();
    for element in elements {
        if !element.children.is_empty() && !is_one(element) {
            items.extend(&element.children);
        } else if !element.children.is_empty() || !element.text.trim().is_empty() {
            items.push(*element);
        }
        // One with nothing in it is an empty list.
    }
    items
}

fn scalar(element: &Element) -> Result<&str, String> {
    match element.children.first() {
        Some(child) => Err(format!("expected a text, got the element `<{}>`", child.name)),
        None => Ok(&element.text),
    }
}

fn number<N: std::str::FromStr>(element: &Element) -> Result<N, String> {
    let text = scalar(element)?.trim();
    text.parse().map_err(|_| format!("expected a number, got `{}`", shortened(text)))
}

fn truth(element: &Element) -> Result<bool, String> {
    match scalar(element)?.trim().to_ascii_lowercase().as_str() {
        "true" | "1" => Ok(true),
        // PHP writes `false` as nothing.
        "false" | "0" | "" => Ok(false),
        other => Err(format!("expected `true` or `false`, got `{}`", shortened(other))),
    }
}

fn map(element: &Element) -> Result<Map<String, Value>, String> {
    if element.children.is_empty() && !element.text.trim().is_empty() {
        return Err(format!("expected pairs of `key` and `value`, got `{}`", shortened(element.text.trim())));
    }
    let value = |element: &Element| match element.is_nil() {
        true => Ok(Value::Null),
        false => scalar(element).map(Value::from),
    };
    members(element).into_iter().map(|(name, element)| Ok((name.to_owned(), value(element)?))).collect()
}

/// An object with an `id`, or just the number.
fn reference(element: &Element) -> Result<Id, String> {
    let id = members(element).into_iter().find(|(name, _)| is(name, "id"));
    match id {
        Some((_, id)) => number(id),
        None if element.children.is_empty() => number(element),
        None => Err("expected an object with an `id`".to_owned()),
    }
}

fn requirement(element: &Element) -> Result<Filter, String> {
    let members = members(element);
    let member = |name| members.iter().find(|(given, _)| is(given, name)).map(|(_, element)| scalar(element));
    let subject = member("fieldname").ok_or("a requirement needs a `fieldname`")??.trim();
    let symbol = member("operator").transpose()?.map(str::trim).filter(|symbol| !symbol.is_empty()).unwrap_or("=");
    let operator = Operator::from_symbol(symbol).ok_or_else(|| {
        let known = "`=`, `!=`, `<>`, `<`, `<=`, `>`, `>=`, `=~` or `!~`";
        format!("unknown operator `{}`, expected {known}", shortened(symbol))
    })?;
    let value = member("value").transpose()?.unwrap_or_default();
    Filter::new(subject, operator, value)
}

/// A text that a fault can quote.
fn shortened(text: &str) -> String {
    excerpt(text, 60)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    static PARAMETERS: &[Parameter] = &[
        Parameter::required("id", Kind::Id),
        Parameter::optional("name", Kind::Text),
        Parameter::optional("fields", Kind::Map),
        Parameter::optional("ids", Kind::Ids),
        Parameter::optional("collection", Kind::Reference),
        Parameter::optional("requirements", Kind::Requirements),
        Parameter::optional("create", Kind::Truth),
        Parameter::optional("length", Kind::Number),
    ];

    fn arguments(inside: &str) -> Result<Arguments, Fault> {
        let call = Element::parse(format!("<call xmlns:xsi='i' xmlns:e='e'>{inside}</call>").as_bytes()).unwrap();
        Arguments::read(&call, PARAMETERS)
    }

    #[test]
    fn maps_are_read_in_every_form_that_clients_send() {
        for fields in [
            "<pair><key>name</key><value>Mike</value></pair><pair><key>city</key><value/></pair>",
            "<pair><key> name </key><value>Mike</value></pair><pair><key>city</key></pair>",
            "<item><key xsi:type='s'>name</key><value xsi:type='s'>Mike</value></item><item><key>city</key><value/></item>",
            "<name>Mike</name><city/>",
        ] {
            let mut read = arguments(&format!("<id>1</id><fields>{fields}</fields>")).unwrap();
            assert_eq!(Value::Object(read.map("fields")), json!({"name": "Mike", "city": ""}), "{fields}");
        }
        let nil = "<id>1</id><name xsi:nil='1'/><fields><city xsi:nil='true'/></fields>";
        let mut read = arguments(nil).unwrap();
        assert_eq!((Value::Object(read.map("fields")), read.text("name")), (json!({"city": null}), None));
        assert!(arguments("<id>1</id><fields/>").unwrap().map("fields").is_empty());
    }

    #[test]
    fn lists_are_read_in_every_form_that_clients_send() {
        for ids in [
            "<ids>3</ids><ids>4</ids>",
            "<ids><item>3</item><item>4</item></ids>",
            "<ids e:arrayType='x'><long>3</long><int>4</int></ids>",
        ] {
            assert_eq!(arguments(&format!("<id>1</id>{ids}")).unwrap().ids("ids"), [3, 4], "{ids}");
        }
        assert_eq!(arguments("<id>1</id><ids/>").unwrap().ids("ids"), [0; 0]);
        let one = "<fieldname>city</fieldname><value>Utrecht</value>";
        let two = "<fieldname>score</fieldname><operator>&gt;=</operator><value>3</value>";
        let php = "<item><item><key>fieldname</key><value>city</value></item>\
                   <item><key>value</key><value>Utrecht</value></item></item>";
        for requirements in [
            format!("<requirements>{one}</requirements><requirements>{two}</requirements>"),
            format!("<requirements><item>{one}</item><item>{two}</item></requirements>"),
            format!("<requirements>{php}<item>{two}</item></requirements>"),
        ] {
            let read = arguments(&format!("<id>1</id>{requirements}")).unwrap().requirements();
            let expected = ["city=Utrecht", "score>=3"].map(|filter| Filter::parse(filter).unwrap().unwrap());
            assert_eq!(read, expected, "{requirements}");
        }
    }

    #[test]
    fn the_object_may_be_wrapped_once_more() {
        for call in [
            "<id>7</id><name>x</name>",
            "<parameters><id>7</id><name>x</name></parameters>",
            "<param0><item><key>id</key><value>7</value></item><item><key>name</key><value>x</value></item></param0>",
            "<ID>7</ID><Name>x</Name><unknown>1</unknown>",
        ] {
            let read = arguments(call).unwrap();
            assert_eq!((read.id("id").unwrap(), read.text("name")), (7, Some("x")), "{call}");
        }
        for collection in ["<collection><id>3</id></collection>", "<collection>3</collection>"] {
            assert_eq!(arguments(&format!("<id>7</id>{collection}")).unwrap().id("collection").unwrap(), 3);
        }
        let call = "<c><p><access_token>abc</access_token></p></c>";
        assert_eq!(text_beside(&Element::parse(call.as_bytes()).unwrap(), "access_token"), Some("abc"));
    }

    #[test]
    fn what_is_of_the_wrong_type_is_refused_with_its_name() {
        for (call, expected) in [
            ("", "`id` is missing"),
            ("<id xsi:nil='true'/>", "`id` is missing"),
            ("<id/>", "`id`: expected a number, got ``"),
            ("<id>x</id>", "`id`: expected a number, got `x`"),
            ("<id>99999999999999999999</id>", "`id`: expected a number"),
            ("<id>1</id><id>2</id>", "`id` is given 2 times"),
            ("<id><a/></id>", "got the element `<a>`"),
            ("<id>1</id><name><a/></name>", "`name`: expected a text"),
            ("<id>1</id><fields>x</fields>", "`fields`: expected pairs"),
            ("<id>1</id><fields><name><a/></name></fields>", "`fields`: expected a text"),
            ("<id>1</id><ids>x</ids>", "`ids`: expected a number"),
            ("<id>1</id><ids><item><a/></item></ids>", "`ids`: expected a text"),
            ("<id>1</id><create>perhaps</create>", "`create`: expected `true` or `false`"),
            ("<id>1</id><length>-1</length>", "`length`: expected a number"),
            ("<id>1</id><collection><a/></collection>", "`collection`: expected an object"),
            ("<id>1</id><requirements><item/></requirements>", "needs a `fieldname`"),
            ("<id>1</id><requirements><fieldname>a</fieldname><operator>~</operator></requirements>", "operator `~`"),
        ] {
            let fault = arguments(call).expect_err(call);
            assert!(fault.message.contains(expected), "{call}: {fault:?}");
        }
    }
}
