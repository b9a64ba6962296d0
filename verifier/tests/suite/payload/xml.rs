use callback_verifier::{Action, Callback, Dialect, Entity, PayloadError};

use super::{Error, Syntax, duplicate, empty, facts, missing, refused, unexpected, wrong_type};

#[test]
fn reads_profiles_and_subprofiles() {
    for (body, expected) in [
        (
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?><profile><id>123</id><action>update</action><fields>\
             <name>a&lt;b&gt;&amp;&quot;'&#13;\n\t\u{1f3be}]]&gt;</name><field name=\"2nd\">x</field>\
             <field name=\"xmlish\">y</field><field name=\"a&quot;b\">\u{fffd}</field></fields>\
             <interests><interest>golf</interest></interests></profile>",
            (
                Action::Update,
                Entity::Profile,
                "123",
                vec![("name", "a<b>&\"'\r\n\t\u{1f3be}]]>"), ("2nd", "x"), ("xmlish", "y"), ("a\"b", "\u{fffd}")],
                vec!["golf"],
            ),
        ),
        (
            "<?xml version='1.0'?>\n<!-- a -->\n<subprofile >\r\n <action>delete</action ><id><![CDATA[1]]>2</id>\n\
             <fields>\t<field>plain</field><a-b.c_1/><é>\r\nx\r</é></fields></subprofile><!-- b -->\n",
            (
                Action::Delete,
                Entity::Subprofile,
                "12",
                vec![("field", "plain"), ("a-b.c_1", ""), ("é", "\nx\n")],
                vec![],
            ),
        ),
        (
            "<profile><x y=\"1\" z='&#x20;'><id>7</id><x/>&amp;</x><id>&#49;&#x32;&apos;</id><action>cre<!-- c -->ate</action>\
             <fields/><interests/></profile>",
            (Action::Create, Entity::Profile, "12'", vec![], vec![]),
        ),
        (
            "<?xml version = \"1.0\"  encoding='utf-8' standalone=\"yes\" ?><profile><id>1</id><action>create</action>\
             <fields><a> <![CDATA[<b>&amp;]]> </a></fields></profile>",
            (Action::Create, Entity::Profile, "1", vec![("a", " <b>&amp; ")], vec![]),
        ),
    ] {
        let callback = Callback::decode(body.as_bytes(), Some(b"application/xml")).unwrap();
        assert_eq!(facts(&callback), expected, "{body}");
        assert_eq!(callback.dialect(), Dialect::Xml);
        assert_eq!(Callback::decode(body.as_bytes(), None), Ok(callback));
    }
}

#[test]
fn refuses_what_is_no_callback() {
    refused(
        Some("text/xml"),
        &[
            ("<profile/>", missing("action")),
            ("<profile><id>1</id><fields/></profile>", missing("action")),
            ("<profile><action>create</action><fields/></profile>", missing("id")),
            ("<profile><id>1</id><action>create</action></profile>", missing("fields")),
            ("<profile><id/></profile>", empty("id")),
            ("<profile><action> create</action></profile>", Error(PayloadError::UnknownAction(" create".into()))),
            ("<Profile/>", Error(PayloadError::UnknownShape)),
            ("<callback><profile/></callback>", Error(PayloadError::UnknownShape)),
            ("<profile><id>1</id><id>1</id></profile>", duplicate("id")),
            ("<profile><x/><x/></profile>", duplicate("x")),
            ("<profile><fields><a/><a/></fields></profile>", duplicate("a")),
            ("<profile><fields><a/><field name=\"a\"/></fields></profile>", duplicate("a")),
            ("<profile><x a='1' a='2'/></profile>", duplicate("a")),
            ("<profile><fields><field name=''/></fields></profile>", empty("field name")),
            ("<profile><id><b>1</b></id></profile>", wrong_type("id", "a text")),
            ("<profile><fields><a><b/></a></fields></profile>", wrong_type("a", "a text")),
            (
                "<profile><interests><hobby/></interests></profile>",
                wrong_type("interests", "`interest` elements in it"),
            ),
            (
                "<subprofile><id>1</id><action>create</action><fields/><interests/></subprofile>",
                unexpected("interests"),
            ),
            ("<profile><fields>x</fields></profile>", Syntax("a tag before it")),
            ("<profile>x</profile>", Syntax("a tag before it")),
            ("<profile>&#32;</profile>", Syntax("a tag before it")),
            ("<profile a='1'/>", Error(PayloadError::Attribute("a".into()))),
            ("<profile><id a='1'>1</id></profile>", Error(PayloadError::Attribute("a".into()))),
            ("<profile><fields><a name='b'/></fields></profile>", Error(PayloadError::Attribute("name".into()))),
            ("<profile><fields><field Name='b'/></fields></profile>", Error(PayloadError::Attribute("Name".into()))),
            ("<profile><fields><field name='b' c='d'/></fields></profile>", Error(PayloadError::Attribute("c".into()))),
            ("<profile><fields><field c='d' name='b'/></fields></profile>", Error(PayloadError::Attribute("c".into()))),
            (
                "<profile><interests><interest name='b'/></interests></profile>",
                Error(PayloadError::Attribute("name".into())),
            ),
        ],
    );
}

#[test]
fn refuses_what_xml_offers_and_no_callback_needs() {
    let entity = |name: &str| Error(PayloadError::Entity(name.into()));
    let name_space = |name: &str| Error(PayloadError::NameSpace(name.into()));
    refused(
        Some("application/xml"),
        &[
            ("<!DOCTYPE profile><profile/>", Error(PayloadError::Dtd)),
            ("<!doctype profile><profile/>", Error(PayloadError::Dtd)),
            ("<!DOCTYPE p [<!ENTITY a \"b\">]><profile><id>&a;</id></profile>", Error(PayloadError::Dtd)),
            ("<!DOCTYPE p SYSTEM \"file:///etc/passwd\"><profile/>", Error(PayloadError::Dtd)),
            ("<profile><!DOCTYPE p></profile>", Error(PayloadError::Dtd)),
            ("<?php x ?><profile/>", Error(PayloadError::ProcessingInstruction)),
            ("<profile><?x y?></profile>", Error(PayloadError::ProcessingInstruction)),
            ("<?xml-stylesheet href='a'?><profile/>", Error(PayloadError::ProcessingInstruction)),
            (" <?xml version='1.0'?><profile/>", Error(PayloadError::ProcessingInstruction)),
            ("<?xml version='1.0'?><?xml version='1.0'?><profile/>", Error(PayloadError::ProcessingInstruction)),
            ("<profile><id>&a;</id></profile>", entity("a")),
            ("<profile><id>&nbsp;</id></profile>", entity("nbsp")),
            ("<profile><id>&AMP;</id></profile>", entity("AMP")),
            ("<profile><id>&;</id></profile>", entity("")),
            ("<profile><id>&#;</id></profile>", entity("#")),
            ("<profile><id>&#0;</id></profile>", entity("#0")),
            ("<profile><id>&#x1;</id></profile>", entity("#x1")),
            ("<profile><id>&#X41;</id></profile>", entity("#X41")),
            ("<profile><id>&#+65;</id></profile>", entity("#+65")),
            ("<profile><id>&#xd83c;</id></profile>", entity("#xd83c")),
            ("<profile><id>&#xffff;</id></profile>", entity("#xffff")),
            ("<profile><id>&#x110000;</id></profile>", entity("#x110000")),
            ("<profile><id>&#99999999999;</id></profile>", entity("#99999999999")),
            ("<profile><fields><field name='&a;'/></fields></profile>", entity("a")),
            ("<profile xmlns='urn:x'/>", name_space("xmlns")),
            ("<profile xmlns:a='urn:x'/>", name_space("xmlns:a")),
            ("<a:profile/>", name_space("a:profile")),
            ("<profile><a:id>1</a:id></profile>", name_space("a:id")),
            (
                "<?xml version='1.0' encoding='ISO-8859-1'?><profile/>",
                Error(PayloadError::Charset("ISO-8859-1".into())),
            ),
            ("<?xml version='1.0' encoding='utf-16'?><profile/>", Error(PayloadError::Charset("utf-16".into()))),
        ],
    );
}

#[test]
fn refuses_what_is_no_xml() {
    const MARKUP: &str = "well-formed markup";
    const NAME: &str = "a name of XML in the tag";
    const DECLARATION: &str = "a declaration as `<?xml version=\"1.0\" encoding=\"UTF-8\"?>`";
    const ATTRIBUTES: &str = "attributes as ` name=\"value\"` in the tag";
    const VALUE: &str = "no `<`, tab or line break in the value of an attribute of the tag";
    const CHARACTER: &str = "a character of XML";
    let whole = "<profile><id>1</id><action>create</action><fields/></profile>";
    let behind = |more: &str| format!("{whole}{more}");
    refused(
        Some("application/xml"),
        &[
            ("", Syntax("a root element before it")),
            ("x", Syntax("a root element before it")),
            ("{}", Syntax("a root element before it")),
            ("<!-- a -->", Syntax("a root element before it")),
            ("&amp;<profile/>", Syntax("an element")),
            ("<![CDATA[ ]]><profile/>", Syntax("an element")),
            (&behind("x"), Syntax("the end before it")),
            (&behind("<profile/>"), Syntax("the end before it")),
            (&behind("&#32;"), Syntax("an element")),
            (&behind("<![CDATA[]]>"), Syntax("an element")),
            (&behind("</profile>"), Syntax(MARKUP)),
            (&behind("\0"), Syntax(CHARACTER)),
            ("<profile>", Syntax("a tag before it")),
            ("<profile><id>1", Syntax("an end tag before it")),
            ("<profile><x>1", Syntax("an end tag before it")),
            ("<profile></id>", Syntax(MARKUP)),
            ("<profile><id>1</action></profile>", Syntax(MARKUP)),
            ("<profile><id>1</ id></profile>", Syntax(MARKUP)),
            ("<profile><id>1</id x></profile>", Syntax(MARKUP)),
            ("<profile><id>a & b</id></profile>", Syntax(MARKUP)),
            ("<profile><id>a &amp b</id></profile>", Syntax(MARKUP)),
            ("<profile><!-- a -- b --></profile>", Syntax(MARKUP)),
            ("<profile><!-- a </profile>", Syntax(MARKUP)),
            ("<profile><id><![CDATA[a</id></profile>", Syntax(MARKUP)),
            ("<profile><![cdata[a]]></profile>", Syntax(MARKUP)),
            ("<profile><id>a]]>b</id></profile>", Syntax("no `]]>` in a text")),
            ("<", Syntax(MARKUP)),
            ("<>", Syntax(NAME)),
            ("< profile/>", Syntax(NAME)),
            ("<profile><1/></profile>", Syntax(NAME)),
            ("<profile><-a/></profile>", Syntax(NAME)),
            ("<profile><a&b/></profile>", Syntax(NAME)),
            ("<profile><a\"b/></profile>", Syntax(MARKUP)),
            ("<profile><x/ ></profile>", Syntax(ATTRIBUTES)),
            ("<profile><x 1='a'/></profile>", Syntax(NAME)),
            ("<profile/ >", Syntax(ATTRIBUTES)),
            ("<profile><x a/></profile>", Syntax(ATTRIBUTES)),
            ("<profile><x a=b/></profile>", Syntax(ATTRIBUTES)),
            ("<profile><x a=\"1\"b=\"2\"/></profile>", Syntax(ATTRIBUTES)),
            ("<profile><x a=\"1\" \"2\"/></profile>", Syntax(NAME)),
            ("<profile><x a='<'/></profile>", Syntax(VALUE)),
            ("<profile><x a='\n'/></profile>", Syntax(VALUE)),
            ("<profile><x a='& '/></profile>", Syntax("`;` behind each `&` of the tag")),
            ("<profile><id>\u{1}</id></profile>", Syntax(CHARACTER)),
            ("<profile><id>\u{ffff}</id></profile>", Syntax(CHARACTER)),
            ("<?xml?><profile/>", Syntax(DECLARATION)),
            ("<?xml version='1.1'?><profile/>", Syntax(DECLARATION)),
            ("<?xml encoding='utf-8'?><profile/>", Syntax(DECLARATION)),
            ("<?xml encoding='utf-8' version='1.0'?><profile/>", Syntax(DECLARATION)),
            ("<?xml version='1.0' standalone='maybe'?><profile/>", Syntax(DECLARATION)),
            ("<?xml version='1.0' encoding='utf-8' encoding='utf-8'?><profile/>", Syntax(DECLARATION)),
            ("<?xml version='1.0'encoding='utf-8'?><profile/>", Syntax(ATTRIBUTES)),
            ("<?XML version='1.0'?><profile/>", Error(PayloadError::ProcessingInstruction)),
        ],
    );
}
