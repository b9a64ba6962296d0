/// What the description says of operations and members that the platform does not document, by their names.
const NOTES: &[(&str, &str)] = &[
    (
        "Database_remove",
        "Assumption: its profiles are removed and told one by one, as by Profile_remove; then nothing is left of the database. \
         It is refused while an import into it or a copy of it has not ended.",
    ),
    (
        "Profile_move",
        "Assumption: the profile goes into another database of the account and keeps its number. Values of fields and interests of \
         the same name are kept, and its subprofiles go along into collections of the same name; what has no counterpart is \
         lost. It is told as `delete` in the one database and as `create` in the other, and so are its subprofiles. It is refused \
         while an import into one of the two or a copy of one has not ended.",
    ),
    ("action", "An extension: `create`, `update`, `delete` or `all`."),
    ("triggers", "An extension: names of entrances, with commas between."),
    (
        "conditions",
        "An extension: a set of rules as JSON, such as {\"field\": \"city\", \"equals\": \"Utrecht\"}, which must hold besides \
         the expression. An update with an empty text, or `null`, takes them away.",
    ),
    ("dialect", "An extension: what payloads are made of, `current` or `legacy`; without it, what the server says."),
    ("wire", "An extension: how headers are spelled, `lowercase` or `documented`; without it, what the server says."),
    ("active", "An extension: whether it is sent at all."),
];

/// What there is to say of an operation or a member.
pub(super) fn note(name: &str) -> Option<&'static str> {
    NOTES.iter().find(|(known, _)| *known == name).map(|(_, note)| *note)
}

#[cfg(test)]
mod tests {
    use super::super::wsdl::wsdl;
    use super::super::xml::escaped;
    use super::*;

    #[test]
    fn every_note_is_in_the_description() {
        let wsdl = wsdl("http://127.0.0.1:7070/soap");
        for (name, note) in NOTES {
            let (attribute, note) = (format!(" name=\"{name}\""), escaped(note));
            let mut elements = wsdl.split(&attribute).skip(1);
            assert!(elements.any(|element| element.split("</").next().unwrap().contains(&note)), "{name}");
        }
    }
}
