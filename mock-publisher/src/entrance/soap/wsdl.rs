//! The description of the service, made from the table of operations.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::notes::note;
use super::object::Described;
use super::operation::{Kind, Operation, Shape};
use super::operations;
use super::xml::escaped;

/// The name space of everything in it.
pub(super) const NAMESPACE: &str = "urn:POMSOAPAPI";

const XML_SCHEMA: &str = "http://www.w3.org/2001/XMLSchema";

/// What clients send as `access_token` with every call.
pub(super) const ACCESS_TOKEN: &str = "access_token";

/// The WSDL of the service at an address, as WSDL 1.1 with document/literal.
pub(super) fn wsdl(address: &str) -> String {
    let mut out = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <!-- Assumption: the platform's own WSDL is not public. The service, its port type and most operations have \
         the names that the platform's samples use; types, name spaces and everything else are a construction of this mock \
         publisher. What it adds to what the platform can do is called an extension where it stands. -->\n\
         <definitions name=\"POMSOAPAPI\" targetNamespace=\"{NAMESPACE}\" xmlns=\"http://schemas.xmlsoap.org/wsdl/\" \
         xmlns:soap=\"http://schemas.xmlsoap.org/wsdl/soap/\" xmlns:tns=\"{NAMESPACE}\" \
         xmlns:xsd=\"{XML_SCHEMA}\">\n"
    );
    types(&mut out);
    messages(&mut out);
    port_type(&mut out);
    binding(&mut out);
    let _ = write!(
        out,
        "<service name=\"POMSOAPAPI\"><port name=\"POMPort\" binding=\"tns:POMBinding\">\
         <soap:address location=\"{}\"/></port></service>\n</definitions>\n",
        escaped(address)
    );
    out
}

fn types(out: &mut String) {
    // Said once more here, for those who take the schema out of the document.
    let _ = writeln!(
        out,
        "<types><xsd:schema xmlns:xsd=\"{XML_SCHEMA}\" xmlns:tns=\"{NAMESPACE}\" targetNamespace=\"{NAMESPACE}\" \
         elementFormDefault=\"qualified\">"
    );
    complex_type(out, "Pair", &[("key", "xsd:string", Times::Once), ("value", "xsd:string", Times::Nillable)]);
    complex_type(out, "Map", &[("pair", "tns:Pair", Times::Any)]);
    complex_type(out, "Array", &[("item", "xsd:string", Times::Any)]);
    complex_type(out, "Reference", &[("id", "xsd:long", Times::Once)]);
    let requirement = [
        ("fieldname", "xsd:string", Times::Once),
        ("value", "xsd:string", Times::AtMostOnce),
        ("operator", "xsd:string", Times::AtMostOnce),
    ];
    complex_type(out, "Requirement", &requirement);
    for (name, object) in objects() {
        let members: Vec<_> =
            object.members().into_iter().map(|(name, kind)| (name, kind.type_name(), Times::AtMostOnce)).collect();
        complex_type(out, &name, &members);
        let item = format!("tns:{name}");
        complex_type(out, &format!("{name}Items"), &[(object.name(), &item, Times::Any)]);
    }
    for operation in operations::all() {
        input(out, operation);
        output(out, operation);
    }
    out.push_str("</xsd:schema></types>\n");
}

/// Every kind of object that an operation answers with, by the name of its type.
fn objects() -> BTreeMap<String, &'static dyn Described> {
    let object = |operation: &Operation| match operation.result {
        Shape::Collection(object) | Shape::One(object) => Some((capitalised(object.name()), object)),
        Shape::Value(_) | Shape::Array | Shape::Map => None,
    };
    operations::all().filter_map(object).collect()
}

fn input(out: &mut String, operation: &Operation) {
    let mut members = Vec::new();
    if operation.name != operations::LOGIN {
        members.push((ACCESS_TOKEN, Kind::Text.type_name(), Times::AtMostOnce));
    }
    members.extend(operation.parameters.iter().map(|parameter| {
        let times = match (parameter.kind.repeats(), parameter.required) {
            (true, _) => Times::Any,
            (false, true) => Times::Once,
            (false, false) => Times::AtMostOnce,
        };
        (parameter.name, parameter.kind.type_name(), times)
    }));
    let name = type_name("Input", operation.name);
    complex_type(out, &name, &members);
    let _ = writeln!(out, "<xsd:element name=\"{}\" type=\"tns:{name}\"/>", operation.name);
}

fn output(out: &mut String, operation: &Operation) {
    let name = type_name("Output", operation.name);
    match operation.result {
        Shape::Value(kind) => complex_type(out, &name, &[("value", kind.type_name(), Times::Once)]),
        Shape::Array => complex_type(out, &name, &[("array", "tns:Array", Times::Once)]),
        Shape::Map => complex_type(out, &name, &[("map", "tns:Map", Times::Once)]),
        Shape::Collection(object) => {
            let items = format!("tns:{}Items", capitalised(object.name()));
            let count = |name| (name, Kind::Number.type_name(), Times::Once);
            complex_type(
                out,
                &name,
                &[count("start"), count("length"), count("total"), ("items", &items, Times::Once)],
            );
        }
        Shape::One(object) => {
            let one = format!("tns:{}", capitalised(object.name()));
            complex_type(out, &name, &[(object.name(), &one, Times::AtMostOnce)]);
        }
    }
    let _ = writeln!(out, "<xsd:element name=\"{}Response\" type=\"tns:{name}\"/>", operation.name);
}

fn messages(out: &mut String) {
    for Operation { name, .. } in operations::all() {
        for (message, element) in [("Input", (*name).to_owned()), ("Output", format!("{name}Response"))] {
            let _ = writeln!(
                out,
                "<message name=\"{name}{message}\"><part name=\"parameters\" element=\"tns:{element}\"/></message>"
            );
        }
    }
}

fn port_type(out: &mut String) {
    out.push_str("<portType name=\"POMPortType\">\n");
    for Operation { name, .. } in operations::all() {
        let documentation = |note| format!("<documentation>{}</documentation>", escaped(note));
        let documentation = note(name).map(documentation).unwrap_or_default();
        let _ = writeln!(
            out,
            "<operation name=\"{name}\">{documentation}<input message=\"tns:{name}Input\"/><output message=\"tns:{name}Output\"/></operation>"
        );
    }
    out.push_str("</portType>\n");
}

fn binding(out: &mut String) {
    out.push_str(
        "<binding name=\"POMBinding\" type=\"tns:POMPortType\">\
         <soap:binding style=\"document\" transport=\"http://schemas.xmlsoap.org/soap/http\"/>\n",
    );
    for Operation { name, .. } in operations::all() {
        let _ = writeln!(
            out,
            "<operation name=\"{name}\"><soap:operation soapAction=\"{NAMESPACE}#{name}\"/>\
             <input><soap:body use=\"literal\"/></input><output><soap:body use=\"literal\"/></output></operation>"
        );
    }
    out.push_str("</binding>\n");
}

/// How often a member is there.
#[derive(Clone, Copy)]
enum Times {
    Once,
    AtMostOnce,
    /// Perhaps not at all, or there and nothing.
    Nillable,
    Any,
}

impl Times {
    const fn attributes(self) -> &'static str {
        match self {
            Self::Once => "",
            Self::AtMostOnce => " minOccurs=\"0\"",
            Self::Nillable => " minOccurs=\"0\" nillable=\"true\"",
            Self::Any => " minOccurs=\"0\" maxOccurs=\"unbounded\"",
        }
    }
}

fn complex_type(out: &mut String, name: &str, members: &[(&str, &str, Times)]) {
    let _ = write!(out, "<xsd:complexType name=\"{name}\"><xsd:sequence>");
    for (name, kind, times) in members {
        let _ = write!(out, "<xsd:element name=\"{name}\" type=\"{kind}\"{}", times.attributes());
        match note(name) {
            Some(note) => {
                let note = escaped(note);
                let _ = write!(
                    out,
                    "><xsd:annotation><xsd:documentation>{note}</xsd:documentation></xsd:annotation></xsd:element>"
                );
            }
            None => out.push_str("/>"),
        }
    }
    out.push_str("</xsd:sequence></xsd:complexType>\n");
}

/// `InputDatabaseCreateProfile` for `Database_createProfile`, as the platform's samples for Java and C# call it.
fn type_name(prefix: &str, operation: &str) -> String {
    let words: String = operation.split('_').map(capitalised).collect();
    format!("{prefix}{words}")
}

fn capitalised(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(letters).collect()
}

#[cfg(test)]
mod tests {
    use super::super::xml::Element;
    use super::*;

    #[test]
    fn every_operation_is_described_and_names_are_the_documented_ones() {
        let text = wsdl("http://127.0.0.1:7070/soap?a&b");
        let wsdl = Element::parse(text.as_bytes()).unwrap();
        assert!(text.contains("<service name=\"POMSOAPAPI\""));
        assert!(text.contains("location=\"http://127.0.0.1:7070/soap?a&amp;b\""));
        assert!(text.contains("<portType name=\"POMPortType\""));
        assert_eq!(wsdl.child("portType").unwrap().children.len(), operations::all().count());
        let schema = text.split_once("</types>").unwrap().0;
        let named = |kind| schema.split(kind).skip(1).map(move |rest| (kind, rest.split('"').next().unwrap()));
        let names: Vec<_> = named("\n<xsd:complexType name=\"").chain(named("\n<xsd:element name=\"")).collect();
        for (index, name) in names.iter().enumerate() {
            assert!(!names[..index].contains(name), "{name:?} is described twice");
        }
        let has = |name| names.iter().any(|(_, known)| *known == name);
        assert!(has("InputDatabaseCreateProfile") && has("InputLogin") && has("SubProfile_updateFieldsResponse"));
    }
}
