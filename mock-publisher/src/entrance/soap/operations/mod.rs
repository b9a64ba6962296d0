//! The table of operations, by what they are about.

mod account;
mod callback;
mod collection;
mod database;
mod field;
mod matching;
mod profile;
mod subprofile;
mod unsubscribe;

pub(super) use account::LOGIN;

use super::operation::Operation;

const TABLE: [&[Operation]; 7] = [
    account::OPERATIONS,
    database::OPERATIONS,
    collection::OPERATIONS,
    field::OPERATIONS,
    profile::OPERATIONS,
    subprofile::OPERATIONS,
    callback::OPERATIONS,
];

/// Every operation.
pub(super) fn all() -> impl Iterator<Item = &'static Operation> {
    TABLE.into_iter().flatten()
}

/// An operation by its name, in any case.
pub(super) fn named(name: &str) -> Option<&'static Operation> {
    all().find(|operation| operation.name.eq_ignore_ascii_case(name))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::arguments::Arguments;
    use super::super::envelope;
    use super::super::xml::Element;
    use super::*;

    const CALL: &str = "<Envelope><Body><f><id href='#1'/><fields><pair><key>name</key><value>x</value></pair></fields>\
                        <ids>1</ids><requirements><item><fieldname>a</fieldname><operator>=</operator></item></requirements>\
                        </f><m id='1'>1</m></Body></Envelope>";

    proptest! {
        #[test]
        fn no_call_breaks_the_reading_of_any_operation(
            cuts in prop::collection::vec((0..CALL.len(), 0..40_usize, "[<>/a='#1 ]{0,4}"), 0..4)
        ) {
            let mut call = CALL.to_owned();
            for (start, length, instead) in cuts {
                let start = start.min(call.len());
                call.replace_range(start..(start + length).min(call.len()), &instead);
            }
            if let Ok(Ok(call)) = Element::parse(call.as_bytes()).map(envelope::call) {
                for operation in all() {
                    // It may be refused, and that is all.
                    let _ = Arguments::read(&call, operation.parameters);
                }
            }
        }
    }

    #[test]
    fn no_name_is_there_twice() {
        for operation in all() {
            assert!(std::ptr::eq(named(&operation.name.to_uppercase()).unwrap(), operation), "{}", operation.name);
            for (index, parameter) in operation.parameters.iter().enumerate() {
                let others = &operation.parameters[..index];
                assert!(others.iter().all(|other| other.name != parameter.name), "{}", operation.name);
            }
        }
    }
}
